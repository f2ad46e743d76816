"""Reads the messages of the Lean host (`prover/lean/host/main.cjs`) into frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prover.errors import LeanProtocolError
from prover.lean.answers import Command, Goal, Message, Outline, ProofView, TacticReply
from prover.lean.context import ConstructorFacts, FunctionFacts, InductiveFacts

Json = dict[str, Any]
PAUSED = "paused"
"""Why the elaboration of a text stopped, when there is more of it."""


@dataclass(frozen=True)
class Constant:
    """A declaration that is not imported, and the names that it, or its type alone, mentions.

    `open`: a definition whose value is a `sorry`.
    `internal`: Lean made the name up (`foo._proof_1`). A name that cannot be written begins with ⚠.
    """

    name: str
    kind: str
    uses: tuple[str, ...]
    type_uses: tuple[str, ...]
    internal: bool
    unsafe: bool
    partial: bool
    implemented_by: str | None
    extern: bool
    csimp: bool
    open: bool = False


@dataclass(frozen=True)
class Constants:
    """The constants that are not imported, and the axioms of the library that they mention."""

    by_name: Mapping[str, Constant]
    imported_axioms: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """How two states agree on the statement of one name; `kind` is None where the name is not new."""

    name: str
    kind_a: str | None
    kind_b: str | None
    differences: tuple[str, ...]


def message(raw: Mapping[str, Any]) -> Message:
    """Reads a message."""
    return Message(raw["severity"], raw["text"], raw["start"], raw["end"])


def messages(raw: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Reads messages."""
    return tuple(message(m) for m in raw)


def command(raw: Mapping[str, Any]) -> Command:
    """Reads a command."""
    span = {key: tuple(raw[key]) if raw.get(key) else None for key in ("value", "body", "keyword")}
    return Command(
        kind=raw["kind"],
        start=raw["start"],
        end=raw["end"],
        namespace="" if raw["namespace"] == "[anonymous]" else raw["namespace"],
        messages=messages(raw["messages"]),
        before=raw.get("before"),
        declaration=raw.get("declaration"),
        id=raw.get("id"),
        sorries=raw.get("sorries") or 0,
        value=span["value"],
        body=span["body"],
        depth=raw.get("depth") or 0,
        keyword=span["keyword"],
    )


def proof_view(raw: Mapping[str, Any]) -> ProofView:
    """Reads a live proof state."""
    goals = tuple(Goal(g["pp"], g["hash"], bool(g.get("sorry"))) for g in raw["goals"])
    at = raw.get("at")
    return ProofView(raw["sid"], goals, tuple(raw["parts"]), (at[0], at[1]) if at else None)


def outline(raw: Mapping[str, Any]) -> Outline:
    """Reads where the tactics of a command stand."""
    return Outline(
        raw["start"], raw["end"], raw["complete"],
        tuple((t["start"], t["end"]) for t in raw["tactics"]),
        tuple((s["start"], s["end"], s["tactic"]) for s in raw["sorries"]),
    )  # fmt: skip


def tactic_reply(raw: Mapping[str, Any]) -> TacticReply:
    """Reads what a tactic did."""
    reply = TacticReply(float(raw["ms"]), notes=tuple(raw.get("notes") or ()), cpu_ms=raw.get("cpu_ms"))
    if raw.get("done"):
        return replace(reply, done=True)
    if raw.get("gave_up"):
        return replace(reply, gave_up=True)
    if raw.get("timeout"):
        return replace(reply, timed_out=True, error=raw.get("error"))
    if "error" in raw:
        return replace(reply, error=raw["error"])
    return replace(reply, proof=proof_view(raw))


def constants(raw: Mapping[str, Any]) -> Constants:
    """Reads the facts about constants."""
    return Constants({c["name"]: _constant(c) for c in raw["constants"]}, frozenset(raw["imported_axioms"]))


def comparisons(raw: Mapping[str, Any]) -> dict[str, Comparison]:
    """Reads how statements compare, by name."""
    return {
        c["name"]: Comparison(c["name"], c["kind_a"], c["kind_b"], tuple(c["differences"])) for c in raw["comparisons"]
    }


def _constant(raw: Mapping[str, Any]) -> Constant:
    return Constant(
        raw["name"], raw["kind"], tuple(raw["uses"]), tuple(raw["type_uses"]), raw["internal"], raw["unsafe"],
        raw["partial"], raw["implemented_by"], raw["extern"], raw["csimp"], raw["open"],
    )  # fmt: skip


def checked(reply: object, request_id: int) -> Json:
    """The envelope of a reply; raises LeanProtocolError when it is not the answer to this request."""
    if not isinstance(reply, dict) or reply.get("id") != request_id or not ({"ok", "error"} & reply.keys()):
        raise LeanProtocolError(f"the Lean host answered {str(reply)[:200]!r} to request {request_id}; it is replaced")
    return reply


def facts(raw: Json) -> dict[str, InductiveFacts | FunctionFacts]:
    """What Lean knows of constants, by name."""
    found: dict[str, InductiveFacts | FunctionFacts] = {}
    for name, c in raw["constants"].items():
        if c["kind"] == "inductive":
            made = (ConstructorFacts(k["name"], tuple(k["fields"]), tuple(k["recursive"])) for k in c["constructors"])
            found[name] = InductiveFacts(c["prop"], tuple(made))
        else:
            recurses, changing, inner = (tuple(c[key]) for key in ("recurses", "changing", "locals"))
            found[name] = FunctionFacts(c["arity"], c["recursive"], recurses, changing, inner)
    return found
