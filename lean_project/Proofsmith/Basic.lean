/-
Copyright (c) 2026 The Proofsmith authors. All rights reserved.
Released under the MIT license as described in the file LICENSE.
-/

/-! # Ranking suggestions

Plain functions on what the server answers, and what can be proved about them. Nothing here runs Lean's elaborator, so this
file is the same for every version.
-/

namespace Proofsmith

/-- A tactic that the server offers. -/
structure Offer where
  /-- The tactic as text. -/
  tactic : String
  /-- Its score; larger is better. -/
  score : Nat

/-- How a tactic that was tried has ended. -/
inductive Outcome where
  /-- It failed. -/
  | failed
  /-- It left this many goals. -/
  | left (goals : Nat)

/-- Whether nothing is left to prove. -/
def Outcome.closes : Outcome → Bool
  | .failed => false
  | .left goals => goals == 0

/-- The offers that did not fail, those that close the goal in front; otherwise in the order in which they came. -/
def ranked (tried : List (Offer × Outcome)) : List Offer :=
  let closing := tried.filter fun t ↦ t.2.closes
  let leaving := tried.filter fun t ↦ match t.2 with
    | .failed => false
    | .left goals => goals != 0
  (closing ++ leaving).map Prod.fst

theorem closes_left_zero : (Outcome.left 0).closes = true := rfl

theorem not_closes_failed : Outcome.failed.closes = false := rfl

/-- Ranking invents nothing: what is offered was tried. -/
theorem mem_of_mem_ranked {offer : Offer} {tried : List (Offer × Outcome)} (h : offer ∈ ranked tried) :
    ∃ outcome, (offer, outcome) ∈ tried := by
  simp only [ranked, List.map_append, List.mem_append, List.mem_map, List.mem_filter] at h
  rcases h with ⟨⟨o, r⟩, ⟨hm, _⟩, rfl⟩ | ⟨⟨o, r⟩, ⟨hm, _⟩, rfl⟩
  · exact ⟨r, hm⟩
  · exact ⟨r, hm⟩

/-- Ranking offers no more than was tried. -/
theorem ranked_nil : ranked [] = [] := rfl

end Proofsmith
