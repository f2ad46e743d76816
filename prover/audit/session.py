"""The requests of the audit, all to one process, and the elaborator states that they leave there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prover.audit.trust import Refusal
from prover.errors import LeanProcessError
from prover.lean import answers
from prover.lean.embedded import protocol
from prover.lean.embedded.process import LeanProcess

EXIT = "Lean.Parser.Command.exit"
END_OF_FILE = "Lean.Parser.Command.eoi"


@dataclass(frozen=True)
class Elaborated:
    """A text after elaboration.

    `state` is the id of the state behind it; Lean stopped reading at `stopped_at` (bytes): at the end, at
    `#exit`, or in front of a command that was `refused` because it would run a program.
    """

    state: int
    commands: tuple[answers.Command, ...]
    stopped_by: str
    stopped_at: int
    refused: Refusal | None

    @property
    def read(self) -> tuple[answers.Command, ...]:
        """The commands without what stands for an unreadable end of the file."""
        return tuple(c for c in self.commands if c.kind != END_OF_FILE)

    @property
    def errors(self) -> tuple[answers.Message, ...]:
        """All errors, in order."""
        return tuple(error for command in self.commands for error in command.errors)


class Session:
    """Asks one process; `with` lets go of the states at the end."""

    def __init__(self, process: LeanProcess, timeout_s: float) -> None:
        self._process = process
        self._timeout_s = timeout_s
        self._states: list[int] = []

    def elaborate(self, state: int, text: str, start: int = 0, guarded: bool = False) -> Elaborated:
        """Elaborates a text from a byte offset on; `guarded` stops in front of what would run a program."""
        raw = self._ask("elaborate", state=state, text=text, guarded=guarded, **{"from": start})
        self._states.append(raw["state"])
        stop, refused = raw["stop"], raw["refused"]
        return Elaborated(
            raw["state"],
            tuple(protocol.command(c) for c in raw["commands"]),
            stop["kind"],
            stop["start"],
            None if refused is None else _refusal(refused["category"], refused["what"]),
        )

    def constants(self, state: int, base: int) -> protocol.Constants:
        """The constants of a state that another has not."""
        return protocol.constants(self._ask("constants", state=state, base=base))

    def compare(
        self,
        a: int,
        b: int,
        base_a: int,
        base_b: int,
        names: Iterable[str],
        open_names: Iterable[str] = (),
        negated: Mapping[str, str] | None = None,
    ) -> dict[str, protocol.Comparison]:
        """How the statements of two states compare, with all that they rest on.

        Args:
            a, b: the states; `base_a` and `base_b` are those of their imports.
            names: theorems of `a`.
            open_names: definitions that may have any value in `b`.
            negated: theorems of `a`, and those of `b` that shall state their negation.
        """
        asked = {"names": list(names), "open": list(open_names), "negated": dict(negated or {})}
        return protocol.comparisons(self._ask("compare", a=a, b=b, base_a=base_a, base_b=base_b, **asked))

    def answers(self, state: int, base: int, names: Iterable[str]) -> list[protocol.Json]:
        """The values of definitions: `name`, `value` as text, `words`, `proposition` (host/answers.cjs)."""
        answers: list[protocol.Json] = self._ask("answers", state=state, base=base, names=list(names))["answers"]
        return answers

    def replay(self, state: int, base: int, names: Iterable[str]) -> str | None:
        """What the kernel has against constants of a state, beginning from another state; None: nothing."""
        error: str | None = self._ask("replay", state=state, base=base, names=list(names))["error"]
        return error

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self._states and self._process.alive:
            with contextlib.suppress(LeanProcessError):  # then they went with the process
                self._ask("release", states=self._states)

    def _ask(self, op: str, **fields: object) -> protocol.Json:
        return self._process.request(op, self._timeout_s, **fields)


def _refusal(category: str, what: str) -> Refusal:
    if category == "unsafe":
        return Refusal("unsafe", "it steps out of the safe language (unsafe)")
    return Refusal("program", f"it runs a program while Lean reads it ({what})")
