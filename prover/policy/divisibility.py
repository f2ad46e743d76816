"""Divisibility: what divides the parts divides sums and products; combinations of what is known to be
divisible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.terms import sides, split, stripped

COMBINATIONS = ((1, 1), (1, -1), (-1, 1), (2, 1), (1, 2), (2, -1), (-1, 2), (1, -2), (-2, 1))


@dataclass(frozen=True)
class Divides:
    """Proves d ∣ t from the parts of t, or from a combination of hypotheses d ∣ a, d ∣ b.

    omega needs a numeral for d. For an unknown d the rules for sums and products apply backwards, and small
    integer combinations of two hypotheses cover what Euclid's steps produce.
    """

    name: str = "divisibility"

    def propose(self, view: View) -> Iterable[Offer]:
        """Rules by the shape of what is divided; combinations small first; hypotheses taken apart."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or "∣" not in goal.text:
            return
        kind = "Int" if goal.numbers("Int") else "Nat"
        found = sides(goal.target) if goal.shape == "∣" else None
        if view.stage == 0 and found is not None:
            yield from self._rules(kind, found[2])
        if found is not None:
            yield from self._combined(goal, kind, found[0], found[2], view.stage)
        if view.stage == 0:
            for f in goal.facts[-4:]:
                if (parts := sides(f.type)) is not None and parts[1] == "∣":
                    yield Offer(
                        f"obtain ⟨{goal.fresh('k')}, {f.name}⟩ := {f.name}", -2.2, "divisibility.obtain"
                    )

    @staticmethod
    def _rules(kind: str, whole: str) -> Iterable[Offer]:
        if len(split(whole, "+")) > 1:
            yield Offer(f"apply {kind}.dvd_add", -1.4, "divisibility.add")
        elif len(split(whole, "-")) > 1:
            yield Offer(f"apply {kind}.dvd_sub", -1.4, "divisibility.sub")
        elif len(split(whole, "*")) > 1:
            if kind == "Nat":
                yield Offer("apply Nat.dvd_mul_right_of_dvd", -1.5, "divisibility.mul")
                yield Offer("apply Nat.dvd_mul_left_of_dvd", -1.5, "divisibility.mul")
            else:
                yield Offer("refine Int.dvd_trans ?_ (Int.dvd_mul_right _ _)", -1.5, "divisibility.mul")
                yield Offer("refine Int.dvd_trans ?_ (Int.dvd_mul_left _ _)", -1.5, "divisibility.mul")

    @staticmethod
    def _combined(goal: Goal, kind: str, divisor: str, whole: str, stage: int) -> Iterable[Offer]:
        known = [
            (f.name, s[2])
            for f in goal.facts
            if (s := sides(f.type)) is not None and s[1] == "∣" and s[0] == divisor
        ]
        e = goal.fresh("e")
        for i, (f, a) in enumerate(known[:4]):
            for g, b in known[i + 1 : 4]:
                for p, q in COMBINATIONS[:3] if stage == 0 else COMBINATIONS[3:]:
                    left = (
                        f"{kind}.dvd_mul_left_of_dvd {f} {abs(p)}"
                        if kind == "Nat"
                        else f"Int.dvd_mul_of_dvd_right (a := {abs(p)}) {f}"
                    )
                    right = (
                        f"{kind}.dvd_mul_left_of_dvd {g} {abs(q)}"
                        if kind == "Nat"
                        else f"Int.dvd_mul_of_dvd_right (a := {abs(q)}) {g}"
                    )
                    x = f if abs(p) == 1 else f"({left})"
                    y = g if abs(q) == 1 else f"({right})"
                    first = f"({stripped(a)})" if abs(p) == 1 else f"{abs(p)} * ({stripped(a)})"
                    second = f"({stripped(b)})" if abs(q) == 1 else f"{abs(q)} * ({stripped(b)})"
                    if p > 0 and q > 0:
                        term, proof = f"{first} + {second}", f"{kind}.dvd_add {x} {y}"
                    elif p > 0:
                        term, proof = f"{first} - {second}", f"{kind}.dvd_sub {x} {y}"
                    else:
                        term, proof = f"{second} - {first}", f"{kind}.dvd_sub {y} {x}"
                    text = f"have {e} : {whole} = {term} := by first | omega | grind\nrw [{e}]\nexact {proof}"
                    yield Offer(text, -1.8, "divisibility.combination")
