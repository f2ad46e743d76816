"""Steps with theorems of the library: those that fit the goal, and those proved as its relatives are.

A relative is the same theorem about another type, or about what a type is made of: `Array.zipIdx_append` is `List.zipIdx_append`
once the arrays are taken apart, `UInt64.and_comm` is `BitVec.and_comm` behind the wrapper. Its statement (retrieval) and the
last component of its name point at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prover.policy.base import GoalText, Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.premises import Premise
from prover.policy.wrapped import UNSIGNED, from_bits, machine_integers, taken_apart

FOUND = 40
NEAR = 7
"""So many are tried one by one at a state's second turn, the others later."""
RANKED = 100
IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*")


class Retriever(Protocol):
    """Finds theorems that fit a goal; `prover.policy.premises.PremiseIndex` is one."""

    def search(
        self, goal_text: str, k: int, imported: frozenset[str] | None = None, own: Mapping[str, str] = ...
    ) -> Sequence[Premise]:
        """The best `k`, best first; of the modules `imported` only, where that is given, and of the file's `own` theorems."""
        ...

    def learn(self, goal_text: str, names: Sequence[str]) -> None:
        """Notes that theorems served at a goal."""
        ...

    def __contains__(self, name: str, /) -> bool:
        """Whether a theorem of this name is among those that can be found."""
        ...


@dataclass(frozen=True)
class Retrieved:
    """rw, apply, exact, simp, simp_all and grind with retrieved theorems.

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
        context = view.file_context
        found = list(self.retriever.search(query_of(view.goals[0]), FOUND, context.imported, context.theorems))
        names = [p.name for p in found]
        if view.stage == 1 and found:
            yield from _together(found)
            yield from _steps(goal, found[:NEAR], 0)
        elif view.stage == 2:
            yield from _steps(goal, found[NEAR:18], NEAR)
            for name in names[:8]:
                yield Offer(f"grind [{name}]", -2.6, "retrieval.grind_one")
        elif view.stage == 3:
            yield from _steps(goal, found[18:], 18)
            for name in names[:10]:
                yield Offer(f"simp [{name}]", -3.0, "retrieval.simp_one")
            if len(names) > 4:
                yield Offer(f"grind [{', '.join(names[4:12])}]", -3.0, "retrieval.grind_more")


def _together(found: Sequence[Premise]) -> Iterable[Offer]:
    names = [p.name for p in found]
    rewriting = [p.name for p in found[:8] if p.rewrites]
    yield Offer(f"grind [{', '.join(names[:4])}]", -1.6, "retrieval.grind")
    if rewriting:
        yield Offer(f"simp [{', '.join(rewriting)}]", -2.2, "retrieval.simp")
        yield Offer(f"simp_all [{', '.join(rewriting)}]", -2.6, "retrieval.simp_all")


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
            if goal.facts:
                yield Offer(f"apply {p.name} <;> assumption", -2.0 - later, "retrieval.apply_assumption")


def query_of(goal: GoalText) -> str:
    """What a retriever is asked for a goal: the goal as Lean prints it."""
    return "\n".join([*(f"{h.name} : {h.type}" for h in goal.hypotheses), f"⊢ {goal.target}"])


def retriever_of(policy: object) -> Retriever | None:
    """Whom a policy's members ask for theorems; None when there is nobody."""
    members = (member for member, _ in getattr(policy, "members", ()))
    return next((m.retriever for m in members if isinstance(m, Retrieved)), None)


def ranks(retriever: Retriever, state: str, tactic: str, imported: frozenset[str] | None) -> dict[str, int | None]:
    """The library's theorems that a tactic names, with the rank (from 1) at which each comes at the state.

    None: not among the first RANKED.
    """
    named = [name for name in dict.fromkeys(IDENTIFIER.findall(tactic)) if name in retriever]
    if not named:
        return {}
    found = {p.name: i for i, p in enumerate(retriever.search(state, RANKED, imported), start=1)}
    return {name: found.get(name) for name in named}


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
