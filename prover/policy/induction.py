"""Induction on the right variables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.terms import applications, shape, words

RECURSIVE_NAMES = re.compile(
    r"\b(length|map|filter|filterMap|flatMap|foldl|foldr|sum|reverse|all|any|count|countP|zip|zipWith|replicate|take|drop"
    r"|range|append|join|flatten|find\?|getLast|dropWhile|takeWhile|partition|eraseIdx|insert|repeat|iterate)\b"
)
PLAIN_TYPES = ("Nat", "Int", "List", "Bool", "Option")
CHANGING = ("foldl", "zip", "zipWith", "take", "drop")
"""Library functions that recurse with another of their arguments changed."""


@dataclass(frozen=True)
class Induction:
    """Induction on a variable that a recursive function of the goal takes apart.

    A variable is worth induction in so far as functions recurse on it: then simp can unfold them in both
    cases. Where a function recurses with another argument changed (an accumulator, the second list of a zip),
    that argument is generalised, since the hypothesis is needed at another value of it.
    """

    name: str = "induction"

    def propose(self, view: View) -> Iterable[Offer]:
        """The best variables first; with generalisation where it is called for, otherwise at a later stage.
        """
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        ranked = sorted(
            ((worth(goal, v), i, v) for i, v in enumerate(goal.data)), key=lambda t: (-t[0], t[1])
        )
        for rank, (value, _, v) in enumerate(ranked[:5]):
            if value <= 0:
                continue
            base = -1.2 - 0.4 * rank - (0.8 if value < 2 else 0.0)
            generalised = _generalised(goal, v)
            calls_for = any(_changes(goal, v, other) for other in generalised)
            choices = dict.fromkeys([tuple(generalised) if calls_for else (), (), tuple(generalised)])
            for stage, others in enumerate(choices):
                tactic = induction_text(goal, v, others)
                if tactic is not None and view.stage == (0 if calls_for else min(stage, 1)):
                    kind = "plain" if not others else "accumulator" if calls_for else "generalizing"
                    yield Offer(
                        tactic,
                        base - 0.3 * stage,
                        f"induction.{kind}_{v.head if v.head in ('Nat', 'List') else 'own'}",
                    )
            if v.type == "Nat" and view.stage == 1:
                ih = goal.fresh("ih")
                yield Offer(
                    f"induction {v.name} using Nat.strongRecOn with | ind {v.name} {ih} => ?_",
                    base - 1.5,
                    "induction.strong",
                )
        for f in goal.facts:
            own = goal.inductive(f)
            if own is not None and own.is_prop and any(any(c.recursive) for c in own.constructors):
                yield from self._on_predicate(goal, f, view.stage)

    @staticmethod
    def _on_predicate(goal: Goal, f: Var, stage: int) -> Iterable[Offer]:
        own = goal.inductive(f)
        assert own is not None
        alternatives = []
        for c in own.constructors:
            hypotheses = ["ih"] * sum(c.recursive)
            names = goal.several(*c.fields, *hypotheses)
            alternatives.append(" ".join(["|", c.name, *names, "=> ?_"]))
        tactic = f"induction {f.name} with {' '.join(alternatives)}"
        if stage == 0:
            yield Offer(tactic, -1.1, "induction.predicate")
        else:
            others = [
                v.name for v in goal.data if v.name not in words(f.type) and shape(v.type) not in ("→", "∀")
            ]
            if others:
                yield Offer(
                    tactic.replace(" with ", f" generalizing {' '.join(others)} with ", 1),
                    -2.5,
                    "induction.predicate_generalizing",
                )


def induction_text(goal: Goal, v: Var, generalizing: tuple[str, ...] = ()) -> str | None:
    """The tactic with named alternatives, or None when the type has no constructors that are known."""
    generalized = f" generalizing {' '.join(generalizing)}" if generalizing else ""
    head = f"induction {v.name}{generalized} with"
    own = goal.inductive(v)
    if own is None and v.head == "Nat":
        return f"{head} | zero => ?_ | succ {v.name} {goal.fresh('ih')} => ?_"
    if own is None and v.head == "List":
        x, ih = goal.several("x", "ih")
        return f"{head} | nil => ?_ | cons {x} {v.name} {ih} => ?_"
    if own is None or own.is_prop or not any(any(c.recursive) for c in own.constructors):
        return None
    alternatives = []
    for c in own.constructors:
        hypotheses = [
            f"ih{n}" if sum(c.recursive) > 1 else "ih"
            for n, r in zip(c.fields, c.recursive, strict=True)
            if r
        ]
        names = goal.several(*c.fields, *hypotheses)
        alternatives.append(" ".join(["|", c.name, *names, "=> ?_"]))
    return f"{head} {' '.join(alternatives)}"


def worth(goal: Goal, v: Var) -> float:
    """How much recursive functions of the target consume a variable."""
    if v.head not in ("Nat", "List") and (goal.inductive(v) is None):
        return 0.0
    if shape(v.type) in ("→", "∀"):
        return 0.0
    escaped = re.escape(v.name)
    text = goal.target
    occurrences = len(re.findall(rf"(?<![\w'.]){escaped}(?![\w'])", text))
    if occurrences == 0:
        return 0.0
    value = 0.5 + min(occurrences, 4) * 0.1
    for f in goal.own_functions:
        for found in applications(f.last, text):
            for i in f.splits_on if f.recursive else ():
                if i < len(found) and v.name in words(found[i]):
                    value += 3.0 if found[i] == v.name else 1.0
    if v.head == "List":
        value += 1.0 * len(re.findall(rf"(?<![\w'.]){escaped}\.(?:{RECURSIVE_NAMES.pattern[3:-3]})", text))
        value += 0.8 * len(re.findall(rf"(?<![\w'.]){escaped} \+\+", text))
        value += 0.5 * len(re.findall(rf"(?:{RECURSIVE_NAMES.pattern[3:-3]}) [^()]*{escaped}\b", text))
    if v.head == "Nat":
        value += 2.0 * len(re.findall(rf"\^ \(?[^()]*\b{escaped}\b", text))
        value += 1.0 * len(re.findall(rf"\b(?:replicate|take|drop|range) {escaped}\b", text))
        value += 0.3 * len(re.findall(rf"\b{escaped} \*|\* {escaped}\b|\* \({escaped} ", text))
    if goal.inductive(v) is not None:
        value += 1.0
    return value


def _generalised(goal: Goal, v: Var) -> list[str]:
    """The other variables of the target that may change in the recursion."""
    return [
        other.name
        for other in goal.data
        if other.name != v.name and other.name in goal.words and shape(other.type) not in ("→", "∀")
        and (other.head in PLAIN_TYPES or goal.inductive(other) or other.type in _sorts(goal))
    ]  # fmt: skip


def _sorts(goal: Goal) -> set[str]:
    return {h.name for h in goal.hypotheses if h.kind == "sort"}


def _changes(goal: Goal, v: Var, other: str) -> bool:
    for f in goal.own_functions:
        if not f.recursive or f.arity < 2:
            continue
        for found in applications(f.last, goal.target):
            inside = [i for i, a in enumerate(found) if v.name in words(a)]
            if inside and any(
                other in words(a) for i, a in enumerate(found) if i not in inside or a != v.name
            ):
                return True
    if v.head == "List":
        dotted = any(
            re.search(rf"\b{re.escape(v.name)}\.{c}\b.*\b{re.escape(other)}\b", goal.target) for c in CHANGING
        )
        # With a function in front of the list Lean prints `List.foldl f start xs`.
        return dotted or any(
            v.name in found and any(other in words(a) for a in found if a != v.name)
            for c in CHANGING
            for found in applications(c, goal.target)
        )
    return False


@dataclass(frozen=True)
class FunctionalInduction:
    """`fun_induction f x y`: induction along the recursion of the file's own function.

    The cases are those of the definition, the hypotheses those of its calls: right also where no single
    variable's induction fits (two steps at once, several arguments taken apart).
    """

    name: str = "induction.functional"

    def propose(self, view: View) -> Iterable[Offer]:
        """For each application of a recursive function to variables; followed by simp or grind at once."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        seen: set[str] = set()
        data = {v.name for v in goal.data}
        for f in goal.own_functions:
            if not f.recursive:
                continue
            for found in applications(f.last, goal.target):
                given = found[: f.arity]
                split_on = [given[i] for i in f.splits_on if i < len(given)]
                if len(given) < f.arity or not split_on or not all(s in data for s in split_on):
                    continue
                call = f"{f.name} {' '.join(given)}"
                if call in seen:
                    continue
                seen.add(call)
                others = [
                    v.name
                    for v in goal.data
                    if v.name in goal.words and v.name not in given and v.head in ("Nat", "List")
                ]
                base = -1.9 if len(f.splits_on) == 1 else -1.4
                if view.stage == 0:
                    if not f.endless:
                        simplified = f"fun_induction {call} <;> simp_all [{f.name}]"
                        yield Offer(simplified, base, "induction.functional_simp")
                    yield Offer(
                        f"fun_induction {call} <;> grind [{f.name}]", base - 0.2, "induction.functional_grind"
                    )
                    if len(f.splits_on) > 1:
                        yield Offer(f"fun_induction {call}", base - 1.2, "induction.functional")
                        yield Offer(f"fun_cases {call}", base - 2.2, "induction.functional_cases")
                else:
                    yield Offer(f"fun_induction {call}", base - 1.2, "induction.functional")
                    if others:
                        yield Offer(
                            f"fun_induction {call} generalizing {' '.join(others)}",
                            base - 1.5,
                            "induction.functional",
                        )
