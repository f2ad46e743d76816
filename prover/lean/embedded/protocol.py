"""The replies of the Lean host (`prover/lean/host/main.cjs`), checked and read into frozen values.

Whatever a process writes is either of the shape that its operation has, or a LeanProtocolError; nothing further on has to
expect a missing key. What is listed here is what Python reads; a reply may hold more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model

from prover.errors import LeanProtocolError
from prover.lean.answers import Command, Count, Flag, Message, Outline, ProofView, TacticReply
from prover.lean.context import FunctionFacts, InductiveFacts
from prover.lean.evaluated import Equation, Falsification

Json = dict[str, Any]
STRICT = ConfigDict(str_max_length=1 << 40)
"""A limit has pydantic look into texts: those with lone surrogates are refused."""
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
    internal: Flag
    unsafe: Flag
    partial: Flag
    implemented_by: str | None
    extern: Flag
    csimp: Flag
    open: Flag


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


@dataclass(frozen=True)
class Value:
    """The value of a definition (host/answers.cjs)."""

    name: str
    value: str | None
    words: tuple[str, ...]
    proposition: Flag


@dataclass(frozen=True)
class Stop:
    """Where Lean stopped reading: at the end, at `#exit`, in front of a refused command, or because its time was up."""

    kind: str
    start: Count


@dataclass(frozen=True)
class Refused:
    """A command that would run a program."""

    category: str
    what: str


def _told(raw: object) -> object:
    """The first that tells of `done`, `gave_up`, `timeout`, `error`; else what is left is a proof state."""
    if not isinstance(raw, dict):
        return raw
    cost = {key: raw[key] for key in ("ms", "cpu_ms", "notes") if key in raw}
    for key in ("done", "gave_up", "timeout"):
        if raw.get(key):
            return cost | {key: raw[key]} | ({"error": raw.get("error")} if key == "timeout" else {})
    return cost | ({"error": raw["error"]} if raw.get("error") is not None else {"proof": raw})


Tactic = Annotated[TacticReply, BeforeValidator(_told)]
REPLIES: Mapping[str, dict[str, Any]] = {
    "hello": {"lean": str, "start": (list[dict[str, str | Count]], [])},
    "header": {"end": Count, "messages": list[Message], "modules": list[str]},
    "import": {"state": Count},
    "elaborate": {"state": Count, "commands": list[Command], "stop": Stop, "refused": Refused | None},
    "outline": {"outline": Outline},
    "enter": {"messages": list[Message], "proofs": list[ProofView]},
    "imported": {"modules": list[str]},
    "tactics": {"results": list[Tactic]},
    "describe": {"constants": dict[str, InductiveFacts | FunctionFacts]},
    "constants": {"constants": list[Constant], "imported_axioms": frozenset[str]},
    "compare": {"comparisons": list[Comparison]},
    "replay": {"error": str | None},
    "answers": {"answers": list[Value]},
    "falsify": {"goals": list[Falsification]},
    "explore": {"equations": list[Equation]},
    "settle": {"changed": list[str], "ran": list[str]},
}
"""What Python reads of the reply to an operation, and as which type; `(type, default)` where it may be missing."""


@cache
def _model(op: str) -> type[BaseModel]:
    return create_model(op, __config__=STRICT, **REPLIES.get(op, {}))


def read(op: str, reply: object) -> Json:
    """The `ok` part of a reply to `op`, as values; raises LeanProtocolError, with the place, when it has not its shape."""
    if not isinstance(reply, dict):
        raise LeanProtocolError(f"the Lean host answered {op!r} with {str(reply)[:80]!r}, which is no object; it is replaced")
    try:
        return reply | vars(_model(op).model_validate({"outline": reply} if op == "outline" else reply))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = f"{op}{''.join(f'[{at}]' if isinstance(at, int) else f'.{at}' for at in first['loc'])}: {first['msg']}"
        message = f"the Lean host answered {op!r} in a shape that is not the protocol's ({where}); it is replaced"
        raise LeanProtocolError(message) from error


def checked(reply: object, request_id: int) -> Json:
    """The envelope of a reply; raises LeanProtocolError when it is not the answer to this request."""
    if not isinstance(reply, dict) or reply.get("id") != request_id or not ({"ok", "error"} & reply.keys()):
        raise LeanProtocolError(f"the Lean host answered {str(reply)[:200]!r} to request {request_id}; it is replaced")
    return reply
