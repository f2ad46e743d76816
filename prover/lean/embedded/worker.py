"""A Lean worker that outlives its processes: it starts one when needed and replaces one that is gone or too big.

What a process held (environments, proof states) is gone with it. `generation` counts processes, so whoever keeps an id
can tell whether it still means something; `base_state` and `context_states` make the common ones again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prover.errors import LeanCrashedError, LeanProcessError, LeanSetupError
from prover.lean.embedded import protocol
from prover.lean.embedded.process import DEFAULT_MEMORY_MB, LeanProcess, LeanStartError

SETUP = "set_option autoImplicit false\nnoncomputable section\n"
"""In front of every text: a misspelt type is an error, not a new variable; definitions need no code generation."""
KEPT_CONTEXTS = 16
START_TRIES = 5
RESTORE_TRIES = 5
"""How often what a lost process held is made again; losing that one too is not the fault of who asks."""
NAMES_STATES = frozenset({"state", "states", "sid", "proofs", "base", "a", "b", "base_a", "base_b"})
"""A request with such a field is about what the process holds; asked of a new process it would make no sense."""
RECYCLE_AT = 0.8
"""A process is replaced between theorems once it holds this part of its memory ceiling."""

CHUNK_MS = 300.0
"""A text whose elaboration may be cancelled is elaborated in pieces of so many milliseconds, or of one command."""


@dataclass
class _Context:
    """A text as far as it is elaborated: its commands, the state behind them, where reading stopped (bytes)."""

    modules: tuple[str, ...]
    body_start: int
    raw: bytes
    state: int
    commands: list[protocol.Command]
    stopped_at: int
    complete: bool

    def reaches(self, until: int | None) -> bool:
        """Whether all commands that start up to `until` are there; None: all of the text."""
        return self.complete or (until is not None and self.stopped_at > until)


class LeanWorker:
    """A place where Lean requests are answered, one at a time."""

    def __init__(self, memory_mb: int = DEFAULT_MEMORY_MB, timeout_s: float = 60.0, import_timeout_s: float = 120.0) -> None:
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.import_timeout_s = import_timeout_s
        self.generation = 0
        self.processes_lost = 0
        self.inside_s = 0.0
        self.span_s = 0.0
        self._stopping = threading.Event()
        self._process: LeanProcess | None = None
        self._bases: dict[tuple[str, ...], int] = {}
        self._imported: dict[tuple[str, ...], frozenset[str]] = {}
        self._warm: set[tuple[str, ...]] = set()
        self._contexts: OrderedDict[str, _Context] = OrderedDict()
        self._holders: Counter[int] = Counter()

    @property
    def process(self) -> LeanProcess:
        """The running process; a new one when there is none."""
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self.processes_lost += 1
                self._retire()
                self._process = None
            self._process = self._started()
            self.generation += 1
            self._bases.clear()
            self._warm.clear()
            self._contexts.clear()
            self._holders.clear()
        return self._process

    @property
    def alive(self) -> bool:
        """Whether a process is running now."""
        return self._process is not None and self._process.alive

    @property
    def stopping(self) -> bool:
        """Whether `interrupt` was called."""
        return self._stopping.is_set()

    def new_process(self) -> LeanProcess:
        """Starts a process; what injects faults (`prover.testing.lean_faults`) starts another kind."""
        return LeanProcess(self.memory_mb, self._stopping)

    def _started(self) -> LeanProcess:
        for tries_left in reversed(range(START_TRIES)):
            if self._stopping.is_set():
                raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
            try:
                return self.new_process()
            except LeanStartError:
                self.processes_lost += 1
                if tries_left == 0:
                    raise
        raise AssertionError("unreachable")

    def request(self, op: str, timeout_s: float | None = None, **fields: Any) -> protocol.Json:
        """Asks the process; see `LeanProcess.request` for what it raises.

        A request about states that a process holds does not start another: LeanCrashedError when it is gone.
        """
        if NAMES_STATES & fields.keys() and not self.alive:
            raise LeanCrashedError("the Lean process was lost between two requests")
        return self.process.request(op, self.timeout_s if timeout_s is None else timeout_s, **fields)

    @property
    def lean(self) -> str:
        """Version and commit of the Lean that answers."""
        return self.process.lean

    def base_state(self, modules: tuple[str, ...]) -> int:
        """Id of the elaborator state after the imports and `SETUP`."""
        self.process  # noqa: B018 - a new process forgets the old one's states
        if modules not in self._bases:
            imported = self.request("import", self.import_timeout_s, modules=list(modules))["state"]
            done = self.request("elaborate", state=imported, text=SETUP)
            self.request("release", states=[imported])
            self._bases[modules] = done["state"]
        return self._bases[modules]

    def imported(self, modules: tuple[str, ...]) -> frozenset[str]:
        """Names of all modules that these bring; the same in every process, so remembered."""
        if modules not in self._imported:
            self._imported[modules] = frozenset(self.request("imported", state=self.base_state(modules))["modules"])
        return self._imported[modules]

    def elaborate_file(
        self,
        modules: tuple[str, ...],
        text: str,
        body_start: int,
        until: int | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[int, list[protocol.Command]]:
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
        self.process  # noqa: B018
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
            done = self.request(
                "elaborate", state=context.state, text=text, **{"from": context.stopped_at, "keep": True}, **in_pieces
            )
            commands = [protocol.command(c) for c in done["commands"]]
            self._hold([done["state"], *(c.before for c in commands)])
            self._let_go([context.state])
            context.state = done["state"]
            context.commands += commands
            context.stopped_at = done["stop"]["start"]
            context.complete = done["stop"]["kind"] != protocol.PAUSED
        return context.state, context.commands

    def shared_prefix(self, text: str) -> int:
        """How many leading commands of a text need not be elaborated here."""
        if not self.alive:
            return 0
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
            state, commands, at = self.base_state(modules), [], body_start
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
        bases = set(self._bases.values())
        gone = []
        for state in states:
            if state is None:
                continue
            self._holders[state] -= 1
            if self._holders[state] <= 0:
                del self._holders[state]
                if state not in bases:
                    gone.append(state)
        if gone and self.alive:
            self.request("release", states=gone)

    def is_warm(self, modules: tuple[str, ...]) -> bool:
        """Whether the present process has indexed what these imports bring; see `EmbeddedDojo`."""
        return self.alive and modules in self._warm

    def note_warm(self, modules: tuple[str, ...]) -> None:
        """It has."""
        self._warm.add(modules)

    def patiently(self, prepare: Callable[[], object]) -> None:
        """Has something made in the process, on as many processes as that takes, up to RESTORE_TRIES."""
        for tries_left in reversed(range(RESTORE_TRIES)):
            try:
                prepare()
                return
            except LeanSetupError:
                raise
            except LeanProcessError:
                if tries_left == 0 or self._stopping.is_set():
                    raise

    def recycle_if_big(self) -> None:
        """Between theorems: replaces a process that nears its memory ceiling."""
        if self._process is not None and self._process.memory_used_mb() > RECYCLE_AT * self.memory_mb:
            self.close()

    def interrupt(self) -> None:
        """From another thread, for good: ends the process in the middle of whatever it does; none is started again."""
        self._stopping.set()
        if self._process is not None:
            self._process.interrupt()

    def close(self) -> None:
        """Ends the process; the next request starts another."""
        if self._process is not None:
            self._retire()
            self._process = None

    def _retire(self) -> None:
        assert self._process is not None
        self.inside_s += self._process.inside_s
        if self._process.first_request is not None:
            self.span_s += max(0.0, self._process.last_reply - self._process.first_request)
        self._process.kill()

    def __enter__(self) -> LeanWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
