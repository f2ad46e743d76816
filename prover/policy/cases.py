"""Steps that the shape of a hypothesis asks for: take apart, substitute, specialise, contradict."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.sources import Inductive
from prover.policy.terms import binder, premises, shape, sides, split, stripped

MAX_FACTS = 8


@dataclass(frozen=True)
class TakeApart:
    """Takes hypotheses apart by shape (∧ ∨ ∃ ↔) and variables by type (Option, Bool, products, own inductive
    types).

    The information in a conjunction or an existential is of no use to rewriting before it is taken apart; a
    disjunction costs a branch and is offered with less weight.
    """

    name: str = "cases.take_apart"

    def propose(self, view: View) -> Iterable[Offer]:
        """One offer for each hypothesis that has parts."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        for f in goal.facts[-MAX_FACTS:]:
            yield from self._fact(goal, f)
        used = goal.text
        for v in goal.data:
            if re.search(rf"(?<![\w']){re.escape(v.name)}(?![\w'])", used):
                yield from self._data(goal, v)

    @staticmethod
    def _fact(goal: Goal, f: Var) -> Iterable[Offer]:
        match f_shape := shape(f.type):
            case "∧":
                count = len(split(stripped(f.type), "∧"))
                names = goal.several(*(f"{f.name}{i}" for i in "₁₂₃₄₅₆₇₈"[:count]))
                yield Offer(f"obtain ⟨{', '.join(names)}⟩ := {f.name}", -0.9, "cases.and")
            case "∃":
                found = binder(f.type)
                if found is not None:
                    names = goal.several(*(n if not n.startswith("_") else "x" for n in found.names))
                    extra = [f.name] if found.bound is None else [goal.fresh("hm"), f.name]
                    yield Offer(f"obtain ⟨{', '.join([*names, *extra])}⟩ := {f.name}", -0.7, "cases.exists")
            case "∨":
                count = len(split(stripped(f.type), "∨"))
                yield Offer(f"rcases {f.name} with {' | '.join([f.name] * count)}", -1.3, "cases.or")
            case "=":
                found_sides = sides(f.type)
                if found_sides and (found_sides[0] in goal.taken or found_sides[2] in goal.taken):
                    yield Offer(f"subst {f.name}", -1.6, "cases.subst")
                elif found_sides and ("::" in f.type or "some " in f.type or "succ" in f.type):
                    yield Offer(f"cases {f.name}", -2.8, "cases.injection")
            case "¬" if f.type[1:].lstrip("(").startswith("∀"):
                yield Offer(
                    f"obtain ⟨{goal.fresh('x')}, {f.name}⟩ := Classical.not_forall.mp {f.name}",
                    -1.2,
                    "cases.not_forall",
                )
            case "¬" if shape(f.type[1:]) == "→":
                yield Offer(
                    f"obtain ⟨{f.name}, {goal.fresh('h')}⟩ := Classical.not_imp.mp {f.name}",
                    -1.5,
                    "cases.not_imp",
                )
            case "↔":
                first, second = goal.several(f"{f.name}₁", f"{f.name}₂")
                yield Offer(f"obtain ⟨{first}, {second}⟩ := {f.name}", -3.0, "cases.iff")
            case _:
                own = goal.inductive(f)
                if own is not None:
                    yield Offer(cases_text(goal, f.name, own), -1.6, "cases.own_predicate")
                elif f_shape == "∈" and (" [" in f.type or "::" in f.type):
                    yield Offer(f"cases {f.name}", -3.5, "cases.membership")

    @staticmethod
    def _data(goal: Goal, v: Var) -> Iterable[Offer]:
        match v.head:
            case "Option":
                x = goal.fresh(_letter(v.name))
                yield Offer(f"cases {v.name} with | none => ?_ | some {x} => ?_", -1.5, "cases.option")
            case "Bool":
                yield Offer(f"cases {v.name}", -1.8, "cases.bool")
            case "Prod":
                yield Offer(f"obtain ⟨{', '.join(goal.several('a', 'b'))}⟩ := {v.name}", -2.0, "cases.prod")
            case "Sum":
                yield Offer(f"cases {v.name} with | inl a => ?_ | inr b => ?_", -1.8, "cases.sum")
            case "List":
                x = goal.fresh("x")
                yield Offer(f"cases {v.name} with | nil => ?_ | cons {x} {v.name} => ?_", -2.6, "cases.list")
            case "Nat":
                yield Offer(f"cases {v.name} with | zero => ?_ | succ {v.name} => ?_", -3.2, "cases.nat")
            case "Fin":
                if v.type.endswith("+ 1)"):
                    alternatives = f"| zero => ?_ | succ {v.name} => ?_"
                    yield Offer(
                        f"cases {v.name} using Fin.cases with {alternatives}", -2.2, "cases.fin_cases"
                    )
                i, h = goal.several(v.name, f"h{v.name}")
                yield Offer(f"obtain ⟨{i}, {h}⟩ := {v.name}", -2.8, "cases.fin")
            case _:
                own = goal.inductive(v)
                if own is not None:
                    yield Offer(cases_text(goal, v.name, own), -2.2, "cases.own_type")
                elif "×" in v.type and shape(v.type) not in ("→", "∀"):
                    yield Offer(
                        f"obtain ⟨{', '.join(goal.several('a', 'b'))}⟩ := {v.name}", -2.0, "cases.prod"
                    )


def cases_text(goal: Goal, name: str, own: Inductive) -> str:
    """`cases h with` and an alternative for each constructor; all equations are left to Lean."""
    if not own.constructors or len(own.constructors) > 6:
        return f"cases {name}"
    if all(not c.fields for c in own.constructors):
        return f"cases {name}"
    if own.is_prop:  # which alternatives remain depends on the indices
        return f"cases {name}"
    alternatives = " ".join(
        f"| {' '.join([c.name, *goal.several(*c.fields)])} => ?_" for c in own.constructors
    )
    return f"cases {name} with {alternatives}"


def _letter(name: str) -> str:
    return {"o": "a", "a": "x", "b": "y"}.get(name, "x")


@dataclass(frozen=True)
class Apply:
    """Uses hypotheses: exact, apply, applied to variables and to other hypotheses, contradicted.

    A hypothesis whose conclusion looks like the target is tried backwards; one whose assumption is another
    hypothesis, or that quantifies over a type that has few variables, forwards.
    """

    name: str = "cases.apply"

    def propose(self, view: View) -> Iterable[Offer]:
        """Backward steps at once, forward steps at once too but less likely."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        for f in goal.facts[-MAX_FACTS:]:
            names, assumed, conclusion = premises(f.type)
            top = shape(conclusion)
            if view.stage == 0 and (names or assumed) and (top == goal.shape or top not in ("=", "≤", "<")):
                yield Offer(f"apply {f.name}", -1.5, "cases.apply")
            if (view.stage == 0 and f.type.startswith("¬") and goal.shape in ("False", "¬")) or top == "≠":
                yield Offer(f"apply {f.name}", -2.0, "cases.apply_not")
            if view.stage == 0 and shape(f.type) == "↔" and len(goal.facts) <= 4:
                yield Offer(f"apply {f.name}.mp", -3.0, "cases.apply_iff")
                yield Offer(f"apply {f.name}.mpr", -3.0, "cases.apply_iff")
        yield from list(self._forward(goal))[slice(0, 6) if view.stage == 0 else slice(6, 24)]

    @staticmethod
    def _forward(goal: Goal) -> Iterable[Offer]:
        facts = goal.facts[-MAX_FACTS:]
        for f in facts:
            found = binder(f.type)
            _, assumed, _ = premises(f.type)
            new = goal.fresh("h")
            if found is None:
                for other in facts:
                    if assumed and other is not f and other.type == assumed[0]:
                        yield Offer(f"have {new} := {f.name} {other.name}", -1.6, "cases.forward")
                continue
            if found.type is not None or found.bound is None:
                candidates = [
                    v.name for v in goal.data if found.type in (None, v.type) and shape(v.type) != "∀"
                ]
                first = " → ".join(assumed[:1])
                for other in facts:
                    if (
                        assumed
                        and other is not f
                        and shape(other.type) == shape(first)
                        and shape(other.type) != "∀"
                    ):
                        holes = " ".join("_" for _ in premises(f.type)[0])
                        yield Offer(f"have {new} := {f.name} {holes} {other.name}", -1.9, "cases.forward")
                for c in candidates[:5]:
                    yield Offer(f"have {new} := {f.name} {c}", -2.4, "cases.specialise")
        for f in facts:
            if shape(f.type) == "∃" or not f.type.startswith("∀"):
                continue
            if "∃" in f.type and not premises(f.type)[1]:
                yield Offer(f"obtain ⟨g, hg⟩ := Classical.axiomOfChoice {f.name}", -2.5, "cases.choice")
        for f in facts:
            found = binder(f.type)
            if found is None or len(found.names) != 1 or "→ Prop" not in (found.type or "") + "→ Prop":
                continue
            for r in goal.data:
                _, taken, result = premises(r.type)
                if result == "Prop" and len(taken) == 2 and taken[0] == taken[1]:
                    for v in goal.data:
                        if v.type == taken[0]:
                            yield Offer(
                                f"have {goal.fresh('h')} := {f.name} {v.name}", -2.0, "cases.specialise"
                            )


@dataclass(frozen=True)
class Congruence:
    """Applies a function to both sides of an equation, or an equation of functions to a point.

    What follows from `f = g` is `f x = g x`; simp and grind do not look for it.
    """

    name: str = "cases.congruence"

    def propose(self, view: View) -> Iterable[Offer]:
        """For equations between functions: each variable that fits."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        functions = {v.name: premises(v.type)[1] for v in goal.data if premises(v.type)[1]}
        for f in goal.facts[-MAX_FACTS:]:
            found = sides(f.type)
            if found is None or found[1] != "=":
                continue
            if "fun " in f.type or found[0] in functions or found[2] in functions:
                for v in goal.data:
                    if shape(v.type) not in ("→", "∀"):
                        yield Offer(
                            f"have {goal.fresh('h')} := congrFun {f.name} {v.name}", -1.8, "cases.congr_fun"
                        )
        if goal.shape in ("False", "¬", "=") and view.stage == 0:
            for f in goal.facts[-MAX_FACTS:]:
                if " fun " in f.type or "(fun" in f.type:
                    yield Offer(f"simp at {f.name}", -2.0, "cases.simp_at")
