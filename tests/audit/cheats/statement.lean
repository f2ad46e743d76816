-- case: a hypothesis more
-- refused: statement: the statement is another one
-- target
theorem bad (n : Nat) : n < 5 := sorry
-- submission
theorem bad (n : Nat) (h : n < 5) : n < 5 := h
-- case: a weaker conclusion
-- refused: statement: the statement is another one
-- submission
theorem bad (n : Nat) : n < 5 ∨ True := .inr trivial
-- case: a theorem for one number
-- refused: statement: the statement is another one
-- submission
theorem bad : (3 : Nat) < 5 := by decide
-- case: another type
-- refused: statement: the statement is another one
-- submission
theorem bad (n : Fin 5) : n < 5 := by omega
-- case: an instance argument that nobody has
-- refused: statement: the statement is another one
-- submission
class Fact (p : Prop) : Prop where
  out : p
theorem bad (n : Nat) [h : Fact (n < 5)] : n < 5 := h.out
-- case: a default that is false
-- refused: statement: the statement is another one
-- submission
theorem bad (n : Nat) (h : n < 5 := by decide) : n < 5 := h
-- case: a contradictory variable
-- refused: statement: where the target has Nat
-- submission
variable (impossible : False)
include impossible
theorem bad (n : Nat) : n < 5 := impossible.elim
-- case: a contradictory variable between brackets
-- refused: statement: where the target has Nat
-- submission
class Impossible : Prop where
  no : False
variable [i : Impossible]
include i
theorem bad (n : Nat) : n < 5 := i.no.elim
-- case: renamed
-- refused: missing: no such theorem
-- submission
theorem good (n : Nat) : n < n + 1 := by omega
-- case: in another namespace
-- refused: missing: no such theorem
-- submission
theorem Mine.bad (n : Nat) (h : n < 5) : n < 5 := h
-- case: private
-- refused: missing: no such theorem
-- submission
private theorem bad (n : Nat) : n < n + 1 := by omega
-- case: as an example
-- refused: missing: no such theorem
-- submission
example (n : Nat) : n < n + 1 := by omega
-- case: as a definition of another type
-- refused: kind: as definition
-- submission
def bad (n : Nat) : Nat := n
-- case: as an opaque constant
-- refused: kind: as opaque
-- submission
opaque bad (n : Nat) : Nat
-- case: as an inductive family
-- refused: kind: as inductive
-- submission
inductive bad : Nat → Prop
-- case: addition that multiplies
-- refused: statement: where the target has
-- target
theorem bad : (2 : Nat) + 3 = 6 := sorry
-- submission
local instance : Add Nat := ⟨Nat.mul⟩
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: numerals that are something else
-- refused: statement: where the target has
-- submission
local instance (n : Nat) : OfNat Nat n := ⟨0⟩
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: another heterogeneous addition
-- refused: statement: the statement is another one
-- submission
local instance mine : HAdd Nat Nat Nat := ⟨fun _ _ => 6⟩
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: a local notation for the sum
-- refused: statement: another one
-- submission
local infixl:65 (priority := high) " + " => Nat.mul
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: a local notation for equality
-- refused: statement: another one
-- submission
local notation:50 (priority := high) a " = " b => (a ≤ b)
theorem bad : (2 : Nat) + 3 = 6 := by decide
-- case: a macro for equality
-- refused: statement: another one
-- submission
macro_rules | `($_a = $_b) => `(True)
theorem bad : (2 : Nat) + 3 = 6 := trivial
-- case: one literal that is another
-- refused: statement: another one
-- submission
local instance : OfNat Nat 6 := ⟨5⟩
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: a macro for the keyword
-- refused: missing: no such theorem
-- submission
local macro (priority := high) "theorem " n:ident " : " t:term " := " v:term : command =>
  `(theorem $(Lean.mkIdent `other) : True := trivial)
theorem bad : (2 : Nat) + 3 = 6 := rfl
-- case: another type of the same name
-- refused: statement: where the target has
-- submission
namespace Mine
inductive Nat | one
instance (n : _root_.Nat) : OfNat Nat n := ⟨.one⟩
instance : Add Nat := ⟨fun _ _ => .one⟩
theorem _root_.bad : (2 : Nat) + 3 = 6 := rfl
end Mine
-- case: another equality of the same name
-- refused: statement: another one
-- submission
namespace Mine
def Eq (_ _ : Nat) : Prop := True
local infix:50 (priority := high) " = " => Eq
theorem _root_.bad : (2 : Nat) + 3 = 6 := trivial
end Mine
-- case: other universe parameters
-- refused: statement: other universe parameters
-- target
theorem bad.{u} (α : Type u) (x y : α) : x = y := sorry
-- submission
theorem bad (α : Type) [Subsingleton α] (x y : α) : x = y := Subsingleton.elim x y
-- case: a coercion that forgets
-- refused: statement: where the target has
-- target
theorem bad (n : Int) : (n.toNat : Int) = n := sorry
-- submission
local instance : NatCast Int := ⟨fun _ => 0⟩
theorem bad (n : Int) : (n.toNat : Int) = n := by sorry
-- case: exists for all
-- refused: statement: the statement is another one
-- target
theorem bad : ∀ n : Nat, n = 0 := sorry
-- submission
theorem bad : ∃ n : Nat, n = 0 := ⟨0, rfl⟩
-- case: an instance of the library taken back
-- refused: statement: the statement is another one
-- target
theorem bad (a b : Nat) : a + b = a * b := sorry
-- submission
attribute [-instance] instHAdd
instance : HAdd Nat Nat Nat := ⟨fun a b => a * b⟩
theorem bad (a b : Nat) : a + b = a * b := rfl
-- case: a definition made an instance later, and for this section alone
-- refused: statement: the statement is another one
-- submission
def times : HAdd Nat Nat Nat := ⟨fun a b => a * b⟩
attribute [local instance 10000] times
theorem bad (a b : Nat) : a + b = a * b := rfl
-- case: a name with a space that has no width
-- refused: missing: the submission has no such theorem
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
theorem «bad​» : 2 + 2 = 4 := rfl
-- case: a digit of another script
-- refused: statement: the statement is another one
-- submission
notation "２" => 4
theorem bad : 2 + 2 = ２ := rfl
-- case: a relation that a macro weakens, without hygiene
-- refused: statement: it has LE.le where the target has LT.lt
-- target
theorem bad (n : Nat) : ∃ m, m < n := sorry
-- submission
set_option hygiene false in
local macro_rules | `($a < $b) => `($a ≤ $b)
theorem bad (n : Nat) : ∃ m, m < n := ⟨0, Nat.zero_le n⟩
-- case: a helper of the theorem's name under where
-- refused: missing: the submission has no such theorem
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
theorem good : 2 + 2 = 4 := bad
where bad : 2 + 2 = 4 := rfl
-- case: a universe that is fixed
-- refused: statement: other universe parameters
-- target
theorem bad.{u} : ∃ α : Type u, ∃ f : α → α, f = f := sorry
-- submission
theorem bad : ∃ α : Type, ∃ f : α → α, f = f := ⟨Nat, id, rfl⟩
