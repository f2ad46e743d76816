"""What a batch does when its Lean processes are lost: bounded retries, poison set aside, nothing wrong in the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prover.audit.auditor import SharedAuditor
from prover.audit.embedded import Auditor
from prover.errors import LeanCrashedError, LeanSetupError, PolicyError
from prover.lean import targets
from prover.lean.dojo import Dojo
from prover.lean.embedded.process import LeanStartError
from prover.lean.embedded.worker import START_TRIES, LeanWorker
from prover.policy.base import View
from prover.prove.batch import run_batch
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item
from prover.prove.theorem import SearchSettings
from search.types import Proposal
from tests.prover.stub_lean import TEXT, StubWorker

SETTINGS = BatchSettings(search=SearchSettings(timeout_s=None, max_expansions=2), workers=1)


@dataclass(frozen=True)
class Accepted:
    accepted: bool = True
    reason: str | None = None
    axioms: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


class Offers:
    """A policy that offers the same tactics always."""

    def __init__(self, *tactics: str) -> None:
        self.tactics = tactics

    def propose(self, view: View) -> list[Proposal]:
        return [Proposal(t, -1.0 - i) for i, t in enumerate(self.tactics)]


def auditor(verdict: Callable[[], Any] = Accepted) -> SharedAuditor:
    shared = SharedAuditor(Auditor(StubWorker()))

    class Stub:
        stays = False

        def audit_proof(self, target: targets.Target, proof: str) -> Any:
            return verdict()

    shared._judge = Stub()  # type: ignore[assignment]
    return shared


def items() -> list[Item]:
    reading = StubWorker().read(TEXT)
    return [Item(f"t.lean:{t.name}", t, "t.lean") for t in reading.targets]


def batch(
    worker: LeanWorker, policy: Any, folder: RunFolder | None = None, audit: SharedAuditor | None = None, **more: Any
) -> tuple[dict[str, dict[str, Any]], Any]:
    return run_batch(items(), policy, SETTINGS, folder, first_worker=worker, auditor=audit or auditor(), **more)[:2]


def statuses(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [r["status"] for r in records.values()]


def once(number: int) -> Callable[[str, dict[str, Any]], bool]:
    seen = {"count": 0}

    def dies(op: str, fields: dict[str, Any]) -> bool:
        seen["count"] += 1
        return seen["count"] == number

    return dies


@pytest.mark.parametrize("number", range(1, 25))
def test_a_process_lost_at_any_request_changes_no_verdict(number: int) -> None:
    worker = StubWorker(once(number))
    records, usage = batch(worker, Offers("nonsense", "trivial"))
    assert statuses(records) == ["proved"] * 3
    assert usage.processes_lost <= 1
    assert all(r["set_aside"] == [] for r in records.values())


def test_every_third_request_may_be_lost() -> None:
    count = iter(range(100_000))
    worker = StubWorker(lambda op, fields: op == "tactics" and next(count) % 3 == 1)
    records, _ = batch(worker, Offers("nonsense", "trivial"))
    assert statuses(records) == ["proved"] * 3


def test_a_tactic_that_ends_its_process_alone_twice_is_set_aside_and_reported() -> None:
    worker = StubWorker(lambda op, fields: "poison" in fields.get("tactics", ()))
    records, usage = batch(worker, Offers("poison", "nonsense", "trivial"))
    assert statuses(records) == ["proved"] * 3
    assert [r["set_aside"] for r in records.values()] == [["poison"]] * 3
    assert usage.processes_lost == 9  # each time: with the others, alone, alone


def test_a_theorem_that_cannot_be_entered_is_set_aside_and_the_batch_goes_on() -> None:
    worker = StubWorker(lambda op, fields: op == "enter" and "theorem b" in fields["text"])
    records, _ = batch(worker, Offers("trivial"))
    assert statuses(records) == ["proved", "error", "proved"]
    assert "set aside: Lean was lost" in records["t.lean:b"]["reason"]


def test_a_proof_whose_audit_is_lost_again_and_again_is_set_aside() -> None:
    def lose() -> Accepted:
        raise LeanCrashedError("the stub ended")

    records, _ = batch(StubWorker(), Offers("trivial"), audit=auditor(lose))
    assert statuses(records) == ["error"] * 3


def test_a_candidate_that_the_audit_refuses_is_searched_on_and_the_next_one_counts(tmp_path: Path) -> None:
    judged: list[str] = []

    class Picky:
        stays = False

        def audit_proof(self, target: targets.Target, proof: str) -> Any:
            judged.append(f"{target.name}: {proof}")
            return Accepted() if target.name != "b" or proof == "exact True.intro" else Accepted(False, "too simple")

    shared = auditor()
    shared._judge = Picky()  # type: ignore[assignment]
    with RunFolder(tmp_path, {}, {}) as folder:
        records, _ = batch(StubWorker(), Offers("trivial", "exact True.intro"), folder, audit=shared)
        assert statuses(folder.known()) == ["proved"] * 3
    assert statuses(records) == ["proved"] * 3
    assert records["t.lean:b"]["proof"] == "exact True.intro"
    assert records["t.lean:b"]["refusals"] == ["too simple"]
    assert judged.count("b: trivial") == 2 and sum(line.startswith("a:") for line in judged) == 1


def test_a_theorem_whose_candidates_are_all_refused_is_not_proved() -> None:
    records, _ = batch(StubWorker(), Offers("trivial"), audit=auditor(lambda: Accepted(False, "no")))
    assert statuses(records) == ["failed"] * 3
    assert all(r["proof"] is None for r in records.values())
    assert all("no" in r["reason"].split(": ")[-1] and "refused" in r["reason"] for r in records.values())


def test_an_audit_that_is_lost_once_is_asked_again() -> None:
    lost = iter([True] + [False] * 100)

    def verdict() -> Accepted:
        if next(lost):
            raise LeanCrashedError("the stub ended")
        return Accepted()

    records, _ = batch(StubWorker(), Offers("trivial"), audit=auditor(verdict))
    assert statuses(records) == ["proved"] * 3


def test_a_start_that_fails_is_tried_again_a_bounded_number_of_times() -> None:
    tries = []

    class Unlucky(StubWorker):
        def new_process(self) -> Any:
            tries.append(1)
            if len(tries) % START_TRIES:
                raise LeanStartError("killed while it started")
            return super().new_process()

    assert statuses(batch(Unlucky(), Offers("trivial"))[0]) == ["proved"] * 3

    class Broken(StubWorker):
        def new_process(self) -> Any:
            raise LeanStartError("never starts")

    with pytest.raises(LeanSetupError, match="never starts"):
        batch(Broken(), Offers("trivial"))


def test_a_policy_that_is_gone_for_good_ends_the_run_and_keeps_what_was_proved(tmp_path: Path) -> None:
    class Dies:
        calls = 0

        def propose(self, view: View) -> list[Proposal]:
            self.calls += 1
            if self.calls > 2:
                raise PolicyError("no proposer answers any more")
            return [Proposal("trivial", -1.0)]

    with RunFolder(tmp_path, {}, {}) as folder:
        with pytest.raises(PolicyError):
            batch(StubWorker(), Dies(), folder)
        assert statuses(folder.known()) == ["proved"] * 2


def test_a_bug_that_one_theorem_brings_out_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaks:
        calls = 0

        def propose(self, view: View) -> list[Proposal]:
            self.calls += 1
            if self.calls == 2:
                raise ValueError("zip() of two lengths")
            return [Proposal("trivial", -1.0)]

    monkeypatch.delenv("PROOFSMITH_DEBUG", raising=False)
    records, _ = batch(StubWorker(), Breaks())
    assert sorted(statuses(records)) == sorted(["error", *["proved"] * (len(records) - 1)])
    reasons = [r["reason"] for r in records.values() if r["status"] == "error"]
    assert reasons == [
        "internal error: ValueError: zip() of two lengths; please report it with what PROOFSMITH_DEBUG=1 shows"
    ]


def test_a_theorem_that_was_under_way_when_the_run_was_stopped_is_not_noted(tmp_path: Path) -> None:
    # The processes are taken away, so every tactic fails: that must not look like a search without success.
    cancel = threading.Event()
    worker = StubWorker()

    class Stops:
        calls = 0

        def propose(self, view: View) -> Sequence[Proposal]:
            self.calls += 1
            if self.calls == 2:
                cancel.set()
                worker.interrupt()
            return [Proposal("trivial", -1.0)]

    with RunFolder(tmp_path, {}, {}) as folder:
        records, _ = batch(worker, Stops(), folder, cancel=cancel)
        assert statuses(records) == statuses(folder.known()) == ["proved"]


def test_ids_of_a_lost_process_are_never_asked_of_another() -> None:
    worker = StubWorker()
    state = worker.base_state(("Init",))
    worker.process.kill()
    with pytest.raises(LeanCrashedError, match="between two requests"):
        worker.request("enter", state=state, text="theorem a : True := by sorry")


def test_a_state_is_made_again_on_a_fresh_process() -> None:
    worker = StubWorker()
    target = worker.read(TEXT).targets[0]
    with Dojo(target, worker) as (dojo, state):
        worker.process.kill()
        assert type(dojo.run_tac(state, "trivial")).__name__ == "ProofFinished"
    assert worker.processes_lost == 1


def test_fewer_results_than_tactics_are_not_taken_for_an_answer() -> None:
    worker = StubWorker()
    target = worker.read(TEXT).targets[0]
    with Dojo(target, worker) as (dojo, state):
        answers = iter([{"results": []}])
        original = worker.process.tactics  # type: ignore[attr-defined]
        worker.process.tactics = lambda **kw: next(answers, None) or original(**kw)  # type: ignore[attr-defined]
        assert [type(r).__name__ for r in dojo.run_tacs(state, ["x", "trivial"])] == ["LeanError", "ProofFinished"]
