"""Theorems about a file's own functions: the first tries, the same for each candidate of induction.

Which variable: those that the recursive functions of the goal consume (Boyer and Moore's recursion analysis). Then always the
same: induct with everything else generalised, split the other consumed variables, simplify by the file's functions, close by
`grind`; or along the recursion of a function.
What such a try leaves is what `prover.policy.lemmas` works on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.cases import cases_text
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.induction import induction_text, worth
from prover.policy.structure import intro
from prover.policy.terms import applications, mentions, shape, words

CANDIDATES = 2
SPLIT = 3
"""So many variables are taken apart together, the one inducted on among them."""
MAX_HINTS = 12


def is_program(goal: Goal) -> bool:
    """Whether the goal is about a recursive function of the file, or about what such a function is used in."""
    hints = set(goal.hints)
    return any(f.recursive and f.name in hints for f in goal.functions)


@dataclass(frozen=True)
class Programs:
    """See the module's docstring."""

    name: str = "programs"

    def leads(self, view: View) -> bool:
        """Whether the goal is about a recursive function of the file."""
        goal = first_goal(view)
        return goal is not None and is_program(goal)

    def propose(self, view: View) -> Iterator[Offer]:
        """All on the first visit."""
        goal = first_goal(view)
        if goal is None or view.stage > 0 or not goal.own_functions:
            return
        if goal.shape in ("∀", "→", "¬"):
            yield from intro.propose(view)
            if goal.shape != "¬":
                return
        hints = ", ".join(goal.hints[:MAX_HINTS])
        close = f"first | grind [{hints}] | (simp_all [{hints}] <;> grind [{hints}])"
        leave = f"try (first | grind [{hints}] | (simp_all [{hints}] <;> try grind [{hints}]))"
        yield Offer(close, -0.3, "programs.close")
        wrappers = [f.name for f in goal.own_functions if not f.recursive]
        if wrappers:
            yield Offer(f"simp only [{', '.join(wrappers)}] at *", -0.4, "programs.unfold")
        if goal.unnamed:
            yield Offer(f"rename_i {' '.join(goal.unnamed)}", -0.4, "programs.rename")
            return
        if "if " in goal.target or "match " in goal.target:
            yield Offer(f"split <;> {leave}", -0.5, "programs.split")
        for f in goal.facts:
            if "if " in f.type or "match " in f.type:
                yield Offer(f"split at {f.name} <;> {leave}", -0.7, "programs.split")
        yield from self._cases(goal, leave)
        if any(f.name.startswith("ih") for f in goal.facts):
            return  # what an induction left is generalised first: `prover.policy.lemmas`
        yield from self._inductions(goal, close, leave)
        for rank, (call, others) in enumerate(list(dict.fromkeys(calls(goal)))[:CANDIDATES]):
            generalizing = f" generalizing {' '.join(others)}" if others else ""
            yield Offer(f"fun_induction {call}{generalizing} <;> {leave}", -0.6 - 0.2 * rank, "programs.functional")

    @staticmethod
    def _inductions(goal: Goal, close: str, leave: str) -> Iterator[Offer]:
        ranked = candidates(goal)
        for rank, v in enumerate(ranked[:CANDIDATES]):
            others = generalised(goal, v)
            text = induction_text(goal, v, others)
            if text is not None:
                yield Offer(f"({text}) <;> {leave}", -0.35 - 0.3 * rank, "programs.induct")
                split = [f"cases {o.name}" for o in ranked[:SPLIT] if o.name in others]
                if split:
                    yield Offer(f"({text}) <;> {' <;> '.join(split)} <;> ({close})", -0.5 - 0.3 * rank, "programs.induct_split")

    @staticmethod
    def _cases(goal: Goal, leave: str) -> Iterator[Offer]:
        for v in candidates(goal)[:1]:
            own = goal.inductive(v)
            if own is not None:
                yield Offer(f"({cases_text(goal, v.name, own)}) <;> {leave}", -1.4, "programs.cases")


def candidates(goal: Goal) -> list[Var]:
    """The variables worth induction, best first."""
    ranked = sorted(((worth(goal, v), i, v) for i, v in enumerate(goal.data)), key=lambda t: (-t[0], t[1]))
    return [v for w, _, v in ranked if w > 0]


def generalised(goal: Goal, v: Var) -> tuple[str, ...]:
    """The other variables of the goal; functions and types stay as they are."""
    return tuple(
        o.name for o in goal.data
        if o.name != v.name and mentions(o.name, goal.text) and shape(o.type) not in ("→", "∀") and o.name not in words(v.type)
    )  # fmt: skip


def calls(goal: Goal) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Applications of recursive functions whose consumed arguments are variables, and what else can be generalised.

    Those that consume several variables at once come first: no induction on one of them has the right hypothesis.
    """
    data = {v.name for v in goal.data}
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for f in goal.own_functions:
        for arguments in applications(f.last, goal.target) if f.recursive else ():
            given = arguments[: f.arity]
            split_on = [given[i] for i in f.splits_on if i < len(given)]
            if len(given) == f.arity and split_on and all(s in data for s in split_on):
                said = frozenset().union(*map(words, given))
                others = tuple(
                    o.name for o in goal.data if o.name not in said and o.name in goal.words and shape(o.type) not in ("→", "∀")
                )
                found.append((-len(set(split_on)), f"{f.name} {' '.join(given)}", others))
    yield from ((call, others) for _, call, others in sorted(found, key=lambda c: c[0]))
