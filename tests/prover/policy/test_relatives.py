from __future__ import annotations

from dataclasses import replace

from prover.audit.outcome import Candidate
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.policy.premises import PremiseIndex
from prover.policy.retrieval import Relatives, nearest
from prover.prove.theorem import SearchSettings, find_candidate
from tests.prover.policy.views import offered, view

INDEX = PremiseIndex(
    [
        (
            "List.zipIdx_append",
            "List.zipIdx_append {xs ys : List α} : (xs ++ ys).zipIdx k = xs.zipIdx k ++ ys.zipIdx (k + xs.length)",
        ),
        ("BitVec.and_comm", "BitVec.and_comm {w : Nat} (x y : BitVec w) : x &&& y = y &&& x"),
        ("Nat.le_trans", "Nat.le_trans {n m k : Nat} : n ≤ m → m ≤ k → n ≤ k"),
    ],
    ["A", "B", "C"],
)
REAL = """theorem Pile.zipIdx_append (xs ys : Array Nat) (k : Nat) :
    (xs ++ ys).zipIdx k = xs.zipIdx k ++ ys.zipIdx (k + xs.size) := by sorry
theorem Word.and_comm (a b : UInt64) : a &&& b = b &&& a := by sorry
theorem Signed.and_comm (a b : Int64) : a &&& b = b &&& a := by sorry
theorem Row.zipIdx_append {n m : Nat} (xs : Vector Nat n) (ys : Vector Nat m) (k : Nat) :
    (xs ++ ys).toArray.toList.zipIdx k = xs.toArray.toList.zipIdx k ++ ys.toArray.toList.zipIdx (k + xs.toArray.size) := by sorry
"""


def test_namesakes_are_applied_and_given_to_simp() -> None:
    seen = replace(view("a &&& b = b &&& a", "a b : UInt64"), theorem="UInt64.and_comm")
    assert offered(Relatives(INDEX), seen)[:3] == [
        "apply BitVec.and_comm", "apply congrArg UInt64.ofBitVec; apply BitVec.and_comm", "simp [BitVec.and_comm]"
    ]  # fmt: skip


def test_implications_are_applied_but_not_rewritten_with() -> None:
    seen = replace(view("a ≤ c", "a b c : UInt8"), theorem="UInt8.le_trans'")
    assert offered(Relatives(INDEX), seen) == ["apply Nat.le_trans"]


def test_a_theorem_is_not_its_own_namesake() -> None:
    assert INDEX.namesakes("BitVec.and_comm", 4) == []


def test_relatives_about_what_others_are_made_of_come_first() -> None:
    names = ["UInt8.and_comm", "and_comm", "Fin.and_comm", "Nat.and_comm", "Int8.and_comm", "BitVec.and_comm"]
    index = PremiseIndex([(n, f"{n} : a = b") for n in names])
    assert [p.name for p in nearest(index.namesakes("Int64.and_comm", 30))] == [
        "BitVec.and_comm", "Nat.and_comm", "UInt8.and_comm", "and_comm"
    ]  # fmt: skip


def test_only_imported_namesakes_are_offered() -> None:
    assert INDEX.namesakes("UInt8.and_comm", 4, frozenset({"A"})) == []
    assert [p.name for p in INDEX.namesakes("UInt8.and_comm", 4, frozenset({"B"}))] == ["BitVec.and_comm"]


def test_what_fits_the_goal_is_a_hint_where_something_is_wrapped() -> None:
    goal = ("(xs ++ ys).zipIdx k = xs.zipIdx k ++ ys.zipIdx (k + xs.size)", "xs ys : Array Nat", "k : Nat")
    assert "cases xs; cases ys; simp [List.zipIdx_append" in offered(Relatives(INDEX), view(*goal))[0]
    assert offered(Relatives(INDEX), view("n + 1 = m", "n m : Nat")) == []


def test_it_proves_on_real_lean(lean_worker: LeanWorker) -> None:
    for target in lean_worker.read(REAL).targets:
        policy = Mixture([(Relatives(INDEX), 1.0)])
        found = find_candidate(Dojo(target, lean_worker), policy, SearchSettings(max_expansions=3))
        assert isinstance(found, Candidate), target.name
