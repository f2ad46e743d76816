"""Steps that the shape of the target asks for: introduce, take apart, choose a side, name a witness."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prover.policy.base import Offer
from prover.policy.goal import Goal
from prover.policy.rules import family, rules
from prover.policy.terms import binder, premises, shape, sides, split, stripped, tidy, words

MAX_TABLES = 2
"""Functions of a truth value that are taken apart at once: four cases each."""
CONDITION = re.compile(r"\bif (.*?) then")
APPLIED = re.compile(r"(?<![\w.'])([a-zα-ω][\w']*) ([a-z][\w']*)(?![\w'.])")


@family("structure.intro")
def intro(goal: Goal, visit: int) -> Iterable[Offer]:
    """Introduces what the target quantifies over or assumes, under the names that it has there.

    Nothing else can be done with such a goal by most tactics, and good names make the later proposals (and the proof) readable. A
    conjunction or an existential on the way in is taken apart at once.
    """
    names, patterns = _introduced(goal)
    return rules(
        visit,
        (names, 0, "structure.intro", f"intro {' '.join(names)}", -0.6),
        (names and patterns != names, 0, "structure.rintro", f"rintro {' '.join(patterns)}", -1.0),
    )


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


@family("structure.equal")
def equal(goal: Goal, visit: int) -> Iterable[Offer]:
    """`a - b = 0 ∧ b - a = 0` says of numbers that they are equal: it is put as the equation that inductions are about."""
    parts = [sides(p) for p in split(stripped(goal.target), "∧")]
    if len(parts) != 2 or any(p is None or p[1] != "=" or p[2] != "0" for p in parts):
        return
    one, other = (split(p[0], "-") for p in parts if p is not None)
    if len(one) > 1 and one[-1] == " - ".join(other[:-1]) and other[-1] == " - ".join(one[:-1]):
        yield Offer("simp only [Nat.sub_eq_zero_iff_le, ← Nat.le_antisymm_iff]", -0.1, "structure.equal")
        yield Offer("simp only [Int.sub_eq_zero, and_iff_left_of_imp Eq.symm]", -0.1, "structure.equal")


@family("structure.build")
def build(goal: Goal, visit: int) -> Iterable[Offer]:
    """The introduction rules, read off the target: constructor, a side of ∨, a function equal at each point, a predicate's
    rule."""
    top, h = goal.shape, goal.fresh("h")
    head = goal.target.split(" ", 1)[0].split(".")[-1]
    own = next((i for i in goal.inductives if i.last == head and i.is_prop), None)
    other = own is not None and top not in ("∧", "↔", "∨", "=", "False")
    yield from rules(
        visit,
        (top in ("∧", "↔"), 0, f"structure.constructor{top}", "constructor", -0.9),
        (top == "∨", 0, "structure.left", "left", -1.6),
        (top == "∨", 0, "structure.right", "right", -1.6),
        (top == "∨", 0, "structure.or_not_left", f"refine Classical.or_iff_not_imp_left.mpr fun {h} => ?_", -2.0),
        (top == "∨", 0, "structure.or_not_right", f"refine Classical.or_iff_not_imp_right.mpr fun {h} => ?_", -2.6),
        (other, 0, "structure.rule", "constructor", -1.2),
    )
    if own is not None and other:
        for c in own.constructors:
            yield Offer(f"apply {own.name}.{c.name}", -1.6, "structure.apply_rule")
    if top == "=" and (found := sides(goal.target)) is not None:
        yield from _equality(goal, found[0], found[2])


def _equality(goal: Goal, left: str, right: str) -> Iterable[Offer]:
    functions = {v.name for v in goal.data if shape(v.type) in ("→", "∀")}
    pointwise = any(side.startswith("fun ") or side in functions for side in (left, right))
    bits = any(v.head == "BitVec" for v in goal.data)
    entries = not bits and any(v.head in ("List", "Array", "Option", "Prod", "Fin") or "×" in v.type for v in goal.data)
    truths = any(v.type == "Prop" for v in goal.hypotheses) or re.search(r"\b(Prop|decide|true|false)\b", goal.target)
    same_head = words(left.split(" ", 1)[0]) & words(right.split(" ", 1)[0])
    alike = same_head or ("::" in left and "::" in right) or "(" in goal.target
    i = goal.fresh("i")
    to_nat = "apply BitVec.eq_of_toNat_eq\nsimp [Nat.shiftLeft_eq, Nat.shiftRight_eq_div_pow]\ncongr 1\nomega"
    return rules(
        0,
        (pointwise, 0, "structure.funext", f"funext {goal.fresh('x')}", -1.0),
        (bits, 0, "structure.ext", f"ext {i}", -2.0),
        (bits, 0, "structure.to_nat_simp", to_nat, -2.5),
        (bits, 0, "structure.ext_simp_grind", f"ext {i} hi; simp; grind", -2.6),
        (entries, 0, "structure.ext", "ext", -3.5),
        (truths, 0, "structure.ext", "ext", -3.5),
        (truths, 0, "structure.propext", "apply propext", -4.5),
        (alike, 0, "structure.congr", "congr 1", -3.5),
        (alike, 0, "structure.congr", "congr", -4.0),
    )


@family("structure.witness", visits=5)
def witness(goal: Goal, visit: int) -> Iterable[Offer]:
    """Names a witness for ∃: variables of the bound type first, then arguments in hypotheses and equations of the body, then
    literals.

    Which term it is cannot be calculated in general, but the context rarely has many terms of a type.
    """
    if goal.shape != "∃" or (found := binder(goal.target)) is None:
        return
    parts = split(stripped(found.body), "→")
    if visit == 0 and len(parts) == 2 and not words(parts[1]) & set(found.names):
        yield Offer(f"by_cases {goal.fresh('h')} : {parts[1]}", -1.6, "structure.by_cases_body")
    terms = list(dict.fromkeys(_terms(goal, found.names, found.body)))
    holes = "?_, " * len(found.names[1:])
    for i, term in enumerate(terms[:8] if visit == 0 else terms[8:24]):
        yield Offer(f"refine ⟨{term}, {holes}?_⟩", -1.4 - 0.2 * i, "structure.witness")


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
    yield from ("0", "1", "2", "[]", "true", "false")


@family("structure.splits", visits=2)
def splits(goal: Goal, visit: int) -> Iterable[Offer]:
    """Splits on what the goal branches on: if, match, decidable conditions, truth values, propositions.

    Each branch is simpler by one condition; simp then closes most.
    """
    if visit == 0:
        yield from _tables(goal)
        if "if " in goal.target or "match " in goal.target or "bif " in goal.target:
            yield Offer("split", -0.9, "structure.split")
        for f in goal.facts:
            if "if " in f.type or "match " in f.type:
                yield Offer(f"split at {f.name}", -1.3, "structure.split_at")
    conditions = [tidy(c) for c in CONDITION.findall(goal.text) if "fun" not in c]
    conditions += [v.name for v in goal.hypotheses if v.type == "Prop"]
    h = goal.fresh("h")
    for c in list(dict.fromkeys(conditions))[:4]:
        if visit == (0 if c not in goal.words else 1):
            yield Offer(f"by_cases {h} : {c}", -2.2, "structure.by_cases")
    names = {v.name for v in goal.data}
    boolean = {v.name for v in goal.data if v.type.endswith("→ Bool")}
    predicates = {v.name for v in goal.data if v.type.endswith("→ Prop")}
    decided = {f.type.rpartition(" = ")[0] for f in goal.facts if f.type.endswith((" = true", " = false"))}
    of_values = [(v.name, b) for v in goal.data if v.type.startswith("Bool → ") for b in ("true", "false")]
    for function, argument in dict.fromkeys([*APPLIED.findall(goal.text), *of_values]):
        applied = f"{function} {argument}"
        if applied in decided or (argument not in names and (argument not in ("true", "false") or applied not in goal.text)):
            continue
        if function in boolean:
            yield Offer(f"cases {h} : {applied}", -1.8, "structure.cases_bool")
        elif function in predicates and visit == 1:
            yield Offer(f"by_cases {h} : {applied}", -3.0, "structure.by_cases")


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
