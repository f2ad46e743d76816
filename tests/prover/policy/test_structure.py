from __future__ import annotations

from prover.policy.structure import build, equal, intro, splits, witness
from tests.prover.policy.views import OWN, offered, view


def test_intro_takes_the_names_of_the_binders() -> None:
    assert offered(intro, view("∀ (x y : Nat), x < y → ¬y < x"))[0] == "intro x y h h₁"


def test_intro_avoids_names_in_use() -> None:
    assert offered(intro, view("∀ n, n = n", "n : Nat"))[0] == "intro n₁"


def test_rintro_takes_a_conjunction_apart() -> None:
    assert "rintro ⟨h₁, h₂⟩" in offered(intro, view("p ∧ q → q", "p q : Prop"))


def test_nothing_is_introduced_where_nothing_can_be() -> None:
    assert offered(intro, view("a = b", "a b : Nat")) == []


def test_constructor_for_conjunctions_and_sides_for_disjunctions() -> None:
    assert "constructor" in offered(build, view("p ∧ q", "p q : Prop"))
    assert {"left", "right"} <= set(offered(build, view("p ∨ q", "p q : Prop")))


def test_own_predicate_is_built_by_its_rules() -> None:
    assert "apply IsEven.step" in offered(build, view("IsEven (n + 4)", "n : Nat", file_context=OWN))


def test_functions_are_equal_pointwise() -> None:
    assert offered(build, view("f = g", "f g : Nat → Nat"))[0] == "funext x"


def test_witness_comes_from_an_equation_of_the_body_first() -> None:
    assert offered(witness, view("∃ x, x = n + 1 ∧ 0 < x", "n : Nat"))[0] == "refine ⟨n + 1, ?_⟩"


def test_conditions_are_split_on() -> None:
    tactics = offered(splits, view("(if x < y then x else y) ≤ y", "x y : Nat"))
    assert tactics[0] == "split"
    assert "by_cases h : x < y" in tactics


def test_two_differences_that_are_zero_are_put_as_an_equation() -> None:
    tactics = offered(equal, view("f n - 2 * n = 0 ∧ 2 * n - f n = 0", "n : Nat", "f : Nat → Nat"))
    assert tactics[0].startswith("simp only [Nat.sub_eq")
    assert offered(equal, view("f n - 2 * n = 0 ∧ 3 * n - f n = 0", "n : Nat", "f : Nat → Nat")) == []
