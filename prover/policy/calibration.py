"""Log-probabilities from counts.

Each template of the proposers has been tried on the states of known proofs (`proofsmith calibrate`); the file
data/calibration.json holds, for each template and coarse feature of the goal, how often it was tried, ran,
closed the goal, and lay on a proof, and what it cost. Two numbers come of that:

- A template that mostly makes progress gets the share of its tries that lay on a proof, as a search needs it.
- A template that mostly closes or fails leaves no states behind, so its number decides only how early it is
  tried. It gets p / (p + cost), p its share of successes, the cost in seconds: sure and cheap ones first.

On states that a closer of the first stage closes, only closers are counted: a search gets further only where they fail.
Shares are smoothed twice, since most counts are small: a template's by its proposer's own guess, that of a
template under one feature by the template's over all features.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from prover.errors import PolicyError
from prover.policy.base import View
from prover.policy.goal import Goal, first_goal

FORMAT = 1
PRIOR_WEIGHT = 6.0
"""A proposer's guess counts as so many tries."""
FEATURE_WEIGHT = 10.0
"""A template's share over all features counts as so many tries under one feature."""
LOWEST = -6.0
CLOSING = 0.8
"""A template is a closing one when so much of its successes closed the goal."""
ANY = "*"


@dataclass
class Count:
    """What became of the offers of a template: tried, ran without error, closed the goal, lay on a proof;
    cost in ms.
    """

    tried: int = 0
    ran: int = 0
    closed: int = 0
    on_proof: int = 0
    milliseconds: float = 0.0

    def add(self, ran: bool, closed: bool, on_proof: bool, milliseconds: float) -> None:
        """Notes one try."""
        self.tried += 1
        self.ran += ran
        self.closed += closed
        self.on_proof += on_proof
        self.milliseconds += milliseconds

    def as_list(self) -> list[float]:
        """For the file."""
        return [self.tried, self.ran, self.closed, self.on_proof, round(self.milliseconds, 1)]


@dataclass
class Calibration:
    """Counts by template and feature; see the module for what is made of them."""

    counts: dict[str, dict[str, Count]] = field(default_factory=dict)

    def note(
        self, template: str, feature: str, ran: bool, closed: bool, on_proof: bool, milliseconds: float
    ) -> None:
        """Notes one try under its feature and under all."""
        for key in (feature, ANY):
            self.counts.setdefault(template, {}).setdefault(key, Count()).add(
                ran, closed, on_proof, milliseconds
            )

    def log_prob(self, template: str, view: View, prior: float) -> float:
        """The log-probability for an offer of the template; the proposer's own where nothing is known."""
        by_feature = self.counts.get(template)
        if by_feature is None:
            return prior
        return self._log_prob(template, feature_of(first_goal(view)), prior)

    def _log_prob(self, template: str, feature: str, prior: float) -> float:
        whole = self.counts[template][ANY]
        share = (whole.on_proof + PRIOR_WEIGHT * math.exp(prior)) / (whole.tried + PRIOR_WEIGHT)
        part = self.counts[template].get(feature)
        if part is not None:
            share = (part.on_proof + FEATURE_WEIGHT * share) / (part.tried + FEATURE_WEIGHT)
        if (
            whole.on_proof
            and whole.closed >= CLOSING * whole.on_proof
            and whole.ran <= 1.5 * whole.closed + 1
        ):
            share = share / (share + whole.milliseconds / whole.tried / 1000)
        return min(-0.01, max(LOWEST, math.log(share)))

    def to_json(self, **facts: Any) -> dict[str, Any]:
        """For the file, with whatever tells where the counts come from."""
        columns = ["tried", "ran", "closed", "on_proof", "milliseconds"]
        counts = {t: {f: c.as_list() for f, c in sorted(by.items())} for t, by in sorted(self.counts.items())}
        return {"format": FORMAT, **facts, "columns": columns, "counts": counts}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Calibration:
        """Reads what `to_json` made. Raises PolicyError when it is something else."""
        if stored.get("format") != FORMAT:
            raise PolicyError(
                f"the calibration has format {stored.get('format')!r}; this version reads format {FORMAT}"
            )
        try:
            return cls({
                template: {
                    feature: Count(int(c[0]), int(c[1]), int(c[2]), int(c[3]), float(c[4])) for feature, c in
                    by.items()
                }
                for template, by in stored["counts"].items()
            })  # fmt: skip
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise PolicyError(
                f"the calibration cannot be read ({error!r}); make it anew with `proofsmith calibrate`"
            ) from error


def feature_of(goal: Goal | None) -> str:
    """What kind of goal it is: the top of the target, and what it is about."""
    if goal is None:
        return "none"
    return _feature(goal)


@lru_cache(maxsize=4096)
def _feature(goal: Goal) -> str:
    top = (
        goal.shape
        if goal.shape in ("∀", "→", "∃", "∧", "∨", "↔", "¬", "=", "≠", "≤", "<", "∣", "∈", "False")
        else "other"
    )
    heads = {v.head for v in goal.data}
    if goal.own_functions or any(goal.inductive(v) for v in goal.hypotheses):
        about = "own"
    elif "List" in heads or "List" in goal.words:
        about = "List"
    elif heads & {"BitVec", "Fin"}:
        about = "finite"
    elif heads & {"Option", "Bool"}:
        about = "Option"
    elif heads & {"Int", "Rat"}:
        about = "Int"
    elif "Nat" in heads:
        about = "Nat"
    else:
        about = "logic"
    return f"{top} {about}"


@lru_cache(maxsize=1)
def shipped() -> Calibration | None:
    """The calibration that comes with the package; None when there is none."""
    try:
        text = resources.files("data").joinpath("calibration.json").read_text("utf-8")
    except (FileNotFoundError, ModuleNotFoundError):
        return None
    try:
        return Calibration.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise PolicyError(
            f"data/calibration.json is not JSON ({error}); make it anew with `proofsmith calibrate`"
        ) from error
