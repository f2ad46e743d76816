from __future__ import annotations

import time
from dataclasses import replace

import pytest

from prover.policy.builtin import PROPOSERS, builtin_policy
from tests.prover.policy.views import OWN, view

GOALS = [
    view("∀ n, 0 ≤ n"),
    view("power b (m + n) = power b m * power b n", "b m n : Nat", file_context=OWN),
    view("x ^ 2 + y ^ 2 = 146", "x y : ℕ", "h₀ : 0 < x ∧ 0 < y", "h₁ : x * y + (x + y) = 71"),
    view("(xs ++ ys).length = ys.length + xs.length", "α : Type", "xs ys : List α"),
    view("∃ x, drinks x → ∀ y, drinks y", "α : Type", "a : α", "drinks : α → Prop"),
]

EQUAL = "theorem reverseOnto_eq (xs acc : List Nat) : reverseOnto xs acc = xs.reverse ++ acc"
PROVED = replace(OWN, theorems={"reverseOnto_eq": EQUAL})


def test_proposers_have_names_of_their_own() -> None:
    assert len({p.name for p in PROPOSERS}) == len(PROPOSERS)


@pytest.mark.parametrize("stage", [0, 1, 2])
@pytest.mark.parametrize("seen", GOALS)
def test_offers_are_distinct_few_and_have_log_probabilities(seen: object, stage: int) -> None:
    proposals = builtin_policy().propose(type(GOALS[0])(**{**vars(seen), "stage": stage}))
    assert len(proposals) <= 40
    assert len({p.tactic for p in proposals}) == len(proposals)
    assert all(-20 < p.log_prob <= 0 for p in proposals)
    assert [p.log_prob for p in proposals] == sorted((p.log_prob for p in proposals), reverse=True)


def test_the_same_goal_gets_the_same_offers() -> None:
    assert [builtin_policy().propose(g) for g in GOALS] == [builtin_policy().propose(g) for g in GOALS]


def test_a_goal_that_cannot_be_read_gets_the_closers() -> None:
    odd = view("⟪((", "h : )(] ∧")
    assert any(p.tactic == "omega" for p in builtin_policy().propose(odd))


def test_policy_costs_little_beside_lean() -> None:
    policy = builtin_policy()
    policy.propose(GOALS[0])
    best = min(_seconds(lambda: [policy.propose(g) for g in GOALS]) for _ in range(5))
    assert best / len(GOALS) < 0.05  # some 2 ms on an idle machine


def _seconds(run: object) -> float:
    started = time.process_time()
    run()  # type: ignore[operator]
    return time.process_time() - started


def test_what_was_proved_before_is_tried_on_a_programs_first_visit() -> None:
    seen = view("reverseOnto xs [] = xs.reverse", "xs : List Nat", file_context=PROVED)
    tactics = [p.tactic for p in builtin_policy().propose(seen)]
    assert "rw [reverseOnto_eq]" in tactics and any(t.startswith("simp_all [") and "reverseOnto_eq" in t for t in tactics)
