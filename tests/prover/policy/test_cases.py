from __future__ import annotations

from prover.policy.cases import apply, congruence, take_apart
from tests.prover.policy.views import OWN, offered, view


def test_conjunctions_existentials_and_disjunctions_are_taken_apart() -> None:
    tactics = offered(take_apart, view("p", "p q r : Prop", "h : p ∧ q", "k : ∃ x, r", "l : p ∨ q ∨ r"))
    assert "obtain ⟨h₁, h₂⟩ := h" in tactics
    assert "obtain ⟨x, k⟩ := k" in tactics
    assert "rcases l with l | l | l" in tactics


def test_inaccessible_hypotheses_are_left_alone() -> None:
    assert offered(take_apart, view("p", "p q : Prop", "h✝ : p ∧ q")) == []


def test_options_and_own_types_are_told_apart_with_names() -> None:
    tactics = offered(take_apart, view("f o t", "o : Option Nat", "t : Tree Nat", file_context=OWN))
    assert "cases o with | none => ?_ | some a => ?_" in tactics
    assert "cases t with | leaf => ?_ | node left value right => ?_" in tactics


def test_a_refuted_universal_gives_a_counterexample() -> None:
    tactics = offered(take_apart, view("False", "p : Nat → Prop", "h : ¬∀ y, p y"))
    assert tactics[0] == "obtain ⟨x, h⟩ := Classical.not_forall.mp h"


def test_hypotheses_are_applied_backwards_and_forwards() -> None:
    tactics = offered(apply, view("r", "p r : Prop", "h : p → r", "k : p"))
    assert tactics[0] == "apply h"
    assert "have h₁ := h k" in tactics


def test_universal_hypotheses_are_specialised_to_variables_of_their_type() -> None:
    tactics = offered(apply, view("False", "n : Nat", "b : Bool", "h : ∀ (x : Nat), f x = x"))
    assert "have h₁ := h n" in tactics
    assert "have h₁ := h b" not in tactics


def test_what_a_hypothesis_says_there_is_is_taken_at_a_variable() -> None:
    tactics = offered(apply, view("∃ x, f x = c", "α β : Type", "f : α → β", "c : β", "h : ∀ (y : β), ∃ x, f x = y"))
    assert tactics[0] == "obtain ⟨x, h₁⟩ := h c"


def test_equal_functions_are_equal_at_a_point() -> None:
    assert (
        offered(congruence, view("f x = g x", "f g : Nat → Nat", "x : Nat", "h : f = g"))[0]
        == "have h₁ := congrFun h x"
    )
