"""Loops are proved by the invariants that Lean can keep, with a real Lean."""

from __future__ import annotations

import pytest

from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.builtin import builtin_policy
from prover.prove.theorem import Candidate, SearchSettings, find_candidate

LEAST = """def least (a : Array Int) (i : Nat) (m : Int) : Int :=
  if i < a.size then least a (i + 1) (if a[i]! < m then a[i]! else m) else m
def smallest (a : Array Int) : Int := least a 1 a[0]!
theorem t (a : Array Int) (h : 0 < a.size) :
    (∀ k, k < a.size → smallest a ≤ a[k]!) ∧ ∃ k, k < a.size ∧ smallest a = a[k]! := by sorry
"""
ROOT = """def root (n : Nat) : Nat :=
  let rec up : Nat → Nat → Nat
    | 0, r => r
    | b + 1, r => if (r + 1) * (r + 1) ≤ n then up b (r + 1) else r
  up (n + 1) 0
theorem t (n : Nat) : root n * root n ≤ n ∧ n < (root n + 1) * (root n + 1) := by sorry
"""
AGREE = """def agree (p q : List Char) : Bool :=
  let rec go (i : Nat) : Bool :=
    if i < p.length then if p[i]! ≠ q[i]! then false else go (i + 1) else true
  go 0
theorem t (p q : List Char) (h : p.length = q.length) : agree p q = true ↔ ∀ n, n < p.length → p[n]! = q[n]! := by sorry
"""


@pytest.mark.parametrize("text", [LEAST, ROOT, AGREE], ids=["accumulator", "fuel", "the rest"])
def test_a_specification_of_a_loop_is_proved(lean_worker: LeanWorker, text: str) -> None:
    (target,) = lean_worker.read(text).targets
    context = lean_worker.file_context(target)
    found = find_candidate(
        Dojo(target, lean_worker, 30), builtin_policy(), SearchSettings(timeout_s=None, max_expansions=12), context
    )
    assert isinstance(found, Candidate)
    assert "loops.invariant" in found.closed_by
