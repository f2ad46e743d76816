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

theorem mem_of_mem_sandwich (α : Type) (a b : α) (xs ys : List α)
    (h : a ∈ xs ++ b :: ys) (hne : a ≠ b) : a ∈ ys ++ xs := by
  sorry

theorem length_of_two_replicates (α : Type) (m n : Nat) (a b : α) :
    (List.replicate m a ++ List.replicate n b).length = n + m := by
  sorry

theorem nodup_of_increasing (a b : Nat) (h : a < b) : [a, b, b + 1].Nodup := by
  sorry

theorem get_past_the_front (α : Type) (a b : α) (i : Nat) (xs ys : List α)
    (h : ys[i]? = some b) : (a :: xs ++ ys)[i + (xs.length + 1)]? = some b := by
  sorry

theorem reverse_of_three_parts (α : Type) (xs ys zs : List α) :
    (xs ++ ys ++ zs).reverse = zs.reverse ++ (ys.reverse ++ xs.reverse) := by
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

theorem mem_filter_of_append (α : Type) (p : α → Bool) (a : α) (xs ys : List α)
    (h : a ∈ (xs ++ ys).filter p) (k : a ∉ xs) : a ∈ ys ∧ p a = true := by
  sorry

/-! ## Sums and folds -/

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

theorem replicate_append_comm (α : Type) (m n : Nat) (a : α) :
    List.replicate m a ++ List.replicate n a = List.replicate n a ++ List.replicate m a := by
  sorry
