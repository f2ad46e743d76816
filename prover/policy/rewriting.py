"""Simplification and rewriting with what the context has: definitions, the library's and the file's own; hypotheses; earlier
theorems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.rules import family, rules
from prover.policy.sources import Inductive
from prover.policy.terms import premises, shape, words
from prover.policy.wrapped import mentions

PLAIN = frozenset("∀∃→↔∧∨¬≠≤≥∈∉⊢αβγ∣×ℕℤℚ₀₁₂₃↦⟨⟩∘∅")
ARITHMETIC = re.compile(r"[*^%∣/]|\bsum\b|\bmod\b")
QUALIFIED = re.compile(r"(?<![\w.])((?:[A-Z]\w*\.)+[a-z][\w'!?]*)")
METHOD = re.compile(r"(?<![\w.'])([^\W\d][\w'₀-₉]*)\.([a-z][\w'!?]*)")
BOOLEAN = re.compile(r"==|!=|&&|\|\||\bdecide\b|\btrue\b|\bfalse\b|\.(?:any|all|contains|isSome|isNone|isEmpty)\b|!")
INTEGER_FUNCTIONS = re.compile(r"\.(?:tmod|tdiv|fmod|fdiv|emod|ediv|natAbs|sign|toNat|bmod|gcd|lcm|pow)\b|[%/^∣]")
MOST = 4
AC = "[Nat.add_comm, Nat.add_left_comm, Nat.add_assoc, Nat.mul_comm, Nat.mul_succ, Nat.mul_add]"


@family("rewriting.own")
def own_definitions(goal: Goal, visit: int) -> Iterable[Offer]:
    """simp and grind with the file's own functions and predicates of the goal: the library's have simp lemmas, these only
    equations."""
    functions = goal.own_functions
    listed = ", ".join(f.name for f in functions if not f.endless)
    orders = ARITHMETIC.search(goal.target) or shape(goal.target) in ("≤", "<")
    unfolded = [f.name for f in functions[:3] if not any(g.name == f.name and g.recursive for g in functions)]
    named = ", ".join(i.name for i in _predicates(goal))
    constructors = ", ".join(_constructors(goal))
    return rules(
        visit,
        (listed, 0, "rewriting.simp_own", f"simp [{listed}]", -1.0),
        (listed, 0, "rewriting.simp_all_own", f"simp_all [{listed}]", -1.1),
        (functions, 0, "rewriting.grind_own", f"grind [{', '.join(goal.equations)}]", -1.2),
        (listed and orders, 0, "rewriting.simp_own_omega", f"simp [{listed}]; omega", -1.4),
        *((True, 0, "rewriting.unfold", f"unfold {name}", -2.6) for name in unfolded),
        (named, 0, "rewriting.grind_rules", f"grind [{constructors}]", -1.5),
        (named, 0, "rewriting.simp_rules", f"simp_all [{constructors}]", -2.5),
        (named, 0, "rewriting.grind_predicate", f"grind [{named}]", -2.0),
    )


def _predicates(goal: Goal) -> list[Inductive]:
    said = {w.split(".")[-1] for w in words(goal.text)}
    return [i for i in goal.inductives if i.is_prop and i.last in said]


def _constructors(goal: Goal) -> list[str]:
    return [f"{i.name}.{c.name}" for i in _predicates(goal) for c in i.constructors]


@dataclass(frozen=True)
class OwnTheorems:
    """The theorems that stand before this one in its file, which is where the fitting lemma often is.

    Only those that share a function with the goal are offered: simp and grind with the nearest ones together, then rw and apply
    with each.
    """

    name: str = "rewriting.own_theorems"

    def leads(self, view: View) -> int:
        """It works beside `prover.policy.programs`, which says so: what was proved of a function is the best hint there is."""
        return 0

    def propose(self, view: View) -> Iterable[Offer]:
        """The nearest three at once, eight at the next visit."""
        goal = first_goal(view)
        near = near_theorems(goal, view) if goal is not None and goal.theorems and view.stage < 2 else []
        if goal is None or not near:
            return
        if view.stage == 0:
            names = [f.name for f in goal.own_functions if not f.endless]
            named = [*goal.equations, *_constructors(goal), *near[:4]]
            yield Offer(f"grind [{', '.join(named)}]", -1.7, "rewriting.grind_theorems")
            yield Offer(f"simp_all [{', '.join([*names, *near[:4]])}]", -1.8, "rewriting.simp_theorems")
        for i, name in enumerate(near[:8]):
            yield from rules(
                view.stage,
                (i < 3, 0, "rewriting.rw_theorem", f"rw [{name}]", -2.2 - 0.3 * i),
                (i < 3, 0, "rewriting.apply_theorem", f"apply {name}", -2.6 - 0.3 * i),
                (True, 1, "rewriting.simp_theorem", f"simp [{name}]", -2.4 - 0.2 * i),
                (True, 1, "rewriting.rw_theorem_back", f"rw [← {name}]", -3.0 - 0.2 * i),
                (i >= 3, 1, "rewriting.rw_theorem", f"rw [{name}]", -2.5 - 0.2 * i),
                (i >= 3, 1, "rewriting.apply_theorem", f"apply {name}", -2.8 - 0.2 * i),
            )


def near_theorems(goal: Goal, view: View) -> list[str]:
    """The file's earlier theorems that share a function with the goal, the nearest first."""
    last = {w.rsplit(".", 1)[-1] for w in words(goal.text)}
    own = {f.last for f in goal.functions} | {i.last for i in goal.inductives}
    signs = {c for c in goal.target if not c.isascii()} - PLAIN
    scored = []
    for position, (name, statement) in enumerate(view.file_context.theorems.items()):
        said = {w.rsplit(".", 1)[-1] for w in words(statement)} & own
        shared = said & last
        if not own & last and not shared and set(statement) & signs:
            shared = {""}  # a notation of the file's own hides its function
        if shared:
            scored.append((len(shared) - 0.5 * len(said - last), position, name))
    return [name for _, _, name in sorted(scored, reverse=True)]


@family("rewriting.hypotheses", visits=2)
def hypotheses(goal: Goal, visit: int) -> Iterable[Offer]:
    """rw and simp with hypotheses, in both directions.

    An induction hypothesis or an assumed equation is there to be used. simp_all orients by itself; rw does what it is told,
    which is sometimes the only way.
    """
    equations = [f for f in goal.facts if shape(premises(f.type)[2]) in ("=", "↔")][-6:]
    inductive = any(f.name.startswith("ih") for f in goal.facts) and ARITHMETIC.search(goal.text)
    plain = goal.shape not in ("∀", "→")
    for i, f in enumerate(reversed(equations)):
        nearer = 0.5 if f.name.startswith("ih") else 0.0
        yield from rules(
            visit,
            (True, 0, "rewriting.rw_hypothesis", f"rw [{f.name}]", -2.3 - 0.2 * i + nearer),
            (True, 0, "rewriting.rw_hypothesis_back", f"rw [← {f.name}]", -2.9 - 0.2 * i + nearer),
        )
    yield from rules(
        visit,
        (inductive, 0, "rewriting.simp_all_omega", "simp_all; omega", -1.7),
        (inductive, 0, "rewriting.simp_all_grind", "simp_all; grind", -2.1),
        (plain, 0, "rewriting.simp_omega", "simp; omega", -2.0),
        (plain, 0, "rewriting.simp_all_omega", "simp_all; omega", -2.1),
        *((True, 1, "rewriting.simp_at_all", f"simp [{f.name}] at *", -3.8) for f in equations),
        (equations and plain, 1, "rewriting.simp_only", f"simp only [{', '.join(f.name for f in equations)}]", -3.0),
        (goal.shape != "=", 1, "rewriting.simp_at_all", "simp at *", -3.2),
    )


@family("definitions", visits=2)
def definitions(goal: Goal, visit: int) -> Iterable[Offer]:
    """simp with the equations of the goal's library functions, and the function at the top opened.

    A theorem near the bottom of a library is about functions whose lemmas come later; all there is are their equations. A name
    that does not exist costs a millisecond.
    """
    if goal.shape in ("∀", "→"):
        return ()
    names = library_functions(goal)
    apart = f"unfold {' '.join(names[:2])}; split <;> simp_all"
    numbers = {kind: [v.name for v in goal.data if v.type == kind and mentions(goal.target, v.name)] for kind in ("Int", "Nat")}
    few = 1 <= len(numbers["Int"]) <= 2 and INTEGER_FUNCTIONS.search(goal.target)
    integers = " <;> ".join(f"cases {name}" for name in numbers["Int"])
    sums = len(numbers["Nat"]) > 1 and re.search(r"[+*]", goal.target)
    return rules(
        visit,
        (names, 0, "definitions.simp_all", f"simp_all [{', '.join(names)}]", -2.0),
        (names, 0, "definitions.unfold_split", apart, -2.8),
        *((True, 1, "definitions.unfold", f"unfold {name}", -2.8) for name in names),
        ("]?" in goal.text, 0, "definitions.get_maybe", "simp_all [getElem?_def]", -1.9),
        ("]!" in goal.text, 0, "definitions.get_sure", "simp_all [getElem!_def]", -1.9),
        (goal.shape == "=" and BOOLEAN.search(goal.target), 0, "definitions.bool", "rw [Bool.eq_iff_iff]; simp_all", -2.0),
        (few, 0, "definitions.integers", f"{integers} <;> first | rfl | contradiction | simp_all", -1.9),
        (sums, 0, "definitions.commutative", f"simp_all {AC}", -2.2),
    )


def library_functions(goal: Goal) -> list[str]:
    """Full names, as far as the text tells them, in order, at most MOST; the file's own functions are not among them.

    They are read off the text: written out (`List.takeWhile p l`) or as a method of a variable (`a.tmod b`, with `a : Int`).
    """
    heads = {v.name: v.head for v in goal.data if v.head[:1].isupper()}
    own = {f.last for f in goal.functions}
    found = QUALIFIED.findall(goal.target)
    found += [f"{heads[variable]}.{method}" for variable, method in METHOD.findall(goal.target) if variable in heads]
    return [f for f in dict.fromkeys(found) if f.rsplit(".", 1)[-1] not in own][:MOST]


@family("definitions.deprecated")
def deprecated(goal: Goal, visit: int) -> Iterable[Offer]:
    """A deprecated name is replaced by the one that Lean says to use: the library's lemmas are about that one."""
    found = [f"show @{old} = @{new} from rfl" for old, new in goal.deprecated if mentions(goal.text, old)]
    if found:
        yield Offer(f"simp only [{', '.join(found)}] at *", -0.1, "definitions.deprecated")


@family("definitions.projections")
def projections(goal: Goal, visit: int) -> Iterable[Offer]:
    """`exact h.1` and `exact h.2`: membership in a structure, and whatever else hides a conjunction behind its name."""
    for h in goal.facts[-2:]:
        top = shape(h.type)
        if top == "∈" or (top[:1].isupper() and top != "False"):
            yield Offer(f"exact {h.name}.1", -2.4, "definitions.first")
            yield Offer(f"exact {h.name}.2", -2.4, "definitions.second")
