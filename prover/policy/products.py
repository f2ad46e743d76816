"""Products and powers of unknowns: the facts about them that linear arithmetic needs to be told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.terms import sides

POWER_OF_LITERAL = re.compile(r"(?<![\w.^)])(\d+) \^ (\((?:[^()]|\([^()]*\))*\)|[\w'₀-₉]+)")
PRODUCT = re.compile(r"(?<![\w.'])([a-zα-ω][\w'₀-₉]*) \* ([a-zα-ω][\w'₀-₉]*)(?![\w'.^])")
LARGE_POWER = re.compile(r"\d \^ \d{3,}")
"""With such a number put in for an unknown, simp goes on to calculate until memory ends."""
SQUARE = re.compile(r"(?<![\w.'])([a-zα-ω][\w'₀-₉]*) (?:\^ 2\b|\* \1(?![\w']))")


@dataclass(frozen=True)
class Squares:
    """Squares are not negative: the square of a variable, a difference, a sum, as hints to grind.

    What nlinarith does for Mathlib's users by trying products of hypotheses: polynomial inequalities are
    mostly sums of a few squares, and grind's ring and linear arithmetic do the rest once the squares are
    named.
    """

    name: str = "products.squares"

    def propose(self, view: View) -> Iterable[Offer]:
        """For inequalities with products: hints of one square, of all differences; products of positive
        facts.
        """
        goal = first_goal(view)
        if goal is None or view.stage > 1 or not re.search(r"[*^]", goal.text):
            return
        ints = [v for v in goal.numbers("Int", "Rat") if v.name in goal.words][:3]
        nats = [v for v in goal.numbers("Nat") if v.name in goal.words][:3]
        if goal.shape in ("≤", "<", "≥", ">", "≠", "False", "=", "∨", "¬"):
            for kind, variables in (
                ("Int", [v for v in ints if v.type == "Int"]),
                ("Rat", [v for v in ints if v.type == "Rat"]),
            ):
                if variables:
                    yield from self._squares(goal, kind, variables, view.stage)
        if view.stage == 0 and goal.shape in ("≤", "<", "≥", ">") and len(nats) >= 2:
            a, b = nats[0].name, nats[1].name
            k = goal.fresh("k")
            yield Offer(
                f"rcases Nat.le_total {a} {b} with h | h <;>\n"
                f"  obtain ⟨{k}, rfl⟩ := Nat.exists_eq_add_of_le h <;> grind",
                -1.9, "products.nat_difference",
            )  # fmt: skip
            yield Offer(f"rcases Nat.le_total {a} {b} with h | h", -3.2, "products.total")
        yield from self._of_facts(goal, view.stage)

    @staticmethod
    def _squares(goal: Goal, kind: str, variables: list[Var], stage: int) -> Iterable[Offer]:
        terms = [v.name for v in variables]
        terms += [f"({a.name} - {b.name})" for i, a in enumerate(variables) for b in variables[i + 1 :]]
        if stage == 1:
            terms += [f"({a.name} + {b.name})" for i, a in enumerate(variables) for b in variables[i + 1 :]]
        if kind == "Int":
            lines = [f"have : 0 ≤ {t} * {t} := by have := @Int.natAbs_mul_self {t}; omega" for t in terms]
            yield Offer("\n".join([*lines[:6], "grind"]), -2.0 - 0.5 * stage, "products.squares")

    @staticmethod
    def _of_facts(goal: Goal, stage: int) -> Iterable[Offer]:
        """Products of two facts that say something is positive, at least, or smaller."""
        if stage != 0:
            return
        positive: list[tuple[str, str, str]] = []
        for f in goal.facts:
            found = sides(f.type)
            if (
                found is not None
                and found[1] in ("<", "≤", ">", "≥")
                and " * " not in f.type
                and "^" not in f.type
            ):
                left, relation, _ = (
                    found if found[1] in ("<", "≤") else (found[2], {">": "<", "≥": "≤"}[found[1]], found[0])
                )
                positive.append((f.name, relation, left))
        kind = "Int" if goal.numbers("Int") else "Nat"
        h = goal.fresh("h")
        for i, (a, ra, la) in enumerate(positive[:3]):
            for b, rb, lb in positive[i + 1 : 3]:
                if kind == "Int":
                    first = (
                        a
                        if la == "0"
                        else f"Int.sub_nonneg_of_le (Int.le_of_lt {a})"
                        if ra == "<"
                        else f"Int.sub_nonneg_of_le {a}"
                    )
                    second = (
                        b
                        if lb == "0"
                        else f"Int.sub_nonneg_of_le (Int.le_of_lt {b})"
                        if rb == "<"
                        else f"Int.sub_nonneg_of_le {b}"
                    )
                    strict = ra == rb == "<" and la == lb == "0"
                    if strict:
                        yield Offer(f"have {h} := Int.mul_pos {a} {b}", -2.3, "products.of_facts")
                    elif ra == rb == "≤" or (la != "0" and lb != "0"):
                        yield Offer(
                            f"have {h} := Int.mul_nonneg ({first}) ({second})", -2.8, "products.of_facts"
                        )
                else:
                    if ra == rb == "<":
                        yield Offer(f"have {h} := Nat.mul_lt_mul'' {a} {b}", -2.6, "products.of_facts")
                    elif ra == rb == "≤":
                        yield Offer(f"have {h} := Nat.mul_le_mul {a} {b}", -2.3, "products.of_facts")
        squares = [f for f in goal.facts if (s := sides(f.type)) and s[1] in ("<", "≤")][:2]
        for f in squares:
            found = sides(f.type)
            if found is not None and kind == "Nat" and found[1] == "≤" and SQUARE.search(goal.target):
                yield Offer(f"have {h} := Nat.mul_le_mul {f.name} {f.name}", -2.5, "products.of_facts")


@dataclass(frozen=True)
class Powers:
    """Facts about powers of numerals and of variables: positive, larger than the exponent, one factor more.

    omega takes b ^ e for a number of its own that it knows nothing about; what it lacks is mostly one of
    these.
    """

    name: str = "products.powers"

    def propose(self, view: View) -> Iterable[Offer]:
        """The facts for the powers of the goal, with omega or grind behind them."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or "^" not in goal.text:
            return
        found = [(int(b), e) for b, e in POWER_OF_LITERAL.findall(goal.text) if not e.isdigit()]
        if view.stage == 0:
            lines = []
            for base, e in list(dict.fromkeys(found))[:4]:
                lines.append(f"have := Nat.pow_pos (n := {e}) (show 0 < {base} by decide)")
                if base >= 2:
                    lines.append(f"have := Nat.lt_pow_self (n := {e}) (show 1 < {base} by decide)")
            if lines:
                yield Offer("\n".join([*lines, "omega"]), -1.6, "products.power_facts_omega")
                if goal.facts and not LARGE_POWER.search(goal.text):
                    yield Offer("\n".join([*lines, "simp_all; omega"]), -1.8, "products.power_facts_simp")
                    yield Offer("\n".join([*lines, "grind"]), -2.0, "products.power_facts_grind")
            if re.search(r"\^ \(.*[+*]", goal.text):
                yield Offer(
                    "simp only [Nat.pow_add, Nat.pow_mul, Nat.pow_succ, Nat.mul_add]",
                    -2.4,
                    "products.pow_rules",
                )
                yield Offer(
                    "simp [Nat.pow_add, Nat.pow_mul, Nat.pow_succ]; grind", -2.5, "products.pow_rules_grind"
                )
                yield Offer(
                    "grind [Nat.pow_add, Nat.pow_mul, Nat.pow_succ, Int.pow_succ]", -1.9, "products.grind_pow"
                )
                if goal.numbers("Int") or "Int" in goal.text:
                    yield Offer(
                        "simp [Int.pow_add, Int.pow_mul, Int.pow_succ]", -2.4, "products.pow_rules_int"
                    )
            if re.search(r"[)\w] \^ \d", goal.text):
                yield Offer(
                    "simp only [Nat.pow_succ, Nat.pow_zero, Nat.one_mul] at *", -3.2, "products.expand"
                )
        else:
            yield Offer("rw [Nat.pow_succ]", -2.5, "products.rw_pow")
            yield Offer("simp [Nat.pow_succ, Int.pow_succ] at *", -2.7, "products.simp_pow")


@dataclass(frozen=True)
class MultiplyOut:
    """Multiplies out, so that linear arithmetic sees the same products on both sides."""

    name: str = "products.multiply_out"

    def propose(self, view: View) -> Iterable[Offer]:
        """Distribution for the kind of number, followed by omega."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or "*" not in goal.text:
            return
        kind = "Int" if goal.numbers("Int") else "Nat"
        rules = f"{kind}.mul_add, {kind}.add_mul, {kind}.mul_comm, {kind}.mul_left_comm, {kind}.mul_assoc"
        rules += ", Int.mul_sub, Int.sub_mul" if kind == "Int" else ", Nat.mul_sub, Nat.sub_mul"
        if view.stage == 0:
            yield Offer(f"simp [{rules}]; omega", -2.3, "products.multiply_out")
            if goal.facts:
                yield Offer(f"simp [{rules}] at *; omega", -2.5, "products.multiply_out_at")
        else:
            yield Offer(f"simp only [{rules}]", -3.0, "products.distribute")


@dataclass(frozen=True)
class Casts:
    """Equations between casts: solves the linear system among the rationals, then takes the casts away.

    grind solves linear equations over ordered fields but does not carry the answer back through a cast.
    """

    name: str = "products.casts"

    def propose(self, view: View) -> Iterable[Offer]:
        """For a target about numbers whose casts occur in the facts."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or "↑" not in "".join(f.type for f in goal.facts):
            return
        found = sides(goal.target)
        names = {v.name: v.type for v in goal.numbers("Nat", "Int")}
        kind = "Rat" if "/" in goal.text or any(v.type == "Rat" for v in goal.data) else "Int"
        h = goal.fresh("h")
        if found is not None and found[1] == "=" and found[0] in names:
            yield Offer(
                f"have {h} : ({found[0]} : {kind}) = {found[2]} := by grind\nexact_mod_cast {h}",
                -1.4,
                "products.cast_solve",
            )
            yield Offer(
                f"have {h} : ({found[0]} : {kind}) = {found[2]} := by grind", -2.6, "products.cast_fact"
            )
        yield Offer("norm_cast at *", -2.8, "products.norm_cast")
        yield Offer("push_cast at *", -2.8, "products.push_cast")
