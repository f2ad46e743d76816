-- case: a notation of the target
-- target
infixl:65 " ⊹ " => fun a b : Nat => a + b + 1
theorem t (a b : Nat) : a ⊹ b = b ⊹ a := sorry
-- submission
infixl:65 " ⊹ " => fun a b : Nat => a + b + 1
theorem t (a b : Nat) : a ⊹ b = b ⊹ a := by simp [Nat.add_comm]
-- case: the same statement without the notation
-- target
local notation "ℕ" => Nat
theorem t (n : ℕ) : n = n := sorry
-- submission
theorem t (n : Nat) : n = n := rfl
-- case: a notation of the submission
-- target
theorem t (n : Nat) : n * n = n ^ 2 := sorry
-- submission
local notation "ℕ" => Nat
local notation:max n "²" => n ^ 2
theorem t (n : ℕ) : n * n = n² := by simp [Nat.pow_two]
-- case: a macro for a tactic
-- target
theorem t (a b : Nat) (h : a = b) : b + 0 = a := sorry
-- submission
macro "finish" : tactic => `(tactic| first | omega | simp_all)
theorem t (a b : Nat) (h : a = b) : b + 0 = a := by finish
-- case: macro_rules for a tactic
-- target
theorem t : True ∧ 1 = 1 := sorry
-- submission
syntax "split_all" : tactic
macro_rules | `(tactic| split_all) => `(tactic| repeat' constructor)
theorem t : True ∧ 1 = 1 := by split_all
-- case: a macro that extends a tactic of the library
-- target
theorem t (p : Prop) (h : p) : p := sorry
-- submission
macro_rules | `(tactic| rfl) => `(tactic| assumption)
theorem t (p : Prop) (h : p) : p := by rfl
-- case: a macro for a term
-- target
theorem t : (3 : Nat) + 3 = 6 := sorry
-- submission
macro "twice! " x:term : term => `($x + $x)
theorem t : (3 : Nat) + 3 = 6 := show (twice! (3 : Nat)) = 6 from rfl
-- case: a macro for a command
-- target
theorem t : 1 + 1 = 2 := sorry
-- submission
macro "easy " n:ident " : " t:term : command => `(theorem $n : $t := by decide)
easy t : 1 + 1 = 2
-- case: a macro that builds its result
-- target
theorem t : True := sorry
-- submission
macro "truth" : term => do
  let proof ← `(True.intro)
  return proof
theorem t : True := truth
-- case: Unicode in notation and in names of hypotheses
-- target
theorem t (α β : Type) (𝒻 : α → β) (x₁ x₂ : α) (h₁₂ : x₁ = x₂) : 𝒻 x₁ = 𝒻 x₂ := sorry
-- submission
theorem t (α β : Type) (𝒻 : α → β) (x₁ x₂ : α) (h₁₂ : x₁ = x₂) : 𝒻 x₁ = 𝒻 x₂ := by
  rw [‹x₁ = x₂›]
