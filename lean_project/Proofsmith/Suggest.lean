/-
Copyright (c) 2026 The Proofsmith authors. All rights reserved.
Released under the MIT license as described in the file LICENSE.
-/
import Lean.Data.Json.Parser
import Lean.Data.Json.FromToJson
import Lean.Elab.Tactic.Basic
import Lean.Meta.Tactic.TryThis
import Proofsmith.Basic

/-! # The `proofsmith` tactic

`proofsmith` sends the goal to a server on this machine and offers the tactics that come back as "Try this", those that were
run on the goal and did not fail. The server speaks LeanCopilot's protocol: `POST /generate` with
`{"name", "input", "prefix"}`, answered by `{"outputs": [{"output", "score"}]}`. Its address is the environment variable
`PROOFSMITH_SERVER`, by default `http://localhost:23337`.

The tactic never closes a goal by itself; an accepted suggestion is checked by Lean like any text.
-/

open Lean Elab Tactic Meta

namespace Proofsmith

/-- Where the server listens. -/
def serverAddress : IO String := do
  return (← IO.getEnv "PROOFSMITH_SERVER").getD "http://localhost:23337"

/-- The request for a goal. -/
def request (goal pfx : String) : Json :=
  Json.mkObj [("name", "proofsmith"), ("input", goal), ("prefix", pfx)]

/-- The tactics of an answer, best first, each once. -/
def offers (answer : Json) : Except String (Array String) := do
  let outputs ← (← answer.getObjVal? "outputs").getArr?
  let tactics ← outputs.mapM fun output ↦ do (← output.getObjVal? "output").getStr?
  return tactics.foldl (fun found tactic ↦ if found.contains tactic then found else found.push tactic) #[]

/-- Asks the server; errors say what to start. -/
def ask (goal pfx : String) : IO (Array String) := do
  let address ← serverAddress
  let out ← IO.Process.output
    { cmd := "curl"
      args := #["-sS", "--max-time", "60", "-H", "Content-Type: application/json", "-d", (request goal pfx).compress,
        address ++ "/generate"] }
  unless out.exitCode == 0 do
    throw <| IO.userError s!"no answer at {address}; start one with `proofsmith serve`. {out.stderr}"
  match Json.parse out.stdout >>= offers with
  | .ok found => return found
  | .error e => throw <| IO.userError s!"{address} gave an answer that cannot be read: {e}"

/-- Runs a tactic on the goals as they are and puts them back; what it left, if it did not fail. -/
def tryOut (tactic : String) : TacticM (Option Nat) := do
  let saved ← saveState
  try
    match Parser.runParserCategory (← getEnv) `tactic tactic with
    | .error _ => return none
    | .ok stx =>
      evalTactic stx
      let open? := (← getUnsolvedGoals).length
      if (← getThe Core.State).messages.hasErrors then return none
      return some open?
  catch _ =>
    return none
  finally
    saved.restore

/-- Asks, tries, and offers what did not fail; what closes the goal stands in front. -/
def suggest (ref : Syntax) (pfx : String) : TacticM Unit := withMainContext do
  let goal := toString (← ppGoal (← getMainGoal))
  let mut tried : List (Offer × Outcome) := []
  for tactic in (← ask goal pfx) do
    let outcome := match (← tryOut tactic) with
      | none => Outcome.failed
      | some goals => Outcome.left goals
    tried := tried ++ [({ tactic, score := 0 }, outcome)]
  let found := ranked tried
  if found.isEmpty then
    throwError "proofsmith: the server's suggestions all fail here"
  Lean.Meta.Tactic.TryThis.addSuggestions ref
    (found.toArray.map fun offer ↦ ({ suggestion := .string offer.tactic } : Lean.Meta.Tactic.TryThis.Suggestion))

/-- `proofsmith` offers tactics for the goal; `proofsmith "rw"` only such that begin with `rw`. -/
elab tk:"proofsmith" pfx:(ppSpace str)? : tactic => do
  suggest tk ((pfx.map fun s ↦ s.getString).getD "")
  admitGoal (← getMainGoal)

end Proofsmith
