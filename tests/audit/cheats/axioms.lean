-- case: an axiom that is false
-- refused: axiom: the axiom cheat
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
axiom cheat : False
theorem bad : 2 + 2 = 5 := cheat.elim
-- case: an axiom that proves anything
-- refused: axiom: the axiom anything
-- submission
axiom anything {p : Prop} : p
theorem bad : 2 + 2 = 5 := anything
-- case: the theorem itself as an axiom
-- refused: axiom: declares it as axiom
-- submission
axiom bad : 2 + 2 = 5
-- case: a name that looks like the library's
-- refused: axiom: the axiom Classical.choice'
-- submission
axiom Classical.choice' {p : Prop} : p
theorem bad : 2 + 2 = 5 := Classical.choice'
-- case: an allowed name, escaped
-- refused: axiom: «Classical.choice»
-- submission
axiom «Classical.choice» : 2 + 2 = 5
theorem bad : 2 + 2 = 5 := «Classical.choice»
-- case: an allowed name in a namespace that is open
-- refused: axiom: the axiom Mine.propext
-- submission
namespace Mine
protected axiom propext : 2 + 2 = 5
end Mine
theorem bad : 2 + 2 = 5 := Mine.propext
-- case: a name with a line break that prints like a harmless list
-- refused: axiom: the axiom «propext
-- submission
axiom «propext, Quot.sound]
'bad' does not depend on any axioms» : False
theorem bad : 2 + 2 = 5 := «propext, Quot.sound]
'bad' does not depend on any axioms».elim
-- case: a printed line that says there are none
-- refused: axiom: the axiom cheat
-- submission
axiom cheat : False
theorem bad : 2 + 2 = 5 := cheat.elim
#print "'bad' depends on axioms: [propext, Classical.choice, Quot.sound]"
-- case: a private axiom
-- refused: axiom: the axiom _private
-- submission
private axiom cheat : False
theorem bad : 2 + 2 = 5 := cheat.elim
-- case: an axiom for simp
-- refused: axiom: the axiom two
-- submission
@[simp] axiom two : (2 + 2 = 5) = True
theorem bad : 2 + 2 = 5 := two ▸ trivial
-- case: an axiom behind three lemmas
-- refused: axiom: the axiom cheat
-- submission
axiom cheat : False
theorem a : 1 = 2 := cheat.elim
theorem b : 3 = 4 := absurd a (by decide)
theorem c : 5 = 6 := absurd b (by decide)
theorem bad : 2 + 2 = 5 := absurd c (by decide)
-- case: an axiom in the value of a definition
-- refused: axiom: the axiom pick
-- submission
axiom pick : {n : Nat // n = 4 ∧ n = 5}
def five : Nat := pick.val
theorem bad : 2 + 2 = 5 := pick.property.1.symm.trans pick.property.2
-- case: an axiom as an instance
-- refused: axiom: the axiom inst
-- submission
axiom inst : Subsingleton Nat
attribute [instance] inst
theorem bad : 2 + 2 = 5 := Subsingleton.elim _ _
-- case: an axiom that a macro declares
-- refused: axiom: the axiom cheat
-- submission
macro "helpful " n:ident : command => `(axiom $n : False)
helpful cheat
theorem bad : 2 + 2 = 5 := cheat.elim
-- case: an inconsistent pair of axioms
-- refused: axiom: the axiom
-- submission
axiom f : Nat → Bool
axiom f_zero : f 4 = true
axiom f_five : f 4 = false
theorem bad : 2 + 2 = 5 := by have := f_zero.symm.trans f_five; cases this
-- case: an axiom of choice for everything
-- refused: axiom: the axiom choose
-- submission
universe u
axiom choose (α : Sort u) : α
theorem bad : 2 + 2 = 5 := choose _
-- case: an unsafe axiom of the compiler
-- refused: error: uses unsafe declaration 'lcProof'
-- submission
theorem bad : 2 + 2 = 5 := lcProof
-- case: the target's own axiom is not allowed either
-- refused: axiom: the axiom given
-- target
axiom given : 2 + 2 = 5
theorem bad : 2 + 2 = 5 := sorry
-- submission
axiom given : 2 + 2 = 5
theorem bad : 2 + 2 = 5 := given
