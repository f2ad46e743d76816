-- case: delab that does IO
-- refused: program: @[delab]
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
import Lean
@[delab app.HAdd.hAdd] def cheat : Lean.PrettyPrinter.Delaborator.Delab := do
  IO.println "hello"
  failure
theorem bad : 2 + 2 = 5 := by decide
-- case: app_delab
-- refused: program: @[app_delab]
-- submission
import Lean
@[app_delab HAdd.hAdd] def cheat : Lean.PrettyPrinter.Delaborator.Delab := failure
theorem bad : 2 + 2 = 5 := by decide
-- case: app_unexpander
-- refused: program: @[app_unexpander]
-- submission
@[app_unexpander HAdd.hAdd] def cheat : Lean.PrettyPrinter.Unexpander := fun _ => throw ()
theorem bad : 2 + 2 = 5 := by decide
-- case: app_unexpander given later
-- refused: program: @[app_unexpander]
-- submission
def cheat : Lean.PrettyPrinter.Unexpander := fun _ => throw ()
attribute [app_unexpander HAdd.hAdd] cheat
theorem bad : 2 + 2 = 5 := by decide
-- case: app_unexpander in a macro's quotation
-- refused: program: @[app_unexpander]
-- submission
macro "quiet" : command => `(@[app_unexpander HAdd.hAdd] def cheat : Lean.PrettyPrinter.Unexpander := fun _ => throw ())
quiet
theorem bad : 2 + 2 = 5 := by decide
-- case: local delab
-- refused: program: @[delab]
-- submission
import Lean
def cheat : Lean.PrettyPrinter.Delaborator.Delab := failure
attribute [local delab app.HAdd.hAdd] cheat
theorem bad : 2 + 2 = 5 := by decide
-- case: scoped delab behind another attribute
-- refused: program: @[delab]
-- submission
import Lean
@[inline, scoped delab app.HAdd.hAdd] def cheat : Lean.PrettyPrinter.Delaborator.Delab := failure
theorem bad : 2 + 2 = 5 := by decide
-- case: a formatter
-- refused: program: @[formatter]
-- submission
import Lean
@[formatter Lean.Parser.Term.app] def cheat : Lean.PrettyPrinter.Formatter := throw default
theorem bad : 2 + 2 = 5 := by decide
-- case: a parenthesizer
-- refused: program: @[parenthesizer]
-- submission
import Lean
@[parenthesizer Lean.Parser.Term.app] def cheat : Lean.PrettyPrinter.Parenthesizer := throw default
theorem bad : 2 + 2 = 5 := by decide
-- case: a category's parenthesizer
-- refused: program: @[category_parenthesizer]
-- submission
import Lean
@[category_parenthesizer term] def cheat : Lean.PrettyPrinter.CategoryParenthesizer := fun _ => throw default
theorem bad : 2 + 2 = 5 := by decide
-- case: a combinator's formatter
-- refused: program: @[combinator_formatter]
-- submission
import Lean
@[combinator_formatter Lean.Parser.many] def cheat : Lean.PrettyPrinter.Formatter := throw default
theorem bad : 2 + 2 = 5 := by decide
-- case: a macro by attribute
-- refused: program: @[macro]
-- submission
@[macro Lean.Parser.Term.paren] def cheat : Lean.Macro := fun _ => `(5)
theorem bad : 2 + 2 = 5 := by decide
-- case: a parser by attribute
-- refused: program: @[term_parser]
-- submission
import Lean
@[term_parser] def cheat : Lean.Parser.Parser := Lean.Parser.symbol "four"
theorem bad : 2 + 2 = 5 := by decide
-- case: a tactic's parser by attribute
-- refused: program: @[tactic_parser]
-- submission
import Lean
@[tactic_parser] def cheat : Lean.Parser.Parser := Lean.Parser.symbol "four"
theorem bad : 2 + 2 = 5 := by decide
-- case: hooks of a parser
-- refused: program: @[run_parser_attribute_hooks]
-- submission
import Lean
@[run_parser_attribute_hooks] def cheat : Lean.Parser.Parser := Lean.Parser.symbol "four"
theorem bad : 2 + 2 = 5 := by decide
-- case: a term's elaborator by attribute
-- refused: program: @[term_elab]
-- submission
import Lean
@[term_elab Lean.Parser.Term.app] def cheat : Lean.Elab.Term.TermElab := fun _ _ => return Lean.mkNatLit 5
theorem bad : 2 + 2 = 5 := by decide
-- case: an elaborator of do elements
-- refused: program: @[doElem_elab]
-- submission
@[doElem_elab Lean.Parser.Term.doReturn] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: an elaborator of inductive types
-- refused: program: @[inductive_elab]
-- submission
@[inductive_elab Lean.Parser.Command.inductive] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a step of grind
-- refused: program: @[grind_tactic]
-- submission
@[grind_tactic Lean.Parser.Tactic.Grind.done] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a simplification procedure by attribute
-- refused: program: (simproc)
-- submission
@[simproc] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by simp
-- case: a procedure for bv_decide
-- refused: program: @[bv_normalize_proc]
-- submission
@[bv_normalize_proc] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: dsimproc
-- refused: program: simproc
-- submission
dsimproc cheat (2 + 2) := fun _ => return .done (Lean.mkNatLit 5)
theorem bad : 2 + 2 = 5 := by dsimp
-- case: a declared simplification procedure
-- refused: program: simproc
-- submission
simproc_decl cheat (2 + 2) := fun _ => return .done { expr := Lean.mkNatLit 5 }
theorem bad : 2 + 2 = 5 := by simp [cheat]
-- case: a propagator of grind
-- refused: program: builtin_grind_propagator
-- submission
builtin_grind_propagator cheat ↑Or := fun _ => return ()
theorem bad : 2 + 2 = 5 := by grind
-- case: a compiler pass
-- refused: program: @[cpass]
-- submission
@[cpass] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by native_decide
-- case: a name for foreign code
-- refused: program: @[export]
-- submission
@[export lean_nat_add] def cheat (a b : Nat) : Nat := a * b + 1
theorem bad : 2 + 2 = 5 := by decide
-- case: init given later
-- refused: program: @[init]
-- submission
def start : IO Unit := IO.println "hello"
attribute [init] start
theorem bad : 2 + 2 = 5 := by decide
-- case: builtin_init
-- refused: program: @[builtin_init]
-- submission
@[builtin_init] def start : IO Unit := IO.println "hello"
theorem bad : 2 + 2 = 5 := by decide
-- case: a linter's function
-- refused: program: @[unused_variables_ignore_fn]
-- submission
import Lean
@[unused_variables_ignore_fn] def cheat : Lean.Linter.IgnoreFunction := fun _ _ _ => true
theorem bad : 2 + 2 = 5 := by decide
-- case: a handler of missing documentation
-- refused: program: @[missing_docs_handler]
-- submission
@[missing_docs_handler Lean.Parser.Command.declaration] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a code action
-- refused: program: @[code_action_provider]
-- submission
@[code_action_provider] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a code action on commands
-- refused: program: @[command_code_action]
-- submission
import Lean
@[command_code_action] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a widget
-- refused: program: @[widget_module]
-- submission
import Lean
@[widget_module] def cheat : Lean.Widget.Module := { javascript := "alert(1)" }
theorem bad : 2 + 2 = 5 := by decide
-- case: a widget shown
-- refused: program: #widget
-- submission
import Lean
#widget default
theorem bad : 2 + 2 = 5 := by decide
-- case: an RPC method
-- refused: program: @[server_rpc_method]
-- submission
import Lean
@[server_rpc_method] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: an expander of docstrings
-- refused: program: @[doc_role]
-- submission
@[doc_role] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a selector of lemmas
-- refused: program: @[library_suggestions]
-- submission
@[library_suggestions] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a selector of lemmas by command
-- refused: program: set_library_suggestions
-- submission
import Lean
set_library_suggestions fun _ _ => return #[]
theorem bad : 2 + 2 = 5 := by decide
-- case: suggestions for try?
-- refused: program: @[try_suggestion]
-- submission
import Lean
@[try_suggestion] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: an incremental elaborator
-- refused: program: @[incremental]
-- submission
@[incremental] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a check of quotations
-- refused: program: @[quot_precheck]
-- submission
@[quot_precheck Lean.Parser.Term.app] def cheat : Nat := 0
theorem bad : 2 + 2 = 5 := by decide
-- case: a simp set of one's own
-- refused: program: register_simp_attr
-- submission
import Lean
register_simp_attr mine
theorem bad : 2 + 2 = 5 := by decide
-- case: an option of one's own
-- refused: program: register_option
-- submission
import Lean
register_option mine : Bool := { defValue := true }
theorem bad : 2 + 2 = 5 := by decide
-- case: a tactic like simp
-- refused: program: declare_simp_like_tactic
-- submission
import Lean
declare_simp_like_tactic cheat "cheat " fun c => c
theorem bad : 2 + 2 = 5 := by decide
-- case: a tactic's configuration
-- refused: program: declare_config_elab
-- submission
import Lean
structure Mine where
  x : Nat := 0
declare_config_elab elabMine Mine
theorem bad : 2 + 2 = 5 := by decide
-- case: a file read while elaborating
-- refused: program: include_str
-- submission
def secret : String := include_str "/etc/passwd"
theorem bad : 2 + 2 = 5 := by decide
-- case: native code preferred
-- refused: program: interpreter.prefer_native
-- submission
set_option interpreter.prefer_native true
theorem bad : 2 + 2 = 5 := by decide
-- case: native code preferred in a term
-- refused: program: interpreter.prefer_native
-- submission
theorem bad : 2 + 2 = 5 := set_option interpreter.prefer_native true in by decide
-- case: native code preferred in a tactic, by a macro
-- refused: program: interpreter.prefer_native
-- submission
macro "fast" t:tacticSeq : tactic => `(tactic| set_option interpreter.prefer_native true in $t)
theorem bad : 2 + 2 = 5 := by fast decide
-- case: the last but one cheat of a file counts, too
-- refused: program: bad.lean:3: it runs a program while Lean reads it (@[delab])
-- submission
import Lean
theorem bad : 2 + 2 = 5 := sorry
@[delab app.Nat.add] def cheat : Lean.PrettyPrinter.Delaborator.Delab := failure
def more : Nat := 1
-- case: the elaborator that refuses is taken away
-- refused: program: attribute [-tactic]
-- submission
def proofsmith.confine : Nat := 0
attribute [-tactic] proofsmith.confine
open Lean
macro "cheat" : tactic => do
  let body ← `(doSeq| Lean.Elab.Tactic.done)
  return ⟨Syntax.node .none (`Lean.Parser.Tactic ++ `runTac) #[mkAtom "run_tac", body]⟩
theorem bad : 2 + 2 = 5 := by cheat
-- case: the elaborator that refuses is taken away by a macro
-- refused: program: attribute [-command_elab]
-- submission
def proofsmith.confine : Nat := 0
macro "free" : command => `(attribute [-command_elab] proofsmith.confine)
free
set_option interpreter.prefer_native true
theorem bad : 2 + 2 = 5 := by decide
-- case: the elaborator that refuses is taken away by a node whose attribute's name is made
-- refused: program: attribute [-command_elab]
-- submission
open Lean
def proofsmith.confine : Nat := 0
macro "free" : command => do
  let name := mkIdent (.mkSimple ("command" ++ "_elab"))
  `(attribute [-$name] proofsmith.confine)
free
theorem bad : 2 + 2 = 5 := by decide
-- case: an elaborator of Lean is taken away
-- refused: program: attribute [-term_elab]
-- submission
attribute [-term_elab] Lean.Elab.Term.elabApp
theorem bad : 2 + 2 = 5 := by decide
-- case: an attribute of a namespace, scoped
-- refused: program: it runs a program while Lean reads it
-- submission
import Lean
open Lean PrettyPrinter Delaborator
namespace X
def d : Delab := failure
scoped attribute [delab app.Nat.add] d
end X
theorem bad : 2 + 2 = 5 := by decide
