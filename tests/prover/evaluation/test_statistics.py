"""The statistics against published or hand-computed values."""

from __future__ import annotations

import itertools
import math

import pytest

from prover.evaluation.statistics import bootstrap, mcnemar, mean_pass_at_k, pass_at_k, wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_published_values(successes: int, total: int, low: float, high: float) -> None:
    assert wilson(successes, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_is_closed_at_the_ends() -> None:
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@pytest.mark.parametrize(("successes", "total"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, total: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, total)


@pytest.mark.parametrize("runs", [1, 2, 5, 6])
def test_pass_at_k_is_the_mean_over_all_choices_of_k_runs(runs: int) -> None:
    for successes in range(runs + 1):
        outcomes = [True] * successes + [False] * (runs - successes)
        for k in range(1, runs + 1):
            choices = list(itertools.combinations(outcomes, k))
            expected = sum(any(c) for c in choices) / len(choices)
            assert pass_at_k(runs, successes, k) == pytest.approx(expected)


def test_pass_at_one_is_the_plain_rate() -> None:
    assert mean_pass_at_k([0, 1, 4], 4, 1) == pytest.approx(5 / 12)


def test_pass_at_more_than_was_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no unbiased estimate"):
        pass_at_k(3, 1, 4)


def test_mcnemar_is_the_two_sided_binomial_tail() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(9, 1) == mcnemar(1, 9)
    assert mcnemar(6, 0) == pytest.approx(2 / 64)


def test_mcnemar_of_many_theorems_stays_finite() -> None:
    assert 0 < mcnemar(2000, 1800) < 0.01
    assert math.isfinite(mcnemar(3000, 1))


def test_bootstrap_is_the_same_for_the_same_seed_and_holds_the_mean() -> None:
    values = [1.0] * 30 + [0.0] * 70
    low, high = bootstrap(values, seed=4)
    assert (low, high) == bootstrap(values, seed=4)
    assert low < 0.3 < high
    assert (low, high) == pytest.approx((0.21, 0.39), abs=0.03)
