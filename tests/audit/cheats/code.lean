-- case: native_decide over a replaced function
-- refused: statement: f has another implementation (implemented_by
-- target
def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := sorry
-- submission
def g (n : Nat) : Nat := n + 1
@[implemented_by g] def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := by native_decide
-- case: native_decide over a replaced helper
-- refused: native: trusts the compiler
-- submission
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n + 1
@[implemented_by g] def h (n : Nat) : Nat := n
theorem help : h 2 = 3 := by native_decide
theorem bad : f 2 = 3 := help
-- case: native_decide, true but on the compiler's word
-- refused: native: Lean.ofReduceBool
-- target
theorem t : 1000 * 1000 = 1000000 := sorry
-- submission
theorem t : 1000 * 1000 = 1000000 := by native_decide
-- case: decide +native
-- refused: native: Lean.ofReduceBool
-- submission
theorem t : 1000 * 1000 = 1000000 := by decide +native
-- case: native_decide in a lemma
-- refused: native: trusts the compiler
-- submission
theorem help : 1000 * 1000 = 1000000 := by native_decide
theorem t : 1000 * 1000 = 1000000 := help
-- case: the compiler's axiom by name
-- refused: native: Lean.trustCompiler
-- submission
theorem t : 1000 * 1000 = 1000000 := by
  have := Lean.trustCompiler
  decide
-- case: reduction by the compiler, on natural numbers
-- refused: native: Lean.ofReduceNat
-- submission
theorem help (a b : Nat) (h : Lean.reduceNat a = b) : a = b := Lean.ofReduceNat a b h
theorem t : 1000 * 1000 = 1000000 := by
  have := help
  decide
-- case: a reduction that runs code and names no axiom
-- refused: native: Lean.reduceBool
-- submission
theorem t : 1000 * 1000 = 1000000 :=
  have : Lean.reduceBool true = Lean.reduceBool true := rfl
  by decide
-- case: implemented_by on the statement's function
-- refused: statement: implemented_by
-- target
def f (n : Nat) : Nat := n
theorem t : f 2 = 2 := sorry
-- submission
def g (n : Nat) : Nat := n + 1
@[implemented_by g] def f (n : Nat) : Nat := n
theorem t : f 2 = 2 := rfl
-- case: extern on the statement's function
-- refused: statement: extern
-- submission
@[extern "lean_nat_succ"] def f (n : Nat) : Nat := n
theorem t : f 2 = 2 := rfl
-- case: implemented_by on a helper
-- refused: implemented_by: is replaced by g
-- submission
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n + 1
@[implemented_by g] def h (n : Nat) : Nat := n
theorem t : f 2 = 2 := (rfl : h 2 = 2)
-- case: implemented_by on a helper that nothing uses
-- refused: implemented_by: is replaced by g
-- submission
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n + 1
@[implemented_by g] def h (n : Nat) : Nat := n
theorem t : f 2 = 2 := rfl
-- case: extern on a helper
-- refused: extern: foreign code
-- submission
def f (n : Nat) : Nat := n
@[extern "lean_nat_succ"] def h (n : Nat) : Nat := n
theorem t : f 2 = 2 := (rfl : h 2 = 2)
-- case: csimp
-- refused: csimp: replaces code in the compiler
-- submission
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n
@[csimp] theorem f_eq_g : @f = @g := rfl
theorem t : f 2 = 2 := rfl
-- case: csimp that rests on an axiom, with native_decide
-- refused: axiom: the axiom anything
-- target
def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := sorry
-- submission
axiom anything {p : Prop} : p
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n + 1
@[csimp] theorem f_eq_g : @f = @g := anything
theorem bad : f 2 = 3 := f_eq_g ▸ rfl
-- case: csimp and native_decide
-- refused: native: trusts the compiler
-- submission
def f (n : Nat) : Nat := n
def g (n : Nat) : Nat := n + 1
@[csimp] theorem f_eq_g : @f = @g := sorry
theorem bad : f 2 = 3 := by native_decide
-- case: an unsafe definition
-- refused: unsafe: the safe language
-- submission
def f (n : Nat) : Nat := n
unsafe def g (n : Nat) : Nat := unsafeCast (n + 1)
theorem bad : f 2 = 3 := rfl
-- case: an unsafe implementation
-- refused: unsafe: the safe language
-- submission
unsafe def g (n : Nat) : Nat := n + 1
@[implemented_by g] def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := by native_decide
-- case: an unsafe theorem
-- refused: unsafe: the safe language
-- submission
def f (n : Nat) : Nat := n
unsafe theorem bad : f 2 = 3 := bad
-- case: an unsafe term
-- refused: unsafe: the safe language
-- submission
def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := (unsafe unsafeCast ()).down
-- case: an unsafe cast of the library
-- refused: error: unsafe declaration 'unsafeCast'
-- submission
def f (n : Nat) : Nat := n
theorem bad : f 2 = 3 := unsafeCast True.intro
-- case: a partial function in place of the statement's
-- refused: statement: f is a opaque
-- submission
partial def f (n : Nat) : Nat := f (n + 1)
theorem bad : f 2 = 3 := sorry
-- case: a partial theorem
-- refused: missing: 'partial' theorems are not allowed
-- submission
def f (n : Nat) : Nat := n
partial theorem bad : f 2 = 3 := bad
-- case: a partial function that would be a proof
-- refused: error: Unknown identifier `proof`
-- submission
def f (n : Nat) : Nat := n
partial def proof (n : Nat) : PLift (f 2 = 3) := proof (n + 1)
theorem bad : f 2 = 3 := (proof 0).down
-- case: a partial function on the way
-- refused: partial: is partial
-- submission
def f (n : Nat) : Nat := n
partial def loop (n : Nat) : Nat := loop (n + 1)
theorem bad : f 2 = 3 := absurd (rfl : loop 0 = loop 0) sorry
-- case: implemented_by by the attribute command
-- refused: implemented_by: slow is replaced by quick
-- target
theorem t : 2 + 2 = 4 := sorry
-- submission
def slow (n : Nat) : Nat := n
def quick (n : Nat) : Nat := n + 1
attribute [implemented_by quick] slow
theorem t : 2 + 2 = 4 := by decide
-- case: implemented_by by a macro
-- refused: implemented_by: slow is replaced by quick
-- submission
def slow (n : Nat) : Nat := n
def quick (n : Nat) : Nat := n + 1
macro "swap" : command => `(attribute [implemented_by quick] slow)
swap
theorem t : 2 + 2 = 4 := by decide
-- case: extern by the attribute command, in a namespace
-- refused: extern: A.B.twice is replaced by foreign code
-- submission
namespace A.B
def twice (n : Nat) : Nat := n + n
attribute [extern "lean_io_exit"] twice
end A.B
theorem t : 2 + 2 = 4 := by decide
-- case: the compiler's axiom inside a structure
-- refused: native: Lean.ofReduceBool
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
structure Trusted where
  value : Bool
  proof : Lean.reduceBool value = true
theorem ok (t : Trusted) : t.value = true := Lean.ofReduceBool t.value true t.proof
def wrong : Bool := decide (2 + 2 = 5)
theorem bad : 2 + 2 = 5 := absurd (ok ⟨wrong, sorry⟩) (by decide)
-- case: unsafe by a macro
-- refused: unsafe: unsafe
-- submission
macro "danger" : command => `(unsafe def loop : 2 + 2 = 5 := loop)
danger
theorem bad : 2 + 2 = 5 := loop
