from __future__ import annotations

from lean_dojo import ProofFinished

from prover.audit.outcome import Candidate
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.policy.goal import first_goal
from prover.policy.wrapped import as_numbers, mentions, taken_apart, unwrap
from prover.prove.theorem import SearchSettings, find_candidate
from tests.prover.policy.views import offered, view

REAL = """theorem boxed (xs ys : Array Nat) : (xs ++ ys).size = xs.size + ys.size := by sorry
theorem bits (a b : UInt16) (h : a.toBitVec = b.toBitVec) : a = b := by sorry
"""


def test_all_that_is_mentioned_is_taken_apart_at_once_and_one_by_one_later() -> None:
    goal = ("xs.size = ys.size", "xs ys zs : Array Nat", "n : Nat")
    assert "cases xs; cases ys; simp" in offered(unwrap, view(*goal))
    assert offered(unwrap, view(*goal, stage=1)) == ["cases xs", "cases ys"]


def test_machine_integers_become_bits_or_numbers() -> None:
    early = ["apply UInt8.toBitVec_inj.mp", "apply congrArg UInt8.ofBitVec", "apply UInt8.toNat_inj.mp"]
    assert offered(unwrap, view("a + b = b", "a b : UInt8"))[:3] == early
    assert any("Int32.lt_iff_toInt_lt" in t for t in offered(unwrap, view("a < b", "a b : Int32")))


def test_nothing_is_offered_where_nothing_is_wrapped() -> None:
    assert offered(unwrap, view("a + b = b + a", "a b : Nat")) == []


def test_names_are_words() -> None:
    assert mentions("f x + 1", "x")
    assert not mentions("f x' + max", "x")


def test_it_proves_on_real_lean(lean_worker: LeanWorker) -> None:
    for target in lean_worker.read(REAL).targets:
        policy = Mixture([(unwrap, 1.0)])
        found = find_candidate(Dojo(target, lean_worker), policy, SearchSettings(max_expansions=6))
        assert isinstance(found, Candidate), target.name


ORDER = """theorem words {a b c : UInt32} : a ≤ b → b < c → a < c := by sorry
theorem apart {a b : Int16} (h : a ≠ b) : a < b ∨ b < a := by sorry
"""


def test_order_of_machine_integers_is_that_of_their_values_on_real_lean(lean_worker: LeanWorker) -> None:
    for target in lean_worker.read(ORDER).targets:
        with Dojo(target, lean_worker) as (dojo, initial):
            kind = "UInt32" if target.name == "words" else "Int16"
            (found,) = dojo.run_tacs(initial, [as_numbers(kind)])
            assert isinstance(found, ProofFinished), found


def test_a_vector_becomes_an_array_where_its_length_is_a_variable() -> None:
    goal = first_goal(view("xs ++ ys = zs", "n m : Nat", "xs : Vector Nat n", "ys : Vector Nat m", "zs : Vector Nat (n + m)"))
    assert goal is not None
    assert taken_apart(goal) == "rcases xs with ⟨xs, rfl⟩; rcases ys with ⟨ys, rfl⟩; cases zs"
