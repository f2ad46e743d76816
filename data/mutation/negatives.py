"""False neighbours: statements one change away from a theorem, each with its refutation. Kept in shards of
their own (`negatives/`), never among the theorems.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import BadRecordError
from data.splits import split_of

FOLDER = "negatives"
SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("root", pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        pa.field("statement", pa.string(), nullable=False),
        pa.field("denial", pa.string(), nullable=False),
        pa.field("refutation", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
    ],
    metadata={
        "proofsmith.kind": "false neighbours",
        "root": "the theorem of the library that it neighbours; its side is the row's",
        "change": "what was changed",
        "statement": "name, binders and type; it is false, and its universes are the lowest",
        "denial": "name and type of the theorem that denies it",
        "refutation": "tactics that prove the denial: values, and `decide` for each hypothesis and the conclusion",
        "key": "see the theorems' shards",
    },
)


@dataclass(frozen=True)
class Negative:
    """See the columns of `SCHEMA`."""

    name: str
    root: str
    change: str
    statement: str
    denial: str
    refutation: str
    key: str
    split: str

    @property
    def text(self) -> str:
        """The refutation as a Lean command."""
        lines = "\n".join(f"  {line}" for line in self.refutation.splitlines())
        return f"theorem {self.denial} := by\n{lines}\n"


def read(raw: Mapping[str, Any]) -> Negative:
    """A negative example from what the host or a shard says. Raises BadRecordError when something is missing."""
    known = {field.name for field in fields(Negative)}
    try:
        return Negative(**{"split": split_of(raw["root"]), **{k: v for k, v in raw.items() if k in known}})
    except (KeyError, TypeError) as error:
        raise BadRecordError(f"this is no record of a false neighbour ({error}): {str(dict(raw))[:200]}") from error


def path_of(out: Path, number: int) -> Path:
    """Where a shard's negative examples are."""
    return out / FOLDER / f"part-{number:05}.parquet"


def write(out: Path, number: int, found: Sequence[Negative]) -> None:
    """Writes a shard whole or not at all; without rows there is no file."""
    path = path_of(out, number)
    if not found:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    try:
        pq.write_table(pa.Table.from_pylist([asdict(n) for n in found], schema=SCHEMA), scratch, compression="zstd")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def negatives(out: Path, problems: list[str] | None = None) -> Iterator[Negative]:
    """Every false neighbour; a shard that cannot be read is named in `problems` and skipped."""
    for path in sorted((out / FOLDER).glob("part-*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    for row in batch.to_pylist():
                        yield read(row)
        except (OSError, pa.ArrowException, BadRecordError) as error:
            if problems is None:
                raise BadRecordError(f"{path.name} cannot be read: {error}") from error
            problems.append(f"{FOLDER}/{path.name} cannot be read and is skipped: {error}")
