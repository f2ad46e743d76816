"""How hard an example is: a number of its source's own, and its rank there (`prover.training.curriculum` says which)."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

MIDDLE = 0.5
MUTANT_GRADES = ("rfl", "decide", "simp", "omega", "simp_all", "grind", "exact?", "hard")


def mutant_grade(grade: str | None) -> float | None:
    """A mutant's grade as a number; None where it was not tried."""
    return float(MUTANT_GRADES.index(grade)) if grade in MUTANT_GRADES else None


def ranks(grades: Sequence[float | None]) -> list[float]:
    """Grades of one source as shares from 0 (easiest) to 1: of the graded, those below and half of those alike."""
    known = sorted(g for g in grades if g is not None)
    return [
        MIDDLE if g is None else (bisect.bisect_left(known, g) + bisect.bisect_right(known, g)) / 2 / len(known) for g in grades
    ]
