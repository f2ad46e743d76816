"""The profile of a batch says where its time went, and leaves what it timed as it was."""

from __future__ import annotations

import threading
from pathlib import Path

from prover.bench.profile import PARTS, Profile
from prover.bench.speed import batch
from prover.lean.embedded.worker import LeanWorker
from prover.policy.builtin import builtin_policy
from prover.prove.batch import run_one
from prover.prove.item import BatchSettings
from prover.prove.run import from_statement, read_items


def test_the_profile_of_several_passes_is_that_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / "two.lean"
    path.write_text("theorem a (n : Nat) : n = n := by sorry\ntheorem b (n : Nat) : n + 0 = n := by sorry\n", "utf-8")
    found = batch(profiled=True, paths=[path], passes=3)
    assert found["batch_theorems"] == found["batch_proved"] == 6
    rows = {row["part"]: row for row in found["profile"]}
    assert rows["search"]["calls"] == rows["opening"]["calls"] == 2
    lean_ms = sum(request["cpu_ms"] for row in found["profile"] for request in row["lean"].values())
    assert 0 < lean_ms <= found["theorem_cpu_ms"] <= lean_ms + sum(row["cpu_ms"] for row in found["profile"]) + 1


def test_parts_and_requests_of_a_theorem_are_counted_once(lean_worker: LeanWorker) -> None:
    (item,), _, _ = read_items(lean_worker, [from_statement("theorem t (a b : Nat) : a + b = b + a")])
    before = [getattr(owner, attribute) for _, owner, attribute in PARTS]
    profile = Profile()
    with profile.watching():
        run_one(item, builtin_policy(), BatchSettings(), lean_worker, None, threading.Event())
    assert [getattr(owner, attribute) for _, owner, attribute in PARTS] == before
    rows = {row["part"]: row for row in profile.rows(1)}
    assert rows["theorem"]["calls"] == rows["opening"]["calls"] == rows["search"]["calls"] == 1
    assert rows["tactics"]["lean"]["tactics"]["calls"] == rows["tactics"]["calls"] >= 1
    assert rows["opening"]["lean"]["enter"]["calls"] == 1
    assert rows["tactics"]["wall_ms"] >= rows["tactics"]["lean"]["tactics"]["wall_ms"] > 0
    assert rows["search"]["wall_ms"] < rows["tactics"]["wall_ms"], "what is inside another part is counted there"
