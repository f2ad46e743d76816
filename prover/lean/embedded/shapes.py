"""The shapes of the host's replies, checked before anything is read from them.

Whatever a process writes is either of the shape that its operation has, or a LeanProtocolError; nothing further on has to
expect a missing key. What is listed here is what Python reads; a reply may hold more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prover.errors import LeanProtocolError

Shape = Any
"""A type; `[shape]`, a list; `{key: shape}`, an object with at least these keys; `Either`, `Optional`, `Nullable`, `Span`."""


@dataclass(frozen=True)
class Either:
    """Any of several shapes."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Optional:
    """A key that may be missing, or null."""

    shape: Shape


@dataclass(frozen=True)
class Nullable:
    """A key that has to be there, and may be null."""

    shape: Shape


@dataclass(frozen=True)
class Span:
    """Two byte offsets in order."""


MESSAGE = {"severity": str, "text": str, "start": int, "end": int}
COMMAND = {
    "kind": str, "start": int, "end": int, "namespace": str, "messages": [MESSAGE], "before": Optional(int),
    "declaration": Optional(str), "id": Optional(str), "sorries": Optional(int), "depth": Optional(int),
    "value": Optional(Span()), "body": Optional(Span()), "keyword": Optional(Span()),
}  # fmt: skip
PROOF = {"sid": int, "goals": [{"pp": str, "hash": Nullable(int)}], "parts": [int], "at": Optional(Span())}
RANGE = {"start": int, "end": int}
TIMED = {"ms": float, "cpu_ms": Optional(float), "notes": Optional([str])}
TACTIC = Either((
    TIMED | {"done": True}, TIMED | {"gave_up": True}, TIMED | {"timeout": True}, TIMED | {"error": str}, TIMED | PROOF,
))  # fmt: skip
CONSTANT = {
    "name": str, "kind": str, "uses": [str], "type_uses": [str], "internal": bool, "unsafe": bool, "partial": bool,
    "implemented_by": Nullable(str), "extern": bool, "csimp": bool, "open": bool,
}  # fmt: skip
COMPARISON = {"name": str, "kind_a": Nullable(str), "kind_b": Nullable(str), "differences": [str]}

REPLIES: Mapping[str, Shape] = {
    "hello": {"lean": str, "start": Optional([{"part": str, "wall_ms": int, "cpu_ms": int, "rss_mb": int}])},
    "header": {"end": int, "messages": [MESSAGE], "modules": [str]},
    "import": {"state": int},
    "elaborate": {
        "state": int, "commands": [COMMAND], "stop": {"kind": str, "start": int},
        "refused": Nullable({"category": str, "what": str}),
    },
    "outline": {
        "start": int, "end": int, "complete": bool, "tactics": [RANGE], "sorries": [RANGE | {"tactic": bool}],
    },
    "enter": {"messages": [MESSAGE], "proofs": [PROOF]},
    "imported": {"modules": [str]},
    "tactics": {"results": [TACTIC]},
    "constants": {"constants": [CONSTANT], "imported_axioms": [str]},
    "compare": {"comparisons": [COMPARISON]},
    "replay": {"error": Nullable(str)},
    "answers": {"answers": [{"name": str, "value": Nullable(str), "words": [str], "proposition": bool}]},
    "settle": {"changed": [str], "ran": [str]},
}  # fmt: skip


def check(op: str, reply: object) -> dict[str, Any]:
    """The `ok` part of a reply to `op`. Raises LeanProtocolError, with the place, when it has not its shape."""
    if not isinstance(reply, dict):
        raise LeanProtocolError(f"the Lean host answered {op!r} with {str(reply)[:80]!r}, which is no object; it is replaced")
    wrong = _wrong(reply, REPLIES.get(op, {}), op)
    if wrong is not None:
        raise LeanProtocolError(f"the Lean host answered {op!r} in a shape that is not the protocol's ({wrong}); it is replaced")
    return reply


def _wrong(value: object, shape: Shape, at: str) -> str | None:
    """Where and how a value differs from its shape; None when it does not."""
    match shape:
        case Optional(inner) | Nullable(inner):
            return None if value is None else _wrong(value, inner, at)
        case Either(shapes):
            found = [_wrong(value, one, at) for one in shapes]
            return None if None in found else found[-1]
        case Span():
            pair = value if isinstance(value, list) and len(value) == 2 else [-1, -1]
            fits = all(type(v) is int for v in pair) and 0 <= pair[0] <= pair[1]
            return None if fits else f"{at} is no span"
        case True:
            return None if value is True else f"{at} is not true"
        case list():
            if not isinstance(value, list):
                return f"{at} is no list"
            return next((w for i, v in enumerate(value) if (w := _wrong(v, shape[0], f"{at}[{i}]"))), None)
        case dict():
            if not isinstance(value, dict):
                return f"{at} is no object"
            for key, inner in shape.items():
                if key not in value and not isinstance(inner, Optional):
                    return f"{at}.{key} is missing"
                if (wrong := _wrong(value.get(key), inner, f"{at}.{key}")) is not None:
                    return wrong
            return None
        case _ if shape is float:
            fits = type(value) in (int, float) and 0 <= value < 1e12  # type: ignore[operator]
        case _ if shape is int:
            fits = type(value) is int and 0 <= value < 1 << 53
        case _ if shape is str:
            fits = isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
        case _:
            fits = type(value) is shape
    return None if fits else f"{at} is no {shape.__name__}"
