-- case: names that are bound automatically in both
-- target
theorem good (xs : List α) : xs ++ [] = xs := sorry
-- submission
theorem helper (ys : List γ) : ys ++ [] = ys := List.append_nil ys
theorem good (xs : List α) : xs ++ [] = xs := helper xs
-- case: the name is declared in the submission
-- submission
set_option autoImplicit false
theorem good {α : Type _} (xs : List α) : xs ++ [] = xs := by simp
-- case: the statement is strict and a lemma is not
-- target
set_option autoImplicit false
theorem good (n : Nat) : [n] ++ [] = [n] := sorry
-- submission
theorem helper (ys : List γ) : ys ++ [] = ys := List.append_nil ys
theorem good (n : Nat) : [n] ++ [] = [n] := helper _
