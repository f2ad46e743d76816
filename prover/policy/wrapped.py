"""Types that are a wrapper around another: arrays around lists, machine integers around bit vectors.

Their theorems are those of what they wrap; the automation does not look inside by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import first_goal

STRUCTURES = frozenset({"Array", "Vector", "Subtype", "Sigma", "PSigma", "PProd", "Fin", "String", "ByteArray"})
UNSIGNED = frozenset({"UInt8", "UInt16", "UInt32", "UInt64", "USize"})
SIGNED = frozenset({"Int8", "Int16", "Int32", "Int64", "ISize"})
MOST = 4


@dataclass(frozen=True)
class Unwrap:
    """Replaces such variables by what they are made of, and equations of machine integers by equations of bits.

    `cases` on all of them followed by simp is how most of the library's own theorems about arrays begin.
    """

    name: str = "wrapped"

    def propose(self, view: View) -> Iterable[Offer]:
        """All variables at once, each alone, and the integers' own characterisations."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        inside = [v for v in goal.data if v.head in STRUCTURES and mentions(goal.text, v.name)][:MOST]
        if inside and view.stage == 0:
            taken_apart = "; ".join(f"cases {v.name}" for v in inside)
            yield Offer(f"{taken_apart}; simp", -1.9, "wrapped.cases_simp")
            yield Offer(f"{taken_apart}; simp_all", -2.3, "wrapped.cases_simp_all")
            yield Offer(f"{taken_apart}; rfl", -2.3, "wrapped.cases_rfl")
            yield Offer(f"{taken_apart}; grind", -2.6, "wrapped.cases_grind")
        if inside and view.stage == 1:
            for v in inside:
                yield Offer(f"cases {v.name}", -2.4, "wrapped.cases")
        yield from self._integers(goal.shape, [v.head for v in goal.data], view.stage)

    @staticmethod
    def _integers(shape: str, heads: list[str], stage: int) -> Iterable[Offer]:
        kinds = dict.fromkeys(h for h in heads if h in UNSIGNED or h in SIGNED)
        for kind in list(kinds)[:1]:
            value = "toNat" if kind in UNSIGNED else "toInt"
            if shape == "=" and stage == 0:
                yield Offer(f"apply {kind}.toBitVec_inj.mp", -1.6, "wrapped.to_bits")
                yield Offer(f"apply {kind}.{value}_inj.mp", -2.0, "wrapped.to_number")
                yield Offer(f"simp [← {kind}.toBitVec_inj]", -2.4, "wrapped.simp_bits")
            elif shape in ("≤", "<", "≠", "↔", "¬") and stage == 0:
                for relation in ("le", "lt"):
                    yield Offer(f"simp only [{kind}.{relation}_iff_{value}_{relation}] at *", -2.2, "wrapped.order")
                yield Offer(f"simp [← {kind}.{value}_inj]", -2.6, "wrapped.simp_number")
            if stage == 1:
                lemmas = f"← {kind}.{value}_inj, {kind}.le_iff_{value}_le, {kind}.lt_iff_{value}_lt"
                yield Offer(f"simp only [{lemmas}] at *; omega", -2.4, "wrapped.omega")
                yield Offer(f"simp [{lemmas}] at *; omega", -2.6, "wrapped.simp_omega")


def mentions(text: str, name: str) -> bool:
    """Whether a name occurs as a word."""
    return re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", text) is not None
