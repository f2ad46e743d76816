-- case: sorry
-- refused: sorry: bad has a sorry
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
theorem bad : 2 + 2 = 5 := sorry
-- case: by sorry
-- refused: sorry: bad has a sorry
-- submission
theorem bad : 2 + 2 = 5 := by sorry
-- case: admit
-- refused: sorry: bad has a sorry
-- submission
theorem bad : 2 + 2 = 5 := by admit
-- case: stop
-- refused: sorry: has a sorry
-- submission
theorem bad : 2 + 2 = 5 := by
  stop
  decide
-- case: sorry in a lemma
-- refused: sorry: help has a sorry
-- submission
theorem help : 4 = 5 := sorry
theorem bad : 2 + 2 = 5 := help
-- case: sorry in a definition
-- refused: sorry: no has a sorry
-- submission
def no : PLift (2 + 2 = 5) := sorry
theorem bad : 2 + 2 = 5 := no.down
-- case: sorryAx by name
-- refused: sorry: bad has a sorry
-- submission
theorem bad : 2 + 2 = 5 := sorryAx _ false
-- case: sorryAx by name, marked as synthetic
-- refused: sorry: bad has a sorry
-- submission
theorem bad : 2 + 2 = 5 := by exact sorryAx _ true
-- case: sorry under an abbreviation
-- refused: sorry: has a sorry
-- submission
macro "by_arithmetic" : tactic => `(tactic| sorry)
theorem bad : 2 + 2 = 5 := by by_arithmetic
-- case: sorry as a notation
-- refused: sorry: has a sorry
-- submission
local notation "obvious" => sorryAx _ false
theorem bad : 2 + 2 = 5 := obvious
-- case: sorry in the last alternative
-- refused: sorry: has a sorry
-- submission
theorem bad : 2 + 2 = 5 := by first | decide | omega | sorry
-- case: sorry with its warning turned off
-- refused: sorry: has a sorry
-- submission
set_option warn.sorry false in
theorem bad : 2 + 2 = 5 := sorry
-- case: the option that turns proofs into sorry
-- refused: sorry: has a sorry
-- submission
set_option debug.byAsSorry true
theorem bad : 2 + 2 = 5 := by decide
-- case: the option that turns theorems into sorry
-- refused: sorry: has a sorry
-- submission
set_option debug.proofAsSorry true
theorem bad : 2 + 2 = 5 := by decide
-- case: sorry in the proof that the recursion ends
-- refused: sorry: has a sorry
-- submission
theorem loop (n : Nat) : n = n + 1 := loop (n + 1) |> fun h => by omega
termination_by n
decreasing_by sorry
theorem bad : 2 + 2 = 5 := loop 4
-- case: sorry in an instance that decide runs
-- refused: sorry: has a sorry
-- submission
instance no : Inhabited (PLift (2 + 2 = 5)) := ⟨⟨sorry⟩⟩
theorem bad : 2 + 2 = 5 := (default : PLift (2 + 2 = 5)).down
-- case: an opaque constant whose instance is a sorry
-- refused: sorry: has a sorry
-- submission
instance no : Inhabited (PLift (2 + 2 = 5)) := sorry
opaque yes : PLift (2 + 2 = 5)
theorem bad : 2 + 2 = 5 := yes.down
-- case: exact? that finds nothing
-- refused: error: exact?
-- submission
theorem bad : 2 + 2 = 5 := by exact?
-- case: apply? that leaves goals
-- refused: sorry: has a sorry
-- target
theorem bad : ∃ n : Nat, n * n = 2 := sorry
-- submission
theorem bad : ∃ n : Nat, n * n = 2 := by apply?
-- case: an error that Lean recovered from
-- refused: error: unsolved goals
-- target
theorem bad : 2 + 2 = 5 ∧ True := sorry
-- submission
theorem bad : 2 + 2 = 5 ∧ True := by
  constructor
  · skip
  · trivial
-- case: an unknown identifier where the proof should be
-- refused: error: Unknown identifier `two_plus_two`
-- submission
theorem bad : 2 + 2 = 5 ∧ True := ⟨two_plus_two, trivial⟩
-- case: a type mismatch
-- refused: error: mismatch
-- submission
theorem bad : 2 + 2 = 5 ∧ True := (rfl : 2 + 2 = 4)
-- case: a lemma with an error
-- refused: error: its proof has an error
-- submission
theorem help : 4 = 5 := by decide
theorem bad : 2 + 2 = 5 ∧ True := ⟨help, trivial⟩
-- case: the theorem by itself
-- refused: error: fail to show termination
-- submission
theorem bad : 2 + 2 = 5 ∧ True := bad
-- case: two theorems by each other
-- refused: error: fail to show termination
-- submission
mutual
theorem bad : 2 + 2 = 5 ∧ True := worse
theorem worse : 2 + 2 = 5 ∧ True := bad
end
-- case: sorry as the default proof of a field
-- refused: sorry: has a sorry
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
structure Fact where
  proof : 2 + 2 = 5 := by sorry
theorem bad : 2 + 2 = 5 := ({} : Fact).proof
-- case: sorry where other threads elaborate
-- refused: sorry: has a sorry
-- submission
set_option Elab.async true
theorem help : 2 + 2 = 5 := by sorry
theorem bad : 2 + 2 = 5 := help
