from __future__ import annotations

from prover.policy.builtin import builtin_policy
from prover.policy.premises import PremiseIndex
from prover.policy.retrieval import Retrieved, query_of, ranks, retriever_of
from tests.prover.policy.views import offered, view

INDEX = PremiseIndex(
    [
        ("List.length_append", "List.length_append {as bs : List α} : (as ++ bs).length = as.length + bs.length"),
        ("Nat.dvd_trans", "Nat.dvd_trans {a b c : Nat} (h₁ : a ∣ b) (h₂ : b ∣ c) : a ∣ c"),
    ],
    model=None,
)


def test_a_theorem_that_concludes_no_equation_is_applied_and_its_assumptions_looked_for() -> None:
    found = offered(Retrieved(INDEX), view("a ∣ c", "a b c : Nat", "h : a ∣ b", "g : b ∣ c", stage=1))
    assert {"apply Nat.dvd_trans", "apply Nat.dvd_trans <;> assumption"} <= set(found)


def test_equations_come_to_every_tactic_that_takes_lemmas() -> None:
    found = offered(Retrieved(INDEX), view("(xs ++ ys).length = n", "α : Type", "n : Nat", "xs ys : List α", stage=1))
    for tactic in ("rw [List.length_append]", "simp [List.length_append]", "simp_all [List.length_append]"):
        assert tactic in found
    assert any(t.startswith("grind [List.length_append") for t in found)


def test_the_selector_is_asked_for_the_goal_as_lean_prints_it() -> None:
    assert query_of(view("a ∣ c", "h : a ∣ b").goals[0]) == "h : a ∣ b\n⊢ a ∣ c"


def test_ranks_are_of_the_librarys_theorems_that_a_tactic_names() -> None:
    assert ranks(INDEX, "h : a ∣ b\n⊢ a ∣ c", "exact Nat.dvd_trans h (foo List.length_append)", None) == {
        "Nat.dvd_trans": 1, "List.length_append": None,
    }  # fmt: skip


def test_a_policy_tells_whom_it_asks() -> None:
    assert retriever_of(builtin_policy(INDEX)) is INDEX and retriever_of(builtin_policy()) is None
