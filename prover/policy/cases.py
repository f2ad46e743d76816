"""Steps that the shape of a hypothesis asks for: take apart, substitute, specialise, contradict."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prover.policy.base import Offer
from prover.policy.goal import Goal, Var
from prover.policy.rules import family, rules
from prover.policy.sources import Inductive
from prover.policy.terms import binder, premises, shape, sides, split, stripped

MAX_FACTS = 8
LETTERS = {"o": "a", "a": "x", "b": "y"}
"""What the content of an option is called, by the option's name; x for all others."""


@family("cases.take_apart")
def take_apart(goal: Goal, visit: int) -> Iterable[Offer]:
    """Takes hypotheses apart by shape (∧ ∨ ∃ ↔) and variables by type (Option, Bool, products, own inductive types).

    The information in a conjunction or an existential is of no use to rewriting before it is taken apart; a disjunction costs a
    branch and is offered with less weight.
    """
    for f in goal.facts[-MAX_FACTS:]:
        yield from _fact(goal, f)
    for v in goal.data:
        if re.search(rf"(?<![\w']){re.escape(v.name)}(?![\w'])", goal.text):
            yield from _data(goal, v)


def _fact(goal: Goal, f: Var) -> Iterable[Offer]:
    h, top, own = f.name, shape(f.type), goal.inductive(f)
    found = sides(f.type)
    parts = len(split(stripped(f.type), top)) if top in ("∧", "∨") else 0
    pair = ", ".join(goal.several(*(f"{h}{i}" for i in "₁₂₃₄₅₆₇₈"[: parts if top == "∧" else 2])))
    names: list[str] = []
    if top == "∃" and (bound := binder(f.type)) is not None:
        names = goal.several(*(n if not n.startswith("_") else "x" for n in bound.names))
        names += [h] if bound.bound is None else [goal.fresh("hm"), h]
    variable = top == "=" and found is not None and (found[0] in goal.taken or found[2] in goal.taken)
    negated = top == "¬"
    not_all, not_implied = negated and f.type[1:].lstrip("(").startswith("∀"), negated and shape(f.type[1:]) == "→"
    every, implied = f"⟨{goal.fresh('x')}, {h}⟩", f"⟨{h}, {goal.fresh('h')}⟩"
    other = own is not None and not (top in ("∧", "∃", "∨", "=", "↔") or not_all or not_implied)
    return rules(
        0,
        (top == "∧", 0, "cases.and", f"obtain ⟨{pair}⟩ := {h}", -0.9),
        (names, 0, "cases.exists", f"obtain ⟨{', '.join(names)}⟩ := {h}", -0.7),
        (top == "∨", 0, "cases.or", f"rcases {h} with {' | '.join([h] * parts)}", -1.3),
        (variable, 0, "cases.subst", f"subst {h}", -1.6),
        (not_all, 0, "cases.not_forall", f"obtain {every} := Classical.not_forall.mp {h}", -1.2),
        (not_implied and not not_all, 0, "cases.not_imp", f"obtain {implied} := Classical.not_imp.mp {h}", -1.5),
        (top == "↔", 0, "cases.iff", f"obtain ⟨{pair}⟩ := {h}", -3.0),
        (other, 0, "cases.own_predicate", cases_text(goal, h, own) if own is not None else "", -1.6),
    )


def _data(goal: Goal, v: Var) -> Iterable[Offer]:
    x, head, own = v.name, v.head, goal.inductive(v)
    known = head in ("Option", "Bool", "Prod", "Sum", "List", "Nat", "Fin")
    inside, first = goal.fresh(LETTERS.get(x, "x")), goal.fresh("x")
    product = head == "Prod" or (not known and own is None and "×" in v.type and shape(v.type) not in ("→", "∀"))
    below, bound = goal.several(x, f"h{x}")
    successor = head == "Fin" and v.type.endswith("+ 1)")
    return rules(
        0,
        (head == "Option", 0, "cases.option", f"cases {x} with | none => ?_ | some {inside} => ?_", -1.5),
        (head == "Bool", 0, "cases.bool", f"cases {x}", -1.8),
        (product, 0, "cases.prod", f"obtain ⟨{', '.join(goal.several('a', 'b'))}⟩ := {x}", -2.0),
        (head == "Sum", 0, "cases.sum", f"cases {x} with | inl a => ?_ | inr b => ?_", -1.8),
        (head == "List", 0, "cases.list", f"cases {x} with | nil => ?_ | cons {first} {x} => ?_", -2.6),
        (head == "Nat", 0, "cases.nat", f"cases {x} with | zero => ?_ | succ {x} => ?_", -3.2),
        (successor, 0, "cases.fin_cases", f"cases {x} using Fin.cases with | zero => ?_ | succ {x} => ?_", -2.2),
        (head == "Fin", 0, "cases.fin", f"obtain ⟨{below}, {bound}⟩ := {x}", -2.8),
        (own is not None and not known, 0, "cases.own_type", cases_text(goal, x, own) if own is not None else "", -2.2),
    )


def cases_text(goal: Goal, name: str, own: Inductive) -> str:
    """`cases h with` and an alternative for each constructor; all equations are left to Lean.

    Without alternatives where they would say nothing, and for a predicate: which of them remain depends on the indices.
    """
    if not 0 < len(own.constructors) <= 6 or own.is_prop or all(not c.fields for c in own.constructors):
        return f"cases {name}"
    alternatives = " ".join(f"| {' '.join([c.name, *goal.several(*c.fields)])} => ?_" for c in own.constructors)
    return f"cases {name} with {alternatives}"


@family("cases.apply", visits=2)
def apply(goal: Goal, visit: int) -> Iterable[Offer]:
    """Uses hypotheses: applied backwards where the conclusion looks like the target, forwards to variables and other
    hypotheses."""
    for f in goal.facts[-MAX_FACTS:]:
        names, assumed, conclusion = premises(f.type)
        top = shape(conclusion)
        fits = (names or assumed) and (top == goal.shape or top not in ("=", "≤", "<"))
        negation = f.type.startswith("¬") and goal.shape in ("False", "¬")
        sided = shape(f.type) == "↔" and len(goal.facts) <= 4
        yield from rules(
            visit,
            (fits, 0, "cases.apply", f"apply {f.name}", -1.5),
            (negation or top == "≠", 0, "cases.apply_not", f"apply {f.name}", -2.0),
            (top == "≠", 1, "cases.apply_not", f"apply {f.name}", -2.0),
            (sided, 0, "cases.apply_iff", f"apply {f.name}.mp", -3.0),
            (sided, 0, "cases.apply_iff", f"apply {f.name}.mpr", -3.0),
        )
    yield from list(_forward(goal))[slice(0, 6) if visit == 0 else slice(6, 24)]


def _forward(goal: Goal) -> Iterable[Offer]:
    facts, new = goal.facts[-MAX_FACTS:], goal.fresh("h")
    for f in facts:
        found = binder(f.type)
        names, assumed, conclusion = premises(f.type)
        if found is None:
            for other in facts:
                if assumed and other is not f and other.type == assumed[0]:
                    yield Offer(f"have {new} := {f.name} {other.name}", -1.6, "cases.forward")
        elif found.type is not None or found.bound is None:
            for other in facts if assumed else ():
                if other is not f and shape(other.type) == shape(assumed[0]) and shape(other.type) != "∀":
                    yield Offer(f"have {new} := {f.name} {' '.join('_' for _ in names)} {other.name}", -1.9, "cases.forward")
            for v in [v for v in goal.data if found.type in (None, v.type) and shape(v.type) != "∀"][:5]:
                some = binder(conclusion) if conclusion.startswith("∃") and len(names) == 1 and not assumed else None
                if some is not None and some.bound is None:
                    pattern = ", ".join(goal.several(*some.names, "h"))
                    yield Offer(f"obtain ⟨{pattern}⟩ := {f.name} {v.name}", -1.3, "cases.witness")
                yield Offer(f"have {new} := {f.name} {v.name}", -2.4, "cases.specialise")
    for f in facts:
        found = binder(f.type)
        if found is None or len(found.names) != 1:
            continue
        for r in goal.data:
            _, taken, result = premises(r.type)
            if result == "Prop" and len(taken) == 2 and taken[0] == taken[1]:
                for v in goal.data:
                    if v.type == taken[0]:
                        yield Offer(f"have {new} := {f.name} {v.name}", -2.0, "cases.specialise")


@family("cases.congruence")
def congruence(goal: Goal, visit: int) -> Iterable[Offer]:
    """Applies an equation of functions to each variable: from `f = g` follows `f x = g x`, for which simp and grind do not
    look."""
    functions = {v.name for v in goal.data if premises(v.type)[1]}
    for f in goal.facts[-MAX_FACTS:]:
        found = sides(f.type)
        if found is not None and found[1] == "=" and ("fun " in f.type or found[0] in functions or found[2] in functions):
            for v in goal.data:
                if shape(v.type) not in ("→", "∀"):
                    yield Offer(f"have {goal.fresh('h')} := congrFun {f.name} {v.name}", -1.8, "cases.congr_fun")
