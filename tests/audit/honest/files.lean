-- case: auxiliary lemmas
-- target
theorem t (a b c : Nat) (h : a ≤ b) : a * c ≤ b * c := sorry
-- submission
theorem one (a b : Nat) (h : a ≤ b) : ∃ d, b = a + d := ⟨b - a, by omega⟩
theorem two (a c d : Nat) : a * c ≤ (a + d) * c := by rw [Nat.add_mul]; omega
theorem t (a b c : Nat) (h : a ≤ b) : a * c ≤ b * c := by
  obtain ⟨d, rfl⟩ := one a b h
  exact two a c d
-- case: lemmas that are private
-- target
theorem t (a : Nat) : a < a + 2 := sorry
-- submission
private theorem help (a : Nat) : a < a + 1 := Nat.lt_succ_self a
theorem t (a : Nat) : a < a + 2 := Nat.lt_succ_of_lt (help a)
-- case: an earlier theorem of the file
-- target
theorem first (n : Nat) : n + 0 = n := sorry
theorem second (n : Nat) : (n + 0) + 0 = n := sorry
-- submission
@[simp] theorem first (n : Nat) : n + 0 = n := rfl
theorem second (n : Nat) : (n + 0) + 0 = n := by simp only [first]
-- case: in another order
-- target
theorem first (n : Nat) : n + 0 = n := sorry
theorem second (n : Nat) : (n + 0) + 0 = n := sorry
-- submission
theorem second (n : Nat) : (n + 0) + 0 = n := rfl
theorem first (n : Nat) : n + 0 = n := second n
-- case: namespaces
-- target
namespace A.B
def c : Nat := 1
theorem t : c = 1 := sorry
end A.B
-- submission
def A.B.c : Nat := 1
theorem A.B.t : A.B.c = 1 := rfl
-- case: sections and variables
-- target
section
variable (p q : Prop)
theorem t : p ∧ q → q := sorry
end
-- submission
section Logic
variable (p : Prop)
variable (q : Prop)
theorem t : p ∧ q → q := fun h => h.2
end Logic
-- case: open … in
-- target
theorem t (a b : Nat) : a + b = b + a := sorry
-- submission
open Function Nat in
theorem t (a b : Nat) : a + b = b + a := Nat.add_comm (id a) (id b)
-- case: open, and open with names
-- target
theorem t (a b : Nat) : max a b = max b a := sorry
-- submission
open Nat
open List (length_cons)
theorem t (a b : Nat) : max a b = max b a := Nat.max_comm a b
-- case: omit, include and attribute
-- target
theorem t (n m : Nat) (h : n = m) : m = n := sorry
-- submission
section
variable (n m : Nat) (h : n = m) (k : Nat)
include h
omit k in
theorem t : m = n := h.symm
end
attribute [simp] t
-- case: a statement behind an abbreviation of the target
-- target
abbrev Commutes (f : Nat → Nat → Nat) : Prop := ∀ a b, f a b = f b a
theorem t : Commutes (· * ·) := sorry
-- submission
abbrev Commutes (f : Nat → Nat → Nat) : Prop := ∀ a b, f a b = f b a
theorem t : Commutes (· * ·) := fun a b => Nat.mul_comm a b
-- case: more imports than the target
-- target
theorem t (xs : List Nat) : xs.length + 0 = xs.length := sorry
-- submission
import Init.Data.List.Lemmas
theorem t (xs : List Nat) : xs.length + 0 = xs.length := rfl
-- case: structures with defaults and inheritance
-- target
structure Point where
  x : Nat
  y : Nat := 0
structure Point3 extends Point where
  z : Nat
theorem t (p : Point3) : p.toPoint = ⟨p.x, p.y⟩ := sorry
-- submission
structure Point where
  x : Nat
  y : Nat := 0
structure Point3 extends Point where
  z : Nat
theorem t (p : Point3) : p.toPoint = ⟨p.x, p.y⟩ := rfl
-- case: classes and instances
-- target
class Shape (α : Type) where
  area : α → Nat
instance : Shape Nat := ⟨id⟩
instance {α : Type} [Shape α] : Shape (List α) := ⟨fun xs => (xs.map Shape.area).sum⟩
theorem t : Shape.area [1, 2, 3] = 6 := sorry
-- submission
class Shape (α : Type) where
  area : α → Nat
instance : Shape Nat := ⟨id⟩
instance {α : Type} [Shape α] : Shape (List α) := ⟨fun xs => (xs.map Shape.area).sum⟩
theorem t : Shape.area [1, 2, 3] = 6 := rfl
-- case: deriving
-- target
inductive Colour | red | green | blue deriving DecidableEq, Repr, Inhabited, BEq, Hashable, Ord
structure Pair where
  a : Nat
  c : Colour
deriving DecidableEq, Repr
theorem t : (Colour.red == .red) = true := sorry
theorem u (p : Pair) : p = ⟨p.a, p.c⟩ := sorry
-- submission
inductive Colour | red | green | blue deriving DecidableEq, Repr, Inhabited, BEq, Hashable, Ord
structure Pair where
  a : Nat
  c : Colour
deriving DecidableEq, Repr
theorem t : (Colour.red == .red) = true := by decide
theorem u (p : Pair) : p = ⟨p.a, p.c⟩ := if h : p = ⟨p.a, p.c⟩ then h else absurd rfl h
-- case: a class of one's own in the proof
-- target
theorem t (n : Nat) : n ≤ n * n ∨ n = 0 := sorry
-- submission
class Positive (n : Nat) : Prop where
  pos : 0 < n
theorem of_pos (n : Nat) [h : Positive n] : n ≤ n * n := Nat.le_mul_of_pos_left n h.pos
theorem t (n : Nat) : n ≤ n * n ∨ n = 0 :=
  if h : n = 0 then .inr h else have : Positive n := ⟨by omega⟩; .inl (of_pos n)
-- case: a local instance in a proof
-- target
theorem t (p : Prop) (h : ¬p) : ∃ n : Nat, p ∨ n = 2 := sorry
-- submission
theorem t (p : Prop) (h : ¬p) : ∃ n : Nat, p ∨ n = 2 := by
  letI : Decidable p := .isFalse h
  exact ⟨if p then 1 else 2, .inr rfl⟩
-- case: classical statements
-- target
open Classical in
theorem t (p : Prop) : (if p then 1 else 1) = 1 := sorry
-- submission
open Classical in
theorem t (p : Prop) : (if p then 1 else 1) = 1 := by split <;> rfl
-- case: a submission that explains itself
-- target
theorem t : 1 < 2 := sorry
-- submission
/-! # The proof

It says theorem, sorry, axiom and #eval, but only here: `theorem t : 1 < 2 := sorry`. -/

/-- By computation, without any sorry. -/
theorem t : 1 < 2 := by decide -- no sorry
#check t
#print t
#print axioms t
-- case: an axiom that nothing uses
-- target
theorem t : 1 < 2 := sorry
-- submission
axiom unused : 1 = 1
theorem t : 1 < 2 := by decide
-- case: an example with a sorry next to it
-- target
theorem t : 1 < 2 := sorry
-- submission
example : 1 < 3 := sorry
theorem later : 1 < 4 := sorry
theorem t : 1 < 2 := by decide
-- case: asynchronous elaboration off
-- target
theorem t (n : Nat) : n + 0 = n := sorry
-- submission
set_option Elab.async false
theorem t (n : Nat) : n + 0 = n := by rfl
-- case: asynchronous elaboration on
-- submission
set_option Elab.async true
theorem help (n : Nat) : 0 + n = n := by simp
theorem t (n : Nat) : n + 0 = n := by have := help n; rfl
-- case: a file that calls itself a module
-- submission
module
public section
theorem t (n : Nat) : n + 0 = n := rfl
end
-- case: an exposed definition
-- submission
@[expose] public def f (n : Nat) : Nat := n
theorem t (n : Nat) : n + 0 = n := (rfl : f (n + 0) = f n)
-- case: a private definition of the target
-- target
private def helper (n : Nat) : Nat := n
theorem t (n : Nat) : helper n = n := sorry
-- submission
private def helper (n : Nat) : Nat := n
private theorem helper_eq (n : Nat) : helper n = n := rfl
theorem t (n : Nat) : helper n = n := helper_eq n
-- case: a name from the root
-- target
theorem A.t (n : Nat) : n * 1 = n := sorry
-- submission
namespace B
theorem _root_.A.t (n : Nat) : n * 1 = n := Nat.mul_one n
end B
-- case: a dotted name, written as a namespace
-- submission
namespace A
theorem t (n : Nat) : n * 1 = n := by omega
end A
-- case: all of Std imported
-- target
theorem t (xs : List Nat) : xs.reverse.reverse = xs := sorry
-- submission
import Std
theorem t (xs : List Nat) : xs.reverse.reverse = xs := by simp
