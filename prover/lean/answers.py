"""What a Lean answers, whichever it is, as frozen values.

Positions are byte offsets into the UTF-8 text that was sent. Ids name objects inside one process and mean nothing in
another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """What Lean says about a piece of text."""

    severity: str  # info, warning, error
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Command:
    """One elaborated command. `before` is the id of the elaborator state in front of it, when states were kept.

    For a declaration: `declaration` is its kind (theorem, definition, …), `id` its name as written, `value` the span
    from `:=` to the end, `body` the span behind `:=`, `keyword` that of its first word, `sorries` how many `sorry` stand in
    the value.
    """

    kind: str
    start: int
    end: int
    namespace: str
    messages: tuple[Message, ...]
    before: int | None = None
    declaration: str | None = None
    id: str | None = None
    sorries: int = 0
    value: tuple[int, int] | None = None
    body: tuple[int, int] | None = None
    depth: int = 0
    keyword: tuple[int, int] | None = None

    @property
    def errors(self) -> tuple[Message, ...]:
        """The messages that are errors."""
        return tuple(m for m in self.messages if m.severity == "error")


@dataclass(frozen=True)
class Goal:
    """A goal as text, and a fingerprint of its closed statement (None when it mentions metavariables).

    An engine that can only tell goals by their texts gives all the same fingerprint. `sorry` tells whether the goal itself,
    hypotheses included, was elaborated with a hole.
    """

    pp: str
    fingerprint: int | None
    sorry: bool = False


@dataclass(frozen=True)
class ProofView:
    """A live proof state: what its engine calls it, its goals, and the ids of the states that hold one independent goal each.

    `at` is the span of the `sorry` that stands for it, where there is one.
    """

    sid: Any
    goals: tuple[Goal, ...]
    parts: tuple[Any, ...] = ()
    at: tuple[int, int] | None = None


@dataclass(frozen=True)
class Outline:
    """A command's spans: its own, those of its tactics (outer ones first), those of each `sorry` and whether it is a tactic.

    `complete` tells whether it parses.
    """

    start: int
    end: int
    complete: bool
    tactics: tuple[tuple[int, int], ...]
    sorries: tuple[tuple[int, int, bool], ...]


@dataclass(frozen=True)
class TacticReply:
    """What one tactic did. Exactly one of `proof`, `done`, `gave_up`, `timed_out`, `error` tells.

    `milliseconds` by the clock; `cpu_ms` of processor time, where the engine knows it.
    """

    milliseconds: float
    proof: ProofView | None = None
    done: bool = False
    gave_up: bool = False
    timed_out: bool = False
    error: str | None = None
    notes: tuple[str, ...] = field(default=())
    cpu_ms: float | None = None
