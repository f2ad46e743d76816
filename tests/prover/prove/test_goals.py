"""What one search proved or refuted of a goal, another uses, on real Lean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lean_dojo import TacticState

from prover.audit.embedded import Auditor
from prover.audit.outcome import Candidate
from prover.lean.context import FileContext
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Falsification, Looking
from prover.policy.base import View
from prover.prove.environment import SearchState
from prover.prove.goals import Known, KnownGoals, goal_key, renamed
from prover.prove.lemmas import VISIT, LemmaSteps
from prover.prove.theorem import SearchSettings, find_candidate
from search.types import Proposal

FILE = """def twice : List Nat → List Nat
  | [] => []
  | x :: xs => x :: x :: twice xs

theorem one (xs : List Nat) (h : 0 < xs.length) : (twice xs).length = 2 * xs.length ∧ 0 < xs.length := by sorry
theorem two (zs : List Nat) (h : 0 < zs.length) : (twice zs).length = 2 * zs.length ∧ 0 < zs.length := by sorry
theorem wrong (xs : List Nat) : (twice xs).length = xs.length ∨ (twice xs).length = 7 := by sorry
theorem wrong_too (ys : List Nat) : (twice ys).length = ys.length ∨ (twice ys).length = 7 := by sorry
"""
INDUCTION = "induction xs with\n| nil => rfl\n| cons x l ih => simp [twice, ih]; omega"


class Knows:
    """The way to a proof where the list is called `xs`; elsewhere its first step alone."""

    def propose(self, view: View) -> list[Proposal]:
        if not view.before:
            return [Proposal("left" if "wrong" in view.theorem else "constructor", -0.1)]
        if "twice" not in view.goals[0].target:
            return [Proposal("assumption", -0.1)]
        names = [h.name for h in view.goals[0].named]
        return [Proposal("clear h" if "h" in names else INDUCTION, -0.1)] if "xs" in names else []


def test_a_proved_goal_is_reused_where_an_equal_one_has_other_names(lean_worker: LeanWorker) -> None:
    targets = lean_worker.read(FILE).targets
    known, auditor = KnownGoals(), Auditor(LeanWorker())
    effort = []
    for target in targets[:2]:
        found = find_candidate(
            Dojo(target, lean_worker, 30.0), Knows(), SearchSettings(120.0, 6), lean_worker.file_context(target), known=known
        )
        assert isinstance(found, Candidate), found
        effort.append(found.effort.expansions)
        assert auditor.audit_proof(target, found.proof).accepted
    assert effort[1] < effort[0]
    auditor.engine.close()
    assert KnownGoals.of({(kind, key): value for kind, key, value in known.news()}).proved == known.proved


def test_a_false_goal_is_evaluated_once_and_closes_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownGoals()
    looked: list[str] = []
    real = Dojo.falsify

    def falsify(self: Dojo, state: TacticState, effort: Looking) -> Falsification:
        looked.append(state.pp)
        return real(self, state, replace(effort, seconds=30.0))  # a loaded machine takes longer over its few evaluations

    monkeypatch.setattr(Dojo, "falsify", falsify)
    settings = SearchSettings(120.0, 2, refute=False)
    with LeanWorker() as worker:
        for target in worker.read(FILE).targets[2:]:
            found = find_candidate(Dojo(target, worker, 30.0), Knows(), settings, worker.file_context(target), known=known)
            tree = found.effort.tree
            assert tree is not None
            false = next(node for node in tree["nodes"] if node["id"] > 0)
            assert false["status"] == "failed" and false["visits"] == 1
            assert [e["status"] for e in tree["edges"] if false["id"] in e["children"]] == ["failed"]
    assert len(looked) == 1 and len(known.false) == 1


@pytest.mark.parametrize("tactic", ["have h : xs = xs := ?_", "suffices h : xs = xs from ?_"])
def test_a_have_step_leaves_two_goals_that_are_proved_apart(lean_worker: LeanWorker, tactic: str) -> None:
    target = lean_worker.read("theorem t (xs : List Nat) : xs ++ [] = xs := by sorry\n").targets[0]
    with Dojo(target, lean_worker) as (dojo, state):
        parts = dojo.parts(dojo.run_tac(state, tactic))
        assert [goal_key(dojo.key(part)) is not None for part in parts] == [True, True]
        assert goal_key(dojo.key(parts[0])) != goal_key(dojo.key(parts[1]))


def test_a_context_is_named_anew_before_a_proof_of_other_names_runs() -> None:
    known = Known(("n", "h✝", "ih"), "exact ih")
    assert renamed(("n", "h✝", "ih"), known) == "exact ih"
    assert renamed(("m", "a✝", "b✝"), known) == "rename_i known_1 ih\nrevert m known_1 ih\nintro n known_1 ih\nexact ih"
    assert renamed(("m", "k"), known) is None


def test_the_shorter_proof_is_kept_and_told_once() -> None:
    known = KnownGoals()
    known.prove("1", Known((), "simp; omega"))
    known.prove("1", Known((), "rfl"))
    known.prove("1", Known((), "simp; omega"))
    assert known.proved["1"].tactics == "rfl"
    assert [key for _, key, _ in known.news()] == ["1", "1"] and not known.news()


def test_lemmas_of_a_file_are_found_once_for_all_its_theorems() -> None:
    known = KnownGoals()
    context = FileContext(definitions=("f",))
    known.note_theory("file f", 30.0, ("have lemma₁ : True := trivial",))

    class Explores:
        def run_tacs(self, *_: object) -> list[object]:
            raise AssertionError("explored again")

        conjectures = limited = run_tacs

    steps = LemmaSteps(Explores(), context, 60.0, known, "file")
    state = SearchState(TacticState("⊢ f 0 = 0", 0))
    assert [p.tactic for p in steps.offers(state, VISIT)[0]] == ["have lemma₁ : True := trivial"]
