"""Each method conjectures the lemma that the textbook example needs."""

from __future__ import annotations

from dataclasses import replace

from prover.lean.context import FileContext
from prover.policy.base import View
from prover.policy.lemmas.fertilise import match
from prover.policy.lemmas.proposer import Lemmas
from prover.policy.lemmas.term import Term, read
from tests.prover.policy.views import offered, view

LIST = """inductive list (a : Type) where
  | nil
  | cons (head : a) (tail : list a)"""
APPEND = """def append {a : Type} (x : list a) (y : list a) : list a :=
  match x with
  | list.nil => y
  | list.cons z xs => list.cons z (append xs y)"""
REV = """def rev {a : Type} (x : list a) : list a :=
  match x with
  | list.nil => list.nil
  | list.cons y xs => append (rev xs) (list.cons y list.nil)"""
QREV = """def qrev {a : Type} (x : list a) (y : list a) : list a :=
  match x with
  | list.nil => y
  | list.cons z xs => qrev xs (list.cons z y)"""
NAT = """inductive N where
  | Z
  | S (p : N)"""
ADD = """def add (x : N) (y : N) : N :=
  match x with
  | N.Z => y
  | N.S z => N.S (add z y)"""
FILE = FileContext(
    definitions=("append", "rev", "qrev", "add"),
    inductives=("list", "N"),
    sources={"list": LIST, "append": APPEND, "rev": REV, "qrev": QREV, "N": NAT, "add": ADD},
)

LE = """def le (x : N) (y : N) : Bool :=
  match x, y with
  | N.Z, _ => true
  | N.S _, N.Z => false
  | N.S m, N.S n => le m n"""
SIZE = """def size (x : N) : N :=
  match x with
  | N.Z => N.Z
  | N.S m => N.S (size m)"""
ORDERED = replace(FILE, definitions=("add", "le", "size"), sources={"N": NAT, "add": ADD, "le": LE, "size": SIZE})


def stated(seen: View) -> list[str]:
    """What is stated to a state of these goals that tactics led to."""
    return [t.split(" : ", 1)[1].splitlines()[0] for t in offered(Lemmas(), replace(seen, before=("induction x",)))]


def test_an_induction_hypothesis_is_used_in_one_side_and_the_common_part_generalised() -> None:
    seen = view(
        "rev (append (rev xs) (list.cons x list.nil)) = list.cons x xs",
        "a : Type", "x : a", "xs : list a", "ih : rev (rev xs) = xs", file_context=FILE,
    )  # fmt: skip
    wanted = "∀ (x : a) (u : _), rev (append u (list.cons x list.nil)) = list.cons x (rev u)"
    assert any(s.startswith(wanted) for s in stated(seen))


def test_an_induction_hypothesis_that_is_no_rule_becomes_a_premise() -> None:
    seen = view(
        "le (size (add x y)) (N.S (size y)) = true",
        "x y : N", "ih : ∀ (x : N), le (size (add x y)) (size y) = true", file_context=ORDERED,
    )  # fmt: skip
    wanted = "∀ (u : _) (v : _), le u v = true → le u (N.S v) = true from le_s_eq (size (add x y)) (size y) (ih x)"
    assert wanted in stated(seen)


def test_what_holds_of_no_variable_of_the_goal_stays() -> None:
    seen = view("add (add x y) z = add z (add x y)", "lemma₁ : ∀ (n : N), add n N.Z = n", "x y z : N", file_context=FILE)
    assert "\nclear x y z\n" in offered(Lemmas(), replace(seen, stage=1))[0]


def test_common_subterms_become_variables_and_hypotheses_go() -> None:
    seen = view("add (add x y) z = add z (add x y)", "x y z : N", "h : add x y = x", file_context=FILE)
    tactic = offered(Lemmas(), replace(seen, stage=1))[0]  # it is the statement: its second visit
    assert tactic == "suffices add_eq : ∀ (z : N) (u : _), add u z = add z u from add_eq z (add x y)\nclear x y z h\nintro z u"


def test_a_variable_that_is_consumed_and_not_consumed_becomes_two() -> None:
    seen = view("add x (N.S x) = N.S (add x x)", "x : N", file_context=FILE)
    assert any(s.startswith("∀ (x : N) (u : _), add x (N.S u) = N.S (add x u)") for s in stated(seen))


def test_a_constant_accumulator_becomes_a_variable_on_both_sides() -> None:
    seen = view("qrev xs list.nil = rev xs", "a : Type", "xs : list a", file_context=FILE)
    assert any(s.startswith("∀ (xs : list a) (acc : _), qrev xs acc = append (rev xs) acc") for s in stated(seen))


def test_inaccessible_hypotheses_are_named_before_a_lemma_is_stated() -> None:
    assert offered(Lemmas(), view("rev xs = xs", "xs : list a", "h✝ : xs = list.nil", file_context=FILE)) == []


def test_a_pattern_matches_with_one_value_for_each_variable() -> None:
    pattern, variables = read("add x x"), frozenset({"x"})
    assert pattern is not None
    assert match(pattern, read("add (rev y) (rev y)") or pattern, variables) == {"x": Term("rev", (Term("y"),))}
    assert match(pattern, read("add y z") or pattern, variables) is None


def test_field_notation_of_an_own_constructor_is_written_out_under_an_open_binder() -> None:
    seen = view("(add x x).S = add x x.S", "x : N", "ih : add x x = x", file_context=FILE)
    assert any(s.startswith("∀ (x : N) (u : _), N.S (add x u) = add x (N.S u)") for s in stated(seen))
