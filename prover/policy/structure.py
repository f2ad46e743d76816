"""Steps that the shape of the target asks for: introduce, take apart, choose a side, name a witness."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.terms import atom, binder, premises, shape, sides, split, stripped, tidy, words

MAX_TABLES = 2
"""Functions of a truth value that are taken apart at once: four cases each."""
CONDITION = re.compile(r"\bif (.*?) then")


@dataclass(frozen=True)
class Intro:
    """Introduces what the target quantifies over or assumes, under the names that it has there.

    Nothing else can be done with such a goal by most tactics, and good names make the later proposals (and
    the proof) readable. A conjunction or an existential on the way in is taken apart at once.
    """

    name: str = "structure.intro"

    def propose(self, view: View) -> Iterable[Offer]:
        """One `intro` with all names, and an `rintro` when something can be taken apart."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        names, patterns = _introduced(goal)
        if names:
            yield Offer(f"intro {' '.join(names)}", -0.6, "structure.intro")
            if patterns != names:
                yield Offer(f"rintro {' '.join(patterns)}", -1.0, "structure.rintro")
            if len(names) > 1 and "→" in goal.target:
                yield Offer(f"intro {names[0]}", -3.0, "structure.intro_one")


def _introduced(goal: Goal) -> tuple[list[str], list[str]]:
    names: list[str] = []
    patterns: list[str] = []

    def add(wanted: str, pattern: str | None = None) -> None:
        name = goal.fresh(wanted, tuple(names))
        names.append(name)
        patterns.append(pattern.replace("@", name) if pattern else name)

    text = stripped(goal.target)
    for _ in range(12):
        if text.startswith("∀") and (found := binder(text)) is not None:
            for n in found.names:
                add("x" if n.startswith("_") or "✝" in n else n)
            if found.bound is not None:
                add("h")
            text = stripped(found.body)
            continue
        parts = split(text, "→")
        if len(parts) > 1 and len(split(text, "↔")) == 1 and not text.startswith("∃"):
            for p in parts[:-1]:
                add("h", _pattern(p))
            text = stripped(parts[-1])
            continue
        if text.startswith("¬") and shape(text) == "¬":
            add("h", _pattern(text[1:]))
        elif shape(text) == "≠":
            add("h")
        break
    return names, patterns


def _pattern(text: str) -> str | None:
    top = shape(text)
    if top == "∧":
        return "⟨" + ", ".join(f"@{i}" for i in "₁₂₃₄₅₆"[: len(split(stripped(text), "∧"))]) + "⟩"
    if top == "∨":
        return "(" + " | ".join("@" for _ in split(stripped(text), "∨")) + ")"
    if top == "∃" and (found := binder(text)) is not None:
        return "⟨" + ", ".join([*found.names, "@"]) + "⟩"
    return None


@dataclass(frozen=True)
class Build:
    """Makes the target from its parts: constructor, a side of ∨, a function equal at each point, a
    predicate's rule.

    These are the introduction rules; which one applies is read off the target.
    """

    name: str = "structure.build"

    def propose(self, view: View) -> Iterable[Offer]:
        """What the target's top symbol allows."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        match goal.shape:
            case "∧" | "↔":
                yield Offer("constructor", -0.9, f"structure.constructor{goal.shape}")
            case "∨":
                yield Offer("left", -1.6, "structure.left")
                yield Offer("right", -1.6, "structure.right")
                h = goal.fresh("h")
                yield Offer(
                    f"refine Classical.or_iff_not_imp_left.mpr fun {h} => ?_", -2.0, "structure.or_not_left"
                )
                yield Offer(
                    f"refine Classical.or_iff_not_imp_right.mpr fun {h} => ?_", -2.6, "structure.or_not_right"
                )
            case "=":
                yield from self._equality(goal)
            case "False":
                pass
            case _:
                own = next(
                    (i for i in goal.inductives if i.last == goal.target.split(" ", 1)[0].split(".")[-1]),
                    None,
                )
                if own is not None and own.is_prop:
                    yield Offer("constructor", -1.2, "structure.rule")
                    for c in own.constructors:
                        yield Offer(f"apply {own.name}.{c.name}", -1.6, "structure.apply_rule")
        if goal.shape in ("<", "≤", "=", "∣", "∃") and goal.facts:
            yield Offer("exfalso", -5.0, "structure.exfalso")

    def _equality(self, goal: Goal) -> Iterable[Offer]:
        found = sides(goal.target)
        if found is None:
            return
        left, _, right = found
        if (
            left.startswith("fun ")
            or right.startswith("fun ")
            or self._is_function(goal, left)
            or self._is_function(goal, right)
        ):
            yield Offer(f"funext {goal.fresh('x')}", -1.0, "structure.funext")
        if any(v.head == "BitVec" for v in goal.data):
            i = goal.fresh("i")
            yield Offer(f"ext {i}", -2.0, "structure.ext")
            yield Offer("apply BitVec.eq_of_toNat_eq", -2.5, "structure.to_nat")
            yield Offer(
                "apply BitVec.eq_of_toNat_eq\n"
                "simp [Nat.shiftLeft_eq, Nat.shiftRight_eq_div_pow]\ncongr 1\nomega",
                -2.5,
                "structure.to_nat_simp",
            )  # fmt: skip
            yield Offer(f"ext {i}; simp", -1.9, "structure.ext_simp")
            yield Offer(f"ext {i} hi; simp; grind", -2.6, "structure.ext_simp_grind")
        elif any(v.head in ("List", "Array", "Option", "Prod", "Fin") or "×" in v.type for v in goal.data):
            yield Offer("ext", -3.5, "structure.ext")
        if any(v.type == "Prop" for v in goal.hypotheses) or re.search(
            r"\b(Prop|decide|true|false)\b", goal.target
        ):
            yield Offer("ext", -3.5, "structure.ext")
            yield Offer("apply propext", -4.5, "structure.propext")
        head = words(left.split(" ", 1)[0]) & words(right.split(" ", 1)[0])
        if head or ("::" in left and "::" in right) or "(" in goal.target:
            yield Offer("congr 1", -3.5, "structure.congr")
            yield Offer("congr", -4.0, "structure.congr")

    @staticmethod
    def _is_function(goal: Goal, side: str) -> bool:
        return any(
            v.name == side and v.kind == "data" and shape(v.type) in ("→", "∀") for v in goal.hypotheses
        )


@dataclass(frozen=True)
class Witness:
    """Names a witness for ∃: a term of the context, a literal, a part of the target itself.

    `exists` tries to close what is left by itself; `refine ⟨_, ?_⟩` goes on. Which term it is cannot be
    calculated in general, but the context rarely has many terms of a type.
    """

    name: str = "structure.witness"

    def propose(self, view: View) -> Iterable[Offer]:
        """Variables of the bound type first, then arguments in hypotheses and equations of the body, then
        literals.
        """
        goal = first_goal(view)
        if goal is None or goal.shape != "∃" or (found := binder(goal.target)) is None:
            return
        if view.stage == 0:
            parts = split(stripped(found.body), "→")
            if len(parts) == 2 and not words(parts[1]) & set(found.names):
                yield Offer(f"by_cases {goal.fresh('h')} : {parts[1]}", -1.6, "structure.by_cases_body")
        terms = list(dict.fromkeys(self._terms(goal, found.names, found.body)))
        for i, term in enumerate(terms[:8] if view.stage == 0 else terms[8:24]):
            rest = ", ".join(["?_"] * len(found.names[1:]))
            tuple_ = f"⟨{term}, {rest}, ?_⟩" if rest else f"⟨{term}, ?_⟩"
            yield Offer(f"refine {tuple_}", -1.4 - 0.2 * i, "structure.witness")
        if view.stage == 0 and len(found.names) == 1:
            yield Offer("refine Classical.byContradiction fun h => ?_", -4.5, "structure.no_witness")

    @staticmethod
    def _terms(goal: Goal, names: tuple[str, ...], body: str) -> Iterable[str]:
        bound = set(names)
        for part in [body, *split(stripped(body), "∧")]:
            equation = sides(part)
            if equation is None or equation[1] != "=":
                continue
            for here, there in ((equation[0], equation[2]), (equation[2], equation[0])):
                if here in bound and not words(there) & bound:
                    yield there
        for v in reversed(goal.data):
            if shape(v.type) not in ("→", "∀"):
                yield v.name
        sorts = {v.type for v in goal.data}
        for f in goal.data:
            _, assumed, conclusion = premises(f.type)
            if len(assumed) == 1 and conclusion in sorts:
                yield from (f"({f.name} {v.name})" for v in goal.data if v.type == assumed[0])
            elif len(assumed) == 1 and shape(f.type) == "→":
                yield f.name
                if conclusion == "Bool":
                    yield f"(fun n => !{f.name} n)"
        yield from ("0", "1", "2", "[]", "true", "false")


@dataclass(frozen=True)
class Splits:
    """Splits on what the goal branches on: if, match, decidable conditions, truth values, propositions.

    Each branch is simpler by one condition; simp then closes most.
    """

    name: str = "structure.splits"

    def propose(self, view: View) -> Iterable[Offer]:
        """`split` where it applies, `by_cases` on conditions, `cases` on applied Boolean functions."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        if view.stage == 0:
            yield from self._tables(goal)
            if "if " in goal.target or "match " in goal.target or "bif " in goal.target:
                yield Offer("split", -0.9, "structure.split")
            for f in goal.facts:
                if "if " in f.type or "match " in f.type:
                    yield Offer(f"split at {f.name}", -1.3, "structure.split_at")
        conditions = [tidy(c) for c in CONDITION.findall(goal.text) if "fun" not in c]
        conditions += [v.name for v in goal.hypotheses if v.type == "Prop"]
        h = goal.fresh("h")
        for c in list(dict.fromkeys(conditions))[:4]:
            if view.stage == (0 if c not in goal.words else 1):
                yield Offer(f"by_cases {h} : {c}", -2.2, "structure.by_cases")
        applied = re.findall(r"(?<![\w.'])([a-zα-ω][\w']*) ([a-z][\w']*)(?![\w'.])", goal.text)
        boolean = {v.name for v in goal.data if v.type.endswith("→ Bool")}
        predicates = {v.name for v in goal.data if v.type.endswith("→ Prop")}
        names = {v.name for v in goal.data}
        applied += [(v.name, b) for v in goal.data if v.type.startswith("Bool → ") for b in ("true", "false")]
        decided = {f.type.rpartition(" = ")[0] for f in goal.facts if f.type.endswith((" = true", " = false"))}
        for function, argument in dict.fromkeys(applied):
            if f"{function} {argument}" in decided:
                continue
            if argument not in names and (
                argument not in ("true", "false") or f"{function} {argument}" not in goal.text
            ):
                continue
            if function in boolean:
                yield Offer(f"cases {h} : {function} {argument}", -1.8, "structure.cases_bool")
            elif function in predicates and view.stage == 1:
                yield Offer(f"by_cases {h} : {function} {argument}", -3.0, "structure.by_cases")

    @staticmethod
    def _tables(goal: Goal) -> Iterable[Offer]:
        """A function of a truth value is its two values: all of them at once, with the truth values themselves."""
        functions = [v.name for v in goal.data if v.type == "Bool → Bool" and v.name in goal.words]
        if not 0 < len(functions) <= MAX_TABLES:
            return
        names = goal.several(*(f"h{f}" for f in functions for _ in (0, 1)))
        applied = [f"{f} {b}" for f in functions for b in ("true", "false")]
        cases = [f"cases {h} : {a}" for h, a in zip(names, applied, strict=True)]
        cases += [f"cases {v.name}" for v in goal.data if v.type == "Bool" and v.name in goal.words]
        yield Offer(" <;> ".join([*cases, "simp_all"]), -0.9, "structure.tables")


__all__ = ["Build", "Intro", "Splits", "Witness", "atom"]
