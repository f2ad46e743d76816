"""Bounded unknowns: find the bound, try every value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.terms import literals, sides, split, stripped

MAX_DECIDED = 1500
"""Combinations that the kernel tries in some seconds (about 2 ms each)."""
MAX_CASES = 100
"""Values of one unknown that are tried one by one, each by omega (some 15 ms)."""
MAX_PRODUCT = 2000
POWER = re.compile(r"^(\d+) \^ ([^\W\d][\w'₀-₉]*)$")


@dataclass(frozen=True)
class Enumerate:
    """Bounds unknowns by the numerals of the goal and tries every value.

    A product of two unknowns is beyond omega, but a bound for each is often linear (x + y + x * y = 71 gives
    x < 72, the product counting as a number of its own), and with one of them known the rest is linear.
    """

    name: str = "bounds.enumerate"

    def propose(self, view: View) -> Iterable[Offer]:
        """All unknowns together, tried by the kernel; one of them alone, omega for the rest."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or not re.search(r"[*^%]|gcd|lcm", goal.text):
            return
        unknowns = [v for v in goal.numbers("Nat", "Int") if _in_facts(goal, v)]
        bounds = sorted({n + 1 for f in goal.facts for n in literals(f.type) if n >= 2}, reverse=True)
        intervals = {v.name: interval(goal, v) for v in unknowns}
        if view.stage == 0:
            yield from self._together(goal, [v for v in unknowns if v.type == "Nat"], bounds, intervals)
        known = 0
        for v in unknowns:
            low, high = intervals[v.name]
            if low is not None and high is not None:
                known += 1
                if high - low < MAX_CASES and (high - low < 30) == (view.stage == 0):
                    yield Offer(one_by_one(goal, v, low, high), -2.0, "bounds.one_by_one")
        if not known and len(unknowns) <= 3:
            positive = [
                f"have : 0 < {a} * {b} := Int.mul_pos (by omega) (by omega)"
                for a, b in dict.fromkeys(
                    re.findall(r"(?<![\w.'])([a-zα-ω]\w*) \* ([a-zα-ω]\w*)(?![\w.'])", goal.text)
                )
                if {a, b} <= {v.name for v in unknowns if v.type == "Int"}
            ]
            for v in unknowns:
                for bound in [b for b in bounds if b <= MAX_CASES][: 1 if view.stage == 0 else 3]:
                    low = 0 if v.type == "Nat" or not positive else 1
                    yield Offer(one_by_one(goal, v, low, bound - 1), -2.6, "bounds.one_by_one")
                    if positive:
                        text = "\n".join([*positive, one_by_one(goal, v, low, bound - 1)])
                        yield Offer(text, -2.4, "bounds.one_by_one_positive")

    @staticmethod
    def _together(
        goal: Goal,
        unknowns: list[Var],
        bounds: list[int],
        intervals: dict[str, tuple[int | None, int | None]],
    ) -> Iterable[Offer]:
        if (
            not unknowns
            or len(unknowns) > 3
            or not all(v.type == "Nat" or v.kind != "data" for v in goal.hypotheses)
        ):
            return
        defined = defined_variables(goal)
        rest = [v for v in unknowns if v.name not in defined]
        for first, some in (("", unknowns), ("subst_vars\n", rest)):
            if not some or (first and not defined):
                continue
            offered = 0
            for bound in [None, *bounds]:
                limits = []
                for v in some:
                    high = intervals[v.name][1]
                    limits.append(high + 1 if high is not None else bound)
                sizes = [n for n in limits if n is not None]
                if len(sizes) < len(limits) or _product(sizes) > MAX_DECIDED or offered == 2:
                    continue
                offered += 1
                yield Offer(
                    first + _try_all(some, sizes), -1.7, "bounds.decide" + ("_subst" if first else "")
                )
                if bound is None:
                    break


def _product(numbers: list[int]) -> int:
    total = 1
    for n in numbers:
        total *= n
    return total


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
    if v.type == "Int" or low != 0:
        base = f"{low} + (k : {v.type})" if low >= 0 else f"({low}) + (k : {v.type})"
        number = f"({v.name} - ({low})).toNat" if v.type == "Int" else f"{v.name} - {low}"
        if v.type == "Int":
            lines.append(f"obtain ⟨{k}, rfl⟩ : ∃ k : Nat, {v.name} = {base} := ⟨{number}, by omega⟩")
        else:
            lines.append(f"obtain ⟨{k}, rfl⟩ : ∃ k : Nat, {v.name} = {low} + k := ⟨{number}, by omega⟩")
        name = k
    lines += [
        f"have {h} : {name} < {count} := by omega",
        f"iterate {count}",
        f"  replace {h} := Nat.lt_succ_iff_lt_or_eq.mp {h}",
        f"  rcases {h} with {h} | rfl",
        "  rotate_left",
        "  first | omega | (simp at *; omega) | grind",
        "omega",
    ]
    return "\n".join(lines)


@dataclass(frozen=True)
class Factors:
    """A product of unknowns that is a numeral: each factor is one of the numeral's divisors.

    The divisors are found here and checked by the kernel; with one factor known the others are linear.
    """

    name: str = "bounds.factors"

    def propose(self, view: View) -> Iterable[Offer]:
        """For hypotheses `a * b = N`, each factor that is a variable; for `b ^ x * … = N` a bound of the
        exponent.
        """
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        types = {v.name: v for v in goal.numbers("Nat", "Int")}
        for f in goal.facts:
            found = sides(f.type)
            if found is None or found[1] != "=" or not found[2].isdigit():
                continue
            number = int(found[2])
            factors = [stripped(p) for p in split(found[0], "*")]
            if len(split(found[0], "+")) > 1 or len(split(found[0], "-")) > 1:
                continue
            if not 2 <= number <= MAX_PRODUCT or len(factors) < 2:
                continue
            for i, factor in enumerate(factors):
                others = " * ".join(f"({p})" for j, p in enumerate(factors) if j != i)
                power = POWER.match(factor)
                if factor in types:
                    yield Offer(_divisors(goal, types[factor], number, others), -1.9, "bounds.divisors")
                elif power and int(power[1]) >= 2 and power[2] in types:
                    yield Offer(
                        _exponent(goal, int(power[1]), power[2], number, others), -2.5, "bounds.exponent"
                    )
            powers = [POWER.match(factor) for factor in factors]
            if all(p and int(p[1]) >= 2 and p[2] in types for p in powers):
                lines = []
                unknowns: list[Var] = []
                limits: list[int] = []
                for i, power in enumerate(powers):
                    assert power is not None
                    others = " * ".join(f"({p})" for j, p in enumerate(factors) if j != i)
                    lines.append(_exponent(goal, int(power[1]), power[2], number, others))
                    unknowns.append(types[power[2]])
                    limits.append(_least_above(int(power[1]), number))
                if _product(limits) <= MAX_DECIDED and len({v.name for v in unknowns}) == len(unknowns):
                    yield Offer(
                        "\n".join([*lines, _try_all(unknowns, limits)]), -1.5, "bounds.exponents_decide"
                    )


def _divisors(goal: Goal, v: Var, number: int, others: str) -> str:
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    listed = ", ".join(map(str, divisors))
    hd, hl = goal.several("hd", "hl")
    unknown = v.name if v.type == "Nat" else f"{v.name}.natAbs"
    divides = (
        f"⟨{others}, by grind⟩"
        if v.type == "Nat"
        else f"Int.natAbs_dvd_natAbs.mpr (⟨{others}, by grind⟩ : {v.name} ∣ {number})"
    )
    every = f"(List.range {number + 1}).all (fun i => {number} % i != 0 || [{listed}].elem i) = true"
    lines = [
        f"have {hd} : {unknown} ∣ {number} := {divides}",
        f"have {hl} := List.all_eq_true.mp (show {every} by decide +kernel) ({unknown})",
        f"  (List.mem_range.mpr (Nat.lt_succ_of_le (Nat.le_of_dvd (by decide) {hd})))",
        f"simp [Nat.mod_eq_zero_of_dvd {hd}] at {hl}",
    ]
    end = "first | omega | (simp_all; omega) | grind"
    if v.type == "Nat":
        lines.append(f"rcases {hl} with {' | '.join(['rfl'] * len(divisors))} <;> ({end})")
    else:
        lines.append(f"rcases {hl} with {' | '.join([hl] * len(divisors))} <;>")
        lines.append(
            f"  (rcases (by omega : {v.name} = {unknown} ∨ {v.name} = -{unknown}) with h | h <;>"
        )
        lines.append(
            f"    rw [{hl}] at h <;>"
        )
        lines.append(f"    (subst h; {end}))")
    return "\n".join(lines)


def _exponent(goal: Goal, base: int, exponent: str, number: int, others: str) -> str:
    bound = _least_above(base, number)
    h = goal.fresh(f"h{exponent}")
    return "\n".join([
        f"have {h} : {exponent} < {bound} := by",
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


def interval(goal: Goal, v: Var) -> tuple[int | None, int | None]:
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
    found = set()
    for f in goal.facts:
        equation = sides(f.type)
        if equation is not None and equation[1] == "=":
            found |= {s for s in (equation[0], equation[2]) if s in names}
    return found
