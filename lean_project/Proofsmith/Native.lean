/-
Copyright (c) 2026 The Proofsmith authors. All rights reserved.
Released under the MIT license as described in the file LICENSE.
-/
import Lean.Data.Json.Printer
import Lean.DeclarationRange
import Lean.Elab.Command
import Lean.Elab.Tactic.Basic
import Lean.Util.CollectAxioms

/-! # What proofsmith asks a native Lean

Three questions that proofsmith would otherwise put to the text of a file: which theorems of a module are proved by `sorry`,
which term a theorem's statement is, and what a tactic says while it runs. Answers are single lines of JSON behind a fixed
first word.

The file imports nothing but Lean. proofsmith compiles it for the Lean of the project that it works on, and asks the text
where that fails. It is written with few of the library's conveniences, so that a Lean which has only the exported part of
its library can compile it, too.
-/

open Lean Elab Command Tactic

namespace Proofsmith.Native

/-! ## Terms -/

/-- Terms that were met, by hash, each with its number. -/
inductive Met where
  /-- None. -/
  | leaf
  /-- The terms of one hash, those of smaller hashes, those of larger ones. -/
  | node (hash : UInt64) (terms : List (Expr × Nat)) (smaller larger : Met)

/-- The number of a term in a list. -/
def numberIn (e : Expr) : List (Expr × Nat) → Option Nat
  | [] => none
  | (x, number) :: rest => if x == e then some number else numberIn e rest

/-- The number of a term that was met. -/
def Met.find (e : Expr) : Met → Option Nat
  | .leaf => none
  | .node hash terms smaller larger =>
    if e.hash == hash then numberIn e terms else if e.hash < hash then smaller.find e else larger.find e

/-- Notes a term's number. -/
def Met.insert (e : Expr) (number : Nat) : Met → Met
  | .leaf => .node e.hash [(e, number)] .leaf .leaf
  | .node hash terms smaller larger =>
    if e.hash == hash then .node hash ((e, number) :: terms) smaller larger
    else if e.hash < hash then .node hash terms (smaller.insert e number) larger
    else .node hash terms smaller (larger.insert e number)

/-- A term as lines, the last one first; a line names its parts by their numbers. -/
structure Written where
  /-- Which terms have a line. -/
  met : Met
  /-- How many lines there are. -/
  count : Nat
  /-- The lines. -/
  lines : List Json

/-- A universe level as text. -/
def levelText : Level → String
  | .zero => "0"
  | .succ l => "(s " ++ levelText l ++ ")"
  | .max a b => "(max " ++ levelText a ++ " " ++ levelText b ++ ")"
  | .imax a b => "(imax " ++ levelText a ++ " " ++ levelText b ++ ")"
  | .param n => "(param " ++ n.toString ++ ")"
  | .mvar _ => "(mvar)"

/-- Several levels as text. -/
def levelsText : List Level → String
  | [] => ""
  | l :: rest => " " ++ levelText l ++ levelsText rest

/-- Adds a line for a term that has none. -/
def Written.add (w : Written) (e : Expr) (line : String) : Nat × Written :=
  (w.count, { met := w.met.insert e w.count, count := w.count + 1, lines := Json.str line :: w.lines })

/-- Writes a term, each of its different parts once; the names and kinds of bound variables are left out, as are annotations.
Gives its number. -/
partial def write (e : Expr) (w : Written) : Nat × Written :=
  match w.met.find e with
  | some number => (number, w)
  | none =>
    match e with
    | .bvar i => w.add e ("bvar " ++ toString i)
    | .fvar _ => w.add e "fvar"
    | .mvar _ => w.add e "mvar"
    | .sort l => w.add e ("sort " ++ levelText l)
    | .const n ls => w.add e ("const " ++ n.toString ++ levelsText ls)
    | .app f a =>
      let (x, w) := write f w
      let (y, w) := write a w
      w.add e ("app " ++ toString x ++ " " ++ toString y)
    | .lam _ t b _ =>
      let (x, w) := write t w
      let (y, w) := write b w
      w.add e ("lam " ++ toString x ++ " " ++ toString y)
    | .forallE _ t b _ =>
      let (x, w) := write t w
      let (y, w) := write b w
      w.add e ("forall " ++ toString x ++ " " ++ toString y)
    | .letE _ t v b _ =>
      let (x, w) := write t w
      let (y, w) := write v w
      let (z, w) := write b w
      w.add e ("let " ++ toString x ++ " " ++ toString y ++ " " ++ toString z)
    | .lit (.natVal n) => w.add e ("nat " ++ toString n)
    | .lit (.strVal s) => w.add e ("str " ++ s)
    | .mdata _ b => write b w
    | .proj n i b =>
      let (x, w) := write b w
      w.add e ("proj " ++ n.toString ++ " " ++ toString i ++ " " ++ toString x)

/-- A list the other way round, in front of another. -/
def onto (front back : List Json) : List Json :=
  match front with
  | [] => back
  | x :: rest => onto rest (x :: back)

/-- A term as an array of lines. -/
def termJson (e : Expr) : Json :=
  let (_, w) := write e { met := .leaf, count := 0, lines := [] }
  Json.arr (onto w.lines []).toArray

/-! ## Theorems -/

/-- Names as JSON. -/
def namesJson : List Name → List Json
  | [] => []
  | n :: rest => Json.str n.toString :: namesJson rest

/-- What a binder, or nothing, stands in front of. -/
def innermost : Expr → Expr
  | .lam _ _ b _ => innermost b
  | .mdata _ b => innermost b
  | e => e

/-- Whether a proof is nothing but `sorry`, or has one inside. -/
def sorryText (value : Expr) : String :=
  if (innermost value).getAppFn.isConstOf ``sorryAx then "whole"
  else if value.hasSorry then "inside"
  else "none"

/-- Facts about a theorem: its statement as a term, its universe parameters, whether it waits for a proof. -/
def theoremJson (info : TheoremVal) (axioms : List Name) : Json :=
  Json.mkObj [("name", Json.str info.name.toString), ("levels", Json.arr (namesJson info.levelParams).toArray),
    ("statement", termJson info.type), ("sorry", Json.str (sorryText info.value)),
    ("axioms", Json.arr (namesJson axioms).toArray)]

/-- Answers a command with a line of JSON, at its place. -/
def answer (stx : Syntax) (json : Json) : CommandElabM Unit := do
  let context ← read
  let start : String.Pos.Raw := match stx.getPos? with
    | some start => start
    | none => 0
  let text := MessageData.ofFormat (.text ("proofsmith " ++ json.compress))
  let message : Message :=
    { fileName := context.fileName, pos := context.fileMap.toPosition start, severity := .information, data := text }
  modify fun s ↦ { s with messages := s.messages.add message }

/-- Ends a command with an error of one line. -/
def refuse {α : Type} (stx : Syntax) (text : String) : CommandElabM α :=
  throw (Exception.error stx (MessageData.ofFormat (.text text)))

/-- `#proofsmith_theorem name` tells of one theorem: its statement, and the axioms that it rests on. -/
syntax (name := theoremCommand) "#proofsmith_theorem " ident : command

/-- See the syntax. -/
@[command_elab theoremCommand] def elabTheoremCommand : CommandElab := fun stx ↦ do
  let name := stx[1].getId
  match (← getEnv).find? name with
  | some (.thmInfo info) => answer stx (theoremJson info (← collectAxioms name).toList)
  | _ => refuse stx ("there is no theorem " ++ name.toString)

/-! ## Theorems that wait for a proof -/

/-- Facts about those of some declarations that are theorems with `sorry`. -/
def waiting (env : Environment) : List Name → List Json
  | [] => []
  | name :: rest =>
    match env.find? name with
    | some (.thmInfo info) =>
      if sorryText info.value == "none" then waiting env rest else theoremJson info [] :: waiting env rest
    | _ => waiting env rest

/-- The names of the declarations of an imported module. -/
def declarationsOf (env : Environment) (module : Name) : Option (List Name) :=
  match env.getModuleIdx? module with
  | none => none
  | some i => match env.header.moduleData[i.toNat]? with
    | none => none
    | some data => some data.constNames.toList

/-- The names that some syntax consists of. -/
def namesOf : List Syntax → List Name
  | [] => []
  | stx :: rest => stx.getId :: namesOf rest

/-- `#proofsmith_waiting module names` lists the theorems of an imported module that have `sorry`, with their statements. Where
there is no such module, it lists those of the names that are such theorems. -/
syntax (name := waitingCommand) "#proofsmith_waiting " ident (ppSpace ident)* : command

/-- See the syntax. -/
@[command_elab waitingCommand] def elabWaitingCommand : CommandElab := fun stx ↦ do
  let env ← getEnv
  let names := match declarationsOf env stx[1].getId with
    | some names => names
    | none => namesOf stx[2].getArgs.toList
  answer stx (Json.arr (waiting env names).toArray)

/-! ## What a tactic says -/

/-- The texts of messages. -/
def textsOf : List Message → BaseIO (List Json)
  | [] => return []
  | m :: rest => do
    let text ← m.data.toString
    return Json.str text :: (← textsOf rest)

/-- `proofsmith_says tactics` runs tactics and always fails: with all that they said as its error. -/
syntax (name := saysTactic) "proofsmith_says " tacticSeq : tactic

/-- See the syntax. -/
@[tactic saysTactic] def elabSaysTactic : Tactic := fun stx a b c d e f g h ↦ do
  h.modify fun s ↦ { s with messages := {} }
  tryCatch (evalTactic stx[1] a b { c with tacSnap? := none } d e f g h) fun _ ↦ pure ()
  let said ← textsOf (← h.get).messages.toList
  throw (Exception.error stx (MessageData.ofFormat (.text ("proofsmith says " ++ (Json.arr said.toArray).compress))))

end Proofsmith.Native
