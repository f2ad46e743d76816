"""The embedded Dojo beyond the seam's common rules: processes lost, limits, text, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lean_dojo import (
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.errors import LeanCrashedError, LeanProcessError, LeanTimeoutError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import MAX_TRIES, LeanWorker
from prover.lean.states import TacticTimeout, TurnstileState, tactic_state
from prover.lean.targets import Target

TEXT = """\
def count : Nat → Nat → Nat
  | 0, k => k
  | n+1, k => count n (count n (k+1))
theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q := by sorry
theorem slow : count 40 0 = 3 := by sorry
theorem sum (a b c : Nat) : a + b + c = c + b + a := by sorry
theorem holed (h : (sorry : Prop)) : True := by sorry
"""
SLOW_TACTIC = "decide +kernel"
THREE = "exact ⟨hp, hq⟩"


@pytest.fixture(scope="module")
def targets(lean_worker: LeanWorker) -> dict[str, Target]:
    return {target.name: target for target in lean_worker.read(TEXT, Path("F.lean")).targets}


def held(worker: LeanWorker) -> tuple[int, int]:
    memory = worker.request("memory")
    return memory["states"], memory["proofs"]


def test_an_annotation_makes_no_other_state(lean_worker: LeanWorker) -> None:
    """`simp_all` leaves `[mdata noImplicitLambda:1 …]` around the target here; a term with another instance is another state."""
    text = """theorem unit (α : Type) (mul : α → α → α) (one e : α) (h : ∀ a, mul one a = a) (g : ∀ a, mul a e = a) :
    one = e := by sorry
theorem total (f : Nat → Nat) (xs : List Nat) : (xs.map fun x => f x + x).sum = (xs.map f).sum + xs.sum := by sorry
"""
    unit, total = lean_worker.read(text).targets
    with Dojo(unit, lean_worker, 60.0) as (dojo, state):
        assert dojo.key(dojo.run_tac(state, "have more := h one\nsimp_all")) == dojo.key(state)
        assert dojo.key(dojo.run_tac(state, "have more := h one")) != dojo.key(state)
    with Dojo(total, lean_worker, 60.0) as (dojo, state):
        same_text = dojo.run_tac(state, "simp")
        assert same_text.pp == state.pp and dojo.key(same_text) != dojo.key(state)


class Interposed:
    """Stands between a Dojo and its worker: `fate(op, fields)` sees each request first, and may raise."""

    def __init__(
        self, worker: LeanWorker, monkeypatch: pytest.MonkeyPatch, fate: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self.asked: list[str] = []
        real = worker.request

        def request(op: str, timeout_s: float | None = None, **fields: Any) -> Any:
            self.asked.append(op)
            fate(op, fields)
            return real(op, timeout_s, **fields)

        monkeypatch.setattr(worker, "request", request)


class TestEntry:
    def test_it_says_what_it_is_open_for(self, lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
        dojo = Dojo(targets["both"], lean_worker)
        assert dojo.entry is targets["both"] and dojo.file_path == Path("F.lean")

    def test_a_hole_in_the_statement_is_no_hypothesis(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with pytest.raises(DojoInitError, match="hole"), Dojo(targets["holed"], lean_worker):
            pytest.fail("it was opened")

    def test_what_was_opened_is_let_go_of(self, lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
        with Dojo(targets["both"], lean_worker):
            pass
        before = held(lean_worker)
        for _ in range(3):
            with Dojo(targets["both"], lean_worker) as (dojo, state):
                two = dojo.run_tac(state, "constructor")
                dojo.run_tacs(two, ["skip", "exact hp", "nonsense", THREE])
                dojo.run_tac(dojo.parts(two)[0], "skip")
                assert held(lean_worker)[1] > before[1]
            assert held(lean_worker) == before

    def test_two_theorems_can_be_open_at_once(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with (
            Dojo(targets["both"], lean_worker) as (one, at_one),
            Dojo(targets["sum"], lean_worker) as (two, at_two),
        ):
            assert isinstance(one.run_tac(at_one, THREE), ProofFinished)
            assert isinstance(two.run_tac(at_two, "omega"), ProofFinished)


class TestLimits:
    def test_heartbeats_end_a_tactic_as_time_does(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with Dojo(targets["sum"], lean_worker, timeout=60, heartbeats=1) as (dojo, state):
            assert isinstance(
                dojo.run_tacs(state, ["simp_all [Nat.add_comm, Nat.add_left_comm]"])[0], TacticTimeout
            )
            with pytest.raises(DojoTacticTimeoutError):
                dojo.run_tac(state, "simp_all [Nat.add_comm, Nat.add_left_comm]")
        with Dojo(targets["sum"], lean_worker, timeout=60) as (dojo, state):
            assert isinstance(dojo.run_tac(state, "omega"), ProofFinished)

    def test_a_timeout_does_not_cost_the_process(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with Dojo(targets["slow"], lean_worker, timeout=0.2, heartbeats=0) as (dojo, state):
            generation = lean_worker.generation
            for _ in range(3):
                assert isinstance(dojo.run_tacs(state, [SLOW_TACTIC])[0], TacticTimeout)
            assert lean_worker.generation == generation
            assert dojo.set_aside == []

    def test_time_spent_in_lean_is_counted(self, lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
        with Dojo(targets["slow"], lean_worker, timeout=0.2, heartbeats=0) as (dojo, state):
            dojo.run_tacs(state, ["skip", SLOW_TACTIC])
            assert 50 <= dojo.lean_ms < 6000  # of processor time: on a busy machine less than 0.2 s by the clock


class TestText:
    @pytest.mark.parametrize(
        ("pp", "conclusions"),
        [
            ("⊢ p", ["p"]),
            ('h : s = "⊢"\n⊢ "a ⊢ b" = s', ['"a ⊢ b" = s']),
            ("Γ : Ctx\nh : Γ ⊢ φ\n⊢ Γ ⊢ φ ∧ ψ", ["Γ ⊢ φ ∧ ψ"]),
            ("case a\n⊢ Γ ⊢ φ\n\ncase b\nh : p\n⊢ q", ["Γ ⊢ φ", "q"]),
            ("⊢ f\n    (Γ ⊢\n      φ)", ["f\n    (Γ ⊢\n      φ)"]),
        ],
    )
    def test_a_goals_own_turnstile_begins_its_line(self, pp: str, conclusions: list[str]) -> None:
        state = tactic_state(pp.split("\n\n"), 3, "said")
        assert isinstance(state, TacticState)
        assert [g.conclusion for g in state.goals] == conclusions
        assert (state.pp, state.id, state.message, state.num_goals) == (pp, 3, "said", len(conclusions))
        assert state == tactic_state(pp.split("\n\n"), 4) and hash(state) == hash(
            tactic_state(pp.split("\n\n"), 4)
        )

    def test_a_plain_state_is_leandojos_own(self) -> None:
        assert type(tactic_state(["⊢ p"], 0)) is TacticState
        assert type(tactic_state(['⊢ "⊢" = s'], 0)) is TurnstileState

    def test_leandojos_request_lines_are_answered(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with Dojo(targets["both"], lean_worker) as (dojo, state):

            def ask(tactic: str) -> dict[str, Any]:
                return dojo._submit_request(json.dumps({"sid": state.id, "cmd": tactic}))

            assert ask("constructor")["tacticState"].count("⊢") == 2
            assert ask(THREE)["tacticState"] == "no goals" and ask(THREE)["error"] is None
            assert "sorry" in ask("sorry")["error"] and "unknown" in ask("nonsense")["error"]


class TestLosses:
    """A process can go at any moment; only the tactic that is to blame may suffer."""

    def test_a_state_outlives_the_process_that_had_it(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with Dojo(targets["both"], lean_worker) as (dojo, state):
            two = dojo.run_tac(state, "constructor")
            left, right = dojo.parts(two)
            key, generation = dojo.key(two), lean_worker.generation
            os.kill(lean_worker.process.pid, signal.SIGKILL)
            assert isinstance(dojo.run_tac(right, "exact hq"), ProofFinished)
            assert lean_worker.generation == generation + 1
            assert isinstance(dojo.run_tac(left, "exact hp"), ProofFinished)
            one = dojo.run_tac(two, "exact hp")
            assert isinstance(dojo.run_tac(one, "exact hq"), ProofFinished)
            assert dojo.key(two) == key
            assert dojo.set_aside == []

    def test_a_process_killed_in_the_middle_of_a_batch_costs_nothing(
        self, lean_worker: LeanWorker, targets: dict[str, Target]
    ) -> None:
        with Dojo(targets["slow"], lean_worker, timeout=1.5, heartbeats=0) as (dojo, state):
            dojo.run_tac(state, "skip")
            threading.Timer(0.6, os.kill, (lean_worker.process.pid, signal.SIGKILL)).start()
            results = dojo.run_tacs(state, ["skip", SLOW_TACTIC, "nonsense"])
            assert [type(r) for r in results] == [TacticState, TacticTimeout, LeanError]
            assert dojo.set_aside == []

    def test_leaving_after_the_process_was_lost_starts_no_other(
        self, lean_worker: LeanWorker, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            with Dojo(targets["both"], lean_worker) as (dojo, _):
                owned = [p for v in dojo._live._owned for p in (v.sid, *v.parts)]
                between = Interposed(lean_worker, patch, lambda op, fields: None)
                patch.setattr(LeanWorker, "alive", property(lambda self: False))
            assert between.asked == []
        lean_worker.request("release", proofs=owned)

    @pytest.mark.parametrize(
        ("error", "becomes", "tries"),
        [(LeanCrashedError("gone"), LeanError, MAX_TRIES), (LeanTimeoutError("late"), TacticTimeout, 1)],
    )
    def test_a_tactic_that_ends_its_process_alone_fails_and_the_others_do_not(
        self,
        lean_worker: LeanWorker,
        targets: dict[str, Target],
        monkeypatch: pytest.MonkeyPatch,
        error: LeanProcessError,
        becomes: type,
        tries: int,
    ) -> None:
        """One that crashes is run once more; one that does not obey its limit is not."""

        def poison(op: str, fields: dict[str, Any]) -> None:
            if op == "tactics" and "poison" in fields["tactics"]:
                raise error

        with Dojo(targets["both"], lean_worker) as (dojo, state):
            with monkeypatch.context() as patch:
                between = Interposed(lean_worker, patch, poison)
                results = dojo.run_tacs(state, ["constructor", "poison", THREE, "sorry"])
            assert [type(r) for r in results] == [TacticState, becomes, ProofFinished, ProofGivenUp]
            if becomes is LeanError:
                assert f"lost {MAX_TRIES} times" in results[1].error
                assert dojo.set_aside == ["poison"]
            assert between.asked.count("tactics") == 1 + 3 + tries

    def test_a_loss_while_a_theorem_is_opened_is_made_good(
        self, lean_worker: LeanWorker, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        losses = iter([LeanCrashedError("gone"), LeanTimeoutError("late")])

        def lose(op: str, _: dict[str, Any]) -> None:
            if op == "enter" and (error := next(losses, None)):
                raise error

        Interposed(lean_worker, monkeypatch, lose)
        with Dojo(targets["both"], lean_worker) as (dojo, state):
            assert isinstance(dojo.run_tac(state, THREE), ProofFinished)

    def test_a_theorem_that_loses_every_process_is_not_opened(
        self, lean_worker: LeanWorker, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lose(op: str, _: dict[str, Any]) -> None:
            if op == "enter":
                raise LeanCrashedError("gone again")

        between = Interposed(lean_worker, monkeypatch, lose)
        with pytest.raises(DojoInitError, match="gone again"), Dojo(targets["both"], lean_worker):
            pytest.fail("it was opened")
        assert between.asked.count("enter") <= 10
