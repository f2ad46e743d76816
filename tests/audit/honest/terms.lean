-- case: a term
-- target
theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := sorry
-- submission
theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨hp, hq⟩
-- case: a function
-- target
theorem t (p q r : Prop) : (p → q) → (q → r) → p → r := sorry
-- submission
theorem t (p q r : Prop) : (p → q) → (q → r) → p → r := fun f g hp => g (f hp)
-- case: pattern matching on a proof
-- target
theorem t (p q : Prop) : p ∨ q → q ∨ p := sorry
-- submission
theorem t (p q : Prop) : p ∨ q → q ∨ p
  | .inl hp => .inr hp
  | .inr hq => .inl hq
-- case: match
-- target
theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := sorry
-- submission
theorem t (p q : Prop) (h : p ∧ q) : q ∧ p :=
  match h with
  | ⟨hp, hq⟩ => ⟨hq, hp⟩
-- case: have and show
-- target
theorem t (a b : Nat) (h : a = b) : b = a := sorry
-- submission
theorem t (a b : Nat) (h : a = b) : b = a :=
  have h' : a = b := h
  show b = a from h'.symm
-- case: calc
-- target
theorem t (a b c : Nat) (h₁ : a = b) (h₂ : b = c) : a = c := sorry
-- submission
theorem t (a b c : Nat) (h₁ : a = b) (h₂ : b = c) : a = c :=
  calc a = b := h₁
    _ = c := h₂
-- case: calc with inequalities
-- target
theorem t (a b c : Nat) (h₁ : a ≤ b) (h₂ : b < c) : a < c + 1 := sorry
-- submission
theorem t (a b c : Nat) (h₁ : a ≤ b) (h₂ : b < c) : a < c + 1 := by
  calc
    a ≤ b := h₁
    _ < c := h₂
    _ < c + 1 := Nat.lt_succ_self c
-- case: rewriting by a triangle
-- target
theorem t (a b : Nat) (h : a = b) (h' : a = 0) : b = 0 := sorry
-- submission
theorem t (a b : Nat) (h : a = b) (h' : a = 0) : b = 0 := h ▸ h'
-- case: excluded middle
-- target
theorem t (p : Prop) : ¬¬p → p := sorry
-- submission
theorem t (p : Prop) : ¬¬p → p := fun h => (Classical.em p).elim id (absurd · h)
-- case: choice
-- target
theorem t (α : Type) (p : α → Prop) (h : ∃ x, p x) : ∃ f : Unit → α, p (f ()) := sorry
-- submission
theorem t (α : Type) (p : α → Prop) (h : ∃ x, p x) : ∃ f : Unit → α, p (f ()) :=
  ⟨fun _ => Classical.choose h, Classical.choose_spec h⟩
-- case: propositional and functional extensionality
-- target
theorem t (p q : Nat → Prop) (h : ∀ n, p n ↔ q n) : p = q := sorry
-- submission
theorem t (p q : Nat → Prop) (h : ∀ n, p n ↔ q n) : p = q := funext fun n => propext (h n)
-- case: a quotient
-- target
theorem t (a b : Nat) : Quot.mk (fun _ _ : Nat => True) a = Quot.mk _ b := sorry
-- submission
theorem t (a b : Nat) : Quot.mk (fun _ _ : Nat => True) a = Quot.mk _ b := Quot.sound trivial
-- case: an anonymous constructor over three levels
-- target
theorem t : ∃ x y : Nat, x < y ∧ y < 3 := sorry
-- submission
theorem t : ∃ x y : Nat, x < y ∧ y < 3 := ⟨0, 1, by decide, by decide⟩
-- case: universe parameters
-- target
theorem t.{u, v} (α : Type u) (β : Type v) (f : α → β) (a b : α) (h : a = b) : f a = f b := sorry
-- submission
theorem t.{u, v} (α : Type u) (β : Type v) (f : α → β) (a b : α) (h : a = b) : f a = f b := congrArg f h
-- case: universe variables
-- target
universe u
variable {α : Type u}
theorem t (xs : List α) : xs ++ [] = xs := sorry
-- submission
universe u
variable {α : Type u}
theorem t (xs : List α) : xs ++ [] = xs := List.append_nil xs
-- case: other names for bound variables
-- target
theorem t : ∀ n : Nat, n + 0 = n := sorry
-- submission
theorem t : ∀ k : Nat, k + 0 = k := fun _ => rfl
-- case: other binders
-- target
theorem t (n : Nat) : n + 0 = n := sorry
-- submission
theorem t {n : Nat} : n + 0 = n := rfl
-- case: the statement laid out otherwise
-- target
theorem t (a b : Nat) : a + b = b + a := sorry
-- submission
/-- Addition commutes. -/
theorem t
    (a : Nat) (b : Nat) : -- for all of them
    a + b
      = b + a := /- from the library -/ Nat.add_comm a b
-- case: Unicode names
-- target
theorem «Satz von α» (ε₁ δ' : Nat) (h : ε₁ = δ') : δ' = ε₁ := sorry
theorem σ_ℕ (ξ : Nat) : ξ ≤ ξ + 1 := sorry
-- submission
theorem ξ_hilf (ξ : Nat) : ξ ≤ ξ + 1 := Nat.le_succ ξ
theorem «Satz von α» (ε₁ δ' : Nat) (h : ε₁ = δ') : δ' = ε₁ := h.symm
theorem σ_ℕ (ξ : Nat) : ξ ≤ ξ + 1 := ξ_hilf ξ
