"""Theorems that share a Lean: one at a time has it, waiting for it costs no time, and no proof depends on the others."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from prover.audit.outcome import Candidate, Failure, Proof
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import View
from prover.policy.builtin import builtin_policy
from prover.policy.queue import PolicyQueue
from prover.prove.batch import SILENT, _Batch
from prover.prove.item import BatchSettings, Item, record_of
from prover.prove.theorem import SearchSettings
from prover.prove.turn import Turn
from search.types import Proposal

FILE = """theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
theorem b (f : Nat → Nat) (h : ∀ n, f (n + 1) = f n) (m n : Nat) : f (m + n) = f (m * n) := by sorry
theorem c (xs ys : List Nat) (h : ∀ x ∈ xs, 0 < x) : xs.length ≤ (xs ++ ys).sum := by sorry
theorem d (xs : List Nat) : (xs.filter (0 < ·)).length ≤ xs.length := by sorry
theorem e (a b c : Nat) (h : a ∣ b) (k : a ∣ c) : a ∣ 3 * b + c := by sorry
theorem f (p : Nat → Prop) (h : p 0) (k : ∀ n, p n → p (n + 2)) : p 6 := by sorry
"""
TIMES = {"seconds", "lean_seconds", "policy_seconds"}


class Together:
    """The symbolic policy behind a queue that is slow enough for all open theorems to meet in it."""

    def __init__(self, batch_s: float = 0.0) -> None:
        policy = builtin_policy()
        self.sizes: list[int] = []

        def answer(views: Any) -> list[list[Proposal]]:
            time.sleep(batch_s)
            self.sizes.append(len(views))
            return [policy.propose(view) for view in views]

        self.queue: PolicyQueue[View, list[Proposal]] = PolicyQueue(answer, 16)

    def propose(self, view: View) -> list[Proposal]:
        return self.queue.ask(view)


Outcomes = dict[str, Proof | Candidate | Failure]


def outcomes(worker: LeanWorker, items: list[Item], open_theorems: int, policy: Together) -> Outcomes:
    search = SearchSettings(timeout_s=None, max_expansions=3)
    settings = BatchSettings(search, heartbeats=40_000, open=open_theorems)
    return _Batch(items, policy, settings, None, SILENT, threading.Event(), None).run([worker]).outcomes


def test_the_same_expansions_and_proofs_with_one_and_with_four_open_theorems(lean_worker: LeanWorker) -> None:
    items = [Item(t.name, t, "file.lean") for t in lean_worker.read(FILE).targets]
    alone, together = Together(), Together(batch_s=0.5)
    first = outcomes(lean_worker, items, 1, alone)
    again = outcomes(lean_worker, items, 4, together)
    assert set(alone.sizes) == {1} and max(together.sizes) > 1, "the theorems were open at the same time"
    assert sum(isinstance(o, Candidate) for o in first.values()) >= 3
    assert sum(o.effort.expansions > 1 for o in first.values()) >= 2, "searches that are over at once show nothing"
    for item in items:
        one, other = first[item.id], again[item.id]
        assert one.effort.tree == other.effort.tree
        records = [{k: v for k, v in record_of(item, o).items() if k not in TIMES} for o in (one, other)]
        assert records[0] == records[1]


def test_a_lean_that_one_theorem_loses_costs_the_others_nothing(lean_worker: LeanWorker) -> None:
    items = [Item(t.name, t, "file.lean") for t in lean_worker.read(FILE).targets[:3]]
    first = outcomes(lean_worker, items, 1, Together())

    class Losing(Together):
        """Ends the process while theorems are open in it."""

        lost = False

        def propose(self, view: View) -> list[Proposal]:
            found = super().propose(view)
            if len(self.sizes) >= 2 and not self.lost and lean_worker._process is not None:
                self.lost = True
                lean_worker._process._process.kill()
            return found

    losing = Losing(batch_s=0.5)
    again = outcomes(lean_worker, items, 3, losing)
    assert losing.lost
    for item in items:
        one, other = first[item.id], again[item.id]
        assert type(one) is type(other)
        assert replace(one.effort, tree=None).expansions == other.effort.expansions
        assert getattr(one, "proof", None) == getattr(other, "proof", None)


def test_one_at_a_time_has_the_lean_and_gives_it_up_while_its_policy_works() -> None:
    lean, inside, apart = threading.Lock(), 0, threading.Barrier(4, timeout=10)
    most = [0]

    def theorem(_: int) -> None:
        nonlocal inside
        with Turn(lean) as turn:
            for _ in range(20):
                inside += 1
                most[0] = max(most[0], inside)
                time.sleep(0.0001)
                inside -= 1
                turn.apart(apart.wait)()  # passed only when all four have given it up

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(theorem, range(4)))
    assert most[0] == 1


def test_a_theorems_clock_stands_still_while_it_waits_for_its_turn() -> None:
    lean = threading.Lock()
    turn = Turn(lean)
    lean.acquire()
    threading.Timer(0.3, lean.release).start()
    began, clock = time.monotonic(), turn.now()
    with turn:
        waited, counted = time.monotonic() - began, turn.now() - clock
    assert waited > 0.2 and counted < waited / 4
