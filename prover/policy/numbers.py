"""Numbers: what divides sums and products, facts about powers, products multiplied out, casts, remainders.

omega knows linear arithmetic with numerals; each family here supplies what it lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from prover.policy.base import Offer
from prover.policy.goal import Goal
from prover.policy.rules import family, rules
from prover.policy.terms import sides, split, stripped

COMBINATIONS = ((1, 1), (1, -1), (-1, 1), (2, 1), (1, 2), (2, -1), (-1, 2), (1, -2), (-2, 1))
"""Coefficients of two hypotheses; the first three at a state's first visit."""
POWER = re.compile(r"(?<![\w.^)])(\d+) \^ (\((?:[^()]|\([^()]*\))*\)|[\w'₀-₉]+)")
LARGE_POWER = re.compile(r"\d \^ \d{3,}")
"""With such a number put in for an unknown, simp goes on to calculate until memory ends."""
MODULUS = re.compile(r"% (\d+)(?![\w.])|(?<![\w.)])(\d+) ∣")
MAX_MODULUS = 12
MAX_PERIOD = 12


@family("divisibility", visits=2, about="∣")
def divides(goal: Goal, visit: int) -> Iterable[Offer]:
    """Proves d ∣ t from the parts of t, or from a combination of hypotheses d ∣ a, d ∣ b.

    omega needs a numeral for d. For an unknown d the rules for sums and products apply backwards, and small integer combinations
    of two hypotheses cover what Euclid's steps produce.
    """
    found = sides(goal.target) if goal.shape == "∣" else None
    if found is None:
        return
    divisor, _, whole = found
    kind = "Int" if goal.numbers("Int") else "Nat"
    operator = next((o for o in "+-*" if len(split(whole, o)) > 1), "")
    factors = {
        "Nat": ("apply Nat.dvd_mul_right_of_dvd", "apply Nat.dvd_mul_left_of_dvd"),
        "Int": tuple(f"refine Int.dvd_trans ?_ (Int.dvd_mul_{side} _ _)" for side in ("right", "left")),
    }[kind]
    yield from rules(
        visit,
        (operator == "+", 0, "divisibility.add", f"apply {kind}.dvd_add", -1.4),
        (operator == "-", 0, "divisibility.sub", f"apply {kind}.dvd_sub", -1.4),
        *((operator == "*", 0, "divisibility.mul", tactic, -1.5) for tactic in factors),
    )
    known = [(f.name, s[2]) for f in goal.facts if (s := sides(f.type)) is not None and s[1] == "∣" and s[0] == divisor]
    e = goal.fresh("e")
    for one, other in combinations(known[:4], 2):
        for p, q in COMBINATIONS[:3] if visit == 0 else COMBINATIONS[3:]:
            (x, first), (y, second) = _multiple(kind, *one, abs(p)), _multiple(kind, *other, abs(q))
            if p > 0 and q > 0:
                term, proof = f"{first} + {second}", f"{kind}.dvd_add {x} {y}"
            elif p > 0:
                term, proof = f"{first} - {second}", f"{kind}.dvd_sub {x} {y}"
            else:
                term, proof = f"{second} - {first}", f"{kind}.dvd_sub {y} {x}"
            text = f"have {e} : {whole} = {term} := by first | omega | grind\nrw [{e}]\nexact {proof}"
            yield Offer(text, -1.8, "divisibility.combination")


def _multiple(kind: str, fact: str, term: str, times: int) -> tuple[str, str]:
    """A multiple of what is known to be divisible: the proof and the term."""
    if times == 1:
        return fact, f"({stripped(term)})"
    proof = f"Nat.dvd_mul_left_of_dvd {fact} {times}" if kind == "Nat" else f"Int.dvd_mul_of_dvd_right (a := {times}) {fact}"
    return f"({proof})", f"{times} * ({stripped(term)})"


@family("products.powers", about=r"\^")
def powers(goal: Goal, visit: int) -> Iterable[Offer]:
    """Facts about powers of numerals: positive, larger than the exponent; with omega, simp or grind behind them.

    omega takes b ^ e for a number of its own that it knows nothing about; what it lacks is mostly one of these.
    """
    lines = []
    for base, e in list(dict.fromkeys((int(b), e) for b, e in POWER.findall(goal.text) if not e.isdigit()))[:4]:
        lines.append(f"have := Nat.pow_pos (n := {e}) (show 0 < {base} by decide)")
        if base >= 2:
            lines.append(f"have := Nat.lt_pow_self (n := {e}) (show 1 < {base} by decide)")
    facts = "\n".join(lines)
    small = lines and goal.facts and not LARGE_POWER.search(goal.text)
    composed = re.search(r"\^ \(.*[+*]", goal.text)
    yield from rules(
        visit,
        (lines, 0, "products.power_facts_omega", f"{facts}\nomega", -1.6),
        (small, 0, "products.power_facts_simp", f"{facts}\nsimp_all; omega", -1.8),
        (small, 0, "products.power_facts_grind", f"{facts}\ngrind", -2.0),
        (composed, 0, "products.pow_rules_grind", "simp [Nat.pow_add, Nat.pow_mul, Nat.pow_succ]; grind", -2.5),
        (composed, 0, "products.grind_pow", "grind [Nat.pow_add, Nat.pow_mul, Nat.pow_succ, Int.pow_succ]", -1.9),
    )


@family("products.multiply_out", about=r"\*")
def multiply_out(goal: Goal, visit: int) -> Iterable[Offer]:
    """Multiplies out, so that linear arithmetic sees the same products on both sides."""
    kind = "Int" if goal.numbers("Int") else "Nat"
    lemmas = f"{kind}.mul_add, {kind}.add_mul, {kind}.mul_comm, {kind}.mul_left_comm, {kind}.mul_assoc, "
    lemmas += f"{kind}.mul_sub, {kind}.sub_mul"
    predicate = any(i.is_prop and i.last == goal.shape.rsplit(".", 1)[-1] for i in goal.inductives)
    distribute = ", ".join(f"{kind}.{law}" for law in ("add_mul", "mul_add", "one_mul", "mul_one", "zero_mul", "mul_zero"))
    return rules(
        visit,
        (True, 0, "products.multiply_out", f"simp [{lemmas}]; omega", -2.3),
        (goal.facts, 0, "products.multiply_out_at", f"simp [{lemmas}] at *; omega", -2.5),
        (predicate, 0, "products.distribute", f"simp only [{distribute}]", -1.5),
    )


@family("products.casts")
def casts(goal: Goal, visit: int) -> Iterable[Offer]:
    """Equations between casts: solves the linear system among the rationals, then takes the casts away.

    grind solves linear equations over ordered fields but does not carry the answer back through a cast.
    """
    found = sides(goal.target)
    names = {v.name for v in goal.numbers("Nat", "Int")}
    if "↑" not in "".join(f.type for f in goal.facts) or found is None or found[1] != "=" or found[0] not in names:
        return
    kind = "Rat" if "/" in goal.text or any(v.type == "Rat" for v in goal.data) else "Int"
    h = goal.fresh("h")
    text = f"have {h} : ({found[0]} : {kind}) = {found[2]} := by grind\nexact_mod_cast {h}"
    yield Offer(text, -1.4, "products.cast_solve")


def moduli(goal: Goal) -> list[int]:
    """The numbers that remainders are taken by in the goal, each once."""
    found = [int(a or b) for a, b in MODULUS.findall(goal.text)]
    return [m for m in dict.fromkeys(found) if m >= 2]


@family("modular.residues", visits=2)
def residues(goal: Goal, visit: int) -> Iterable[Offer]:
    """Splits on the remainder of a variable, and simplifies the products in each case.

    Whether m divides a polynomial depends on the remainders modulo m of its variables only; omega does not multiply, so each
    case is multiplied out by simp.
    """
    mods = moduli(goal)
    if not mods:
        return
    if visit == 0 and ("*" in goal.text or "^" in goal.text):
        kind = "Int" if goal.numbers("Int") else "Nat"
        yield Offer(f"simp [{_lemmas(kind)}{', *' if goal.facts else ''}]", -2.0, f"modular.simp_{kind.lower()}")
    variables = [v for v in goal.numbers("Nat", "Int") if v.name in goal.words and _multiplied(v.name, goal.target)]
    for m in mods[:2]:
        for k in ([m] if visit == 0 else [k for k in (2, 3, 4, 8) if k != m]) if m <= MAX_MODULUS else ():
            for v in variables[:3]:
                h = goal.fresh("h" + v.name)
                cases = " ∨ ".join(f"{v.name} % {k} = {r}" for r in range(k))
                text = f"rcases (by omega : {cases}) with {' | '.join([h] * k)} <;> simp [{_lemmas(v.type)}, {h}]"
                yield Offer(text, -1.5, "modular.split_simp")
                yield from rules(visit, (True, 0, "modular.split_simp_omega", f"{text} <;> omega", -2.4))


def _lemmas(kind: str) -> str:
    if kind == "Int":
        return "Int.pow_succ, Int.add_emod, Int.sub_emod, Int.mul_emod, Int.dvd_iff_emod_eq_zero"
    return "Nat.pow_succ, Nat.add_mod, Nat.mul_mod, Nat.dvd_iff_mod_eq_zero"


def _multiplied(name: str, text: str) -> bool:
    n = re.escape(name)
    return re.search(rf"(?<![\w']){n}\)* [*^]|[*] \(*{n}(?![\w'])|[+-] \d+\) [*^]", text) is not None


@family("modular.powers", about=r"\^")
def power_residues(goal: Goal, visit: int) -> Iterable[Offer]:
    """The remainders of the powers of a numeral: a finite cycle, found here and proved by induction.

    For b ^ e with a numeral b, modulo m, the remainders are periodic; with the fact "e has this remainder and b ^ e that" for
    each place of the cycle, omega decides what depends on nothing else.
    """
    found = [(int(b), e.strip("()") if not re.search(r"\).*\(", e) else e) for b, e in POWER.findall(goal.text)]
    names = {v.name for v in goal.data}
    facts = [
        (fact, exponent)
        for base, exponent in [p for p in dict.fromkeys(found) if not p[1].isdigit() and p[0] >= 2][:3]
        if set(re.findall(r"[^\W\d][\w']*", exponent)) <= names
        for m in [m for m in moduli(goal) if m <= 200][:2]
        if (fact := cycle(base, m)) is not None
    ]
    h = goal.fresh("h")
    for fact, exponent in facts[:3]:
        yield Offer(fact.applied(h, exponent), -1.3, "modular.power_omega")


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

    def applied(self, h: str, exponent: str) -> str:
        """States and proves what is true of every exponent, under the name `h`, and has omega decide each case of one."""
        here = " | ".join(self.patterns())
        return "\n".join([
            f"have {h} : ∀ k : Nat, {self.statement} := by",
            "  intro k",
            "  induction k with",
            "  | zero => decide",
            "  | succ k ih =>",
            f"    rcases ih with {here}",
            *(f"    · exact {step}" for step in self.steps()),
            f"have : 0 < {self.base} ^ ({exponent}) := Nat.pow_pos (by decide)",
            f"rcases {h} ({exponent}) with {here} <;> omega",
        ])  # fmt: skip


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
