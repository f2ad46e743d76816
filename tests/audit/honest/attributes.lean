-- case: simp lemmas
-- target
def twice (n : Nat) : Nat := n + n
theorem t (n : Nat) : twice n + 0 = n + n := sorry
-- submission
def twice (n : Nat) : Nat := n + n
@[simp] theorem twice_eq (n : Nat) : twice n = n + n := rfl
theorem t (n : Nat) : twice n + 0 = n + n := by simp
-- case: simp lemmas from right to left and at the end
-- submission
def twice (n : Nat) : Nat := n + n
theorem twice_eq (n : Nat) : twice n = n + n := rfl
attribute [local simp] twice_eq
theorem t (n : Nat) : twice n + 0 = n + n := by simp
-- case: a simp lemma taken back
-- submission
def twice (n : Nat) : Nat := n + n
@[simp] theorem twice_eq (n : Nat) : twice n = n + n := rfl
attribute [-simp] twice_eq
theorem t (n : Nat) : twice n + 0 = n + n := by simp [twice_eq]
-- case: simp with priority
-- submission
def twice (n : Nat) : Nat := n + n
@[simp high] theorem twice_eq (n : Nat) : twice n = n + n := rfl
theorem t (n : Nat) : twice n + 0 = n + n := by simp
-- case: simp with a configuration
-- submission
def twice (n : Nat) : Nat := n + n
theorem t (n : Nat) : twice n + 0 = n + n := by simp +arith (config := { maxSteps := 1000 }) [twice]
-- case: grind equations
-- submission
def twice (n : Nat) : Nat := n + n
@[grind =] theorem twice_eq (n : Nat) : twice n = n + n := rfl
theorem t (n : Nat) : twice n + 0 = n + n := by grind
-- case: a definition for grind
-- submission
@[grind] def twice (n : Nat) : Nat := n + n
theorem t (n : Nat) : twice n + 0 = n + n := by grind
-- case: reducible, inline and specialize
-- submission
@[reducible, inline] def twice (n : Nat) : Nat := n + n
@[specialize] def apply (f : Nat → Nat) (n : Nat) : Nat := f n
theorem t (n : Nat) : twice n + 0 = n + n := rfl
-- case: irreducible
-- submission
@[irreducible] def twice (n : Nat) : Nat := n + n
theorem t (n : Nat) : twice n + 0 = n + n := by unfold twice; rfl
-- case: seal and unseal
-- submission
def twice (n : Nat) : Nat := n + n
seal twice
unseal twice
theorem t (n : Nat) : twice n + 0 = n + n := rfl
-- case: deprecated and inherit_doc
-- submission
/-- Twice a number. -/
def twice (n : Nat) : Nat := n + n
@[inherit_doc twice, deprecated twice (since := "2026-01-01")] abbrev double := twice
theorem t (n : Nat) : twice n + 0 = n + n := rfl
-- case: a hint for a name
-- submission
def twice (n : Nat) : Nat := n + n
@[suggest_for two_times] def again := twice
theorem t (n : Nat) : twice n + 0 = n + n := rfl
-- case: extensionality
-- target
structure Pair where
  x : Nat
  y : Nat
theorem t (p q : Pair) (h : p.x = q.x) (k : p.y = q.y) : p = q := sorry
-- submission
@[ext] structure Pair where
  x : Nat
  y : Nat
theorem t (p q : Pair) (h : p.x = q.x) (k : p.y = q.y) : p = q := by ext <;> assumption
-- case: an extensionality lemma
-- submission
structure Pair where
  x : Nat
  y : Nat
@[ext] theorem Pair.same {p q : Pair} (h : p.x = q.x) (k : p.y = q.y) : p = q := by
  cases p; cases q; simp_all
theorem t (p q : Pair) (h : p.x = q.x) (k : p.y = q.y) : p = q := by ext; exact h; exact k
-- case: how a structure is printed
-- submission
@[pp_using_anonymous_constructor] structure Pair where
  x : Nat
  y : Nat
@[pp_nodot] def Pair.sum (p : Pair) : Nat := p.x + p.y
theorem t (p q : Pair) (h : p.x = q.x) (k : p.y = q.y) : p = q := by cases p; cases q; simp_all
-- case: deriving DecidableEq
-- target
inductive Colour | red | green
theorem t : Colour.red ≠ Colour.green := sorry
-- submission
inductive Colour | red | green
deriving instance DecidableEq for Colour
theorem t : Colour.red ≠ Colour.green := by decide
-- case: deriving many
-- submission
inductive Colour | red | green
deriving instance Repr, BEq, Hashable, Ord, Inhabited for Colour
theorem t : Colour.red ≠ Colour.green := nofun
-- case: deriving for a type of one's own
-- submission
inductive Colour | red | green
inductive Tree (α : Type) | leaf | node (l : Tree α) (a : α) (r : Tree α)
deriving DecidableEq, Repr, Inhabited
structure Point where
  x : Nat
  y : Nat
deriving DecidableEq, Repr, BEq, Hashable
theorem t : Colour.red ≠ Colour.green := nofun
-- case: deriving lawful equality
-- submission
inductive Colour | red | green
structure Point where
  x : Nat
  y : Nat
deriving BEq, ReflBEq, LawfulBEq
theorem t : Colour.red ≠ Colour.green := nofun
-- case: a class and an instance with priority
-- target
theorem t : 1 + 1 = 2 := sorry
-- submission
class Magic (α : Type) where
  magic : α
instance (priority := low) one : Magic Nat := ⟨1⟩
@[instance] def two : Magic Nat := ⟨2⟩
theorem t : 1 + 1 = 2 := show 1 + 1 = (Magic.magic : Nat) from rfl
-- case: a default instance
-- submission
class Scale (α : Type) where
  scale : α → α
@[default_instance] instance : Scale Nat := ⟨fun n => n + n⟩
theorem t : 1 + 1 = 2 := rfl
-- case: a coercion
-- submission
structure Wrapped where
  value : Nat
@[coe] def Wrapped.get (w : Wrapped) : Nat := w.value
instance : Coe Wrapped Nat := ⟨Wrapped.get⟩
theorem t : 1 + 1 = 2 := show 1 + 1 = ((⟨2⟩ : Wrapped) : Nat) from rfl
-- case: norm_cast and push_cast
-- submission
@[norm_cast] theorem same (a b : Nat) : ((a + b : Nat) : Int) = (a : Int) + b := Int.natCast_add a b
theorem t : 1 + 1 = 2 := rfl
-- case: eliminators
-- submission
@[elab_as_elim] theorem mine {motive : Nat → Prop} (n : Nat) (zero : motive 0) (step : ∀ n, motive n → motive (n + 1)) :
    motive n := by
  induction n with
  | zero => exact zero
  | succ n ih => exact step n ih
attribute [local induction_eliminator] mine
theorem t : 1 + 1 = 2 := rfl
-- case: match_pattern
-- submission
@[match_pattern] def two (n : Nat) : Nat := n.succ.succ
def minus : Nat → Nat
  | two n => n
  | n => n
theorem t : 1 + 1 = 2 := rfl
-- case: reflexivity, symmetry and congruence
-- submission
def Same (a b : Nat) : Prop := a = b
@[refl] theorem Same.refl (a : Nat) : Same a a := rfl
@[symm] theorem Same.symm {a b : Nat} (h : Same a b) : Same b a := Eq.symm h
@[congr] theorem ite_same {p q : Prop} [Decidable p] [Decidable q] (h : p = q) (a b : Nat) : (if p then a else b) = if q then a else b := by
  simp [h]
theorem t : 1 + 1 = 2 := by show Same _ _; rfl
-- case: a hint for unification
-- submission
unif_hint (a b : Nat) where
  a =?= b
  |- a + 0 =?= b
theorem t : 1 + 1 = 2 := rfl
-- case: a parser's category of one's own
-- submission
declare_syntax_cat arithmetic
syntax num : arithmetic
syntax arithmetic " plus " arithmetic : arithmetic
syntax "[arith|" arithmetic "]" : term
macro_rules
  | `([arith| $n:num]) => `($n)
  | `([arith| $a plus $b]) => `([arith| $a] + [arith| $b])
theorem t : 1 + 1 = 2 := show [arith| 1 plus 1] = 2 from rfl
-- case: a macro that counts
-- submission
open Lean
def count : Nat → MacroM Term
  | 0 => `(0)
  | n + 1 => do `($(← count n) + 1)
macro "sum_of! " n:num : term => count n.getNat
theorem t : 1 + 1 = 2 := show sum_of! 2 = 2 from rfl
-- case: a recursive macro
-- submission
syntax "all! " "[" term "]" : term
syntax "all! " "[" term "; " term "]" : term
macro_rules
  | `(all! [$x]) => `($x)
  | `(all! [$x; $y]) => `($x ∧ all! [$y])
theorem t : 1 + 1 = 2 := (show all! [1 + 1 = 2; True] from ⟨rfl, trivial⟩).1
-- case: a partial function in a macro
-- submission
open Lean
partial def fold (xs : List Nat) : MacroM Term :=
  match xs with
  | [] => `(0)
  | x :: xs => do `($(quote x) + $(← fold xs))
macro "two!" : term => fold [1, 1]
theorem t : 1 + 1 = 2 := show 1 + 1 = 2 from rfl
-- case: notation with an unexpander that Lean makes
-- submission
def add (a b : Nat) : Nat := a + b
notation:65 a:65 " ⊹ " b:66 => add a b
infixr:70 " ⋆ " => add
prefix:max "‼" => Nat.succ
postfix:max "‽" => Nat.succ
theorem t : 1 + 1 = 2 := show 1 ⊹ 1 = 2 from rfl
-- case: a macro for a binder
-- submission
open Lean in
macro "some! " x:ident ", " p:term : term => `(∃ $x:ident, $p)
theorem t : 1 + 1 = 2 := (fun _ => rfl : (some! n, n = 0) → 1 + 1 = 2) ⟨0, rfl⟩
-- case: a binder predicate
-- submission
binder_predicate x " ≪ " y:term => `($x + 1 < $y)
theorem t : 1 + 1 = 2 := (show (∀ n ≪ 3, n < 3) → 1 + 1 = 2 from fun _ => rfl) fun n h => Nat.lt_of_succ_lt h
-- case: local and scoped notation
-- submission
namespace A
scoped notation "two" => 2
end A
open A in
theorem t : 1 + 1 = two := rfl
-- case: IO that nobody runs
-- submission
def main : IO Unit := do
  let r ← IO.mkRef 0
  r.modify (· + 1)
  IO.println s!"{← r.get}"
theorem t : 1 + 1 = 2 := rfl
-- case: a sorry elsewhere, in a function
-- submission
def unfinished (n : Nat) : Fin n := sorry
def uses (n : Nat) : Fin n := unfinished n
theorem t : 1 + 1 = 2 := rfl
-- case: options
-- submission
set_option maxRecDepth 2000
set_option linter.unusedVariables false in
theorem helper (n : Nat) : True := trivial
set_option pp.all true
theorem t : 1 + 1 = 2 := by set_option maxHeartbeats 400000 in rfl
-- case: commands that only show
-- submission
#check Nat
#print Nat
#print axioms Nat.add_comm
#reduce 1 + 1
#synth Inhabited Nat
#guard 1 + 1 = 2
/-- info: Nat : Type -/
#guard_msgs in #check Nat
theorem t : 1 + 1 = 2 := rfl
-- case: open, export, universe, variable, mutual
-- submission
universe u
variable {α : Type u}
namespace A
def a := 1
end A
export A (a)
mutual
def even : Nat → Bool
  | 0 => true
  | n + 1 => odd n
def odd : Nat → Bool
  | 0 => false
  | n + 1 => even n
end
theorem t : 1 + 1 = 2 := show a + a = 2 from rfl
-- case: a well-founded function in a macro's file
-- submission
def log (n : Nat) : Nat := if h : n ≤ 1 then 0 else log (n / 2) + 1
termination_by n
decreasing_by omega
macro "by_log" : tactic => `(tactic| first | rfl | simp [log])
theorem t : 1 + 1 = 2 := by by_log
-- case: a macro that extends trivial
-- submission
macro_rules | `(tactic| trivial) => `(tactic| exact Nat.le_refl _)
macro_rules | `(tactic| decreasing_tactic) => `(tactic| omega)
theorem t : 1 + 1 = 2 := rfl
-- case: all of Lean imported
-- submission
import Lean
open Lean Meta
macro "done!" : tactic => `(tactic| rfl)
theorem t : 1 + 1 = 2 := by done!
-- case: a function in MetaM that nobody runs
-- submission
import Lean
open Lean Meta
def count (e : Expr) : MetaM Nat := do
  let t ← inferType e
  return if t.isProp then 1 else 0
theorem t : 1 + 1 = 2 := rfl
-- case: attributes taken back
-- target
theorem t (n : Nat) : n + 0 = n := sorry
-- submission
attribute [-simp] Nat.add_zero
attribute [-instance] instLawfulBEqNat
theorem t (n : Nat) : n + 0 = n := rfl
-- case: attributes taken back within a section
-- submission
section
attribute [-ext] funext
attribute [-grind] List.length_nil
theorem t (n : Nat) : n + 0 = n := by rfl
end
-- case: an automatic parameter
-- target
theorem t (n : Nat) (h : 0 < n) : n / n = 1 := sorry
-- submission
theorem pos (n : Nat) (h : 0 < n := by assumption) : n / n = 1 := Nat.div_self h
theorem t (n : Nat) (h : 0 < n) : n / n = 1 := pos n
-- case: a structure with automatic fields
-- submission
structure Positive (n : Nat) where
  pos : 0 < n := by omega
theorem t (n : Nat) (h : 0 < n) : n / n = 1 := Nat.div_self (have : Positive n := {}; this.pos)
-- case: verso documentation
-- submission
set_option doc.verso true
/-- A number divided by itself is {lean}`1`. -/
theorem t (n : Nat) (h : 0 < n) : n / n = 1 := Nat.div_self h
-- case: values and messages guarded
-- submission
#guard 4 / 4 == 1
/-- info: Nat.div_self {n : Nat} (h : 0 < n) : n / n = 1 -/
#guard_msgs in
#check Nat.div_self
theorem t (n : Nat) (h : 0 < n) : n / n = 1 := Nat.div_self h
-- case: simp with a named configuration
-- target
theorem t (a b : Nat) (h : a = b) : b = a := sorry
-- submission
def config : Lean.Meta.Simp.Config := { maxSteps := 500 }
theorem t (a b : Nat) (h : a = b) : b = a := by simp (config := config) [h]
-- case: a lemma for grind taken back
-- target
theorem t (n : Nat) : 0 + n = n := sorry
-- submission
@[grind =] theorem zero_plus (n : Nat) : 0 + n = n := by omega
attribute [-grind] zero_plus
theorem t (n : Nat) : 0 + n = n := zero_plus n
