from __future__ import annotations

from prover.policy.bounds import enumerated, factors
from prover.policy.numbers import casts, cycle, divides, multiply_out, power_residues, powers, residues
from tests.prover.policy.views import OWN, offered, view


def test_residues_split_on_the_modulus_of_the_goal() -> None:
    first = offered(residues, view("a ^ 2 % 3 = 0 ∨ a ^ 2 % 3 = 1", "a : ℤ"))[0]
    assert first.startswith(
        "rcases (by omega : a % 3 = 0 ∨ a % 3 = 1 ∨ a % 3 = 2) with ha | ha | ha <;> simp [Int.pow_succ"
    )


def test_linear_goals_are_left_to_omega() -> None:
    assert not any(
        t.startswith("rcases") for t in offered(residues, view("n % 6 = 5", "n : Nat", "h : n % 2 = 1"))
    )


def test_the_cycle_of_a_power_is_found() -> None:
    three = cycle(2, 7)
    assert three is not None
    assert three.statement == (
        "2 ^ k % 7 = 1 ∧ k % 3 = 0 ∨ 2 ^ k % 7 = 2 ∧ k % 3 = 1 ∨ 2 ^ k % 7 = 4 ∧ k % 3 = 2"
    )
    one = cycle(9, 8)
    assert one is not None and one.statement == "9 ^ k % 8 = 1"


def test_a_cycle_that_begins_late_is_stated_from_there() -> None:
    late = cycle(4, 2)
    assert late is not None
    assert late.statement == "k = 0 ∧ 4 ^ k % 2 = 1 ∨ 1 ≤ k ∧ 4 ^ k % 2 = 0"


def test_each_place_of_a_cycle_leads_to_the_next_and_the_last_to_its_start() -> None:
    three = cycle(2, 7)
    assert three is not None
    pair = "⟨by omega, by omega⟩"
    assert three.steps() == [f"Or.inr (Or.inl {pair})", f"Or.inr (Or.inr ({pair}))", f"Or.inl {pair}"]


def test_a_long_cycle_is_not_stated() -> None:
    assert cycle(2, 101) is None


def test_power_residues_instantiate_the_exponent() -> None:
    first = offered(power_residues, view("3 ∣ 2 ^ (2 * n + 1) + 1", "n : Nat"))[0]
    assert first.endswith("rcases h (2 * n + 1) with ⟨h0, h1⟩ | ⟨h0, h1⟩ <;> omega")


def test_bounded_unknowns_are_tried_by_the_kernel() -> None:
    tactics = offered(enumerated, view("b = 4", "b : Nat", "h : 3 * b ^ 2 + 2 * b + 1 = 57"))
    assert tactics[0].endswith("revert b\ndecide +kernel")
    assert "Fin 58" in tactics[0]


def test_too_many_combinations_are_not_tried_at_once() -> None:
    tactics = offered(enumerated, view("x = y", "x y : Nat", "h : x * y + (x + y) = 71"))
    assert not any("decide" in t and "Fin 72" in t for t in tactics)
    assert any(t.startswith("have hx : x < 72 := by omega\niterate 72") for t in tactics)


def test_factors_of_a_numeral_are_its_divisors() -> None:
    tactics = offered(factors, view("a = 2", "a b : Nat", "h : a * b = 6"))
    assert "[1, 2, 3, 6].elem i" in tactics[0]


def test_a_sum_with_a_product_in_it_is_no_product() -> None:
    assert offered(factors, view("a = 2", "a b : Nat", "h : a * b + (a + b) = 6")) == []


def test_exponents_of_numerals_are_bounded() -> None:
    first = offered(factors, view("x + y = 8", "x y : Nat", "h : 2 ^ x * 3 ^ y = 1296"))[0]
    assert "have hx : x < 11 := by" in first and "have hy : y < 7 := by" in first


def test_divisibility_follows_the_shape_of_what_is_divided() -> None:
    assert offered(divides, view("d ∣ a * a + 3 * b", "d a b : Nat"))[0] == "apply Nat.dvd_add"
    assert "apply Nat.dvd_mul_left_of_dvd" in offered(divides, view("d ∣ 3 * b", "d b : Nat"))


def test_hypotheses_are_combined() -> None:
    tactics = offered(divides, view("d ∣ 2 * a", "d a b : Int", "h : d ∣ a + b", "k : d ∣ a - b"))
    assert any(
        "have e : 2 * a = (a + b) + (a - b)" in t and t.endswith("exact Int.dvd_add h k") for t in tactics
    )


def test_powers_of_numerals_come_with_their_bounds() -> None:
    first = offered(powers, view("n + 1 ≤ 2 ^ n", "n : Nat"))[0]
    assert "Nat.lt_pow_self (n := n) (show 1 < 2 by decide)" in first and first.endswith("omega")


def test_casts_are_solved_among_the_rationals() -> None:
    seen = view("a = 42", "a b : ℕ", "h : 5 / 8 * ↑b = 2 / 3 * ↑a + 7", "k : ↑b = ↑a + 7")
    assert offered(casts, seen)[0] == "have h₁ : (a : Rat) = 42 := by grind\nexact_mod_cast h₁"


def test_without_products_nothing_is_multiplied_out() -> None:
    assert offered(multiply_out, view("a + b = b + a", "a b : Nat")) == []


def test_a_product_in_an_own_predicate_is_multiplied_out_and_left() -> None:
    tactics = offered(multiply_out, view("IsEven ((m + 1) * n)", "m n : Nat", "ih : IsEven (m * n)", file_context=OWN))
    assert tactics[0].startswith("simp only [Nat.add_mul, ")
