/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Bit vectors and bounded numbers

Small widths that can be tried out, then any width, bit by bit or through the numbers meant.
-/

/-! ## Bounded numbers -/

theorem fin_three_cube (x : Fin 3) : x * x * x = x := by
  sorry

theorem fin_five_sum_of_squares (x y : Fin 5) (h : x * x + y * y = 3) : x ≠ 0 ∧ y ≠ 0 := by
  sorry

theorem fin_val_sum_bound (m n : Nat) (i : Fin m) (j : Fin n) : i.val + j.val + 1 < m + n := by
  sorry

theorem fin_rev_sum (n : Nat) (i : Fin (n + 1)) : i.rev.val + i.val = n := by
  sorry

theorem fin_function_extends (n : Nat) (f g : Fin (n + 1) → Nat) (h0 : f 0 = g 0)
    (hs : ∀ i : Fin n, f i.succ = g i.succ) : f = g := by
  sorry

/-! ## Bit vectors of one width -/

theorem nibble_square_low_bit (x : BitVec 4) : (x * x) &&& 1#4 = x &&& 1#4 := by
  sorry

theorem word_sub_then_add (x y : BitVec 32) (h : x - y = 0#32) : x + y = 2#32 * y := by
  sorry

theorem toNat_add_of_small (x y : BitVec 16) (hx : x.toNat < 100) (hy : y.toNat < 200) :
    (x + y).toNat = x.toNat + y.toNat := by
  sorry

/-! ## Bit vectors of any width -/

theorem xor_swaps_back (w : Nat) (x y : BitVec w) : (x ^^^ y) ^^^ x = y := by
  sorry

theorem and_or_absorb_not (w : Nat) (x y : BitVec w) : (x &&& y) ||| (x &&& ~~~y) = x := by
  sorry

theorem or_as_xor_of_and (w : Nat) (x y : BitVec w) : x ||| y = (x ^^^ y) ^^^ (x &&& y) := by
  sorry

theorem double_is_shift (w : Nat) (x : BitVec w) : x + x = x <<< 1 := by
  sorry

theorem order_via_numbers (w : Nat) (x y z : BitVec w) (h : x < y) (k : y ≤ z) :
    x.toNat + 1 ≤ z.toNat := by
  sorry
