/-
Copyright (c) 2026 The Proofsmith authors. All rights reserved.
Released under the MIT license as described in the file LICENSE.
-/
import Lean.CoreM
import Lean.Data.Json.Printer
import Lean.Meta.PPGoal

/-! # The exporter

Writes one JSON line for each theorem of the environment: name, module, statement, the constants that its statement and its
proof mention. The corpus (`data/corpus.py`) reads these lines.
-/

open Lean Meta

namespace Proofsmith

/-- Whether a constant is one that a person wrote. -/
def isWritten (env : Environment) (name : Name) : Bool :=
  !name.isInternal && !isPrivateName name && (env.getModuleIdxFor? name).isSome

/-- The line of one theorem. -/
def lineOf (env : Environment) (info : TheoremVal) : MetaM Json := do
  let module := (env.getModuleIdxFor? info.name).bind fun i ↦ env.header.moduleNames[i.toNat]?
  let names (e : Expr) := toJson (e.getUsedConstants.map toString)
  return Json.mkObj
    [("name", toString info.name), ("module", toString (module.getD .anonymous)),
      ("statement", toString (← ppExpr info.type)), ("statement_uses", names info.type),
      ("proof_uses", names info.value)]

/-- Writes the lines of all theorems of the modules below `root`. -/
def exportBelow (root : Name) (path : System.FilePath) : MetaM Unit := do
  let env ← getEnv
  let handle ← IO.FS.Handle.mk path .write
  for (name, info) in env.constants.map₁.toList do
    if let .thmInfo theorem_ := info then
      let module := (env.getModuleIdxFor? name).bind fun i ↦ env.header.moduleNames[i.toNat]?
      if isWritten env name && root.isPrefixOf (module.getD .anonymous) then
        handle.putStrLn (← lineOf env theorem_).compress

end Proofsmith
