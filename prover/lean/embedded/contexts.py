"""Texts as far as they are elaborated in a process: their commands, and the elaborator states between them.

A text that is sent again after an edit is elaborated from the first command that changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prover.lean.answers import Command
from prover.lean.embedded import protocol

KEPT_CONTEXTS = 16
CHUNK_MS = 300.0
"""A text whose elaboration may be cancelled is elaborated in pieces of so many milliseconds, or of one command."""


@dataclass
class _Context:
    """A text as far as it is elaborated: its commands, the state behind them, where reading stopped (bytes)."""

    modules: tuple[str, ...]
    body_start: int
    raw: bytes
    state: int
    commands: list[Command]
    stopped_at: int
    complete: bool

    def reaches(self, until: int | None) -> bool:
        """Whether all commands that start up to `until` are there; None: all of the text."""
        return self.complete or (until is not None and self.stopped_at > until)


class Contexts:
    """The last few texts of one worker.

    Args:
        request: asks the process.
        base_state: id of the state behind a set of imports; it is nobody's to let go.
    """

    def __init__(self, request: Callable[..., protocol.Json], base_state: Callable[[tuple[str, ...]], int]) -> None:
        self._request = request
        self._base_state = base_state
        self._bases: set[int] = set()
        self._contexts: OrderedDict[str, _Context] = OrderedDict()
        self._holders: Counter[int] = Counter()

    def clear(self) -> None:
        """The process that had them is gone."""
        self._bases.clear()
        self._contexts.clear()
        self._holders.clear()

    def elaborate_file(
        self,
        modules: tuple[str, ...],
        text: str,
        body_start: int,
        until: int | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[int, list[Command]]:
        """Elaborates a file's commands, keeping the state before each; remembered for the last few files.

        Leading commands that this text shares with a remembered one are not elaborated again.

        Args:
            modules: what the header imports.
            text: the whole file.
            body_start: byte offset of the end of the header.
            until: commands that start behind this byte are left for another time; None: all are elaborated.
            cancelled: looked at now and then; what was elaborated so far is returned, and kept.

        Returns:
            Id of the state after the last command, and the commands.
        """
        raw = text.encode("utf-8", "surrogatepass")
        key = hashlib.sha256("\0".join([*modules, str(body_start), ""]).encode() + raw).hexdigest()
        if key not in self._contexts:
            self._contexts[key] = self._begun(modules, raw, body_start)
            self._forget_oldest()
        self._contexts.move_to_end(key)
        context = self._contexts[key]
        in_pieces: dict[str, Any] = {} if until is None else {"until": until}
        if cancelled is not None:
            in_pieces["budget_ms"] = CHUNK_MS
        while not context.reaches(until) and not (cancelled is not None and cancelled()):
            done = self._request(
                "elaborate", state=context.state, text=text, **{"from": context.stopped_at, "keep": True}, **in_pieces
            )
            commands: list[Command] = done["commands"]
            self._hold([done["state"], *(c.before for c in commands)])
            self._let_go([context.state])
            context.state = done["state"]
            context.commands += commands
            context.stopped_at = done["stop"].start
            context.complete = done["stop"].kind != protocol.PAUSED
        return context.state, context.commands

    def shared_prefix(self, text: str) -> int:
        """How many leading commands of a text need not be elaborated here."""
        raw = text.encode("utf-8", "surrogatepass")
        return max((_reusable(c, raw) for c in list(self._contexts.values())), default=0)

    def _begun(self, modules: tuple[str, ...], raw: bytes, body_start: int) -> _Context:
        """A context with what another text of the same beginning already has."""
        best, count = None, 0
        for context in self._contexts.values():
            same_header = context.modules == modules and context.body_start == body_start
            if same_header and (found := _reusable(context, raw)) > count:
                best, count = context, found
        if best is None:
            state, commands, at = self._base(modules), [], body_start
        else:
            commands = best.commands[:count]
            resume = best.commands[count].before
            assert resume is not None
            state, at = resume, best.commands[count].start
        self._hold([state, *(c.before for c in commands)])
        return _Context(modules, body_start, raw, state, commands, at, complete=False)

    def _forget_oldest(self) -> None:
        while len(self._contexts) > KEPT_CONTEXTS:
            context = self._contexts.popitem(last=False)[1]
            self._let_go([context.state, *(c.before for c in context.commands)])

    def _hold(self, states: list[int | None]) -> None:
        self._holders.update(s for s in states if s is not None)

    def _let_go(self, states: list[int | None]) -> None:
        """Releases the states that nobody else holds."""
        gone = []
        for state in states:
            if state is None:
                continue
            self._holders[state] -= 1
            if self._holders[state] <= 0:
                del self._holders[state]
                if state not in self._bases:
                    gone.append(state)
        if gone:
            self._request("release", states=gone)

    def _base(self, modules: tuple[str, ...]) -> int:
        state = self._base_state(modules)
        self._bases.add(state)
        return state


def _reusable(context: _Context, raw: bytes) -> int:
    """How many leading commands of a context are those of another text, whatever follows them there.

    A command ends where the parser meets a word that cannot belong to it, so that word has to be the same, too. Where Lean
    skipped text to find the next command, what was skipped is read again.
    """
    same = _common_prefix(context.raw, raw)
    count = 0
    for i, command in enumerate(context.commands):
        word_end = command.start
        while word_end < len(raw) and not raw[word_end : word_end + 1].isspace():
            word_end += 1
        if word_end >= same:
            break
        if command.before is not None and not any(m.start < command.start for m in command.messages):
            count = i
    return count


def _common_prefix(a: bytes, b: bytes) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
