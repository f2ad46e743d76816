"""Theorems about a file's own functions: the first tries, the same for each candidate of induction.

Which variable: those that the recursive functions of the goal consume (Boyer and Moore's recursion analysis). Then always the
same: along the recursion of a function, or by induction with everything else generalised, close all cases by `grind`, which
knows the file's functions and may take variables apart by itself. These closers succeed or fail within tenths of a second, so
they stand first; behind them the same inductions with what they leave: split the other consumed variables, simplify, close what
can be closed.
What such a try leaves is what `prover.policy.lemmas` works on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.policy.base import Offer, View, introduced
from prover.policy.cases import cases_text
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.induction import induction_text, worth
from prover.policy.rewriting import near_theorems
from prover.policy.sources import Function
from prover.policy.structure import equal, intro
from prover.policy.terms import applications, mentions, shape, words

CANDIDATES = 2
CALLS = 3
"""Calls of recursive functions whose recursion is followed."""
SHALLOW = 3
"""Generations of terms in which `grind` takes variables apart: a failure costs a quarter of what it does by default."""
SPLIT = 3
"""So many variables are taken apart together, the one inducted on among them."""
MAX_HINTS = 12
MAX_THEOREMS = 4


def is_program(goal: Goal) -> bool:
    """Whether the goal is about a recursive function of the file, or about what such a function is used in."""
    hints = set(goal.hints)
    return any(f.recursive and f.name in hints for f in goal.functions)


@dataclass(frozen=True)
class Programs:
    """See the module's docstring."""

    name: str = "programs"

    def leads(self, view: View) -> int:
        """Where the goal is about a recursive function of the file: for two visits to the statement, for one to other goals.

        For one visit to a statement about other own functions, which are put in.
        """
        goal = first_goal(view)
        statement = introduced(view.before)
        if goal is None:
            return 0
        if not is_program(goal):
            return int(statement and any(map(wraps, goal.own_functions)))
        return 2 if statement else 1

    def propose(self, view: View) -> Iterator[Offer]:
        """To the statement closers and one induction that may leave something on the first visit, the others on the second,
        before which the file's functions are explored (`prover.prove.lemmas`). To other goals all on the first.
        """
        goal = first_goal(view)
        statement = introduced(view.before)
        if goal is None or view.stage > (1 if statement else 0) or not goal.own_functions:
            return
        grind = f"grind [{', '.join(goal.equations[:MAX_HINTS])}]"
        simplify = f"simp_all [{', '.join(goal.rewriting[:MAX_HINTS])}]".removesuffix(" []")
        inducted = any(f.name.startswith("ih") for f in goal.facts)
        wrappers = [f.name for f in goal.own_functions if not f.recursive]
        named = ", ".join(wrappers)
        unfold = f"simp only [{named}] at * <;> try simp_all only [{named}, ↓reduceIte]"  # so that known conditions decide
        if view.stage == 0:
            if goal.shape in ("∀", "→", "¬"):
                yield from intro.propose(view)
            elif statement and any(map(wraps, goal.own_functions)):
                yield Offer(unfold, -0.1, "programs.unfold")
                yield Offer(grind, -0.15, "programs.close")
                return  # what else there is, is tried on what was hidden
            yield from equal.propose(view)
            if goal.target.startswith(("let ", "have ")):
                yield Offer("dsimp only", -0.5, "programs.zeta")
            if goal.shape != "∀":
                yield Offer(grind, -0.15, "programs.close")
                yield Offer(f"{simplify} <;> {grind}", -0.3, "programs.close")
                if goal.shape == "∧" and statement:
                    yield Offer("and_intros", -0.4, "programs.parts")
                if not goal.unnamed and not inducted:
                    yield from self._closers(goal, grind, near_theorems(goal, view)[:MAX_THEOREMS])
                    yield from self._splits(goal, f"first | {grind} | ({simplify} <;> {grind})")
        if goal.shape in ("∀", "→"):
            return
        leave = f"try (first | {grind} | ({simplify} <;> try {grind}))"
        if statement and view.stage == 0:
            if not goal.unnamed and not inducted:
                yield from self._leaving(goal, leave)[:1]
            return
        if wrappers:
            yield Offer(unfold, -0.4, "programs.unfold")
        if goal.unnamed:
            yield Offer(f"rename_i {' '.join(goal.unnamed)}", -0.4, "programs.rename")
            return
        if undecided(goal):
            yield Offer(f"split <;> (try rename_i h) <;> {leave}", -0.15, "programs.split")
        for f in goal.facts:
            if "if " in f.type or "match " in f.type:
                yield Offer(f"split at {f.name} <;> {leave}", -0.7, "programs.split")
        yield from self._cases(goal, leave)
        if inducted:
            return  # what an induction left is generalised first: `prover.policy.lemmas`
        yield from self._leaving(goal, leave)[1 if statement else 0 :]
        for rank, (call, others) in enumerate(list(dict.fromkeys(calls(goal)))[:CANDIDATES]):
            yield Offer(f"{_along(call, others)} <;> {leave}", -0.6 - 0.2 * rank, "programs.functional")

    @staticmethod
    def _closers(goal: Goal, grind: str, theorems: list[str]) -> Iterator[Offer]:
        """Inductions whose every case `grind` is to close: cheap, since nothing is simplified, so before all else. The likeliest
        ones with the file's earlier theorems, too.
        """
        types = taken_apart(goal)
        apart = f"grind (gen := {SHALLOW}) [{', '.join([*goal.equations[:MAX_HINTS], *(f'cases {t}' for t in types)])}]"
        inductions = [_along(call, _moved(goal, call, others)) for call, others in dict.fromkeys(calls(goal, goal.ground))]
        texts = list(dict.fromkeys(t for v in candidates(goal)[:CANDIDATES] for t in _by(goal, v)))[: CANDIDATES + 1]
        for rank, text in enumerate(inductions[:CALLS]):
            yield Offer(f"{text} <;> {grind}", -0.2 - 0.02 * rank, "programs.functional_close")
        for rank, text in enumerate(texts):
            yield Offer(f"({text}) <;> {grind}", -0.21 - 0.02 * rank, "programs.induct_close")
        likeliest = [*inductions[:1], *(f"({t})" for t in texts[:1])]
        if theorems:
            told = f"grind [{', '.join([*goal.equations[:MAX_HINTS], *theorems])}]"
            for rank, text in enumerate(likeliest):
                yield Offer(f"{text} <;> {told}", -0.25 - 0.01 * rank, "programs.theorems_close")
        if types and any(f.last in goal.words and f.splits_on for f in goal.own_functions):
            for rank, text in enumerate(likeliest):
                yield Offer(f"{text} <;> (first | {grind} | {apart})", -0.28 - 0.01 * rank, "programs.apart_close")

    @staticmethod
    def _splits(goal: Goal, close: str) -> Iterator[Offer]:
        """Inductions with the other candidates taken apart in every case."""
        ranked = candidates(goal)
        for rank, v in enumerate(ranked[:CANDIDATES]):
            others = generalised(goal, v)
            text = induction_text(goal, v, others)
            split = [f"cases {o.name}" for o in ranked[:SPLIT] if o.name in others]
            if text is not None and split:
                yield Offer(f"({text}) <;> {' <;> '.join(split)} <;> ({close})", -0.4 - 0.3 * rank, "programs.induct_split")

    @staticmethod
    def _leaving(goal: Goal, leave: str) -> list[Offer]:
        """Inductions that close what they can and leave the rest."""
        texts = enumerate(induction_text(goal, v, generalised(goal, v)) for v in candidates(goal)[:CANDIDATES])
        return [Offer(f"({t}) <;> {leave}", -0.35 - 0.3 * rank, "programs.induct") for rank, t in texts if t is not None]

    @staticmethod
    def _cases(goal: Goal, leave: str) -> Iterator[Offer]:
        for v in candidates(goal)[:1]:
            own = goal.inductive(v)
            if own is not None:
                yield Offer(f"({cases_text(goal, v.name, own)}) <;> {leave}", -1.4, "programs.cases")


def wraps(f: Function) -> bool:
    """Whether a function only names what it is made of: it neither calls itself nor takes an argument apart."""
    return not f.recursive and (not f.splits_on or bool(f.locals))


def undecided(goal: Goal) -> bool:
    """Whether the target has cases of its own, which are told apart before anything is generalised."""
    return "if " in goal.target or "match " in goal.target


def candidates(goal: Goal) -> list[Var]:
    """The variables worth induction, best first."""
    ranked = sorted(((worth(goal, v), i, v) for i, v in enumerate(goal.data)), key=lambda t: (-t[0], t[1]))
    return [v for w, _, v in ranked if w > 0]


def generalised(goal: Goal, v: Var) -> tuple[str, ...]:
    """The other variables of the goal; functions and types stay as they are."""
    return tuple(
        o.name for o in goal.data
        if o.name != v.name and mentions(o.name, goal.ground) and shape(o.type) not in ("→", "∀") and o.name not in words(v.type)
    )  # fmt: skip


def taken_apart(goal: Goal) -> tuple[str, ...]:
    """The types of the goal's variables that `grind` is to take apart by cases; not Nat, on which it calculates."""
    found = [own.name for v in goal.data if (own := goal.inductive(v)) is not None and not own.is_prop]
    found += [v.head for v in goal.data if v.head == "List" and goal.inductive(v) is None]
    return tuple(dict.fromkeys(found))


def _by(goal: Goal, v: Var) -> Iterator[str]:
    """Induction on a variable with all others generalised; where no recursion changes them also without, first: what a hypothesis
    says of all values under a binder, `grind` finds no instances of.
    """
    others = generalised(goal, v)
    changed = {o for o in others if any(o in words(a) for a in _changing(goal, v))}
    plain = others if changed else ()
    for choice in dict.fromkeys([plain, others]):
        text = induction_text(goal, v, choice)
        if text is not None:
            yield text


def _changing(goal: Goal, v: Var) -> Iterator[str]:
    """What the recursions that consume a variable call themselves with another value of."""
    for f in goal.own_functions:
        for found in applications(f.last, goal.ground) if f.recursive else ():
            if v.name in found:
                yield from (found[i] for i in {*f.changing, *f.splits_on} if i < len(found) and found[i] != v.name)


def _moved(goal: Goal, call: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """The other variables, where a recursion on one of a call's changes them; none is generalised without need."""
    variables = [v for v in goal.data if v.name in words(call)]
    return others if any(o in words(a) for v in variables for a in _changing(goal, v) for o in others) else ()


def _along(call: str, others: tuple[str, ...]) -> str:
    return f"fun_induction {call}" + (f" generalizing {' '.join(others)}" if others else "")


def calls(goal: Goal, text: str | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Applications of recursive functions whose consumed arguments are variables, and what else can be generalised.

    Those that consume several variables at once come first: no induction on one of them has the right hypothesis. They are looked
    for in the target, or in another text.
    """
    data = {v.name for v in goal.data}
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for f in goal.own_functions:
        for arguments in applications(f.last, text or goal.target) if f.recursive else ():
            given = arguments[: f.arity]
            split_on = [given[i] for i in f.splits_on if i < len(given)]
            if len(given) == f.arity and split_on and all(s in data for s in split_on):
                said = frozenset().union(*map(words, given))
                others = tuple(
                    o.name for o in goal.data if o.name not in said and o.name in goal.words and shape(o.type) not in ("→", "∀")
                )
                found.append((-len(set(split_on)), f"{f.name} {' '.join(given)}", others))
    yield from ((call, others) for _, call, others in sorted(found, key=lambda c: c[0]))
