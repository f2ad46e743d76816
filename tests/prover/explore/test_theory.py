"""Lemmas that are found by exploration, with a real Lean."""

from __future__ import annotations

import pytest
from lean_dojo import TacticState

from prover.explore.theory import Lemma, Theory, proved, urgency
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


def lemmas(dojo: Dojo, state: TacticState, conjectures: list[Equation], theory: Theory = THEORY) -> list[Lemma]:
    return list(proved(dojo, state, conjectures, theory, lambda: False, most=12))


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
        found = lemmas(opened, initial, [known, unit, commute, swap])
    assert [lemma.statement for lemma in found] == [unit.statement, swap.statement, commute.statement]


@pytest.mark.parametrize("of_type", ["T.Num", "Num", "Seq a", "(T.Seq a)", "List Nat"])
def test_a_type_is_known_as_it_is_printed_inside_its_namespace(of_type: str) -> None:
    assert [v.inductive for v in THEORY.variables([("x", of_type), ("f", "a → Num")])] == [True, False]


def test_exploration_ends_when_it_is_over(dojo: Dojo) -> None:
    unit = Equation("T.plus x T.Num.zero = x", (("x", "T.Num"),), 4)
    with dojo as (opened, initial):
        assert list(proved(opened, initial, [unit] * 50, THEORY, lambda: True, most=12)) == []


RELATIONS = """namespace R
inductive Seq (a : Type) where
  | none
  | more (head : a) (tail : Seq a)
inductive Num where
  | zero
  | next (n : Num)
def le (x y : Num) : Bool := match x, y with
  | Num.zero, _ => true
  | Num.next _, Num.zero => false
  | Num.next m, Num.next n => le m n
def put (x : Num) (y : Seq Num) : Seq Num := match y with
  | Seq.none => Seq.more x Seq.none
  | Seq.more z zs => if le x z = true then Seq.more x (Seq.more z zs) else Seq.more z (put x zs)
def sorted (x : Seq Num) : Bool := match x with
  | Seq.none => true
  | Seq.more _ Seq.none => true
  | Seq.more y (Seq.more z zs) => le y z && sorted (Seq.more z zs)
def elem {a : Type} [DecidableEq a] (x : a) (y : Seq a) : Bool := match y with
  | Seq.none => false
  | Seq.more z zs => z == x || elem x zs
def each {a b : Type} (f : a → b) (x : Seq a) : Seq b := match x with
  | Seq.none => Seq.none
  | Seq.more y ys => Seq.more (f y) (each f ys)
theorem t (x : Num) (y : Seq Num) : sorted y = true → sorted (put x y) = true := by sorry
end R
"""


@pytest.fixture
def related(lean_worker: LeanWorker) -> Dojo:
    (target,) = lean_worker.read(RELATIONS).targets
    return Dojo(target, lean_worker, timeout=30)


def test_implications_between_truth_values_are_conjectured_by_schemes(related: Dojo) -> None:
    with related as (opened, _):
        texts = {e.text for e in opened.conjectures(("R.le", "R.put", "R.sorted"))}
    assert "R.le x y = Bool.false → R.le y x = Bool.true" in texts
    assert "R.le x y = Bool.true → R.le y x = Bool.true → x = y" in texts
    assert "R.le x y = Bool.true → R.le y z = Bool.true → R.le x z = Bool.true" in texts
    assert any(t.startswith("R.sorted ") and " → R.sorted (R.put " in t for t in texts)


def test_functions_that_decide_equality_or_take_functions_have_laws(related: Dojo) -> None:
    with related as (opened, initial):
        found = opened.conjectures(("R.elem", "R.each"))
        (law,) = [e for e in found if e.text.startswith("R.elem") and e.decides and e.text.endswith("= Bool.false")][:1]
        assert "{α : Type} [DecidableEq α]" in law.statement
        assert lemmas(opened, initial, [law], Theory(("R.elem",), frozenset({"R.Seq"}))) == []  # by definition
    assert any("R.each" in e.text for e in found)


def test_an_order_is_total_and_insertion_keeps_what_is_sorted(related: Dojo) -> None:
    total = Equation("R.le x y = Bool.false → R.le y x = Bool.true", (("x", "R.Num"), ("y", "R.Num")), 8)
    keeps = Equation("R.sorted y = Bool.true → R.sorted (R.put x y) = Bool.true", (("x", "R.Num"), ("y", "(R.Seq R.Num)")), 8)
    functions = ("R.le", "R.put", "R.sorted")
    theory = Theory(
        functions, frozenset({"R.Seq", "R.Num"}), frozenset(), {"R.le": (0, 1), "R.put": (1,), "R.sorted": (0,)},
        {"R.le": (0, 1), "R.put": (1,), "R.sorted": (0,)}, {"R.put": frozenset({"R.le"}), "R.sorted": frozenset({"R.le"})},
    )  # fmt: skip
    with related as (opened, initial):
        found = lemmas(opened, initial, [keeps, total], theory)
    assert [lemma.statement for lemma in found] == [total.statement, keeps.statement]


def test_what_commutes_stands_behind_what_says_more() -> None:
    commute = Equation("T.plus x y = T.plus y x", (("x", "T.Num"), ("y", "T.Num")), 6)
    associate = Equation("T.plus (T.plus x y) z = T.plus x (T.plus y z)", tuple((n, "T.Num") for n in "xyz"), 10)
    closed = Equation("T.plus x (T.Num.next T.Num.zero) = T.Num.next x", (("x", "T.Num"),), 6)
    nested = Equation("T.even (T.Num.next (T.Num.next x)) = T.even x", (("x", "T.Num"),), 6)
    found = sorted([nested, closed, commute, associate], key=lambda e: urgency(e, ("T.plus", "T.even")))
    assert found == [associate, commute, nested, closed]


def test_a_lemma_says_in_which_state_it_stands(dojo: Dojo) -> None:
    unit = Equation("T.plus x T.Num.zero = x", (("x", "T.Num"),), 4)
    with dojo as (opened, initial):
        (lemma,) = lemmas(opened, initial, [unit])
    assert lemma.before == initial and "lemma₁ : ∀ (x : Num)" in lemma.after.pp
