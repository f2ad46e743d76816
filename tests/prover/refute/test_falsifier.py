"""Looks for counterexamples grow with the search that they stand beside; each goes on where the one before it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from lean_dojo import TacticState

from prover.lean.evaluated import Counterexample, Falsification, Looking
from prover.refute.falsifier import FIRST, GROWTH, PART, FalseTheorem, Falsifier

ROOT = TacticState("n : Nat\n⊢ n = n", 0)


@dataclass
class Evaluates:
    """A theorem whose values of a size are as many as the size; false at the `false_at`-th of all."""

    false_at: int = 10**9
    looks: list[Looking] = field(default_factory=list)

    def falsify(self, state: TacticState, effort: Looking) -> Falsification:
        if state.id != ROOT.id:
            return Falsification(tried=1)
        self.looks.append(effort)
        if sum(look.tries for look in self.looks) >= self.false_at:
            return Falsification(found=Counterexample(("n",), ("7",), ("data",)))
        return Falsification(tried=effort.tries, size=effort.from_size + 1)


def expansions_until_refuted(dojo: Evaluates, most: int = 40) -> int:
    falsifier = Falsifier(dojo, ROOT)
    falsifier.look(FIRST)
    for number in range(1, most + 1):
        try:
            falsifier.is_dead(TacticState("⊢ True", number))
        except FalseTheorem:
            return number
    return 0


def test_a_theorem_of_few_expansions_is_not_looked_at_for_long() -> None:
    dojo = Evaluates()
    assert expansions_until_refuted(dojo, most=3) == 0
    assert sum(look.tries for look in dojo.looks) <= 5_000 and sum(look.seconds for look in dojo.looks) <= 2.0


def test_looks_grow_and_each_goes_on_from_the_size_before() -> None:
    dojo = Evaluates()
    assert expansions_until_refuted(dojo) == 0
    tries = [look.tries for look in dojo.looks]
    assert tries == sorted(set(tries)) and tries[-1] >= 80_000
    assert [look.from_size for look in dojo.looks] == list(range(len(tries)))


@pytest.mark.parametrize("false_at", [2_000, 8_000, 20_000, 80_000])
def test_a_false_theorem_is_refuted_within_twenty_expansions(false_at: int) -> None:
    assert 0 < expansions_until_refuted(Evaluates(false_at)) <= 20


def test_looks_take_a_part_of_the_search_by_the_clock() -> None:
    times = iter(range(0, 1000, 2))
    dojo = Evaluates()
    falsifier = Falsifier(dojo, ROOT, clock=lambda: float(next(times)))
    falsifier.look(FIRST)
    dojo.looks.clear()
    for number in range(1, 41):
        falsifier.is_dead(TacticState("⊢ True", number))
    seconds = [look.seconds for look in dojo.looks]
    assert 80 * PART / 2 <= sum(seconds) <= 80 * PART
    assert all(later >= GROWTH * earlier for earlier, later in pairwise(seconds))
