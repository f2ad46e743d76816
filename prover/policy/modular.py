"""Remainders and divisibility: case splits modulo a number, the remainders of powers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.terms import literals

MODULUS = re.compile(r"% (\d+)(?![\w.])|(?<![\w.)])(\d+) ∣")
POWER = re.compile(r"(?<![\w.^)])(\d+) \^ (\((?:[^()]|\([^()]*\))*\)|[\w'₀-₉]+)")
MAX_MODULUS = 12
MAX_PERIOD = 12


def moduli(goal: Goal) -> list[int]:
    """The numbers that remainders are taken by in the goal, each once."""
    found = [int(a or b) for a, b in MODULUS.findall(goal.text)]
    return [m for m in dict.fromkeys(found) if m >= 2]


@dataclass(frozen=True)
class Residues:
    """Splits on the remainder of a variable, and simplifies the products in each case.

    Whether m divides a polynomial depends on the remainders modulo m of its variables only; omega does not
    multiply, so each case is multiplied out by simp.
    """

    name: str = "modular.residues"

    def propose(self, view: View) -> Iterable[Offer]:
        """For each modulus and variable: the split with simplification, the split alone."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or not (mods := moduli(goal)):
            return
        if view.stage == 0 and ("*" in goal.text or "^" in goal.text):
            hyps = ", *" if goal.facts else ""
            yield (
                Offer(f"simp [{_rules('Int', hyps)}]", -2.0, "modular.simp_int")
                if goal.numbers("Int")
                else Offer(f"simp [{_rules('Nat', hyps)}]", -2.0, "modular.simp_nat")
            )
        variables = [
            v for v in goal.numbers("Nat", "Int") if v.name in goal.words and _multiplied(v.name, goal.target)
        ]
        for m in mods[:2]:
            if m > MAX_MODULUS:
                continue
            divisors = [m] if view.stage == 0 else [k for k in (2, 3, 4, 8) if k != m]
            for k in divisors:
                for v in variables[:3]:
                    h = goal.fresh("h" + v.name)
                    cases = " ∨ ".join(f"{v.name} % {k} = {r}" for r in range(k))
                    split = f"rcases (by omega : {cases}) with {' | '.join([h] * k)}"
                    rules = _rules(v.type, f", {h}")
                    yield Offer(f"{split} <;> simp [{rules}]", -1.5, "modular.split_simp")
                    if view.stage == 0:
                        yield Offer(split, -2.6, "modular.split")
                        yield Offer(f"{split} <;> simp [{rules}] <;> omega", -2.4, "modular.split_simp_omega")


def _rules(kind: str, extra: str = "") -> str:
    if kind == "Int":
        return f"Int.pow_succ, Int.add_emod, Int.sub_emod, Int.mul_emod, Int.dvd_iff_emod_eq_zero{extra}"
    return f"Nat.pow_succ, Nat.add_mod, Nat.mul_mod, Nat.dvd_iff_mod_eq_zero{extra}"


def _multiplied(name: str, text: str) -> bool:
    n = re.escape(name)
    return re.search(rf"(?<![\w']){n}\)* [*^]|[*] \(*{n}(?![\w'])|[+-] \d+\) [*^]", text) is not None


@dataclass(frozen=True)
class PowerResidues:
    """The remainders of the powers of a numeral: a finite cycle, found here and proved by induction.

    For b ^ e with a numeral b, modulo m, the remainders are periodic; with the fact "e has this remainder and
    b ^ e that" for each place of the cycle, omega decides what depends on nothing else.
    """

    name: str = "modular.powers"

    def propose(self, view: View) -> Iterable[Offer]:
        """The fact for each base, exponent and modulus, with omega behind it."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        powers = [
            (int(b), e.strip("()") if not re.search(r"\).*\(", e) else e) for b, e in POWER.findall(goal.text)
        ]
        powers = [p for p in dict.fromkeys(powers) if not p[1].isdigit() and p[0] >= 2]
        names = {v.name for v in goal.data}
        facts = []
        for base, exponent in powers[:3]:
            if not set(re.findall(r"[^\W\d][\w']*", exponent)) <= names:
                continue
            for m in [m for m in moduli(goal) if m <= 200][:2]:
                fact = cycle(base, m)
                if fact is not None:
                    facts.append((fact, base, exponent))
        if not facts or view.stage == 1:
            return
        h = goal.fresh("h")
        for fact, base, exponent in facts[:3]:
            yield Offer(_with_fact(h, fact, base, [exponent], "omega"), -1.3, "modular.power_omega")
            yield Offer(_with_fact(h, fact, base, [exponent], None), -3.0, "modular.power_fact")


def _with_fact(h: str, fact: Cycle, base: int, exponents: list[str], closer: str | None) -> str:
    here = " | ".join(fact.patterns())
    lines = [
        f"have {h} : ∀ k : Nat, {fact.statement} := by",
        "  intro k",
        "  induction k with",
        "  | zero => decide",
        "  | succ k ih =>",
        f"    rcases ih with {here}",
        *(f"    · exact {step}" for step in fact.steps()),
    ]
    for e in exponents:
        lines.append(f"have : 0 < {base} ^ ({e}) := Nat.pow_pos (by decide)")
        if closer:
            lines.append(f"rcases {h} ({e}) with {here} <;> {closer}")
        else:
            lines.append(f"have := {h} ({e})")
    return "\n".join(lines)


@dataclass(frozen=True)
class Cycle:
    """The remainders of base ^ k modulo m: `remainders[i]` at i, from `start` on with the period of the rest."""

    base: int
    modulus: int
    remainders: tuple[int, ...]
    start: int

    @property
    def period(self) -> int:
        """After so many exponents beyond `start` it begins again."""
        return len(self.remainders) - self.start

    @property
    def parts(self) -> list[list[str]]:
        """For each place of the cycle, what is true there."""
        found = []
        for i, r in enumerate(self.remainders):
            power = f"{self.base} ^ k % {self.modulus} = {r}"
            if i < self.start:
                found.append([f"k = {i}", power])
                continue
            beyond = [f"{self.start} ≤ k"] if self.start else []
            where = [f"k % {self.period} = {i % self.period}"] if self.period > 1 else []
            found.append([*beyond, power, *where])
        return found

    @property
    def statement(self) -> str:
        """What is true of every exponent k."""
        return " ∨ ".join(" ∧ ".join(part) for part in self.parts)

    def patterns(self) -> list[str]:
        """Patterns that take the statement apart."""
        return ["⟨" + ", ".join(f"h{j}" for j in range(len(p))) + "⟩" if len(p) > 1 else "h0" for p in self.parts]

    def steps(self) -> list[str]:
        """For each place, the proof of the statement at the next exponent."""
        parts = self.parts
        proofs = []
        for i in range(len(parts)):
            j = i + 1 if i + 1 < len(parts) else self.start
            each = ", ".join(["by omega"] * len(parts[j]))
            term = f"⟨{each}⟩" if len(parts[j]) > 1 else "(by omega)"
            if j < len(parts) - 1:
                term = f"Or.inl {term}"
            proofs.append("Or.inr (" * j + term + ")" * j)
        return proofs


def cycle(base: int, m: int) -> Cycle | None:
    """The cycle of the powers of a base modulo m; None when it is long or begins late."""
    seen: dict[int, int] = {}
    remainders: list[int] = []
    r = 1 % m
    while r not in seen and len(remainders) <= MAX_PERIOD + 3:
        seen[r] = len(remainders)
        remainders.append(r)
        r = r * base % m
    if r not in seen:
        return None
    start = seen[r]
    if len(remainders) - start > MAX_PERIOD or start > 3:
        return None
    return Cycle(base, m, tuple(remainders), start)


__all__ = ["Cycle", "PowerResidues", "Residues", "cycle", "literals", "moduli"]
