"""Bounded unknowns: find the bound, try every value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from prover.policy.base import Offer
from prover.policy.goal import Goal, Var
from prover.policy.rules import family
from prover.policy.terms import literals, sides, split, stripped

MAX_DECIDED = 1500
"""Combinations that the kernel tries in some seconds (about 2 ms each)."""
MAX_CASES = 100
"""Values of one unknown that are tried one by one, each by omega (some 15 ms)."""
MAX_PRODUCT = 2000
POWER = re.compile(r"^(\d+) \^ ([^\W\d][\w'₀-₉]*)$")
PRODUCT = re.compile(r"(?<![\w.'])([a-zα-ω]\w*) \* ([a-zα-ω]\w*)(?![\w.'])")

Interval = tuple[int | None, int | None]


@family("bounds.enumerate", visits=2, about=r"[*^%]|gcd|lcm")
def enumerated(goal: Goal, visit: int) -> Iterable[Offer]:
    """All unknowns together, tried by the kernel; one of them alone, omega for the rest.

    A product of two unknowns is beyond omega, but a bound for each is often linear (x + y + x * y = 71 gives x < 72, the product
    counting as a number of its own), and with one of them known the rest is linear.
    """
    unknowns = [v for v in goal.numbers("Nat", "Int") if _in_facts(goal, v)]
    bounds = sorted({n + 1 for f in goal.facts for n in literals(f.type) if n >= 2}, reverse=True)
    intervals = {v.name: interval(goal, v) for v in unknowns}
    if visit == 0:
        yield from _together(goal, [v for v in unknowns if v.type == "Nat"], bounds, intervals)
    known = 0
    for v in unknowns:
        low, high = intervals[v.name]
        if low is not None and high is not None:
            known += 1
            if high - low < MAX_CASES and (high - low < 30) == (visit == 0):
                yield Offer(one_by_one(goal, v, low, high), -2.0, "bounds.one_by_one")
    if known or len(unknowns) > 3:
        return
    integers = {v.name for v in unknowns if v.type == "Int"}
    products = [pair for pair in dict.fromkeys(PRODUCT.findall(goal.text)) if set(pair) <= integers]
    positive = [f"have : 0 < {a} * {b} := Int.mul_pos (by omega) (by omega)" for a, b in products]
    for v in unknowns:
        for bound in [b for b in bounds if b <= MAX_CASES][: 1 if visit == 0 else 3]:
            text = one_by_one(goal, v, 0 if v.type == "Nat" or not positive else 1, bound - 1)
            yield Offer(text, -2.6, "bounds.one_by_one")
            if positive:
                yield Offer("\n".join([*positive, text]), -2.4, "bounds.one_by_one_positive")


def _together(goal: Goal, unknowns: list[Var], bounds: list[int], intervals: dict[str, Interval]) -> Iterable[Offer]:
    if not 0 < len(unknowns) <= 3 or not all(v.type == "Nat" or v.kind != "data" for v in goal.hypotheses):
        return
    defined = defined_variables(goal)
    rest = [v for v in unknowns if v.name not in defined]
    for first, some in (("", unknowns), ("subst_vars\n", rest)):
        if not some or (first and not defined):
            continue
        offered = 0
        for bound in [None, *bounds]:
            highest = [intervals[v.name][1] for v in some]
            sizes = [n for n in (bound if high is None else high + 1 for high in highest) if n is not None]
            if len(sizes) < len(some) or math.prod(sizes) > MAX_DECIDED or offered == 2:
                continue
            offered += 1
            yield Offer(first + _try_all(some, sizes), -1.7, "bounds.decide" + ("_subst" if first else ""))
            if bound is None:
                break


def _try_all(unknowns: list[Var], limits: list[int]) -> str:
    lines = [
        f"obtain ⟨{v.name}, rfl⟩ : ∃ i : Fin {n}, {v.name} = i.val := ⟨⟨{v.name}, by omega⟩, rfl⟩"
        for v, n in zip(unknowns, limits, strict=True)
    ]
    return "\n".join([*lines, f"revert {' '.join(v.name for v in unknowns)}", "decide +kernel"])


def one_by_one(goal: Goal, v: Var, low: int, high: int) -> str:
    """Goes down from `high` to `low`, each value settled by omega or grind."""
    h, k = goal.several(f"h{v.name}", "k")
    count = high - low + 1
    lines = []
    name = v.name
    if v.type == "Int":
        base = f"{low} + (k : Int)" if low >= 0 else f"({low}) + (k : Int)"
        lines.append(f"obtain ⟨{k}, rfl⟩ : ∃ k : Nat, {name} = {base} := ⟨({name} - ({low})).toNat, by omega⟩")
        name = k
    elif low != 0:
        lines.append(f"obtain ⟨{k}, rfl⟩ : ∃ k : Nat, {name} = {low} + k := ⟨{name} - {low}, by omega⟩")
        name = k
    return "\n".join([
        *lines,
        f"have {h} : {name} < {count} := by omega",
        f"iterate {count}",
        f"  replace {h} := Nat.lt_succ_iff_lt_or_eq.mp {h}",
        f"  rcases {h} with {h} | rfl",
        "  rotate_left",
        "  first | omega | (simp at *; omega) | grind",
        "omega",
    ])  # fmt: skip


@family("bounds.factors")
def factors(goal: Goal, visit: int) -> Iterable[Offer]:
    """For hypotheses `a * b = N`, each factor that is a variable is one of N's divisors; for `b ^ x * … = N`, bounds of the
    exponents.

    The divisors are found here and checked by the kernel; with one factor known the others are linear.
    """
    types = {v.name: v for v in goal.numbers("Nat", "Int")}
    for f in goal.facts:
        found = sides(f.type)
        if found is None or found[1] != "=" or not found[2].isdigit():
            continue
        number = int(found[2])
        parts = [stripped(p) for p in split(found[0], "*")]
        if any(len(split(found[0], o)) > 1 for o in "+-") or not 2 <= number <= MAX_PRODUCT or len(parts) < 2:
            continue
        others = [" * ".join(f"({p})" for j, p in enumerate(parts) if j != i) for i in range(len(parts))]
        for part, rest in zip(parts, others, strict=True):
            if part in types:
                yield Offer(_divisors(goal, types[part], number, rest), -1.9, "bounds.divisors")
        powers = [(int(p[1]), types[p[2]]) for part in parts if (p := POWER.match(part)) and int(p[1]) >= 2 and p[2] in types]
        limits = [_least_above(base, number) for base, _ in powers]
        unknowns = [v for _, v in powers]
        if len(powers) == len(parts) == len({v.name for v in unknowns}) and math.prod(limits) <= MAX_DECIDED:
            lines = [_exponent(goal, base, v.name, number, rest) for (base, v), rest in zip(powers, others, strict=True)]
            yield Offer("\n".join([*lines, _try_all(unknowns, limits)]), -1.5, "bounds.exponents_decide")


def _divisors(goal: Goal, v: Var, number: int, others: str) -> str:
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    hd, hl = goal.several("hd", "hl")
    unknown = v.name if v.type == "Nat" else f"{v.name}.natAbs"
    divides = f"⟨{others}, by grind⟩"
    if v.type != "Nat":
        divides = f"Int.natAbs_dvd_natAbs.mpr ({divides} : {v.name} ∣ {number})"
    every = f"(List.range {number + 1}).all (fun i => {number} % i != 0 || [{', '.join(map(str, divisors))}].elem i) = true"
    end = "first | omega | (simp_all; omega) | grind"
    cases = [f"rcases {hl} with {' | '.join(['rfl'] * len(divisors))} <;> ({end})"]
    if v.type != "Nat":
        cases = [
            f"rcases {hl} with {' | '.join([hl] * len(divisors))} <;>",
            f"  (rcases (by omega : {v.name} = {unknown} ∨ {v.name} = -{unknown}) with h | h <;>",
            f"    rw [{hl}] at h <;>",
            f"    (subst h; {end}))",
        ]
    return "\n".join([
        f"have {hd} : {unknown} ∣ {number} := {divides}",
        f"have {hl} := List.all_eq_true.mp (show {every} by decide +kernel) ({unknown})",
        f"  (List.mem_range.mpr (Nat.lt_succ_of_le (Nat.le_of_dvd (by decide) {hd})))",
        f"simp [Nat.mod_eq_zero_of_dvd {hd}] at {hl}",
        *cases,
    ])  # fmt: skip


def _exponent(goal: Goal, base: int, exponent: str, number: int, others: str) -> str:
    bound = _least_above(base, number)
    return "\n".join([
        f"have {goal.fresh(f'h{exponent}')} : {exponent} < {bound} := by",
        f"  rcases Nat.lt_or_ge {exponent} {bound} with h | h",
        "  · exact h",
        f"  · have h1 := Nat.pow_le_pow_right (show 0 < {base} by decide) h",
        f"    have h2 := Nat.le_of_dvd (by decide) (⟨{others}, by grind⟩ : {base} ^ {exponent} ∣ {number})",
        "    omega",
    ])  # fmt: skip


def _least_above(base: int, number: int) -> int:
    """The least exponent that takes `base` beyond `number`."""
    exponent = 0
    while base**exponent <= number:
        exponent += 1
    return exponent


def interval(goal: Goal, v: Var) -> Interval:
    """The least and the greatest value that hypotheses give directly."""
    low = 0 if v.type == "Nat" else None
    high: int | None = None
    for f in goal.facts:
        for part in split(stripped(f.type), "∧"):
            found = sides(part)
            if found is None:
                continue
            left, relation, right = found
            if left == v.name and re.fullmatch(r"-?\d+", right):
                n = int(right)
                high = {"<": n - 1, "≤": n}.get(relation, high)
                low = {">": n + 1, "≥": n}.get(relation, low)
            elif right == v.name and re.fullmatch(r"-?\d+", left):
                n = int(left)
                low = {"<": n + 1, "≤": n}.get(relation, low)
    return low, high


def _in_facts(goal: Goal, v: Var) -> bool:
    return any(re.search(rf"(?<![\w'.]){re.escape(v.name)}(?![\w'])", f.type) for f in goal.facts)


def defined_variables(goal: Goal) -> set[str]:
    """Variables that a hypothesis gives as a term of others."""
    names = {v.name for v in goal.data}
    equations = [found for f in goal.facts if (found := sides(f.type)) is not None and found[1] == "="]
    return {side for left, _, right in equations for side in (left, right) if side in names}
