-- case: the definition has another value
-- refused: statement: double has another value
-- target
def double (n : Nat) : Nat := n + n
theorem bad (n : Nat) : double n = n := sorry
-- submission
def double (n : Nat) : Nat := n
theorem bad (n : Nat) : double n = n := rfl
-- case: the definition is left out
-- refused: statement: Function expected
-- submission
theorem bad (n : Nat) : double n = n := rfl
-- case: the definition is a variable
-- refused: statement: the statement is another one
-- submission
variable (double : Nat → Nat) (h : ∀ n, double n = n)
include h
theorem bad (n : Nat) : double n = n := h n
-- case: the definition is an opaque constant
-- refused: statement: double is a opaque
-- submission
opaque double (n : Nat) : Nat
theorem bad (n : Nat) : double n = n := sorry
-- case: the definition is an axiom
-- refused: statement: double is a axiom
-- submission
axiom double (n : Nat) : Nat
axiom double_eq (n : Nat) : double n = n
theorem bad (n : Nat) : double n = n := double_eq n
-- case: the definition is hidden by one in an inner namespace
-- refused: statement: where the target has double
-- submission
def double (n : Nat) : Nat := n + n
namespace Mine
def double (n : Nat) : Nat := n
theorem _root_.bad (n : Nat) : double n = n := rfl
end Mine
-- case: the definition is hidden by a notation
-- refused: statement: the statement is another one
-- submission
def double (n : Nat) : Nat := n + n
local notation (priority := high) "double" => (fun n : Nat => n)
theorem bad (n : Nat) : double n = n := rfl
-- case: the definition under the definition has another value
-- refused: statement: step has another value
-- target
def step (n : Nat) : Nat := n + 1
def walk (n : Nat) : Nat := step (step n)
theorem bad (n : Nat) : walk n = n := sorry
-- submission
def step (n : Nat) : Nat := n
def walk (n : Nat) : Nat := step (step n)
theorem bad (n : Nat) : walk n = n := rfl
-- case: the recursive definition has another last case
-- refused: statement: another value
-- target
def sum : List Nat → Nat
  | [] => 0
  | x :: xs => x + sum xs
theorem bad (xs : List Nat) : sum xs = 0 := sorry
-- submission
def sum : List Nat → Nat
  | [] => 0
  | _ :: xs => sum xs
theorem bad (xs : List Nat) : sum xs = 0 := by induction xs <;> simp_all [sum]
-- case: the structure has a field less
-- refused: statement: another type
-- target
structure Point where
  x : Nat
  y : Nat
theorem bad (p q : Point) (h : p.x = q.x) : p = q := sorry
-- submission
structure Point where
  x : Nat
theorem bad (p q : Point) (h : p.x = q.x) : p = q := by cases p; cases q; simp_all
-- case: the structure has a field of another type
-- refused: statement: Point.mk has another type
-- submission
structure Point where
  x : Nat
  y : Unit
theorem bad (p q : Point) (h : p.x = q.x) : p = q := by cases p; cases q; simp_all
-- case: the inductive type has a constructor less
-- refused: statement: Colour has other constructors
-- target
inductive Colour | red | green
theorem bad (a b : Colour) : a = b := sorry
-- submission
inductive Colour | red
theorem bad (a b : Colour) : a = b := by cases a; cases b; rfl
-- case: the inductive predicate has a constructor more
-- refused: statement: Even has other constructors
-- target
inductive Even : Nat → Prop
  | zero : Even 0
  | next {n} : Even n → Even (n + 2)
theorem bad : Even 1 := sorry
-- submission
inductive Even : Nat → Prop
  | zero : Even 0
  | next {n} : Even n → Even (n + 2)
  | one : Even 1
theorem bad : Even 1 := .one
-- case: the inductive predicate has a wider constructor
-- refused: statement: Even.next has another type
-- submission
inductive Even : Nat → Prop
  | zero : Even 0
  | next {n} : Even n → Even (n + 1)
theorem bad : Even 1 := .next .zero
-- case: the predicate becomes a definition
-- refused: statement: Even is a definition
-- submission
def Even (_ : Nat) : Prop := True
theorem bad : Even 1 := trivial
-- case: the class has a law less
-- refused: statement: Law.mk has another type
-- target
class Law (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : Law Nat := ⟨fun a b => a + b, Nat.add_comm⟩
theorem bad (a b : Nat) : Law.op a b = a := sorry
-- submission
class Law (α : Type) where
  op : α → α → α
  comm : ∀ a : α, a = a
instance : Law Nat := ⟨fun a _ => a, fun _ => rfl⟩
theorem bad (a b : Nat) : Law.op a b = a := rfl
-- case: the instance has another value
-- refused: statement: instLawNat has another value
-- submission
class Law (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : Law Nat := ⟨fun _ _ => 0, fun _ _ => rfl⟩
theorem bad (a b : Nat) : Law.op a b = a := sorry
-- case: a later instance is chosen
-- refused: statement: where the target has instLawNat
-- submission
class Law (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : Law Nat := ⟨fun a b => a + b, Nat.add_comm⟩
instance later : Law Nat := ⟨fun _ _ => 0, fun _ _ => rfl⟩
theorem bad (a b : Nat) : Law.op a b = a := sorry
-- case: the answer is left open in the definition
-- refused: sorry: has a sorry
-- target
def answer : Nat := 3
theorem bad : answer = 4 := sorry
-- submission
def answer : Nat := 3
theorem bad : answer = 4 := absurd (sorry : False) id
-- case: only a weaker lemma is there
-- refused: missing: no such theorem
-- target
theorem help : 1 = 2 := sorry
theorem bad : 2 = 3 := sorry
-- submission
theorem helper (h : 1 = 2) : 2 = 3 := by cases h
-- case: a name that Lean would make up for a match
-- refused: statement: f has another value
-- target
def f : Nat → Nat
  | 0 => 1
  | _ + 1 => 0
theorem bad : f 0 = 0 := sorry
-- submission
def f.match_1 (motive : Nat → Sort u) (x : Nat) (_ : Unit → motive 0) (s : (n : Nat) → motive n.succ) (z : motive x) : motive x := z
def f : Nat → Nat := fun _ => 0
theorem bad : f 0 = 0 := rfl
-- case: a definition of another namespace, exported into the target's
-- refused: statement: it has B.two where the target has A.two
-- target
namespace A
def two : Nat := 2
theorem bad : two = 3 := sorry
end A
-- submission
namespace B
def two : Nat := 3
end B
namespace A
export B (two)
theorem bad : two = 3 := rfl
end A
