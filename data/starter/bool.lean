/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Booleans

Identities that a truth table settles, then functions on `Bool` and on lists of them.
-/

/-! ## Identities -/

theorem majority_self_dual (a b c : Bool) :
    (!((a && b) || (b && c) || (c && a))) = ((!a && !b) || (!b && !c) || (!c && !a)) := by
  sorry

theorem mux_of_equal_branches (c x : Bool) : (bif c then x else (c || x)) = x := by
  sorry

theorem xor_cancel_middle (a b c : Bool) (h : (a ^^ b ^^ c) = b) : a = c := by
  sorry

theorem full_adder (a b c : Bool) :
    a.toNat + b.toNat + c.toNat =
      2 * ((a && b) || (c && (a ^^ b))).toNat + (a ^^ b ^^ c).toNat := by
  sorry

theorem two_of_three_bools_equal (a b c : Bool) : a = b ∨ b = c ∨ a = c := by
  sorry

theorem nested_if_as_and (p q : Bool) (m n : Nat) :
    (if p then if q then m else n else n) = if p && q then m else n := by
  sorry

/-! ## Functions on truth values -/

theorem unary_function_thrice (f : Bool → Bool) (b : Bool) : f (f (f b)) = f b := by
  sorry

theorem injective_is_involutive (f : Bool → Bool) (h : ∀ a b, f a = f b → a = b) (b : Bool) :
    f (f b) = b := by
  sorry

/-! ## Folding truth values -/

theorem any_of_member (α : Type) (p : α → Bool) (x : α) (xs : List α) (h : x ∈ xs)
    (hp : p x = true) : (xs.any p && !xs.isEmpty) = true := by
  sorry

theorem all_or_any_not (xs : List Bool) : (xs.all id || xs.any not) = true := by
  sorry

theorem xor_fold_append (xs ys : List Bool) :
    (xs ++ ys).foldr xor false = (xs.foldr xor false ^^ ys.foldr xor false) := by
  sorry

theorem count_true_and_false (xs : List Bool) :
    xs.count true + xs.count false = xs.length := by
  sorry
