"""Easier examples first: grades of difficulty, and batches that begin with the lowest.

After Platanios et al., "Competence-based curriculum learning for neural machine translation" (NAACL 2019, arXiv 1903.09848,
section 3, the square-root form): at step t only the easiest share c(t) = min(1, √(c₀² + (1 − c₀²) t / T)) of the examples is
drawn from, evenly. Here c₀ = 0.1 and T is half of the run; from then on epochs go through all examples as without it.
The grades, which only compare within a source (`prover.training.grades`):

    traces, LeanDojo     tactics of the whole proof
    mutants              which of rfl, decide, simp, omega, simp_all, grind, exact? proves it alone first; hard comes last
    search runs (dpo)    expansions until the proof
    JSON lines           the number under "grade", where there is one

An example whose difficulty is unknown counts as the middle of its source. A batch is a function of seed and step alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TypeVar

from prover.training.batches import Batches, Measurable
from prover.training.settings import TrainSettings

FIRST_SHARE = 0.1
RAMP = 0.5
"""The share of the run after which everything is drawn from."""
E_co = TypeVar("E_co", bound=Measurable)


def competence(step: int, steps: int) -> float:
    """The share of the examples, easiest first, that step `step` (from 0) of `steps` draws from."""
    ramp = max(1, int(RAMP * steps))
    return min(1.0, math.sqrt(FIRST_SHARE**2 + (1 - FIRST_SHARE**2) * step / ramp))


class CurriculumBatches(Batches[E_co]):
    """The batch of every step, from 0: while the competence is below 1 drawn from the easiest, then epochs.

    Args:
        examples: what is learnt.
        size: examples a batch.
        seed: of the draws.
        grades: one for each example, from `ranks`; ties are broken by the examples' order.
        steps: of the whole run.
    """

    def __init__(self, examples: Sequence[E_co], size: int, seed: int, grades: Sequence[float], steps: int) -> None:
        super().__init__(examples, size, seed)
        self._steps = steps
        self._by_grade = sorted(range(len(examples)), key=lambda i: (grades[i], i))

    def __getitem__(self, step: int) -> list[E_co]:
        share = competence(step, self._steps)
        if share >= 1:
            return super().__getitem__(step - max(1, int(RAMP * self._steps)))
        easiest = self._by_grade[: max(self.size, math.ceil(share * len(self._by_grade)))]
        chosen = random.Random(f"{self.seed} easiest {step}").sample(easiest, min(self.size, len(easiest)))
        return [self.examples[i] for i in chosen]


def batches_of(examples: Sequence[E_co], grades: Sequence[float], settings: TrainSettings) -> Batches[E_co]:
    """The batches that the settings ask for; `grades` has one for each example."""
    if settings.curriculum:
        return CurriculumBatches(examples, settings.batch, settings.seed, grades, settings.steps)
    return Batches(examples, settings.batch, settings.seed)
