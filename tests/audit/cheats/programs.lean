-- case: run_cmd that adds an axiom
-- refused: program: run_cmd
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
open Lean in
run_cmd addDecl (.axiomDecl { name := `cheat, levelParams := [], type := mkConst ``False, isUnsafe := false })
theorem bad : 2 + 2 = 5 := cheat.elim
-- case: run_tac that adds an axiom
-- refused: program: run_tac
-- submission
theorem bad : 2 + 2 = 5 := by
  run_tac Lean.addDecl (.axiomDecl { name := `cheat, levelParams := [], type := Lean.mkConst ``False, isUnsafe := false })
  exact cheat.elim
-- case: run_elab
-- refused: program: run_elab
-- submission
run_elab Lean.logInfo "hello"
theorem bad : 2 + 2 = 5 := sorry
-- case: run_meta
-- refused: program: run_meta
-- submission
run_meta Lean.logInfo "hello"
theorem bad : 2 + 2 = 5 := sorry
-- case: by_elab
-- refused: program: by_elab
-- submission
theorem bad : 2 + 2 = 5 := by_elab return Lean.mkConst ``True.intro
-- case: #eval that reads a file
-- refused: program: bad.lean:1: it runs a program while Lean reads it (#eval)
-- submission
#eval IO.FS.readFile "/etc/passwd"
theorem bad : 2 + 2 = 5 := sorry
-- case: #eval!
-- refused: program: #eval!
-- submission
#eval! (sorry : Nat)
theorem bad : 2 + 2 = 5 := sorry
-- case: #eval behind open … in
-- refused: program: #eval
-- submission
open Nat in
#eval 1
theorem bad : 2 + 2 = 5 := sorry
-- case: #eval that a macro writes
-- refused: program: #eval
-- submission
macro "nothing" : command => `(#eval IO.println "hello")
nothing
theorem bad : 2 + 2 = 5 := sorry
-- case: initialize
-- refused: program: initialize
-- submission
initialize IO.println "hello"
theorem bad : 2 + 2 = 5 := sorry
-- case: initialize with a value
-- refused: program: initialize
-- submission
initialize counter : IO.Ref Nat ← IO.mkRef 0
theorem bad : 2 + 2 = 5 := sorry
-- case: builtin_initialize
-- refused: program: initialize
-- submission
builtin_initialize IO.println "hello"
theorem bad : 2 + 2 = 5 := sorry
-- case: a constant that a program sets at the start
-- refused: program: @[init]
-- submission
def start : IO Nat := return 1
@[init start] opaque value : Nat
theorem bad : 2 + 2 = 5 := sorry
-- case: a tactic of one's own
-- refused: program: elab
-- submission
elab "cheat" : tactic => Lean.Elab.admitGoal (← Lean.Elab.Tactic.getMainGoal)
theorem bad : 2 + 2 = 5 := by cheat
-- case: elaboration rules for a tactic of the library
-- refused: program: elab_rules
-- submission
elab_rules : tactic | `(tactic| decide) => Lean.Elab.admitGoal (← Lean.Elab.Tactic.getMainGoal)
theorem bad : 2 + 2 = 5 := by decide
-- case: a function registered as a tactic
-- refused: program: @[tactic]
-- submission
@[tactic Lean.Parser.Tactic.decide] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a function registered as a command
-- refused: program: @[command_elab]
-- submission
@[command_elab Lean.Parser.Command.declaration] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a simplification procedure
-- refused: program: simproc
-- submission
simproc cheat (2 + 2) := fun _ => return .done { expr := Lean.mkNatLit 5 }
theorem bad : 2 + 2 = 5 := by simp
-- case: an attribute given later
-- refused: program: (simproc)
-- submission
def cheat : Nat := 0
attribute [simproc] cheat
theorem bad : 2 + 2 = 5 := by simp
-- case: a program in a mutual block
-- refused: program: by_elab
-- submission
mutual
theorem bad : 2 + 2 = 5 := by_elab return Lean.mkConst ``True.intro
end
-- case: a command in a documentation comment that Lean elaborates
-- refused: program: #eval
-- submission
set_option doc.verso true
/--
```lean
#eval IO.println "hello"
```
-/
theorem bad : 2 + 2 = 5 := sorry
-- case: a command in a module's documentation that Lean elaborates
-- refused: program: run_cmd
-- submission
set_option doc.verso true
/-!
```lean
run_cmd Lean.logInfo "hello"
```
-/
theorem bad : 2 + 2 = 5 := sorry
-- case: a term in a documentation comment that Lean elaborates
-- refused: program: by_elab
-- submission
set_option doc.verso true
/-- Like {lean}`by_elab return Lean.mkConst (Lean.Name.mkSimple "True")`. -/
theorem bad : 2 + 2 = 5 := sorry
