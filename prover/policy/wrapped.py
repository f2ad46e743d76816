"""Types that are a wrapper around another: arrays around lists, machine integers around bit vectors.

Their theorems are those of what they wrap; the automation does not look inside by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from prover.policy.base import Offer
from prover.policy.goal import Goal, Var
from prover.policy.rules import family, rules

STRUCTURES = frozenset({"Array", "Vector", "Subtype", "Sigma", "PSigma", "PProd", "Fin", "String", "ByteArray"})
UNSIGNED = frozenset({"UInt8", "UInt16", "UInt32", "UInt64", "USize"})
SIGNED = frozenset({"Int8", "Int16", "Int32", "Int64", "ISize"})
MOST = 4


@family("wrapped", visits=2)
def unwrap(goal: Goal, visit: int) -> Iterable[Offer]:
    """Replaces such variables by what they are made of, and equations of machine integers by equations of bits.

    `cases` on all of them followed by simp is how most of the library's own theorems about arrays begin.
    """
    inside, apart = _structures(goal), taken_apart(goal)
    yield from rules(
        visit,
        (inside, 0, "wrapped.cases_simp", f"{apart}; simp", -1.9),
        (inside, 0, "wrapped.cases_simp_all", f"{apart}; simp_all", -2.3),
        (inside, 0, "wrapped.cases_rfl", f"{apart}; rfl", -2.3),
        (inside, 0, "wrapped.cases_grind", f"{apart}; grind", -2.6),
        *((True, 1, "wrapped.cases", f"cases {v.name}", -2.4) for v in inside),
    )
    for kind in machine_integers(v.head for v in goal.data)[:1]:
        value = "toNat" if kind in UNSIGNED else "toInt"
        same = goal.shape == "="
        order = goal.shape in ("≤", "<", "≠", "↔", "¬")
        related = same or order or goal.shape in ("∧", "∨", "False")
        lemmas = f"← {kind}.{value}_inj, {kind}.le_iff_{value}_le, {kind}.lt_iff_{value}_lt"
        yield from rules(
            visit,
            (related, 0, "wrapped.numbers_omega", as_numbers(kind), -2.1),
            (same, 0, "wrapped.to_bits", f"apply {kind}.toBitVec_inj.mp", -1.6),
            (same, 0, "wrapped.to_bits_early", f"apply {from_bits(kind)}", -1.7),
            (same, 0, "wrapped.to_number", f"apply {kind}.{value}_inj.mp", -2.0),
            (same, 0, "wrapped.simp_bits", f"simp [← {kind}.toBitVec_inj]", -2.4),
            (order, 0, "wrapped.order", f"simp only [{kind}.le_iff_{value}_le] at *", -2.2),
            (order, 0, "wrapped.order", f"simp only [{kind}.lt_iff_{value}_lt] at *", -2.2),
            (order, 0, "wrapped.simp_number", f"simp [← {kind}.{value}_inj]", -2.6),
            (True, 1, "wrapped.omega", f"simp only [{lemmas}] at *; omega", -2.4),
            (True, 1, "wrapped.simp_omega", f"simp [{lemmas}] at *; omega", -2.6),
        )


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
