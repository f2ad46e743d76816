-- case: a definition takes the place of a name that is bound automatically
-- refused: statement: the statement has other universe parameters
-- target
theorem bad (xs ys : List α) : xs = ys := sorry
-- submission
def α := Empty
theorem bad (xs ys : List α) : xs = ys := by
  cases xs with
  | nil => cases ys with
    | nil => rfl
    | cons y _ => exact (y : Empty).elim
  | cons x _ => exact (x : Empty).elim
-- case: the name is declared as one type
-- refused: statement: the statement has other universe parameters
-- submission
variable {α : Type} [Subsingleton (List α)]
theorem bad (xs ys : List α) : xs = ys := Subsingleton.elim _ _
-- case: two names are bound where the target binds one
-- refused: statement: the statement has other universe parameters
-- target
theorem bad (f : α → α) (x y : α) : f x = f y := sorry
-- submission
theorem bad (f : α → β) (x y : α) : f x = f y := sorry
-- case: a name is bound in place of a definition of the target
-- refused: statement: the statement has other universe parameters
-- target
def Small := Nat
theorem bad (x : Small) (h : x = x → False) (y : Small) : y = x := sorry
-- submission
theorem bad (x : Small) (h : x = x → False) (y : Small) : y = x := (h rfl).elim
-- case: a misspelt type is a variable
-- refused: statement: the statement has other universe parameters
-- target
theorem bad (n : Nat) : n = 0 := sorry
-- submission
theorem bad (n : Natt) : n = n := rfl
-- case: the name is an instance's, not the library's
-- refused: statement: the statement is another one
-- target
theorem bad [BEq α] (x y : α) : (x == y) = true := sorry
-- submission
instance (priority := high) anything : BEq β := ⟨fun _ _ => true⟩
theorem bad (x y : α) : (x == y) = true := rfl
-- case: a relation is bound automatically
-- refused: statement: the statement is another one
-- target
theorem bad (a b : Nat) (h : Nat.le a b) : Nat.le b a := sorry
-- submission
variable (le : Nat → Nat → Prop)
theorem bad (a b : Nat) (h : le a b) : le a b := h
