-- case: a lemma of the target proved differently
-- target
theorem helper (n : Nat) : n + 0 = n := by simp
theorem t (n : Nat) : (n + 0) + 0 = n := sorry
-- submission
theorem helper (n : Nat) : n + 0 = n := rfl
theorem t (n : Nat) : (n + 0) + 0 = n := helper n
-- case: a lemma of the target left out
-- submission
theorem t (n : Nat) : (n + 0) + 0 = n := rfl
-- case: a proof inside a definition given differently
-- target
def small : Fin 5 := ⟨3, by decide⟩
theorem t : small.val = 3 := sorry
-- submission
def small : Fin 5 := ⟨3, Nat.lt_of_lt_of_le (Nat.lt_succ_self 3) (Nat.le_succ 4)⟩
theorem t : small.val = 3 := rfl
-- case: a definition that is noncomputable in the submission
-- target
def twice (n : Nat) : Nat := n + n
theorem t : twice 2 = 4 := sorry
-- submission
noncomputable def twice (n : Nat) : Nat := n + n
theorem t : twice 2 = 4 := rfl
-- case: an answer
-- target
def answer : Nat := sorry
theorem t : answer * answer = 49 := sorry
-- submission
def answer : Nat := 7
theorem t : answer * answer = 49 := rfl
-- case: an answer that is noncomputable, and a helper under it
-- submission
def three : Nat := 3
noncomputable def answer : Nat := three + 4
theorem t : answer * answer = 49 := rfl
-- case: an answer that is a function
-- target
def double (n : Nat) : Nat := n + n
def answer (n : Nat) : Nat := sorry
theorem t (n : Nat) : double n = answer n := sorry
-- submission
def double (n : Nat) : Nat := n + n
def answer (n : Nat) : Nat := 2 * n
theorem t (n : Nat) : double n = answer n := by unfold double answer; omega
-- case: noncomputable added, and choice beside it
-- target
def pick (h : ∃ n : Nat, n > 3) : Nat := 4
theorem t (h : ∃ n : Nat, n > 3) : pick h > 3 := sorry
-- submission
noncomputable def pick (h : ∃ n : Nat, n > 3) : Nat := 4
noncomputable def other (h : ∃ n : Nat, n > 3) : Nat := Classical.choose h
theorem t (h : ∃ n : Nat, n > 3) : pick h > 3 := by
  show 4 > 3
  decide
-- case: an error in the middle of the file
-- target
theorem t (n : Nat) : 0 + n = n := sorry
-- submission
theorem wrong : 1 = 2 := by decide
theorem t (n : Nat) : 0 + n = n := by omega
