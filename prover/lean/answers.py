"""What a Lean answers, whichever it is, as frozen values.

Positions are byte offsets into the UTF-8 text that was sent. Ids name objects inside one process and mean nothing in
another. What the types say besides (`Count`, names in the protocol) is for `prover.lean.embedded.protocol`, which reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

Count = Annotated[int, Field(strict=True, ge=0, lt=1 << 53)]
Flag = Annotated[bool, Field(strict=True)]
Time = Annotated[float, Field(strict=True, ge=0, lt=1e12)]
Namespace = Annotated[str, AfterValidator(lambda name: "" if name == "[anonymous]" else name)]


def _in_order(span: tuple[int, int]) -> tuple[int, int]:
    if span[0] > span[1]:
        raise ValueError("a span ends before it begins")
    return span


def _values_of(*keys: str) -> BeforeValidator:
    """An object's values as a tuple."""
    return BeforeValidator(lambda raw: tuple(raw.get(key) for key in keys) if isinstance(raw, dict) else raw)


def _number(sid: Any) -> Any:
    if type(sid) is not int or sid < 0:
        raise ValueError("a proof state is called by a number")
    return sid


Id = Annotated[Any, AfterValidator(_number)]
Span = Annotated[tuple[Count, Count], AfterValidator(_in_order)]


@dataclass(frozen=True)
class Message:
    """What Lean says about a piece of text."""

    severity: str  # info, warning, error
    text: str
    start: Count
    end: Count


@dataclass(frozen=True)
class Command:
    """One elaborated command. `before` is the id of the elaborator state in front of it, when states were kept.

    For a declaration: `declaration` is its kind (theorem, definition, …), `id` its name as written, `value` the span
    from `:=` to the end, `body` the span behind `:=`, `keyword` that of its first word, `sorries` how many `sorry` stand in
    the value.
    """

    kind: str
    start: Count
    end: Count
    namespace: Namespace
    messages: tuple[Message, ...]
    before: Count | None = None
    declaration: str | None = None
    id: str | None = None
    sorries: Count = 0
    value: Span | None = None
    body: Span | None = None
    depth: Count = 0
    keyword: Span | None = None

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
    fingerprint: Annotated[Count | None, Field(alias="hash")]
    sorry: Flag = False


@dataclass(frozen=True)
class ProofView:
    """A live proof state: what its engine calls it, its goals, and the ids of the states that hold one independent goal each.

    `at` is the span of the `sorry` that stands for it, where there is one.
    """

    sid: Id
    goals: tuple[Goal, ...]
    parts: tuple[Id, ...] = ()
    at: Span | None = None


@dataclass(frozen=True)
class Outline:
    """A command's spans: its own, those of its tactics (outer ones first), those of each `sorry` and whether it is a tactic.

    `complete` tells whether it parses.
    """

    start: Count
    end: Count
    complete: Flag
    tactics: tuple[Annotated[tuple[int, int], _values_of("start", "end")], ...]
    sorries: tuple[Annotated[tuple[int, int, bool], _values_of("start", "end", "tactic")], ...]


@dataclass(frozen=True)
class TacticReply:
    """What one tactic did. Exactly one of `proof`, `done`, `gave_up`, `timed_out`, `error` tells.

    `milliseconds` by the clock; `cpu_ms` of processor time, where the engine knows it.
    """

    milliseconds: Annotated[Time, Field(alias="ms")]
    proof: ProofView | None = None
    done: Flag = False
    gave_up: Flag = False
    timed_out: Annotated[Flag, Field(alias="timeout")] = False
    error: str | None = None
    notes: tuple[str, ...] = ()
    cpu_ms: Time | None = None
