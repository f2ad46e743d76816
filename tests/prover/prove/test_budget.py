"""A budget is a budget: what never ends is seen ahead or cut off, and costs Lean once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from lean_dojo import LeanError, ProofFinished, TacticState

from prover.audit.auditor import AuditVerdict
from prover.audit.outcome import Candidate, Failure, Proof
from prover.errors import LeanCrashedError, LeanTimeoutError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.tactic_text import endless
from prover.lean.targets import Target
from prover.policy.base import View
from prover.prove.batch import run_one
from prover.prove.environment import DojoEnvironment
from prover.prove.item import BatchSettings, Item, attempt_item, record_of
from prover.prove.theorem import SearchSettings
from search.types import Closed, Proposal, Rejected
from tests.prover.prove.test_batch_faults import Offers
from tests.prover.stub_lean import TEXT, StubWorker

HUGE = "theorem big (n : Nat) (h : n = 1) : 3 ^ 400000000 % 7 = 4 ∨ n = 1 := by sorry"


@pytest.mark.parametrize(
    ("tactic", "state"),
    [
        ("omega", "⊢ 7 ^ 123456789 % 10 = 7"),
        ("intro h; omega", "h : 5 ^ (99999999999) = k\n⊢ k % 3 = 2"),
        ("constructor <;> bv_omega", "⊢ 2 ^ 3 ^ 40 > 1"),
        ("have := 9 ^ 777777777 ; omega", "⊢ True"),
        ("omega", f"⊢ 1{'0' * 5000} ^ 3 > 1"),
        ("omega", f"⊢ 2 ^ 2 ^ 1{'0' * 400} > 1"),
    ],
)
def test_a_power_that_omega_would_compute_for_ever_is_seen_ahead(tactic: str, state: str) -> None:
    assert "omega would compute" in (endless(tactic, state) or "")


@pytest.mark.parametrize(
    ("tactic", "state"),
    [
        ("omega", "⊢ 7 ^ 12 % 10 = 1"),
        ("omega", "⊢ 1 ^ 99999999999 = 1"),
        ("omega", "x1 : Nat\n⊢ x1 ^ 2 + 99999999999 > 0"),
        ("simp [Nat.pow_mod]", "⊢ 7 ^ 123456789 % 10 = 7"),
        ("exact my_omega", "⊢ 7 ^ 123456789 % 10 = 7"),
    ],
)
def test_what_ends_is_not_held_back(tactic: str, state: str) -> None:
    assert endless(tactic, state) is None


def test_a_held_back_tactic_is_an_outcome_and_the_others_run(lean_worker: LeanWorker) -> None:
    target = lean_worker.read(HUGE).targets[0]
    with Dojo(target, lean_worker, 10.0) as (dojo, state):
        environment = DojoEnvironment(dojo)
        outcomes = environment.step(environment.part(state).state, ["omega", "exact Or.inr h", "simp"])
    assert isinstance(outcomes[0], Rejected) and outcomes[0].gave_up
    assert isinstance(outcomes[1], Closed) and len(outcomes) == 2


class Ending(StubWorker):
    """Its process is lost in the tactics named `dies`, and tells so."""

    def __init__(self, error: type[Exception], dies: str = "poison") -> None:
        super().__init__()
        self.error, self.dies = error, dies
        self.asked: list[list[str]] = []

    def request(self, op: str, timeout_s: float | None = None, **fields: Any) -> Any:
        if op == "tactics":
            self.asked.append(list(fields["tactics"]))
            if self.dies in fields["tactics"]:
                self.process.kill()
                lost = self.error("gone")
                lost.running = fields["tactics"].index(self.dies)  # type: ignore[attr-defined]
                raise lost
        return super().request(op, timeout_s, **fields)


def opened(worker: LeanWorker, deadline: float | None) -> Dojo:
    return Dojo(worker.read(TEXT).targets[0], worker, 5.0, deadline=deadline)


@pytest.mark.parametrize("error", [LeanCrashedError, LeanTimeoutError])
def test_a_tactic_that_lost_lean_is_not_run_again_and_the_others_are(error: type[Exception]) -> None:
    worker = Ending(error)
    with opened(worker, time.monotonic() + 60) as (dojo, state):
        results = dojo.run_tacs(state, ["nonsense", "poison", "no", "trivial"])
    assert [type(r) for r in results] == [LeanError, LeanError, LeanError, ProofFinished]
    assert "set aside" in results[1].error and dojo.set_aside == ["poison"]
    assert worker.asked == [["nonsense", "poison", "no", "trivial"], ["nonsense", "no", "trivial"]]


def test_without_a_deadline_a_crash_has_a_second_try() -> None:
    worker = Ending(LeanCrashedError)
    with opened(worker, None) as (dojo, state):
        dojo.run_tacs(state, ["poison", "no"])
    assert sum("poison" in asked for asked in worker.asked) == 3


def test_no_process_is_started_that_would_come_too_late() -> None:
    worker = Ending(LeanTimeoutError)
    with opened(worker, time.monotonic() + 5) as (dojo, state):
        worker.start_s = 60.0
        results = dojo.run_tacs(state, ["poison", "no", "trivial"])
        assert dojo.out_of_time and len(worker.asked) == 1
        assert not any(isinstance(r, TacticState | ProofFinished) for r in results)


def test_a_tactic_gets_no_more_than_what_is_left() -> None:
    worker = Ending(LeanTimeoutError)
    seen: list[Any] = []
    request = worker.request
    worker.request = lambda op, *args, **fields: (seen.append(fields), request(op, *args, **fields))[1]  # type: ignore[method-assign]
    with opened(worker, time.monotonic() + 1.5) as (dojo, state):
        dojo.run_tacs(state, ["no", "nonsense"])
    limits = next(fields for fields in seen if "tactics" in fields)
    assert limits["timeout_ms"] <= 1500 and limits["left_ms"] <= 1500


def test_a_search_whose_lean_cannot_be_had_in_time_ends() -> None:
    worker = Ending(LeanTimeoutError)

    class SlowToStart(Offers):
        def propose(self, view: View) -> list[Proposal]:
            worker.start_s = 600.0
            return super().propose(view)

    item = Item("t", worker.read(TEXT).targets[0], "t.lean")
    policy = SlowToStart("poison", "no")
    found = attempt_item(item, worker, policy, BatchSettings(SearchSettings(60.0)), lambda: False)
    assert isinstance(found, Failure) and (found.reason, found.effort.expansions) == ("out of time", 1)


def test_real_lean_ends_a_batch_of_tactics_at_the_deadline(lean_worker: LeanWorker) -> None:
    target = lean_worker.read("theorem t (f : Nat → Nat) : f 1 = 2 := by sorry").targets[0]
    slow = [f"have h{i} : 7 ^ 123456789 % 10 = 7 := by decide +kernel" for i in range(4)]
    lean_worker.prepare(target)
    with Dojo(target, lean_worker, 5.0, deadline=time.monotonic() + 2) as (dojo, state):
        began = time.monotonic()
        results = dojo.run_tacs(state, [*slow, "skip"])
        assert time.monotonic() - began < 2 + 5
        assert dojo.out_of_time and len(results) == 5


@pytest.mark.parametrize("timeout_s", [None, 600.0])
def test_seconds_in_lean_end_a_search(lean_worker: LeanWorker, timeout_s: float | None) -> None:
    item = Item("t", lean_worker.read("theorem t (f : Nat → Nat) : f 1 = 2 := by sorry").targets[0], "t.lean")
    policy = Offers("have h : f 2 = f 2 := rfl", "have k : f 3 = f 3 := rfl")
    settings = BatchSettings(SearchSettings(timeout_s, 4, refute=False, lean_s=1e-6))
    found = attempt_item(item, lean_worker, policy, settings, lambda: False)
    assert isinstance(found, Failure) and (found.reason, found.effort.expansions) == ("out of time", 1)
    assert found.effort.lean_seconds > 0
    enough = BatchSettings(SearchSettings(timeout_s, 4, refute=False, lean_s=600))
    found = attempt_item(item, lean_worker, policy, enough, lambda: False)
    assert isinstance(found, Failure) and found.effort.expansions == 4


def test_a_tactics_processor_time_is_counted(lean_worker: LeanWorker) -> None:
    target = lean_worker.read("theorem t (n : Nat) : n + 0 = n := by sorry").targets[0]
    with Dojo(target, lean_worker, 60.0) as (dojo, state):
        dojo.run_tacs(state, ["simp", "omega"])
        assert dojo.lean_ms == pytest.approx(sum(dojo.tactic_ms.values()))
        assert {t for _, t in dojo.tactic_ms} == {"simp", "omega"} and all(ms > 0 for ms in dojo.tactic_ms.values())


class Audit:
    """An audit that takes its time, and accepts or refuses."""

    def __init__(self, seconds: float, accepts: bool = True) -> None:
        self.seconds, self.accepts, self.asked = seconds, accepts, 0

    def __call__(self, target: Target, proof: str) -> AuditVerdict:
        self.asked += 1
        time.sleep(self.seconds)
        reason = None if self.accepts else "no"
        return AuditVerdict(self.accepts, "accepted" if self.accepts else "error", reason, (), (), (), "stub")


def attempted(audit: Audit, timeout_s: float | None) -> tuple[Proof | Candidate | Failure, float]:
    """One theorem whose proof is found at once, and the seconds until its verdict."""
    worker = StubWorker()
    item = Item("t", worker.read(TEXT).targets[0], "t.lean")
    began = time.monotonic()
    settings = BatchSettings(SearchSettings(timeout_s, max_expansions=3))
    return run_one(item, Offers("trivial"), settings, worker, audit, threading.Event()), time.monotonic() - began


@pytest.mark.parametrize(("timeout_s", "audit_s"), [(0.3, 0.8), (0.5, 1.2), (0.2, 0.6)])
def test_the_audit_counts_in_what_ran_over(timeout_s: float, audit_s: float) -> None:
    found, seconds = attempted(Audit(audit_s), timeout_s)
    assert isinstance(found, Proof)
    assert audit_s - timeout_s <= found.effort.over_s <= seconds - timeout_s + 0.1
    assert record_of(Item("t", StubWorker().read(TEXT).targets[0], "t.lean"), found)["over_s"] == round(found.effort.over_s, 3)


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_an_attempt_within_its_budget_is_not_over(timeout_s: float | None) -> None:
    found, _ = attempted(Audit(0.1), timeout_s)
    assert found.effort.over_s < 0
    assert record_of(Item("t", StubWorker().read(TEXT).targets[0], "t.lean"), found)["over_s"] == 0


@pytest.mark.parametrize(("timeout_s", "asked"), [(0.3, 1), (30.0, 3)])
def test_a_refused_candidate_is_searched_for_again_in_what_is_left(timeout_s: float, asked: int) -> None:
    audit = Audit(0.4, accepts=False)
    found, seconds = attempted(audit, timeout_s)
    assert isinstance(found, Failure) and audit.asked <= asked
    assert seconds < timeout_s + 5
