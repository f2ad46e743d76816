"""A theorem that was made from another one: the record, its text, its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from data.errors import BadRecordError
from data.splits import split_of

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("root", pa.string(), nullable=False),
        pa.field("parent", pa.string(), nullable=False),
        pa.field("round", pa.int8(), nullable=False),
        pa.field("operator", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("lemma", pa.string(), nullable=False),
        pa.field("lemmas", pa.list_(pa.string()), nullable=False),
        pa.field("statement", pa.string(), nullable=False),
        pa.field("proof", pa.string(), nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
        pa.field("parent_size", pa.int32(), nullable=False),
        pa.field("head", pa.string(), nullable=False),
        pa.field("hypotheses", pa.int16(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("grade", pa.string()),
        pa.field("vacuous", pa.bool_()),
    ],
    metadata={
        "proofsmith.kind": "mutants",
        "name": "unique; from the root's name and the statement's key",
        "parent": (
            "a theorem of the library, or in rounds after the first another mutant, whose text is in context"
        ),
        "lemma": "what the step used: a lemma, or the value of a specialisation, the literal of a generalisation",
        "lemmas": "library lemmas of this step and of all before it",
        "statement": "name, universes, binders and type as they stand behind `theorem`",
        "proof": "tactics, one a line, as they stand behind `:= by`",
        "context": "texts of the ancestors that are mutants, oldest first",
        "key": "equal for statements that differ in names of variables, order of hypotheses, universes",
        "grade": (
            "first of rfl, decide, simp, omega, simp_all, grind, exact? that proves it alone; hard: none; "
            "null: not tried"
        ),
        "vacuous": "whether its hypotheses were refuted; null: not tried",
    },
)


@dataclass(frozen=True)
class Mutant:
    """See the columns of `SCHEMA`; sizes are nodes of the statement's term."""

    name: str
    root: str
    parent: str
    round: int
    operator: str
    direction: str
    place: str
    lemma: str
    statement: str
    proof: str
    context: str
    key: str
    size: int
    parent_size: int
    head: str
    hypotheses: int
    split: str
    lemmas: tuple[str, ...] = ()
    grade: str | None = None
    vacuous: bool | None = None

    @property
    def text(self) -> str:
        """The theorem as a Lean command."""
        lines = "\n".join(f"  {line}" for line in self.proof.splitlines())
        return f"theorem {self.statement} := by\n{lines}\n"

    @property
    def standalone(self) -> str:
        """The theorem behind all that it rests on beyond the library."""
        return self.context + self.text


def read(raw: Mapping[str, Any]) -> Mutant:
    """A mutant from what the host or a shard says. Raises BadRecordError when something is missing."""
    known = {field.name for field in fields(Mutant)}
    try:
        split = raw.get("split") or split_of(raw["root"])
        told = {key: value for key, value in raw.items() if key in known and key not in ("split", "lemmas")}
        return Mutant(**told, split=split, lemmas=tuple(raw.get("lemmas") or ()))
    except (KeyError, TypeError) as error:
        raise BadRecordError(f"this is no record of a mutant ({error}): {str(dict(raw))[:200]}") from error


def table(mutants: list[Mutant]) -> pa.Table:
    """Columns for Parquet."""
    return pa.Table.from_pylist([asdict(mutant) for mutant in mutants], schema=SCHEMA)
