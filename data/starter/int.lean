/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Integers

Order and remainders, absolute values and conversions, then products.
-/

/-! ## Order and remainders -/

theorem difference_of_bounds (x y d : Int) (hx : -d ≤ x ∧ x ≤ d) (hy : -d ≤ y ∧ y ≤ d) :
    x - y ≤ 2 * d ∧ y - x ≤ 2 * d := by
  sorry

theorem same_parity_of_even_sum (a b : Int) (h : (a + b) % 2 = 0) : (a - b) % 2 = 0 := by
  sorry

theorem no_double_is_odd (a b : Int) : 6 * a ≠ 4 * b + 1 := by
  sorry

theorem clamp_in_range (a lo hi : Int) (h : lo ≤ hi) :
    lo ≤ max lo (min a hi) ∧ max lo (min a hi) ≤ hi := by
  sorry

theorem neg_mod_seven (a : Int) (h : a % 7 = 3) : -a % 7 = 4 := by
  sorry

theorem rounding_to_fives (a : Int) : 5 * (a / 5) ≤ a ∧ a < 5 * ((a + 5) / 5) := by
  sorry

theorem system_of_two_equations (x y : Int) (h : 2 * x + 3 * y = 7) (k : 3 * x - y = 5) :
    x = 2 ∧ y = 1 := by
  sorry

/-! ## Absolute values and conversions -/

theorem natAbs_of_sum_with_neg (a : Int) : (a + a).natAbs + (-a).natAbs = 3 * a.natAbs := by
  sorry

theorem natAbs_max_min (a b : Int) : ((max a b - min a b).natAbs : Int) = max a b - min a b := by
  sorry

/-! ## Products -/

theorem difference_of_fourth_powers (a b : Int) :
    a ^ 4 - b ^ 4 = (a - b) * (a + b) * (a ^ 2 + b ^ 2) := by
  sorry

theorem sum_of_squares_closed (a b c d : Int) :
    (a * a + b * b) * (c * c + d * d) =
      (a * c - b * d) * (a * c - b * d) + (a * d + b * c) * (a * d + b * c) := by
  sorry

theorem zero_or_equal_of_square (a b : Int) (h : a * a = a * b) : a = 0 ∨ a = b := by
  sorry

theorem dvd_both_of_dvd_sum_diff (d a b : Int) (h : d ∣ a + b) (k : d ∣ a - b) :
    d ∣ 2 * a ∧ d ∣ 2 * b := by
  sorry

theorem square_mod_four (a : Int) : a * a % 4 = 0 ∨ a * a % 4 = 1 := by
  sorry
