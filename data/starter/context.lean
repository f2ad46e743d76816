/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Context

Theorems whose statements lean on what stands before them: `variable`, `open`, sections,
namespaces and a notation that is local to this file.
-/

namespace Monoids

section Laws

variable {α : Type} (mul : α → α → α) (one : α)

/-- Multiplication written between its arguments. -/
local infixl:70 " ⋆ " => mul

variable (assoc : ∀ a b c : α, mul (mul a b) c = mul a (mul b c))
variable (one_mul : ∀ a : α, mul one a = a) (mul_one : ∀ a : α, mul a one = a)

include assoc in
theorem regroup_four (a b c d : α) : a ⋆ b ⋆ (c ⋆ d) = a ⋆ (b ⋆ c) ⋆ d := by
  sorry

include one_mul in
theorem unit_is_unique (e : α) (he : ∀ a : α, a ⋆ e = a) : one = e := by
  sorry

include assoc one_mul mul_one in
theorem inverse_is_unique (a b c : α) (hb : b ⋆ a = one) (hc : a ⋆ c = one) : b = c := by
  sorry

end Laws

end Monoids

namespace Iteration

variable {α : Type}

/-- `f` applied `n` times to `a`. -/
def times (f : α → α) : Nat → α → α
  | 0, a => a
  | n + 1, a => times f n (f a)

/-- `f` applied `n` times. -/
local notation:max f "⟪" n "⟫" => times f n

variable (f : α → α) (m n : Nat) (a : α)

theorem apply_then_times : f⟪n⟫ (f a) = f (f⟪n⟫ a) := by
  sorry

theorem times_of_sum : f⟪m + n⟫ a = f⟪m⟫ (f⟪n⟫ a) := by
  sorry

theorem times_comm : f⟪m⟫ (f⟪n⟫ a) = f⟪n⟫ (f⟪m⟫ a) := by
  sorry

end Iteration

section OpenedNames

open Nat (succ) in
theorem succ_lt_succ_three (m n : Nat) (h : succ m < n) : succ (succ m) < succ (n + 1) := by
  sorry

open List

variable (xs ys : List Nat)

theorem sum_of_append_reversed : sum (xs ++ reverse ys) = sum ys + sum xs := by
  sorry

theorem length_of_range_map (k : Nat) : length (map (fun i ↦ i + k) (range k)) = k := by
  sorry

variable (hsub : ∀ x ∈ xs, x ∈ ys)

include hsub in
theorem mem_of_three_subsets (zs : List Nat) (h : ∀ y ∈ ys, y ∈ zs) (n : Nat)
    (hn : n ∈ reverse xs) : n ∈ zs ++ zs := by
  sorry

end OpenedNames
