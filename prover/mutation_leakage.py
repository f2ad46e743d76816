"""The statements of benchmarks as keys, so that no theorem of a mutation run is one of them.

miniF2F's JSONL is elaborated in the embedded Lean; what needs Mathlib does not elaborate and cannot be stated
by theorems over Init and Std, and is counted. Rows of the library benchmark name theorems of the library:
those that are held out are neither roots nor lemmas of what is trained on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data import library_bench, minif2f
from data.splits import TRAIN, split_of
from prover.errors import DataError
from prover.lean.worker import LeanWorker
from prover.mutation_host import LIBRARY


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
    done = worker.request("elaborate", state=worker.base_state(LIBRARY), text=text)
    try:
        errors = [m for c in done["commands"] for m in c["messages"] if m["severity"] == "error"]
        return None if errors else _keys(worker, done["state"], [statement.name]).get(statement.name)
    finally:
        worker.request("release", states=[done["state"]])


def _keys(worker: LeanWorker, state: int, names: list[str]) -> dict[str, int]:
    found = worker.request("statement_keys", state=state, names=names)["keys"]
    return {name: int(key, 16) for name, key in zip(names, found, strict=True) if key is not None}
