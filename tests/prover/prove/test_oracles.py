"""What Lean's library searches say, as tactics; on texts, and on real Lean."""

from __future__ import annotations

import itertools

from lean_dojo import TacticState

from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.prove.environment import MOST, SearchState, found_instead, proposals, suggestions
from prover.prove.evaluator import VISITS, LeanEvaluator
from prover.prove.theorem import NO_FILE_CONTEXT, SearchSettings, find_candidate
from search.types import Visit

PATIENCE_S = 60.0
STATE = TacticState("⊢ True", 0)
FITS = "theorem fits (a b c : Nat) : a * (b + c) * 2 = 2 * (a * c + a * b) := by sorry"


def test_each_suggestion_is_a_tactic_without_its_comments() -> None:
    messages = [
        "Try this:\n  [apply] rw [Nat.mul_assoc]\n  -- a * ((b + c) * 2) = d",
        "Try this:\n  [apply] refine Nat.le_of_lt ?_\n  -- Remaining subgoals:\n  -- ⊢ a < b",
        "unused variable `h`",
        "Try this:\n  [apply] rw [Nat.mul_assoc]\n  -- again",
    ]
    assert suggestions(messages) == ["rw [Nat.mul_assoc]", "refine Nat.le_of_lt ?_"]


def test_proposals_keep_the_order_and_end_somewhere() -> None:
    found = proposals("rw?", -2.0, [f"Try this: rw [l{i}]" for i in range(50)])
    assert [p.tactic for p in found] == [f"rw [l{i}]" for i in range(MOST)]
    assert all(a.log_prob > b.log_prob for a, b in itertools.pairwise(found))
    assert {p.proposer for p in found} == {"oracle.rw?"}


def test_only_a_search_is_written_as_what_it_found() -> None:
    assert found_instead("exact?", "Try this:\n  [apply] exact Nat.add_comm a b") == "exact Nat.add_comm a b"
    assert found_instead("simp", "Try this:\n  [apply] exact Nat.add_comm a b") is None
    assert found_instead("exact?", "") is None
    assert found_instead("exact?", "Try this:\n  [apply] exact\n    f\n    x") is None


def test_lean_suggests_rewritings_and_applications_and_the_search_uses_them(lean_worker: LeanWorker) -> None:
    target = lean_worker.read(FITS).targets[0]
    before = lean_worker.request("memory")["proofs"]
    with Dojo(target, lean_worker, PATIENCE_S) as (dojo, state):
        assert "rw [Nat.mul_assoc]" in suggestions(dojo.messages_of(state, "rw?"))
        assert any(t.startswith("refine ") for t in suggestions(dojo.messages_of(state, "apply?")))
        assert dojo.messages_of(state, "exact no_such_theorem") == []
    assert lean_worker.request("memory")["proofs"] == before


def test_a_state_that_comes_back_has_the_library_searched(lean_worker: LeanWorker) -> None:
    target = lean_worker.read(FITS).targets[0]
    effort = find_candidate(Dojo(target, lean_worker, PATIENCE_S), Mixture([]), SearchSettings(max_expansions=3)).effort
    assert effort.expansions == 3 and effort.tree is not None
    assert {"oracle.rw?"} == {edge["proposer"] for edge in effort.tree["edges"]}


def test_dearer_searches_wait_for_a_later_turn() -> None:
    asked: list[str] = []

    def messages_of(state: TacticState, search: str) -> list[str]:
        asked.append(search)
        return [f"Try this: rw [{search[:-1]}]"]

    evaluator = LeanEvaluator(Mixture([]), NO_FILE_CONTEXT, messages_of)
    offers = evaluator.proposals([Visit(SearchState(STATE), number) for number in range(VISITS)])
    assert asked == ["rw?", "apply?"]
    assert [[p.tactic for p in offered] for offered in offers] == [[], [], ["rw [rw]"], ["rw [apply]"], []]
