"""How far a model's log-probabilities are to be believed beside the symbolic proposers' calibrated ones.

A model's number is the chance that its data would go on with that tactic; the symbolic ones' are the chance that it lies on a
proof (`prover.policy.calibration`). Platt's scaling (Platt 1999, "Probabilistic outputs for support vector machines"), on
log-probabilities instead of margins: log p' = min(0, a · log p + b), with a ≥ 0 and b ≤ 0 fitted by maximum likelihood to tactics
of which it is known whether they lay on a proof. The order of the model's tactics never changes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from prover.errors import PolicyError

Numbers = npt.NDArray[np.float64]
FORMAT = 1
HIGHEST = -0.01
"""No tactic of a model is called surer than this; the fit needs a logarithm of 1 − p'."""
STEEPEST, DEEPEST = 3.0, -8.0
PRIOR = 4.0
"""The fit is held to a = 1, b = 0 as if that were known with so much certainty; so a dozen tries cannot turn everything over."""
GRID, ROUNDS = 25, 6


@dataclass(frozen=True)
class Scale:
    """`slope` is a, `offset` b. The identity is Scale(1, 0)."""

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.slope <= STEEPEST and DEEPEST <= self.offset <= 0):
            raise PolicyError(
                f"a model's scale has slope {self.slope} and offset {self.offset}; the slope must be 0 to {STEEPEST:g}, the "
                f"offset {DEEPEST:g} to 0"
            )

    def __call__(self, log_prob: float) -> float:
        """The log-probability to use."""
        return min(HIGHEST, self.slope * log_prob + self.offset)


def fit(tries: Sequence[tuple[float, bool]]) -> Scale:
    """The scale under which what was seen is likeliest.

    Args:
        tries: a tactic's log-probability by the model, and whether it lay on a proof.

    Returns:
        The identity for no tries. By refining a grid, so that the same tries give the same numbers everywhere.
    """
    if not tries:
        return Scale()
    log_probs = np.array([p for p, _ in tries])
    on_proof = np.array([hit for _, hit in tries])
    low_a, high_a, low_b, high_b = 0.0, STEEPEST, DEEPEST, 0.0
    a = b = 0.0
    for _ in range(ROUNDS):
        slopes, offsets = np.linspace(low_a, high_a, GRID), np.linspace(low_b, high_b, GRID)
        costs = np.array([_costs(slope, offsets, log_probs, on_proof) for slope in slopes])
        best = np.unravel_index(int(costs.argmin()), costs.shape)
        a, b = float(slopes[best[0]]), float(offsets[best[1]])
        wide_a, wide_b = (high_a - low_a) / 8, (high_b - low_b) / 8
        low_a, high_a = max(0.0, a - wide_a), min(STEEPEST, a + wide_a)
        low_b, high_b = max(DEEPEST, b - wide_b), min(0.0, b + wide_b)
    return Scale(round(a, 3), round(b, 3))


def _costs(slope: float, offsets: Numbers, log_probs: Numbers, on_proof: npt.NDArray[np.bool_]) -> Numbers:
    """−log of the likelihood, and of the prior, for each offset."""
    scaled = np.minimum(HIGHEST, slope * log_probs + offsets[:, None])
    likelihood = np.where(on_proof, scaled, np.log1p(-np.exp(scaled))).sum(1)
    costs: Numbers = PRIOR * ((slope - 1) ** 2 + (offsets / 4) ** 2) - likelihood
    return costs


def to_json(scale: Scale, tries: Sequence[tuple[float, bool]], **facts: Any) -> dict[str, Any]:
    """For the file, with whatever tells where the numbers come from."""
    cost = {"identity": _mean(Scale(), tries), "fitted": _mean(scale, tries)}
    return {
        "format": FORMAT, **facts, "tries": len(tries), "on_proof": sum(hit for _, hit in tries), "mean_loss": cost,
        "slope": scale.slope, "offset": scale.offset,
    }  # fmt: skip


def _mean(scale: Scale, tries: Sequence[tuple[float, bool]]) -> float | None:
    total = sum(scale(p) if hit else math.log1p(-math.exp(scale(p))) for p, hit in tries)
    return round(-total / len(tries), 4) if tries else None


def read(path: Path, weights_sha256: str) -> Scale:
    """The scale in a file; the identity where there is none, or where it was fitted for other weights.

    Raises PolicyError when it is something else.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        if stored["format"] != FORMAT:
            raise PolicyError(f"{path} has format {stored['format']!r}; this version reads format {FORMAT}")
        if stored["weights_sha256"] != weights_sha256:
            return Scale()
        return Scale(float(stored["slope"]), float(stored["offset"]))
    except FileNotFoundError:
        return Scale()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PolicyError(f"{path} cannot be read ({error!r}); make it anew with `proofsmith calibrate --mixture`") from error
