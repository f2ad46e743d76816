/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Lists

Lengths and membership, then maps, filters and folds, mostly by induction.
-/

/-! ## Length and membership -/

theorem length_append_swapped (α : Type) (xs ys : List α) :
    (xs ++ ys).length = ys.length + xs.length := by
  sorry

theorem length_reverse_map (α β : Type) (f : α → β) (xs ys : List α) :
    ((xs ++ ys).map f).reverse.length = xs.length + ys.length := by
  sorry

theorem mem_of_mem_sandwich (α : Type) (a b : α) (xs ys : List α)
    (h : a ∈ xs ++ b :: ys) (hne : a ≠ b) : a ∈ ys ++ xs := by
  sorry

theorem take_and_drop_lengths (α : Type) (n : Nat) (xs : List α) :
    (xs.take n).length + (xs.drop n).length = xs.length := by
  sorry

theorem append_ne_nil_of_length (α : Type) (xs ys : List α) (h : 0 < xs.length) :
    xs ++ ys ≠ [] := by
  sorry

theorem reverse_of_three_parts (α : Type) (xs ys zs : List α) :
    (xs ++ ys ++ zs).reverse = zs.reverse ++ (ys.reverse ++ xs.reverse) := by
  sorry

theorem eq_of_append_same_length (α : Type) (xs ys us vs : List α)
    (h : xs ++ us = ys ++ vs) (hl : xs.length = ys.length) : us = vs := by
  sorry

/-! ## Maps and filters -/

theorem map_twice_preserves_mem (f : Nat → Nat) (n : Nat) (xs : List Nat) (h : n ∈ xs) :
    f (f n) ∈ (xs.map f).map f := by
  sorry

theorem filter_of_map_succ (xs : List Nat) :
    (xs.map (fun n ↦ n + 1)).filter (fun n ↦ n == 0) = [] := by
  sorry

theorem filter_both_ways_length (α : Type) (p : α → Bool) (xs : List α) :
    (xs.filter p).length + (xs.filter (fun x ↦ !p x)).length = xs.length := by
  sorry

theorem filter_commutes (α : Type) (p q : α → Bool) (xs : List α) :
    (xs.filter p).filter q = (xs.filter q).filter p := by
  sorry

theorem map_length_filter_le (α β : Type) (f : α → β) (p : β → Bool) (xs : List α) :
    ((xs.map f).filter p).length ≤ xs.length := by
  sorry

theorem flatMap_pair_length (α : Type) (xs : List α) :
    (xs.flatMap (fun x ↦ [x, x])).length = 2 * xs.length := by
  sorry

theorem zip_self_is_map (α : Type) (xs : List α) : xs.zip xs = xs.map (fun x ↦ (x, x)) := by
  sorry

/-! ## Sums and folds -/

theorem sum_of_constants (α : Type) (c : Nat) (xs : List α) :
    (xs.map (fun _ ↦ c)).sum = xs.length * c := by
  sorry

theorem sum_of_doubles (xs : List Nat) : (xs.map (fun n ↦ 2 * n)).sum = 2 * xs.sum := by
  sorry

theorem sum_map_add (α : Type) (f g : α → Nat) (xs : List α) :
    (xs.map (fun x ↦ f x + g x)).sum = (xs.map f).sum + (xs.map g).sum := by
  sorry

theorem mem_le_sum (n : Nat) (xs : List Nat) (h : n ∈ xs) : n ≤ xs.sum := by
  sorry

theorem length_le_sum_of_pos (xs : List Nat) (h : ∀ x ∈ xs, 0 < x) : xs.length ≤ xs.sum := by
  sorry

theorem foldl_add_start (n : Nat) (xs : List Nat) :
    xs.foldl (fun s x ↦ s + x) n = n + xs.sum := by
  sorry

theorem foldl_counts_length (α : Type) (n : Nat) (xs : List α) :
    xs.foldl (fun k _ ↦ k + 1) n = n + xs.length := by
  sorry

theorem foldl_cons_is_reverse_append (α : Type) (xs ys : List α) :
    xs.foldl (fun acc x ↦ x :: acc) ys = xs.reverse ++ ys := by
  sorry

theorem foldr_max_is_bound (xs : List Nat) (n : Nat) (h : n ∈ xs) : n ≤ xs.foldr max 0 := by
  sorry

theorem replicate_append_comm (α : Type) (m n : Nat) (a : α) :
    List.replicate m a ++ List.replicate n a = List.replicate n a ++ List.replicate m a := by
  sorry
