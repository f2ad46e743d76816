"""The noise of seeded runs."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from prover.evaluation.runner import NoisyPolicy, gumbel
from prover.lean.context import FileContext
from prover.policy.base import View
from search.types import Proposal


class Two:
    """Offers a likely tactic and an unlikely one."""

    def propose(self, view: View) -> list[Proposal]:
        return [Proposal("likely", math.log(0.75)), Proposal("unlikely", math.log(0.25))]


def view(text: str = "⊢ p") -> View:
    return View(text, (), FileContext())


def test_temperature_zero_changes_nothing() -> None:
    assert NoisyPolicy(Two(), 1, 0.0).propose(view()) == Two().propose(view())


def test_the_same_seed_gives_the_same_run() -> None:
    assert NoisyPolicy(Two(), 1, 1.0).propose(view()) == NoisyPolicy(Two(), 1, 1.0).propose(view())
    assert NoisyPolicy(Two(), 1, 1.0).propose(view()) != NoisyPolicy(Two(), 2, 1.0).propose(view())


def test_noised_log_probabilities_are_log_probabilities_and_keep_the_best_value() -> None:
    for seed in range(50):
        proposals = NoisyPolicy(Two(), seed, 2.0).propose(view())
        assert proposals[0].log_prob == pytest.approx(math.log(0.75))
        assert all(p.log_prob <= 0 for p in proposals)
        assert {p.tactic for p in proposals} == {"likely", "unlikely"}


def test_at_temperature_one_the_first_tactic_is_drawn_from_the_policy() -> None:
    first = Counter(NoisyPolicy(Two(), 7, 1.0).propose(view(str(i)))[0].tactic for i in range(4000))
    assert abs(first["likely"] / 4000 - 0.75) < 0.03


def test_gumbel_numbers_have_the_mean_of_the_distribution() -> None:
    numbers = [gumbel(3, i) for i in range(20000)]
    assert abs(sum(numbers) / len(numbers) - 0.5772) < 0.03
