"""The statistics of an evaluation: intervals, pass@k, paired comparison. Pure functions of counts."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the standard normal distribution."""
RESAMPLES = 2000


def wilson(successes: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927, JASA 22:209-212); (0, 1) of nothing.

    Args:
        successes: how many succeeded.
        total: of how many.
        z: quantile of the normal distribution; the default makes a 95 % interval.

    Returns:
        Lower and upper bound, within [0, 1].

    Raises:
        ValueError: not 0 ≤ successes ≤ total.
    """
    if not 0 <= successes <= total:
        raise ValueError(f"{successes} successes of {total}; must be between 0 and the total")
    if total == 0:
        return 0.0, 1.0
    p = successes / total
    middle = p + z * z / (2 * total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == total else (middle + half) / scale
    return max(0.0, low), min(1.0, high)


def pass_at_k(runs: int, successes: int, k: int) -> float:
    """Unbiased estimate of the chance that at least one of k runs succeeds: 1 - C(n-c, k) / C(n, k).

    Chen et al. 2021, arXiv:2107.03374, section 2.1. `runs` is n, `successes` is c. Raises ValueError unless
    0 ≤ c ≤ n and 1 ≤ k ≤ n: fewer runs than k say nothing about pass@k.
    """
    if not 0 <= successes <= runs or not 1 <= k <= runs:
        raise ValueError(f"pass@{k} of {runs} runs with {successes} successes has no unbiased estimate")
    return 1.0 - math.comb(runs - successes, k) / math.comb(runs, k)


def mean_pass_at_k(counts: Sequence[int], runs: int, k: int) -> float:
    """Mean of `pass_at_k` over theorems; `counts` has each one's successful runs. 0 without theorems."""
    return sum(pass_at_k(runs, c, k) for c in counts) / len(counts) if counts else 0.0


def bootstrap(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """95 % percentile interval of the mean, by resampling theorems (Efron 1979). The same for the same seed.

    Returns (0, 1) without values. A sample of equal values gives an interval of no width: use Wilson's there.
    """
    if not values:
        return 0.0, 1.0
    randomness = random.Random(seed)
    size = len(values)
    means = sorted(sum(randomness.choices(values, k=size)) / size for _ in range(resamples))
    return means[int(0.025 * resamples)], means[min(resamples - 1, math.ceil(0.975 * resamples) - 1)]


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact two-sided p (McNemar 1947): by chance, gained and lost are a fair coin's sides.

    Only theorems on which the two runs differ say anything; 1 when there are none. Raises ValueError for
    negatives.
    """
    if gained < 0 or lost < 0:
        raise ValueError(f"gained {gained} and lost {lost} must not be negative")
    differing = gained + lost
    tail = sum(math.comb(differing, i) for i in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << differing))
