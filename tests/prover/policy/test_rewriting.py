from __future__ import annotations

from prover.lean.context import FileContext
from prover.policy.closers import Closers
from prover.policy.premises import PremiseIndex
from prover.policy.retrieval import Retrieved
from prover.policy.rewriting import OwnTheorems, deprecated, hypotheses, own_definitions
from tests.prover.policy.views import OWN, offered, view


def test_own_functions_of_the_goal_are_unfolded() -> None:
    assert offered(own_definitions, view("power 1 n = 1", "n : Nat", file_context=OWN))[0] == "simp [power]"
    assert offered(own_definitions, view("n = n", "n : Nat", file_context=OWN)) == []


def test_earlier_theorems_are_offered_when_they_share_a_function() -> None:
    tactics = offered(OwnTheorems(), view("power 1 n = 1", "n : Nat", file_context=OWN))
    assert "rw [power_zero]" in tactics
    assert offered(OwnTheorems(), view("n = n", "n : Nat", file_context=OWN)) == []


def test_induction_hypothesis_is_rewritten_with_first() -> None:
    tactics = [
        t
        for t in offered(hypotheses, view("a = c", "a b c : Nat", "h : a = b", "ih : b = c"))
        if t.startswith("rw")
    ]
    assert tactics[0] == "rw [ih]"
    assert "rw [← h]" in tactics


def test_cheap_closers_come_first_and_dear_ones_later() -> None:
    assert offered(Closers(), view("a = b", "a b : Nat"))[:3] == ["rfl", "assumption", "omega"]
    assert "exact?" not in offered(Closers(), view("a = b", "a b : Nat"))
    assert "exact?" not in offered(Closers(), view("a = b", "a b : Nat", stage=1))
    assert offered(Closers(), view("a = b", "a b : Nat", stage=2)) == ["exact?"]


def test_finite_goals_are_decided() -> None:
    assert "decide +revert" in offered(Closers(), view("x * x * x = x", "x : Fin 3"))
    assert "decide +revert" not in offered(Closers(), view("x + y = y + x", "x y : BitVec 32"))


def test_retrieved_theorems_wait_for_the_second_turn() -> None:
    index = PremiseIndex(
        [
            (
                "List.length_append",
                "List.length_append {as bs : List α} : (as ++ bs).length = as.length + bs.length",
            )
        ]
    )
    goal = ("(xs ++ ys).length = ys.length + xs.length", "α : Type", "xs ys : List α")
    assert offered(Retrieved(index), view(*goal)) == []
    assert "rw [List.length_append]" in offered(Retrieved(index), view(*goal, stage=1))


def test_a_deprecated_name_is_replaced_where_the_goal_has_it() -> None:
    context = FileContext(deprecated={"String.mk": "String.ofList", "List.old": "List.new"})
    tactics = offered(deprecated, view("(String.mk xs).length = xs.length", "xs : List Char", file_context=context))
    assert tactics == ["simp only [show @String.mk = @String.ofList from rfl] at *"]
    assert offered(deprecated, view("xs = xs", "xs : List Char", file_context=context)) == []
