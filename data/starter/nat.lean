/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Natural numbers

Linear arithmetic first, then remainders and divisors, then powers and products by induction.
-/

/-! ## Linear arithmetic -/

theorem other_half_is_larger (a b c : Nat) (h : a + b = 2 * c) (k : a ≤ c) : c ≤ b := by
  sorry

theorem sub_both_ways (a b : Nat) : (a - b) + (b - a) = max a b - min a b := by
  sorry

theorem halves_sum (n : Nat) : n / 2 + (n + 1) / 2 = n := by
  sorry

theorem all_equal_around (a b c : Nat) (h : a ≤ b) (k : b ≤ c) (l : c ≤ a) : a = c ∧ b = c := by
  sorry

theorem same_after_digit_swap (a b : Nat) (h : 10 * a + b = 10 * b + a) (k : a < 10) :
    b < 10 ∧ 11 * a = 10 * b + a := by
  sorry

theorem sum_of_neighbours_mod_three (n : Nat) : (n + (n + 1) + (n + 2)) % 3 = 0 := by
  sorry

theorem remainder_mod_six (n : Nat) (h2 : n % 2 = 1) (h3 : n % 3 = 2) : n % 6 = 5 := by
  sorry

theorem median_of_three (a b c : Nat) :
    max (min a b) (min (max a b) c) = min (max a b) (max (min a b) c) := by
  sorry

/-! ## Products, divisors and parity -/

theorem square_of_sum_of_three (a b c : Nat) :
    (a + b + c) ^ 2 = a ^ 2 + b ^ 2 + c ^ 2 + 2 * (a * b + b * c + c * a) := by
  sorry

theorem dvd_mixed_sum (d a b : Nat) (ha : d ∣ a) (hb : d ∣ b) : d ∣ a * a + 3 * b := by
  sorry

theorem product_of_neighbours_even (n : Nat) : n * (n + 1) % 2 = 0 := by
  sorry

theorem cube_plus_five_mod_six (n : Nat) : (n * n * n + 5 * n) % 6 = 0 := by
  sorry

/-! ## Powers -/

theorem nine_pow_add_seven_mod_eight (n : Nat) : (9 ^ n + 7) % 8 = 0 := by
  sorry

theorem stamps_of_three_and_five (n : Nat) : ∃ a b, n + 8 = 3 * a + 5 * b := by
  sorry
