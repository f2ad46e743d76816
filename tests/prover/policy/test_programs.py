"""The first tries for theorems about a file's own functions."""

from __future__ import annotations

from prover.lean.context import FileContext
from prover.policy.base import Mixture
from prover.policy.closers import Closers
from prover.policy.programs import Programs
from tests.prover.policy.views import OWN, offered, view

OWN_NAT = """inductive Nat where
  | Z
  | S (p : Nat)"""
ADD = """def add (x : Nat) (y : Nat) : Nat :=
  match x with
  | Nat.Z => y
  | Nat.S z => Nat.S (add z y)"""
SHADOWING = FileContext(definitions=("My.add",), inductives=("My.Nat",), sources={"My.Nat": OWN_NAT, "My.add": ADD})


def test_an_own_type_that_is_called_nat_has_its_own_constructors() -> None:
    tactics = offered(Programs(), view("add x y = add y x", "x y : Nat", file_context=SHADOWING))
    assert any(t.startswith("(induction x generalizing y with | Z => ?_ | S p ih => ?_)") for t in tactics)
    assert not any("zero" in t or "succ" in t for t in tactics)


def test_what_a_function_does_not_consume_is_generalised() -> None:
    seen = view("reverseOnto xs ys = xs.reverse ++ ys", "α : Type", "xs ys : List α", file_context=OWN)
    tactics = offered(Programs(), seen)
    assert any(t.startswith("(induction xs generalizing ys with") for t in tactics)
    assert any(t.startswith("fun_induction reverseOnto xs ys <;>") for t in tactics)


def test_inaccessible_hypotheses_are_named_first() -> None:
    seen = view("power b n = 1", "b n : Nat", "h✝ : n = 0", "x✝ : Nat", file_context=OWN)
    assert "rename_i h x" in offered(Programs(), seen)


def test_others_come_one_visit_later_to_what_a_leader_leads() -> None:
    policy = Mixture([(Closers(), 1.0)], leaders=[Programs()])
    first = policy.propose(view("power b n = 1", "b n : Nat", file_context=OWN))
    second = policy.propose(view("power b n = 1", "b n : Nat", stage=1, file_context=OWN))
    assert "omega" not in {p.tactic for p in first}
    assert "omega" in {p.tactic for p in second}
    assert "omega" in {p.tactic for p in policy.propose(view("n = 1", "n : Nat"))}
