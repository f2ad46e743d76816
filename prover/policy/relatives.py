"""What is proved as its relative is: the same theorem about another type, or about what a type is made of.

Much of a library says one thing many times. `Array.zipIdx_append` is `List.zipIdx_append` once the arrays are taken apart,
`UInt64.and_comm` is `BitVec.and_comm` behind the wrapper. Two signs point at the relative: its statement (retrieval) and, where
the theorem has a name, the last component of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.premises import Premise
from prover.policy.retrieval import Retriever, query_of
from prover.policy.wrapped import UNSIGNED, from_bits, machine_integers, taken_apart

MANY = 30
NAMESAKES = 4
CLOSEST = 2
"""So many are tried behind each way inside, too."""
INNERMOST = ("BitVec", "Array", "List", "Nat", "Int", "Option", "Bool")
"""Types that others are made of: their theorems are the likelier relatives."""
FITTING = 5


class Kin(Retriever, Protocol):
    """Finds theorems by goal and by name; `prover.policy.premises.PremiseIndex` is one."""

    def namesakes(self, name: str, k: int, imported: frozenset[str] | None = None) -> Sequence[Premise]:
        """At most `k` with the same last component."""
        ...


@dataclass(frozen=True)
class Relatives:
    """Namesakes as they are and as hints; with wrapped variables, also what fits the goal, after taking them apart.

    Only a state's first turn: a namesake that helps, helps at once, and there are few.
    """

    kin: Kin
    name: str = "relatives"

    def propose(self, view: View) -> Iterable[Offer]:
        """`apply`, `rw` and simp with namesakes; `cases …; simp […]` where something is wrapped."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        imported = view.file_context.imported
        same = nearest(self.kin.namesakes(view.theorem, MANY, imported)) if view.theorem else []
        if goal.shape in ("∀", "→"):
            for i, p in enumerate(same):
                yield Offer(f"apply {p.name}", -1.6 - 0.2 * i, "relatives.apply")
            return
        inside = taken_apart(goal)
        for i, p in enumerate(same):
            later = 0.2 * i
            yield Offer(f"apply {p.name}", -1.3 - later, "relatives.apply")
            for opening in (inside, *through(goal)):
                if opening and i < CLOSEST:
                    yield Offer(f"{opening}; apply {p.name}", -1.5 - later, "relatives.through_apply")
            if goal.facts and i < CLOSEST:
                yield Offer(f"apply {p.name} <;> assumption", -1.4 - later, "relatives.apply_assumption")
            if p.rewrites:
                yield Offer(f"rw [{p.name}]", -2.6 - later, "relatives.rw")
        hints = [p.name for p in same if p.rewrites]
        if hints:
            yield Offer(f"simp [{', '.join(hints)}]", -1.6, "relatives.simp")
            yield Offer(f"simp_all [{', '.join(hints)}]", -1.9, "relatives.simp_all")
        if inside:
            fitting = self.kin.search(query_of(view.goals[0]), FITTING + len(same), imported)
            names = list(dict.fromkeys([*hints, *(p.name for p in fitting if p.rewrites)]))[: NAMESAKES + FITTING]
            if names:
                yield Offer(f"{inside}; simp [{', '.join(names)}]", -1.8, "relatives.cases_simp")
                yield Offer(f"{inside}; simp_all [{', '.join(names)}]", -2.4, "relatives.cases_simp_all")


def nearest(found: Sequence[Premise]) -> list[Premise]:
    """At most NAMESAKES of them, those about what others are made of first."""

    def rank(premise: Premise) -> int:
        root = premise.name.split(".", 1)[0]
        return INNERMOST.index(root) if root in INNERMOST else len(INNERMOST)

    return sorted(found, key=rank)[:NAMESAKES]


def through(goal: Goal) -> list[str]:
    """What leads from an equation of wrapped numbers to one of what is inside: of bits, then of natural numbers."""
    heads = [v.head for v in goal.data]
    openings = []
    for kind in machine_integers(heads)[:1]:
        inner = from_bits(kind)
        if goal.shape == "=":
            openings.append(f"apply {inner}")
        elif goal.shape in ("↔", "≠"):
            back = "by cases x; cases y; exact congrArg _ h" if kind in UNSIGNED else f"{inner} h"
            same = f"∀ x y : {kind}, x = y ↔ x.toBitVec = y.toBitVec"
            openings.append(f"have same : {same} := fun x y => ⟨congrArg _, fun h => {back}⟩; simp only [same, ne_eq]")
    if goal.shape == "=" and "BitVec" in heads:
        openings.append("apply BitVec.eq_of_toNat_eq")
    return openings
