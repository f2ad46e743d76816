"""Steps with theorems of the library that fit the goal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.premises import Premise
from prover.policy.terms import shape

FOUND = 40
NEAR = 7
"""So many are tried one by one at a state's second turn, the others later."""


class Retriever(Protocol):
    """Finds theorems that fit a goal; `prover.policy.premises.PremiseIndex` is one."""

    def search(self, goal_text: str, k: int, imported: frozenset[str] | None = None) -> Sequence[Premise]:
        """The best `k`, best first; of the modules `imported` only, where that is given."""
        ...


@dataclass(frozen=True)
class Retrieved:
    """rw, apply, simp and grind with retrieved theorems.

    The automation knows the theorems that are marked for it; this is for the others: not simp-normal,
    conditional, or used in the direction that nobody marks. They cost more than they bring as long as cheap
    moves are left, so they wait for a state's second turn.
    """

    retriever: Retriever
    name: str = "retrieval"

    def propose(self, view: View) -> Iterable[Offer]:
        """The best ones one by one, and together as hints to simp and grind; more of them the later the turn."""
        goal = first_goal(view)
        if goal is None or view.stage == 0 or goal.shape in ("∀", "→"):
            return
        found = list(self.retriever.search(query_of(goal), FOUND, view.file_context.imported))
        names = [p.name for p in found]
        if view.stage == 1 and found:
            yield Offer(f"grind [{', '.join(names[:4])}]", -1.6, "retrieval.grind")
            yield Offer(f"simp [{', '.join(p.name for p in found[:8] if p.rewrites)}]", -2.2, "retrieval.simp")
            yield from self._steps(goal, found[:NEAR], 0)
        elif view.stage == 2:
            yield from self._steps(goal, found[NEAR:18], NEAR)
            for name in names[:8]:
                yield Offer(f"grind [{name}]", -2.6, "retrieval.grind_one")
        elif view.stage == 3:
            yield from self._steps(goal, found[18:], 18)
            for name in names[:10]:
                yield Offer(f"simp [{name}]", -3.0, "retrieval.simp_one")
            if len(names) > 4:
                yield Offer(f"grind [{', '.join(names[4:12])}]", -3.0, "retrieval.grind_more")

    @staticmethod
    def _steps(goal: Goal, found: Sequence[Premise], offset: int) -> Iterable[Offer]:
        for i, p in enumerate(found, start=offset):
            later = 0.12 * i
            if p.rewrites:
                yield Offer(f"rw [{p.name}]", -2.2 - later, "retrieval.rw")
                yield Offer(f"rw [← {p.name}]", -2.9 - later, "retrieval.rw_back")
                if p.equivalence:
                    yield Offer(f"apply {p.name}.mp", -3.0 - later, "retrieval.apply_mp")
                    yield Offer(f"apply {p.name}.mpr", -2.8 - later, "retrieval.apply_mpr")
            else:
                yield Offer(f"apply {p.name}", -2.1 - later, "retrieval.apply")


def query_of(goal: Goal) -> str:
    """What a retriever is asked for a goal: the last facts and the types of the variables in front of the target."""
    near = [f.type for f in goal.facts[-4:] if shape(f.type) not in ("∀", "→")]
    types = dict.fromkeys(v.head for v in goal.data if len(v.head) > 2)
    return " ".join([*near, *types, "⊢", goal.target])
