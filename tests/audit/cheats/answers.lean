-- case: an answer of another type
-- refused: statement: where the target has Nat
-- target
def answer : Nat := sorry
theorem t : answer * answer = 49 := sorry
-- submission
def answer : Int := 7
theorem t : answer * answer = 49 := rfl
-- case: an answer left open
-- refused: sorry: has a sorry
-- submission
def answer : Nat := sorry
theorem t : answer * answer = 49 := by unfold answer; exact (sorry : _ = 49)
-- case: an answer that is an axiom
-- refused: statement: answer is a axiom
-- submission
axiom answer : Nat
axiom fact : answer * answer = 49
theorem t : answer * answer = 49 := fact
-- case: an answer that rests on an axiom
-- refused: axiom: the axiom given
-- submission
axiom given : Nat
def answer : Nat := 7 + 0 * given
theorem t : answer * answer = 49 := by simp [answer]
-- case: an answer that is opaque
-- refused: statement: answer is a opaque
-- submission
opaque answer : Nat
theorem t : answer * answer = 49 := sorry
-- case: the wrong answer
-- refused: error: bad.lean:2
-- submission
def answer : Nat := 8
theorem t : answer * answer = 49 := by decide
-- case: a disproof of one value of an answer
-- refused: statement: which the target leaves open
-- submission
def answer : Nat := 8
theorem t.disproof : ¬ (answer * answer = 49) := by decide
-- case: a definition that is not open is filled
-- refused: statement: seven has another value
-- target
def seven : Nat := 7
theorem t : seven = 8 := sorry
-- submission
def seven : Nat := 8
theorem t : seven = 8 := rfl
-- case: a definition that is half open is changed
-- refused: statement: half has another value
-- target
def half (n : Nat) : Nat := if n = 0 then 1 else sorry
theorem t : half 0 = 2 := sorry
-- submission
def half (n : Nat) : Nat := 2
theorem t : half 0 = 2 := rfl
-- case: a disproof of something else
-- refused: statement: t.disproof: the statement is another one
-- target
theorem t (n : Nat) : n < 5 := sorry
-- submission
theorem t.disproof : ¬ ∀ n : Nat, n < 4 := fun h => absurd (h 5) (by decide)
-- case: a disproof for one value alone
-- refused: statement: t.disproof: 
-- submission
theorem t.disproof : ∃ n : Nat, ¬ n < 5 := ⟨5, by decide⟩
-- case: a disproof with a sorry
-- refused: sorry: t.disproof has a sorry
-- submission
theorem t.disproof : ¬ ∀ n : Nat, n < 5 := sorry
-- case: a disproof that assumes too much
-- refused: statement: t.disproof: 
-- submission
theorem t.disproof (h : False) : ¬ ∀ n : Nat, n < 5 := h.elim
-- case: a disproof by an axiom
-- refused: axiom: t.disproof: it rests on the axiom no
-- submission
axiom no : ¬ ∀ n : Nat, n < 5
theorem t.disproof : ¬ ∀ n : Nat, n < 5 := no
-- case: the negation under the theorem's own name
-- refused: statement: the statement is another one
-- submission
theorem t : ¬ ∀ n : Nat, n < 5 := fun h => absurd (h 5) (by decide)
