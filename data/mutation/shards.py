"""Shards of a mutation run: each is written whole or not at all, so a killed run goes on where it stopped.

A folder holds `plan.json` (what is to be done, in which order), `shards/part-NNNNN.parquet` (accepted
theorems), `negatives/part-NNNNN.parquet` (false neighbours) and `shards/part-NNNNN.json` (how many were
proposed, attempted, rejected and why). The JSON file is
written last: a shard counts as done when it is there and the Parquet file has the number of rows that it
names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import BadRecordError
from data.mutation import negatives, records
from data.mutation.negatives import Negative
from data.mutation.records import Mutant

PLAN = "plan.json"
FOLDER = "shards"


@dataclass(frozen=True)
class Shard:
    """A finished shard: its number and what its JSON file says."""

    number: int
    stats: dict[str, Any]


def parquet_path(out: Path, number: int) -> Path:
    """Where a shard's theorems are."""
    return out / FOLDER / f"part-{number:05}.parquet"


def write(
    out: Path, number: int, mutants: list[Mutant], stats: dict[str, Any], refuted: Sequence[Negative] = ()
) -> None:
    """Writes a shard; on an error (a full disk, say) nothing of it is left."""
    path = parquet_path(out, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    negatives.write(out, number, refuted)
    scratch = [path.with_suffix(".parquet.tmp"), path.with_suffix(".json.tmp")]
    try:
        pq.write_table(records.table(mutants), scratch[0], compression="zstd")
        scratch[1].write_text(json.dumps({"rows": len(mutants), **stats}, ensure_ascii=False), "utf-8")
        os.replace(scratch[0], path)
        os.replace(scratch[1], path.with_suffix(".json"))
    finally:
        for one in scratch:
            one.unlink(missing_ok=True)


def finished(out: Path) -> tuple[list[Shard], list[str]]:
    """The shards that are done, and what is wrong with others: those are to be made again."""
    done: list[Shard] = []
    wrong: list[str] = []
    for path in sorted((out / FOLDER).glob("part-*.json")):
        number = int(path.stem.split("-")[1])
        try:
            stats = json.loads(path.read_text("utf-8"))
            rows = pq.read_metadata(parquet_path(out, number)).num_rows
            if rows != stats["rows"]:
                raise BadRecordError(f"it has {rows} rows and not {stats['rows']}")
            done.append(Shard(number, stats))
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, BadRecordError) as error:
            wrong.append(
                f"shard {number} ({path.with_suffix('.parquet').name}) is damaged and is made again: {error}"
            )
    return done, wrong


def mutants(out: Path, problems: list[str] | None = None) -> Iterator[Mutant]:
    """Every accepted theorem, shard by shard; a shard that cannot be read is named in `problems` and
    skipped.
    """
    for path in sorted((out / FOLDER).glob("part-*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    for row in batch.to_pylist():
                        yield records.read(row)
        except (OSError, pa.ArrowException, BadRecordError) as error:
            if problems is None:
                raise BadRecordError(f"{path.name} cannot be read: {error}") from error
            problems.append(f"{path.name} cannot be read and is skipped: {error}")
