"""Lemmas that are found by exploration, with a real Lean."""

from __future__ import annotations

import pytest

from prover.explore.theory import Theory, lemmas
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Equation, Limits, Looking

OWN = """namespace T
inductive Seq (a : Type) where
  | none
  | more (head : a) (tail : Seq a)
inductive Num where
  | zero
  | next (n : Num)
def plus (x y : Num) : Num := match x with
  | Num.zero => y
  | Num.next z => Num.next (plus z y)
def join {a : Type} (x y : Seq a) : Seq a := match x with
  | Seq.none => y
  | Seq.more z zs => Seq.more z (join zs y)
def size {a : Type} (x : Seq a) : Num := match x with
  | Seq.none => Num.zero
  | Seq.more _ zs => Num.next (size zs)
theorem t {a : Type} (x y : Seq a) : size (join x y) = plus (size y) (size x) := by sorry
end T
"""
THEORY = Theory(("T.plus", "T.join", "T.size"), frozenset({"T.Seq", "T.Num"}))
PATIENT = Limits(budget_s=60)
"""A loaded machine may take longer over them than a search would wait."""


@pytest.fixture
def dojo(lean_worker: LeanWorker) -> Dojo:
    (target,) = lean_worker.read(OWN).targets
    return Dojo(target, lean_worker, timeout=30)


def test_laws_of_own_functions_are_conjectured_at_their_most_general_type(dojo: Dojo) -> None:
    with dojo as (opened, _):
        found = {e.text: e for e in opened.conjectures(THEORY.functions, PATIENT)}
    assert "T.plus y x = T.plus x y" in found
    units = [e for text, e in found.items() if text.startswith("T.join x") and "T.Seq.none" in text]
    assert units and "(T.Seq α)" in dict(units[0].variables).values()


def test_nothing_false_of_small_values_is_conjectured(dojo: Dojo, lean_worker: LeanWorker) -> None:
    with dojo as (opened, _):
        found = opened.conjectures(THEORY.functions, PATIENT)
    stated = "".join(f"theorem c{i} : {e.statement} := by sorry\n" for i, e in enumerate(found))
    targets = lean_worker.read(OWN.replace("end T\n", f"{stated}end T\n")).targets[1:]
    assert len(targets) == len(found)
    for target in targets:
        with Dojo(target, lean_worker) as (opened, state):
            assert opened.falsify(state, Looking(seconds=0.2)).found is None, target.statement


def test_a_lemma_is_proved_with_those_before_it_and_what_follows_is_left_out(dojo: Dojo) -> None:
    unit = Equation("T.plus x T.Num.zero = x", (("x", "T.Num"),), 4)
    known = Equation("T.plus T.Num.zero x = x", (("x", "T.Num"),), 4)
    swap = Equation("T.plus x (T.Num.next y) = T.Num.next (T.plus x y)", (("x", "T.Num"), ("y", "T.Num")), 8)
    commute = Equation("T.plus x y = T.plus y x", (("x", "T.Num"), ("y", "T.Num")), 6)
    with dojo as (opened, initial):
        found = lemmas(opened, initial, [known, unit, commute, swap], THEORY, budget_s=120)
    assert [lemma.statement for lemma in found] == [unit.statement, swap.statement, commute.statement]


@pytest.mark.parametrize("of_type", ["T.Num", "Num", "Seq a", "(T.Seq a)", "List Nat"])
def test_a_type_is_known_as_it_is_printed_inside_its_namespace(of_type: str) -> None:
    assert [v.inductive for v in THEORY.variables([("x", of_type), ("f", "a → Num")])] == [True, False]


def test_exploration_ends_with_its_budget(dojo: Dojo) -> None:
    ticks = iter(range(1000))
    unit = Equation("T.plus x T.Num.zero = x", (("x", "T.Num"),), 4)
    with dojo as (opened, initial):
        assert lemmas(opened, initial, [unit] * 50, THEORY, budget_s=0.5, clock=lambda: float(next(ticks))) == []
