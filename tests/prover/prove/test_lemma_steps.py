"""Lemmas that a search finds for itself, with a real Lean."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from lean_dojo import LeanError, TacticState

from prover.lean.context import FileContext
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Equation, Limits
from prover.policy.base import View
from prover.policy.builtin import builtin_policy
from prover.prove.environment import SearchState
from prover.prove.evaluator import LeanEvaluator
from prover.prove.lemmas import BEFORE, LemmaSteps, theory_of
from prover.prove.theorem import SearchSettings, find_candidate
from search.types import Proposal, Visit

REV = """namespace R
inductive Seq (a : Type) where
  | none
  | more (head : a) (tail : Seq a)
def join {a : Type} (x y : Seq a) : Seq a := match x with
  | Seq.none => y
  | Seq.more z zs => Seq.more z (join zs y)
def rev {a : Type} (x : Seq a) : Seq a := match x with
  | Seq.none => Seq.none
  | Seq.more y ys => join (rev ys) (Seq.more y Seq.none)
theorem t {a : Type} (x y : Seq a) : rev (rev (join x y)) = join (rev (rev x)) (rev (rev y)) := by sorry
end R
"""
PATIENT = Limits(budget_s=60)
STATE = TacticState("n : Nat\n⊢ f n = 0", 0)


class Patient(Dojo):
    """Conjectures for longer than a search would wait on a loaded machine."""

    def conjectures(self, functions: Sequence[str], limits: Limits = PATIENT) -> tuple[Equation, ...]:
        return super().conjectures(functions, limits)


def test_a_statement_is_proved_by_lemmas_that_exploration_finds_before_anything_is_left_open() -> None:
    with LeanWorker() as worker:
        (target,) = worker.read(REV).targets
        context = worker.file_context(target)
        found = find_candidate(Patient(target, worker, 60), builtin_policy(), SearchSettings(timeout_s=None, lean_s=60), context)
    assert found.effort.tree is not None
    root = found.effort.tree["root"]
    second = [e["proposer"] for e in found.effort.tree["edges"] if e["parent"] == root and e["visit"] == 1]
    assert second == ["explore.lemma"] and "explore.lemma" in getattr(found, "closed_by", {"explore.lemma": 1})


def test_what_recursions_consume_change_and_use_is_read_from_lean(lean_worker: LeanWorker) -> None:
    (target,) = lean_worker.read(REV).targets
    context = lean_worker.file_context(target)
    theory = theory_of(context, context.definitions)
    assert theory.consumed == {"R.join": (0,), "R.rev": (0,)} and theory.uses["R.rev"] == {"R.join"}


def test_states_below_the_statement_wait_for_exploration_after_a_few() -> None:
    class Explorable:
        def conjectures(self, functions: tuple[str, ...]) -> tuple[()]:
            return ()

        def run_tacs(self, state: TacticState, tactics: list[str]) -> list[object]:
            return [LeanError("no") for _ in tactics]

        def limited(self, heartbeats: int) -> AbstractContextManager[None]:
            return nullcontext()

    context = FileContext(definitions=("f",), sources={"f": "def f (n : Nat) : Nat := n"})
    steps = LemmaSteps(Explorable(), context, timeout_s=600.0)
    below = SearchState(STATE, before=("cases n",))
    alone = [steps.offers(below, 0) for _ in range(BEFORE + 2)]
    assert alone == [([], False)] * BEFORE + [([], True)] * 2, "the first go on, the next wait"
    assert steps.offers(below, 1) == ([], True), "on further visits, too"
    assert steps.offers(SearchState(STATE), 1) == ([], False), "nothing is found"
    assert steps.offers(below, 0) == ([], False), "and nothing waits any more"


def test_the_policy_goes_on_where_it_stopped_when_a_lemma_had_a_visit_to_itself() -> None:
    asked: list[int] = []

    class Policy:
        def propose(self, view: View) -> list[Proposal]:
            asked.append(view.stage)
            return []

    class OneLemma(LemmaSteps):
        def offers(self, state: SearchState, visit: int) -> tuple[list[Proposal], bool]:
            return [Proposal("skip", -0.1)], visit == 1

    evaluator = LeanEvaluator(Policy(), FileContext(), lemmas=OneLemma(object(), FileContext()))
    evaluator.proposals([Visit(SearchState(STATE), number) for number in range(4)])
    assert asked == [0, 1, 2]
