from __future__ import annotations

import pytest

from prover.policy.terms import applications, binder, literals, premises, shape, sides, split, tidy


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("p → q ↔ r", "↔"),
        ("p ∧ q → r", "→"),
        ("∀ x, p x → q x", "∀"),
        ("a = b ∨ a < b", "∨"),
        ("(a = b)", "="),
        ("¬p x", "¬"),
        ("fun x => x = y", "fun"),
        ("d ∣ a + b", "∣"),
        ("IsEven (n + 2)", "IsEven"),
    ],
)
def test_shape_is_the_outermost_symbol(text: str, top: str) -> None:
    assert shape(text) == top


def test_operators_in_brackets_and_below_binders_are_not_at_the_top() -> None:
    assert split("(a ∧ b) ∧ ∃ x, x ∧ c", "∧") == ("(a ∧ b)", "∃ x, x ∧ c")


def test_bounded_binder_keeps_its_bound() -> None:
    found = binder("∀ n ≥ 5, x n = x (n - 1)")
    assert found is not None
    assert (found.names, found.bound, found.body) == (("n",), "≥ 5", "x n = x (n - 1)")


def test_premises_lists_what_is_assumed() -> None:
    assert premises("∀ (x y : α), r x y → r y x") == (["x", "y"], ["r x y"], "r y x")


def test_notations_are_spelt_out() -> None:
    assert tidy("n  m :\n ℕ → ℤ") == "n m : Nat → Int"


def test_sides_of_a_relation() -> None:
    assert sides("2 ^ x * 3 ^ y = 1296") == ("2 ^ x * 3 ^ y", "=", "1296")
    assert sides("p ∧ a = b") == ("p", "∧", "a = b")


def test_arguments_are_atoms_and_brackets() -> None:
    assert applications("Growth.power", "power b (m + n) = power b m") == [("b", "(m + n)"), ("b", "m")]


def test_digits_in_names_are_no_literals() -> None:
    assert literals("h₁ x2 + 17 * a3 = 450") == (17, 450)


def test_an_argument_may_have_brackets_inside() -> None:
    found = applications("loop", "loop a 1 a[0]! ≤ f (loop b (i + 1) xs[i + 1]?)")
    assert found == [("a", "1", "a[0]!"), ("b", "(i + 1)", "xs[i + 1]?")]
