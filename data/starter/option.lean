/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Options

Each value is missing or present: simplification, then case splits, then lists of options.
-/

/-! ## Values and defaults -/

theorem getD_of_or_some (o : Option Nat) (d : Nat) : (o.or (some d)).getD 0 = o.getD d := by
  sorry

theorem equal_summands_of_some (o : Option Nat) (a b : Nat) (h : o = some (a + b))
    (k : o = some (2 * a)) : a = b := by
  sorry

theorem getD_below_bound (o : Option Nat) (b : Nat) (h : ∀ a, o = some a → a ≤ b) :
    o.getD 0 ≤ b := by
  sorry

theorem some_of_ne_none_pair (α : Type) (o : Option (α × α)) (h : o ≠ none) :
    ∃ a b, o = some (a, b) := by
  sorry

theorem map_eq_some_twice (α : Type) (f : α → α) (o : Option α) (b : α)
    (h : (o.map f).map f = some b) : ∃ a, o = some a ∧ f (f a) = b := by
  sorry

/-! ## Chains -/

theorem bind_ne_none (α β : Type) (f : α → Option β) (a : α) (b : β) (h : f a = some b) :
    (some a).bind f ≠ none := by
  sorry

theorem bind_twice_isSome (α : Type) (f : α → Option α) (o : Option α)
    (h : ((o.bind f).bind f).isSome = true) : (o.bind f).isSome = true ∧ o.isSome = true := by
  sorry

theorem or_of_three_isSome (α : Type) (a b c : Option α) :
    ((a.or b).or c).isSome = (c.isSome || b.isSome || a.isSome) := by
  sorry

/-! ## Options and lists -/

theorem count_present_and_missing (α : Type) (xs : List (Option α)) :
    xs.countP Option.isSome + xs.countP Option.isNone = xs.length := by
  sorry
