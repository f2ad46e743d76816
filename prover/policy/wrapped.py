"""Types that are a wrapper around another: arrays around lists, machine integers around bit vectors.

Their theorems are those of what they wrap; the automation does not look inside by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal

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
        inside = _structures(goal)
        if inside and view.stage == 0:
            apart = taken_apart(goal)
            yield Offer(f"{apart}; simp", -1.9, "wrapped.cases_simp")
            yield Offer(f"{apart}; simp_all", -2.3, "wrapped.cases_simp_all")
            yield Offer(f"{apart}; rfl", -2.3, "wrapped.cases_rfl")
            yield Offer(f"{apart}; grind", -2.6, "wrapped.cases_grind")
        if inside and view.stage == 1:
            for v in inside:
                yield Offer(f"cases {v.name}", -2.4, "wrapped.cases")
        yield from self._integers(goal.shape, [v.head for v in goal.data], view.stage)

    @staticmethod
    def _integers(shape: str, heads: list[str], stage: int) -> Iterable[Offer]:
        for kind in machine_integers(heads)[:1]:
            value = "toNat" if kind in UNSIGNED else "toInt"
            if stage == 0 and shape in ("≤", "<", "=", "≠", "↔", "¬", "∧", "∨", "False"):
                yield Offer(as_numbers(kind), -2.1, "wrapped.numbers_omega")
            if shape == "=" and stage == 0:
                yield Offer(f"apply {kind}.toBitVec_inj.mp", -1.6, "wrapped.to_bits")
                yield Offer(f"apply {from_bits(kind)}", -1.7, "wrapped.to_bits_early")
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


def taken_apart(goal: Goal) -> str:
    """`cases` on all wrapped variables that the goal mentions, in one line; empty when there are none.

    A vector whose length is a variable becomes an array, and the variable its size.
    """
    lengths = {v.name for v in goal.data if v.type == "Nat"}
    parts = []
    for v in _structures(goal):
        length = v.type.rsplit(" ", 1)[-1]
        if v.head == "Vector" and length in lengths:
            lengths.remove(length)
            parts.append(f"rcases {v.name} with ⟨{v.name}, rfl⟩")
        else:
            parts.append(f"cases {v.name}")
    return "; ".join(parts)


def machine_integers(heads: Iterable[str]) -> list[str]:
    """The machine integers among types, each once."""
    return list(dict.fromkeys(h for h in heads if h in UNSIGNED or h in SIGNED))


def from_bits(kind: str) -> str:
    """What leads from equal bits to equal machine integers, and is there as soon as the type is."""
    return f"congrArg {kind}.ofBitVec" if kind in UNSIGNED else f"{kind}.toBitVec.inj"


def as_numbers(kind: str) -> str:
    """Equality and order of machine integers as those of their values, for omega; by nothing but their definitions."""
    if kind in UNSIGNED:
        value, bits, order = "toNat", "BitVec.eq_of_toNat_eq", ("Iff.rfl", "Iff.rfl")
        same = f"by cases x; cases y; exact congrArg {kind}.ofBitVec ({bits} h)"
    else:
        value, bits, order = "toInt", "BitVec.eq_of_toInt_eq", ("BitVec.slt_iff_toInt_lt", "BitVec.sle_iff_toInt_le")
        same = f"{kind}.toBitVec.inj ({bits} h)"
    return (
        f"have same : ∀ x y : {kind}, x = y ↔ x.{value} = y.{value} := fun x y => ⟨congrArg _, fun h => {same}⟩\n"
        f"have less : ∀ x y : {kind}, x < y ↔ x.{value} < y.{value} := fun _ _ => {order[0]}\n"
        f"have most : ∀ x y : {kind}, x ≤ y ↔ x.{value} ≤ y.{value} := fun _ _ => {order[1]}\n"
        "simp only [same, less, most, ne_eq] at *\nomega"
    )


def _structures(goal: Goal) -> list[Var]:
    return [v for v in goal.data if v.head in STRUCTURES and mentions(goal.text, v.name)][:MOST]


def mentions(text: str, name: str) -> bool:
    """Whether a name occurs as a word."""
    return re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", text) is not None
