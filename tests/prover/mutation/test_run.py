"""A run with workers that need no Lean: the order of shards, what is dropped, and what goes wrong on the way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.mutation import negatives, shards
from data.mutation.records import Mutant
from prover.errors import DataError, LeanCrashedError, LeanSetupError, StorageError
from prover.mutation.run import MutationSettings, Run

ROOTS = [f"r{n}" for n in range(8)]
SHARED = "00000000000000aa"
SETTINGS = MutationSettings(chunk_roots=2, grade_share=0.0)


def record(root: str, key: str, parent: str = "") -> dict[str, Any]:
    return {
        "name": f"m_{root}_{key}", "root": root, "parent": parent or root, "round": 1, "operator": "rw",
        "direction": "→", "place": "conclusion", "lemma": "l", "statement": f"m : {key}", "proof": "rfl",
        "context": "", "key": key, "size": 1, "parent_size": 1, "head": "Eq", "hypotheses": 0, "lemmas": ["l"],
    }  # fmt: skip


class Worker:
    """Each root gives a theorem of its own, one that all roots give, and a child of that one."""

    def __init__(self, settings: MutationSettings) -> None:
        self.closed = False

    def roots(self) -> list[str]:
        return ROOTS

    def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
        if "r3" in roots:
            raise LeanCrashedError("too deep")
        time.sleep(0.05 * (sum(map(ord, "".join(roots))) % 3))
        results = [
            {
                "name": root,
                "records": [
                    record(root, f"{int(root[1:]) + 1:016x}"),
                    record(root, SHARED),
                    record(root, f"{int(root[1:]) + 100:016x}", parent=f"m_{root}_{SHARED}"),
                ],
                "rejected": [],
                "built": 3,
                "per_operator": {"rw": {"attempted": 5, "built": 3, "accepted": 3}},
            }
            for root in roots
        ]
        false = {"name": "f", "root": roots[0], "change": "c", "statement": "s", "denial": "f : ¬ s",
                 "refutation": "decide", "key": f"{int(roots[0][1:]) + 500:016x}"}  # fmt: skip
        return {"results": results, "negatives": {"records": [false], "tried": 1, "ms": 1.0}}

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        return "rfl", False

    def used_s(self) -> float:
        return 1.0

    def interrupt(self) -> None:
        raise AssertionError("nobody interrupts")

    def close(self) -> None:
        self.closed = True


def names_by_shard(out: Path) -> list[tuple[str, list[str]]]:
    return [(p.name, pq.read_table(p)["name"].to_pylist()) for p in sorted((out / "shards").glob("*.parquet"))]


def test_shards_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 3):
        Run(tmp_path / str(workers), MutationSettings(chunk_roots=2, grade_share=0.0, workers=workers), new_worker=Worker).go()
    alone = names_by_shard(tmp_path / "1")
    assert alone == names_by_shard(tmp_path / "3")
    assert sum(name.endswith(SHARED) for _, names in alone for name in names) == 1
    assert alone[0][1][1].endswith(SHARED), "the first chunk has what all of them find"


def test_what_rests_on_a_dropped_theorem_is_dropped(tmp_path: Path) -> None:
    run = Run(tmp_path, SETTINGS, new_worker=Worker)
    totals = run.go()
    assert totals.accepted == 7 + 2, "one of each root, and the shared one with its child"
    assert totals.duplicates == 2 * 6
    assert totals.lost == ["r3: too deep"]
    assert totals.per_operator["rw"]["attempted"] == 35
    assert len(list(negatives.negatives(tmp_path))) == totals.negatives == 4


def test_a_benchmarks_statement_is_dropped_and_counted(tmp_path: Path) -> None:
    totals = Run(tmp_path, SETTINGS, benchmark={int(SHARED, 16)}, new_worker=Worker).go()
    assert (totals.benchmark, totals.accepted) == (7, 7)
    assert all(m.key != SHARED for m in shards.mutants(tmp_path))


def test_a_shard_that_cannot_be_written_is_named_counted_and_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = shards.write

    def full(out: Path, number: int, *rest: Any) -> None:
        if number == 1:
            raise OSError(28, "No space left on device")
        write(out, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("prover.mutation.run.shards.write", full)
        run = Run(tmp_path, SETTINGS, new_worker=Worker)
        totals = run.go()
    assert (totals.chunks, totals.unwritten) == (3, 1)
    assert "shard 1 cannot be written and is skipped: No space left on device" in run.problems
    again = Run(tmp_path, SETTINGS, new_worker=Worker).go()
    assert (again.chunks, again.unwritten) == (4, 0)
    whole = Run(tmp_path / "whole", SETTINGS, new_worker=Worker).go()
    assert again.accepted == whole.accepted


def test_a_disk_that_stays_full_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("prover.mutation.run.shards.write", full)
    with pytest.raises(StorageError, match="so were those before it"):
        Run(tmp_path, SETTINGS, new_worker=Worker).go()


def test_a_plan_that_is_damaged_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("plan.json").write_text("[]", "utf-8")
    with pytest.raises(DataError, match=r"plan\.json is damaged"):
        Run(tmp_path, SETTINGS, new_worker=Worker).go()


def test_a_lean_that_does_not_start_ends_the_run_and_blames_no_root(tmp_path: Path) -> None:
    class Unstartable(Worker):
        def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
            raise LeanSetupError("it does not start")

    run = Run(tmp_path, SETTINGS, new_worker=Unstartable)
    with pytest.raises(LeanSetupError):
        run.go()
    assert (run.totals.lost, shards.finished(tmp_path)[0]) == ([], [])
