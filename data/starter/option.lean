/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Options

Each value is missing or present: simplification, then case splits, then lists of options.
-/

/-! ## Values and defaults -/

theorem getD_of_map_some (f : Nat → Nat) (a d : Nat) : ((some a).map f).getD d + 0 = f a := by
  sorry

theorem getD_map_of_fixed (α β : Type) (f : α → β) (o : Option α) (d : α) :
    (o.map f).getD (f d) = f (o.getD d) := by
  sorry

theorem isSome_or_isNone_map (α β : Type) (f : α → β) (o : Option α) :
    (o.isSome || (o.map f).isNone) = true := by
  sorry

theorem some_of_ne_none_pair (α : Type) (o : Option (α × α)) (h : o ≠ none) :
    ∃ a b, o = some (a, b) := by
  sorry

theorem map_eq_some_twice (α : Type) (f : α → α) (o : Option α) (b : α)
    (h : (o.map f).map f = some b) : ∃ a, o = some a ∧ f (f a) = b := by
  sorry

/-! ## Chains -/

theorem bind_with_none_branch (α β : Type) (o : Option α) :
    (o.bind fun _ ↦ (none : Option β)) = none := by
  sorry

theorem map_then_bind (α β γ : Type) (f : α → β) (g : β → Option γ) (o : Option α) :
    (o.map f).bind g = o.bind fun a ↦ g (f a) := by
  sorry

theorem bind_twice_isSome (α : Type) (f : α → Option α) (o : Option α)
    (h : ((o.bind f).bind f).isSome = true) : (o.bind f).isSome = true ∧ o.isSome = true := by
  sorry

theorem bind_comm_of_two (α β γ : Type) (f : α → β → Option γ) (a : Option α) (b : Option β) :
    (a.bind fun x ↦ b.bind fun y ↦ f x y) = b.bind fun y ↦ a.bind fun x ↦ f x y := by
  sorry

theorem or_of_three_isSome (α : Type) (a b c : Option α) :
    ((a.or b).or c).isSome = (c.isSome || b.isSome || a.isSome) := by
  sorry

theorem filter_then_map_isSome (α β : Type) (p : α → Bool) (f : α → β) (o : Option α)
    (h : ((o.filter p).map f).isSome = true) : ∃ a, o = some a ∧ p a = true := by
  sorry

theorem injective_option_map (α β : Type) (f : α → β) (hf : ∀ x y, f x = f y → x = y)
    (a b : Option α) (h : a.map f = b.map f) : a = b := by
  sorry

/-! ## Options and lists -/

theorem head_of_append_or (α : Type) (xs ys : List α) :
    (xs ++ ys).head? = xs.head?.or ys.head? := by
  sorry

theorem reduceOption_length_le (α : Type) (xs : List (Option α)) :
    (xs.filterMap id).length ≤ xs.length := by
  sorry

theorem filterMap_some_of_map (α β : Type) (f : α → β) (xs : List α) :
    (xs.map fun x ↦ some (f x)).filterMap id = xs.map f := by
  sorry

theorem count_present_and_missing (α : Type) (xs : List (Option α)) :
    xs.countP Option.isSome + xs.countP Option.isNone = xs.length := by
  sorry
