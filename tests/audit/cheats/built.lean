-- case: a macro that builds a run_tac node
-- refused: program: run_tac
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
open Lean
macro "cheat" : tactic => do
  let body ← `(doSeq| Lean.Elab.Tactic.done)
  return ⟨Syntax.node .none (`Lean.Parser.Tactic ++ `runTac) #[mkAtom "run_tac", body]⟩
theorem bad : 2 + 2 = 5 := by cheat
-- case: a run_tac node behind first
-- refused: program: run_tac
-- submission
open Lean
macro "cheat" : tactic => do
  let body ← `(doSeq| Lean.Elab.Tactic.done)
  return ⟨Syntax.node .none (`Lean.Parser.Tactic ++ `runTac) #[mkAtom "run_tac", body]⟩
theorem bad : 2 + 2 = 5 := by first | cheat | decide
-- case: a by_elab node
-- refused: program: by_elab
-- submission
open Lean
macro "cheat" : term => do
  let body ← `(doSeq| return mkConst `True)
  return ⟨Syntax.node .none (.str `Lean "byElab") #[mkAtom "by_elab", body]⟩
theorem bad : 2 + 2 = 5 := cheat
-- case: an #eval node
-- refused: program: #eval
-- submission
open Lean
macro "cheat" : command => do
  let body ← `(IO.println "hello")
  return ⟨Syntax.node .none (`Lean.Parser.Command ++ `eval) #[mkAtom "#eval", body]⟩
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: a run_cmd node
-- refused: program: run_cmd
-- submission
open Lean
macro "cheat" : command => do
  let body ← `(doSeq| return ())
  return ⟨Syntax.node .none (`Lean ++ `runCmd) #[mkAtom "run_cmd", body]⟩
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: an initialize node
-- refused: program: init
-- submission
open Lean
macro "cheat" : command => do
  let body ← `(doSeq| IO.println "hello")
  return ⟨Syntax.node .none (`Lean.Parser.Command ++ `initialize) #[mkNullNode, mkAtom "initialize", mkNullNode, body]⟩
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: an attribute whose name is made
-- refused: program: @[init]
-- submission
open Lean
macro "cheat" : command => do
  let attr : TSyntax `attr := ⟨Syntax.node .none (`Lean.Parser.Attr ++ `simple) #[mkIdent (.mkSimple ("in" ++ "it")), mkNullNode]⟩
  let attr : TSyntax `Lean.Parser.Term.attrInstance := ⟨Syntax.node .none (`Lean.Parser.Term ++ `attrInstance)
    #[Syntax.node .none (`Lean.Parser.Term ++ `attrKind) #[mkNullNode], attr]⟩
  `(@[$attr] def start : IO Unit := return ())
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: a tactic's attribute whose name is made
-- refused: program: @[export]
-- submission
open Lean
macro "cheat" : command => do
  let attr : TSyntax `attr := ⟨Syntax.node .none (`Lean.Parser.Attr ++ `export) #[mkAtom "export", mkIdent `lean_nat_add]⟩
  let attr : TSyntax `Lean.Parser.Term.attrInstance := ⟨Syntax.node .none (`Lean.Parser.Term ++ `attrInstance)
    #[Syntax.node .none (`Lean.Parser.Term ++ `attrKind) #[mkNullNode], attr]⟩
  `(@[$attr] def twice (n : Nat) : Nat := n + n)
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: an option whose name is made
-- refused: program: interpreter.prefer_native
-- submission
open Lean
macro "cheat" : command => do
  let option := mkIdent (.str (.mkSimple ("inter" ++ "preter")) "prefer_native")
  return ⟨Syntax.node .none (`Lean.Parser.Command ++ `set_option) #[mkAtom "set_option", option, mkNullNode, mkAtom "true"]⟩
cheat
theorem bad : 2 + 2 = 5 := sorry
-- case: an include_str node
-- refused: program: include_str
-- submission
open Lean
macro "cheat" : term => do
  return ⟨Syntax.node .none (.str `Lean "includeStr") #[mkAtom "include_str", Syntax.mkStrLit "/etc/passwd"]⟩
theorem bad : 2 + 2 = 5 := absurd (cheat : String).length cheat
-- case: a macro that rests on a sorry
-- refused: program: whose code could do anything
-- submission
open Lean
theorem false_equation : Nat = MacroM Syntax := sorry
macro "cheat" : term => cast false_equation 0
theorem bad : 2 + 2 = 5 := cheat
-- case: a macro that rests on an axiom
-- refused: program: whose code could do anything
-- submission
open Lean
axiom false_equation : Nat = MacroM Syntax
macro "cheat" : term => cast false_equation 0
theorem bad : 2 + 2 = 5 := cheat
-- case: a macro that rests on an axiom by way of a function
-- refused: program: whose code could do anything
-- submission
open Lean
axiom same (α β : Type) : α = β
def turn {α β : Type} (x : α) : β := cast (same α β) x
def run (x : IO Unit) : Nat := turn x
macro "cheat" : term => do
  return Syntax.mkNumLit (toString (run (IO.println "hello")))
theorem bad : 2 + 2 = 5 := cheat
-- case: a macro that rests on what no kernel has seen
-- refused: program: whose code could do anything
-- submission
open Lean
set_option debug.skipKernelTC true in
theorem same : (0 : Nat) = 1 := by decide +kernel
macro "cheat" : term => do
  if (0 : Nat) = 1 then `(5) else `(4)
theorem bad : 2 + 2 = cheat := same.symm ▸ rfl
-- case: foreign code that the proof does not use
-- refused: extern: foreign code
-- target
theorem t : 2 + 2 = 4 := sorry
-- submission
@[extern "lean_io_exit"] opaque cheat : Nat → Nat
theorem t : 2 + 2 = 4 := by decide
-- case: foreign code that a macro would run
-- refused: program: whose code could do anything
-- submission
@[extern "lean_io_exit"] opaque cheat : Nat → Nat
macro "four" : term => return Lean.Syntax.mkNumLit (toString (cheat 4))
theorem t : 2 + 2 = 4 := show 2 + 2 = four by decide
-- case: a macro that calls itself, unsafely
-- refused: program: whose code could do anything
-- submission
open Lean
macro "declare" : command => do
  let modifiers := Syntax.node .none (`Lean.Parser.Command ++ `declModifiers)
    #[mkNullNode, mkNullNode, mkNullNode, mkNullNode, mkNullNode,
      mkNullNode #[Syntax.node .none (.str `Lean.Parser.Command ("un" ++ "safe")) #[mkAtom "unsafe"]], mkNullNode]
  let plain ← `(def cheat : Macro := cheat)
  return plain.raw.setArg 0 modifiers
declare
macro "four" : term => do
  let n := mkIdent `cheat
  `($n)
attribute [macro Lean.Parser.Term.paren] cheat
theorem t : 2 + 2 = 4 := by decide
-- case: a function that a replacement makes unsafe after its caller was found clean
-- refused: program: whose code could do anything
-- submission
open Lean
@[noinline] def f {α : Type} (_ : IO α) : Except IO.Error α := .error (.userError "")
@[inline] def g (x : IO Unit) : Nat := match f x with | .ok _ => 4 | .error _ => 5
macro "warm" : term => return Syntax.mkNumLit (toString (g (return ())))
attribute [implemented_by unsafeIO] f
macro "four" : term => return Syntax.mkNumLit (toString (g (return ())))
theorem t : 2 + 2 = 4 := show 2 + 2 = four by decide
-- case: a function of the library that runs actions, as an implementation
-- refused: program: whose code could do anything
-- submission
open Lean
@[noinline] def f {α : Type} (_ : IO α) : Except IO.Error α := .error (.userError "")
attribute [implemented_by unsafeIO] f
macro "four" : term => return Syntax.mkNumLit (toString (match f (return ()) with | .ok _ => 4 | .error _ => 5))
theorem t : 2 + 2 = 4 := show 2 + 2 = four by decide
-- case: an automatic parameter whose tactic is a run_tac node
-- refused: program: run_tac
-- submission
open Lean
def hidden : Syntax := Syntax.node .none (`Lean.Parser.Tactic ++ `runTac) #[mkAtom "run_tac", Syntax.node .none `null #[]]
theorem help (h : autoParam (2 + 2 = 4) hidden) : 2 + 2 = 4 := h
theorem t : 2 + 2 = 4 := help
-- case: a configuration that an action would compute
-- refused: error: Error evaluating configuration
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
axiom same (α β : Type) : α = β
noncomputable def config (x : IO Unit) : Lean.Meta.Simp.Config := cast (same _ _) x
theorem bad : 2 + 2 = 5 := by simp (config := config (IO.println "hello"))
-- case: a value that an action would compute, guarded
-- refused: error: decide
-- submission
axiom same (α β : Type) : α = β
def run (x : IO Unit) : Nat := cast (same _ _) x
#guard run (IO.println "hello") == 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a run_tac node where other threads elaborate
-- refused: program: run_tac
-- submission
set_option Elab.async true
open Lean
macro "cheat" : tactic => do
  let body ← `(doSeq| Lean.Elab.Tactic.done)
  return ⟨Syntax.node .none (`Lean.Parser.Tactic ++ `runTac) #[mkAtom "run_tac", body]⟩
theorem bad : 2 + 2 = 5 := by cheat
