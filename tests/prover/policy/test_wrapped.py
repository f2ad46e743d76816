from __future__ import annotations

from prover.agent import SearchSettings, prove
from prover.lean import source
from prover.lean.embedded import EmbeddedDojo
from prover.lean.worker import LeanWorker
from prover.policy.base import Mixture
from prover.policy.wrapped import Unwrap, mentions
from tests.prover.policy.views import offered, view

REAL = """theorem boxed (xs ys : Array Nat) : (xs ++ ys).size = xs.size + ys.size := by sorry
theorem bits (a b : UInt16) (h : a.toBitVec = b.toBitVec) : a = b := by sorry
"""


class Accepts:
    accepted = True
    reason = None
    axioms: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


def test_all_that_is_mentioned_is_taken_apart_at_once_and_one_by_one_later() -> None:
    goal = ("xs.size = ys.size", "xs ys zs : Array Nat", "n : Nat")
    assert "cases xs; cases ys; simp" in offered(Unwrap(), view(*goal))
    assert offered(Unwrap(), view(*goal, stage=1)) == ["cases xs", "cases ys"]


def test_machine_integers_become_bits_or_numbers() -> None:
    assert offered(Unwrap(), view("a + b = b", "a b : UInt8"))[:2] == ["apply UInt8.toBitVec_inj.mp", "apply UInt8.toNat_inj.mp"]
    assert any("Int32.lt_iff_toInt_lt" in t for t in offered(Unwrap(), view("a < b", "a b : Int32")))


def test_nothing_is_offered_where_nothing_is_wrapped() -> None:
    assert offered(Unwrap(), view("a + b = b + a", "a b : Nat")) == []


def test_names_are_words() -> None:
    assert mentions("f x + 1", "x")
    assert not mentions("f x' + max", "x")


def test_it_proves_on_real_lean(lean_worker: LeanWorker) -> None:
    for target in source.read(lean_worker, REAL).targets:
        policy = Mixture([(Unwrap(), 1.0)])
        attempt = prove(EmbeddedDojo(target, lean_worker), policy, lambda _: Accepts(), SearchSettings(max_expansions=6))
        assert attempt.status == ("proved" if target.name == "boxed" else "failed")
        assert attempt.tree is not None and any(e["status"] != "failed" for e in attempt.tree["edges"])
