-- case: omega
-- target
theorem t (a b : Nat) (h : a < b) : a + 1 ≤ b := sorry
-- submission
theorem t (a b : Nat) (h : a < b) : a + 1 ≤ b := by omega
-- case: grind
-- target
theorem t (p q r : Prop) (h : p → q) (h' : q → r) : p → r := sorry
-- submission
theorem t (p q r : Prop) (h : p → q) (h' : q → r) : p → r := by grind
-- case: simp
-- target
theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length := sorry
-- submission
theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length := by
  simp [Nat.add_comm]
-- case: decide
-- target
theorem t : ∀ a b : Bool, (a && b) = (b && a) := sorry
-- submission
theorem t : ∀ a b : Bool, (a && b) = (b && a) := by decide
-- case: decide by the kernel
-- target
theorem t : 2 ^ 64 % 7 = 2 := sorry
-- submission
theorem t : 2 ^ 64 % 7 = 2 := by decide +kernel
-- case: bitvectors
-- target
theorem t (x : BitVec 8) : x &&& x = x := sorry
-- submission
theorem t (x : BitVec 8) : x &&& x = x := by simp
-- case: induction with names
-- target
theorem t (n : Nat) : 0 + n = n := sorry
-- submission
theorem t (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [← Nat.add_assoc, ih]
-- case: cases, focusing dots and combinators
-- target
theorem t (p q : Prop) : p ∧ (q ∨ p) ↔ p := sorry
-- submission
theorem t (p q : Prop) : p ∧ (q ∨ p) ↔ p := by
  constructor
  · rintro ⟨hp, _ | _⟩ <;> exact hp
  · intro hp
    refine ⟨hp, ?_⟩
    right
    assumption
-- case: obtain and exists
-- target
theorem t (p q : Nat → Prop) (h : ∃ n, p n ∧ q n) : ∃ n, q n := sorry
-- submission
theorem t (p q : Nat → Prop) (h : ∃ n, p n ∧ q n) : ∃ n, q n := by
  obtain ⟨n, -, hq⟩ := h
  exists n
-- case: contradiction
-- target
theorem t (n : Nat) (h : n < 0) : n = 7 := sorry
-- submission
theorem t (n : Nat) (h : n < 0) : n = 7 := by
  exfalso
  exact absurd h (Nat.not_lt_zero n)
-- case: conv
-- target
theorem t (a b c : Nat) : a + (b + c) = a + (c + b) := sorry
-- submission
theorem t (a b c : Nat) : a + (b + c) = a + (c + b) := by
  conv => lhs; rhs; rw [Nat.add_comm]
-- case: case, next, all_goals and first
-- target
theorem t (a b : Nat) : max a b = max b a := sorry
-- submission
theorem t (a b : Nat) : max a b = max b a := by
  cases Nat.le_total a b
  case inl h => first | omega | simp
  next h => all_goals omega
-- case: generalize, subst and specialise
-- target
theorem t (f : Nat → Nat) (h : ∀ n, f n = n) (a : Nat) : f (f a) = a := sorry
-- submission
theorem t (f : Nat → Nat) (h : ∀ n, f n = n) (a : Nat) : f (f a) = a := by
  have h₁ := h a
  generalize hb : f a = b
  rw [hb] at h₁
  subst h₁
  exact hb
-- case: ext
-- target
theorem t (f : Nat → Nat) : (fun n => f n + 0) = f := sorry
-- submission
theorem t (f : Nat → Nat) : (fun n => f n + 0) = f := by
  ext n
  rfl
-- case: exact? that finds it
-- target
theorem t (a b : Nat) : a * b = b * a := sorry
-- submission
theorem t (a b : Nat) : a * b = b * a := by exact?
-- case: an option for one proof
-- target
theorem t (a b : Nat) : a * b = b * a := sorry
-- submission
set_option maxRecDepth 2000 in
set_option linter.all false in
theorem t (a b : Nat) : a * b = b * a := by rw [Nat.mul_comm]
-- case: the kernel skipped where the kernel has nothing to say
-- target
theorem t : 2 + 2 = 4 := sorry
-- submission
set_option debug.skipKernelTC true in
theorem t : 2 + 2 = 4 := by decide
-- case: a mistake in another theorem of the file
-- target
theorem t : 2 + 2 = 4 := sorry
-- submission
theorem unrelated : 2 + 2 = 5 := by decide
theorem t : 2 + 2 = 4 := by decide
-- case: an instance for one proof by letI
-- target
theorem t : ∀ n : Nat, n ≤ n := sorry
-- submission
def order : LE Nat := ⟨fun a b => a ≤ b⟩
theorem t : ∀ n : Nat, n ≤ n := by
  intro n
  letI := order
  exact Nat.le_refl n
-- case: do in Option
-- target
theorem t : (do let x ← some 2; return x + 1 : Option Nat) = some 3 := sorry
-- submission
def step (x : Nat) : Option Nat := do
  let y ← some x
  if y > 10 then none else return y + 1
theorem t : (do let x ← some 2; return x + 1 : Option Nat) = some 3 := by
  show step 2 = _
  rfl
