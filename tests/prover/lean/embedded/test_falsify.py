"""Evaluation outside Lean: false goals get values, true ones none, whatever the types are called."""

from __future__ import annotations

import time

import pytest
from lean_dojo import TacticState

from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Limits, Looking
from prover.lean.targets import Target
from prover.prove.lemmas import CHECK, Falsifiable

TEXT = """\
namespace Own
inductive Nat where
  | Z
  | S (n : Nat)
inductive Tree (α : Type) where
  | leaf
  | node (l : Tree α) (x : α) (r : Tree α)
def add : Nat → Nat → Nat
  | .Z, y => y
  | .S x, y => .S (add x y)
def mirror {α : Type} : Tree α → Tree α
  | .leaf => .leaf
  | .node l x r => .node (mirror r) x (mirror l)
inductive Even : _root_.Nat → Prop where
  | zero : Even 0
  | step (n : _root_.Nat) : Even n → Even (n + 2)
theorem own_false (x y : Nat) : add x y = x := by sorry
theorem own_true (x y : Nat) : add x y = add y x := by sorry
theorem tree_false {α : Type} (t : Tree α) : mirror t = t := by sorry
theorem tree_true {α : Type} (t : Tree α) : mirror (mirror t) = t := by sorry
theorem all_even (n : _root_.Nat) (h : Even n) : n < 6 := by sorry
end Own
def halve (n : Nat) : Nat := if h : n < 2 then 0 else halve (n - 2) + 1
termination_by n
partial def endless (n : Nat) : Nat := endless (n + 1)
theorem by_measure (n : Nat) : halve n + halve n = n := by sorry
theorem by_measure_true (n : Nat) (h : n % 2 = 0) : halve n + halve n = n := by sorry
theorem guarded (n : Nat) (h : 5 < n) : n % 7 ≠ 0 := by sorry
theorem instances.{u} {α : Type u} [DecidableEq α] (x : α) (xs : List α) : xs.erase x = xs := by sorry
theorem function (f : Nat → Bool) (xs : List Nat) : xs.filter f = xs := by sorry
theorem integers (a b : Int) : a / b * b = a := by sorry
theorem no_program (n : Nat) : endless n = 0 := by sorry
theorem equation (x y : List Nat) (h : x = 3 :: y) (g : x.length = 4) : y = [] := by sorry
theorem proposition (p q : Prop) (h : p ∨ q) : p := by sorry
theorem local_definition (n : Nat) : let m := n + 1; m = n := by sorry
mutual
def evenly : Nat → Bool
  | 0 => true
  | n + 1 => oddly n
def oddly : Nat → Bool
  | 0 => false
  | n + 1 => evenly n
end
theorem mutually (n : Nat) (h : evenly n = true) : oddly (n + 2) = true := by sorry
def both : List Bool → List Bool → Bool
  | x :: xs, y :: ys => x && y && both xs ys
  | _, _ => true
theorem second_consumed_first (xs ys : List Bool) : both xs (false :: ys) = true := by sorry
"""
FALSE = {
    "Own.own_false", "Own.tree_false", "Own.all_even", "by_measure", "guarded", "instances", "function", "integers", "equation",
    "proposition", "local_definition", "mutually", "second_consumed_first",
}  # fmt: skip
TRUE = {"Own.own_true", "Own.tree_true", "by_measure_true", "no_program"}


@pytest.fixture(scope="module")
def targets(lean_worker: LeanWorker) -> dict[str, Target]:
    return {t.name: t for t in lean_worker.read(TEXT).targets}


def test_every_statement_is_here(targets: dict[str, Target]) -> None:
    assert set(targets) == FALSE | TRUE


@pytest.mark.parametrize("name", sorted(FALSE))
def test_a_false_statement_gets_values(lean_worker: LeanWorker, targets: dict[str, Target], name: str) -> None:
    with Dojo(targets[name], lean_worker) as (dojo, state):
        assert isinstance(state, TacticState)
        assert dojo.falsify(state, Looking(100_000, 10.0)).found is not None


def test_no_look_takes_longer_than_what_is_left_of_the_time(lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
    now = [0.0]
    with Dojo(targets["Own.own_false"], lean_worker, deadline=50.0, clock=lambda: now[0]) as (dojo, state):
        assert dojo.falsify(state, Looking(100_000, 10.0)).found is not None
        now[0] = 49.999
        began = time.monotonic()
        dojo.falsify(state, Looking(1_000_000_000, 600.0))
        assert dojo.conjectures(("Own.add",), Limits(20, 10**6, 600.0)) == ()
        assert time.monotonic() - began < 60
        now[0] = 50.0
        assert dojo.falsify(state, Looking(100_000, 10.0)).found is None, "the time is over"


@pytest.mark.parametrize("name", sorted(TRUE))
def test_a_true_or_unknown_statement_gets_none(
    lean_worker: LeanWorker, targets: dict[str, Target], name: str
) -> None:
    with Dojo(targets[name], lean_worker) as (dojo, state):
        assert dojo.falsify(state, Looking()).found is None


def test_values_are_the_smallest_and_readable(lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
    with Dojo(targets["guarded"], lean_worker) as (dojo, state):
        found = dojo.falsify(state, Looking(100_000, 10.0)).found
    assert found is not None
    assert found.said() == "n = 7"


def test_what_was_computed_with_is_named_by_its_definitions(lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
    with Dojo(targets["mutually"], lean_worker) as (dojo, state):
        found = dojo.falsify(state, Looking()).found
    assert found is not None
    assert {"evenly", "oddly"} <= set(found.unfolded)
    assert not any(name.startswith("_") or "._" in name for name in found.unfolded)


def test_a_hypothesis_for_all_values_stops_a_strict_search_only(lean_worker: LeanWorker) -> None:
    [target] = lean_worker.read(
        "theorem t (h : ∀ n : Nat, n + 0 = n) (m : Nat) : m = 0 := by sorry"
    ).targets
    with Dojo(target, lean_worker) as (dojo, state):
        assert dojo.falsify(state, Looking()).found is None
        found = dojo.falsify(state, Looking(lenient=True)).found
    assert found is not None
    assert found.values == {"m": "1"}


def test_conjectures_are_stated_in_the_theorems_context(lean_worker: LeanWorker, targets: dict[str, Target]) -> None:
    with Dojo(targets["Own.own_true"], lean_worker) as (dojo, _):
        assert isinstance(dojo, Falsifiable)
        assert dojo.falsified("∀ x : Nat, add x Nat.Z = x", CHECK) is None
        found = dojo.falsified("∀ x y : Nat, add x y = add x x", CHECK)
        assert found is not None
        assert found.values == {"x": "Own.Nat.Z", "y": "(Own.Nat.S Own.Nat.Z)"}
        assert dojo.falsified("does not elaborate", CHECK) is None
