"""The statements of benchmarks as keys, so that no theorem of a mutation run is one of them.

miniF2F's JSONL is elaborated in the embedded Lean; what needs Mathlib does not elaborate and cannot be stated
by theorems over Init and Std, and is counted. Rows of the library benchmark name theorems of the library:
those that are held out are neither roots nor lemmas of what is trained on.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from data import library_bench, minif2f
from data.mutation import leakage, records, shards
from data.splits import TRAIN, split_of
from prover.errors import DataError, StorageError
from prover.lean.embedded.worker import LeanWorker
from prover.mutation.host import LIBRARY, PATIENT_S

TRAINING = "training.parquet"
BATCH = 2000


@dataclass(frozen=True)
class Benchmark:
    """`keys` of statements; `held_out`: names of theorems of the library; `unreadable`: statements that do
    not elaborate here, by name; `stated`: how many there are in all.
    """

    keys: frozenset[int]
    held_out: frozenset[str]
    unreadable: tuple[str, ...]
    stated: int


def read(worker: LeanWorker, paths: Iterable[Path]) -> Benchmark:
    """Reads benchmarks.

    Args:
        worker: a Lean.
        paths: miniF2F's JSONL files or clones, or JSONL of the library benchmark.

    Raises:
        DataError: a file is neither.
    """
    keys: set[int] = set()
    held_out: set[str] = set()
    unreadable: list[str] = []
    stated = 0
    for path in paths:
        rows = _library_rows(path)
        if rows is not None:
            stated += len(rows)
            held_out |= {name for name in rows if split_of(name) != TRAIN}
            keys |= set(_keys(worker, worker.base_state(LIBRARY), sorted(rows)).values())
            continue
        try:
            statements = minif2f.read(path)
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is no benchmark that can be read: {error}") from error
        stated += len(statements)
        for statement in statements:
            key = _of_text(worker, statement)
            if key is None:
                unreadable.append(statement.name)
            else:
                keys.add(key)
    return Benchmark(frozenset(keys), frozenset(held_out), tuple(unreadable), stated)


def _library_rows(path: Path) -> set[str] | None:
    if path.is_dir():
        return None
    try:
        return {row.name for row in library_bench.load(path.read_text("utf-8"))}
    except (OSError, ValueError):
        return None


def _of_text(worker: LeanWorker, statement: minif2f.Statement) -> int | None:
    text = f"{minif2f.PREAMBLE.removeprefix('import Init')}\n{statement.statement}\n"
    done = worker.request("elaborate", PATIENT_S, state=worker.base_state(LIBRARY), text=text)
    try:
        errors = [m for c in done["commands"] for m in c.errors]
        return None if errors else _keys(worker, done["state"], [statement.name]).get(statement.name)
    finally:
        worker.request("release", states=[done["state"]])


def _keys(worker: LeanWorker, state: int, names: list[str]) -> dict[str, int]:
    found = worker.request("statement_keys", state=state, names=names)["keys"]
    return {name: int(key, 16) for name, key in zip(names, found, strict=True) if key is not None}


def write_training(out: Path, benchmark: Benchmark) -> tuple[int, Counter[str], list[str]]:
    """Writes `training.parquet` into a run's folder: what may be trained on.

    Returns:
        Rows, what was refused by reason, and shards that cannot be read.

    Raises:
        DataError: the folder holds no run.
        StorageError: the file cannot be written.
    """
    if not (out / shards.PLAN).exists():
        raise DataError(f"{out} holds no mutation run (there is no {shards.PLAN})")
    problems: list[str] = []
    refused: Counter[str] = Counter()
    found = leakage.training(shards.mutants(out, problems), benchmark.keys, benchmark.held_out, refused)
    path = out / TRAINING
    scratch = path.with_suffix(".tmp")
    rows = 0
    try:
        with pq.ParquetWriter(scratch, records.SCHEMA, compression="zstd") as writer:
            while batch := list(islice(found, BATCH)):
                writer.write_table(records.table(batch))
                rows += len(batch)
        os.replace(scratch, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}; make room") from error
    finally:
        scratch.unlink(missing_ok=True)
    return rows, refused, problems
