from __future__ import annotations

import pytest

from prover.audit.outcome import Candidate
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.policy.goal import first_goal
from prover.policy.rewriting import definitions, library_functions, projections
from prover.prove.theorem import SearchSettings, find_candidate
from tests.prover.policy.views import OWN, offered, view

REAL = {
    "integers": "theorem integers {a b : Int} (ha : 0 ≤ a) : a.tmod b = a % b := by sorry\n",
    "booleans": "theorem booleans {a b c d : Nat} (p : (a = b) = (c = d)) : (a == b) = (c == d) := by sorry\n",
    "range": "theorem range {a n d i : Nat} (h : i < n) : (Vector.range' a n d)[i] = a + d * i := by sorry\n",
}


def test_functions_are_read_where_they_are_written_out_and_as_methods() -> None:
    goal = first_goal(view("List.takeWhile p l = a.tmod b", "a b : Int", "l : List Nat"))
    assert goal is not None
    assert library_functions(goal) == ["List.takeWhile", "Int.tmod"]


def test_the_files_own_functions_are_left_to_others() -> None:
    goal = first_goal(view("List.reverseOnto xs = Foo.bar", "xs : List Nat", file_context=OWN))
    assert goal is not None
    assert library_functions(goal) == ["Foo.bar"]


def test_definitions_are_opened_together_first_and_one_by_one_later() -> None:
    goal = ("List.takeWhile p l = Option.filter p o", "l : List Nat", "o : Option Nat")
    assert "simp_all [List.takeWhile, Option.filter]" in offered(definitions, view(*goal))
    assert offered(definitions, view(*goal, stage=1)) == ["unfold List.takeWhile", "unfold Option.filter"]


def test_equations_between_truth_values_become_equivalences() -> None:
    assert "rw [Bool.eq_iff_iff]; simp_all" in offered(definitions, view("(a == b) = (b == a)", "a b : Nat"))


def test_membership_in_a_structure_has_parts() -> None:
    assert offered(projections, view("r.lower ≤ a", "r a : Nat", "h : a ∈ r")) == ["exact h.1", "exact h.2"]
    assert offered(projections, view("a = b", "a b : Nat", "h : b = a")) == []


@pytest.mark.parametrize("name", REAL)
def test_it_proves_on_real_lean(name: str, lean_worker: LeanWorker) -> None:
    (target,) = lean_worker.read(REAL[name]).targets
    policy = Mixture([(definitions, 1.0)])
    found = find_candidate(Dojo(target, lean_worker), policy, SearchSettings(max_expansions=2))
    assert isinstance(found, Candidate)
