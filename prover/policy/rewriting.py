"""Simplification and rewriting with what the context has: definitions, hypotheses, the file's own theorems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal
from prover.policy.terms import premises, shape, words

PLAIN = frozenset("∀∃→↔∧∨¬≠≤≥∈∉⊢αβγ∣×ℕℤℚ₀₁₂₃↦⟨⟩∘∅")
ARITHMETIC = re.compile(r"[*^%∣/]|\bsum\b|\bmod\b")


@dataclass(frozen=True)
class OwnDefinitions:
    """simp and grind with the file's own functions of the goal unfolded.

    The library's functions have simp lemmas, the file's have only their equations; nothing happens to them
    unasked.
    """

    name: str = "rewriting.own"

    def propose(self, view: View) -> Iterable[Offer]:
        """All functions that occur, together; and their theorems at the next stage."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        names = [f.name for f in goal.own_functions]
        if view.stage == 0 and names:
            listed = ", ".join(names)
            yield Offer(f"simp [{listed}]", -1.0, "rewriting.simp_own")
            yield Offer(f"simp_all [{listed}]", -1.1, "rewriting.simp_all_own")
            yield Offer(f"grind [{listed}]", -1.2, "rewriting.grind_own")
            if ARITHMETIC.search(goal.target) or shape(goal.target) in ("≤", "<"):
                yield Offer(f"simp [{listed}]; omega", -1.4, "rewriting.simp_own_omega")
            for name in names[:3]:
                yield Offer(f"rw [{name}]", -3.2, "rewriting.rw_own")
                if not any(f.name == name and f.recursive for f in goal.own_functions):
                    yield Offer(f"unfold {name}", -2.6, "rewriting.unfold")
        predicates = [
            i for i in goal.inductives if i.is_prop and i.last in {w.split(".")[-1] for w in words(goal.text)}
        ]
        if view.stage == 0 and predicates:
            rules = ", ".join(f"{i.name}.{c.name}" for i in predicates for c in i.constructors)
            yield Offer(f"grind [{rules}]", -1.5, "rewriting.grind_rules")
            yield Offer(f"simp_all [{rules}]", -2.5, "rewriting.simp_rules")
            yield Offer(f"grind [{', '.join(i.name for i in predicates)}]", -2.0, "rewriting.grind_predicate")


@dataclass(frozen=True)
class OwnTheorems:
    """The theorems that stand before this one in its file, which is where the fitting lemma often is.

    Only those that share a function with the goal are offered.
    """

    name: str = "rewriting.own_theorems"

    def propose(self, view: View) -> Iterable[Offer]:
        """simp and grind with the nearest ones together, then rw and apply with each."""
        goal = first_goal(view)
        if goal is None or not goal.theorems:
            return
        near = self._near(goal, view)
        if not near:
            return
        names = [f.name for f in goal.own_functions]
        if view.stage == 0:
            said = {w.split(".")[-1] for w in words(goal.text)}
            rules = [
                f"{i.name}.{c.name}"
                for i in goal.inductives
                if i.is_prop and i.last in said
                for c in i.constructors
            ]
            yield Offer(f"grind [{', '.join([*names, *rules, *near[:4]])}]", -1.7, "rewriting.grind_theorems")
            yield Offer(f"simp_all [{', '.join([*names, *near[:4]])}]", -1.8, "rewriting.simp_theorems")
            for i, name in enumerate(near[:3]):
                yield Offer(f"rw [{name}]", -2.2 - 0.3 * i, "rewriting.rw_theorem")
                yield Offer(f"apply {name}", -2.6 - 0.3 * i, "rewriting.apply_theorem")
        elif view.stage == 1:
            for i, name in enumerate(near[:8]):
                yield Offer(f"simp [{name}]", -2.4 - 0.2 * i, "rewriting.simp_theorem")
                yield Offer(f"rw [← {name}]", -3.0 - 0.2 * i, "rewriting.rw_theorem_back")
                if i >= 3:
                    yield Offer(f"rw [{name}]", -2.5 - 0.2 * i, "rewriting.rw_theorem")
                    yield Offer(f"apply {name}", -2.8 - 0.2 * i, "rewriting.apply_theorem")

    @staticmethod
    def _near(goal: Goal, view: View) -> list[str]:
        last = {w.rsplit(".", 1)[-1] for w in words(goal.text)}
        own = {f.last for f in goal.functions} | {i.last for i in goal.inductives}
        scored = []
        for position, (name, statement) in enumerate(view.file_context.theorems.items()):
            said = {w.rsplit(".", 1)[-1] for w in words(statement)} & own
            shared = said & last
            if (
                not own & last
                and not shared
                and ({c for c in statement if not c.isascii()} & {c for c in goal.target if not c.isascii()})
                - PLAIN
            ):
                shared = {""}  # a notation of the file's own hides its function
            if shared:
                scored.append((len(shared) - 0.5 * len(said - last), position, name))
        return [name for _, _, name in sorted(scored, reverse=True)]


@dataclass(frozen=True)
class Hypotheses:
    """rw and simp with hypotheses, in both directions.

    An induction hypothesis or an assumed equation is there to be used. simp_all orients by itself; rw does
    what it is told, which is sometimes the only way.
    """

    name: str = "rewriting.hypotheses"

    def propose(self, view: View) -> Iterable[Offer]:
        """rw at once, `at` other hypotheses and combinations with arithmetic later."""
        goal = first_goal(view)
        if goal is None or view.stage > 1:
            return
        equations = [f for f in goal.facts if shape(premises(f.type)[2]) in ("=", "↔")][-6:]
        hyps = [f.name for f in goal.facts if f.name.startswith("ih")]
        if view.stage == 0:
            for i, f in enumerate(reversed(equations)):
                nearer = 0.5 if f.name.startswith("ih") else 0.0
                yield Offer(f"rw [{f.name}]", -2.3 - 0.2 * i + nearer, "rewriting.rw_hypothesis")
                yield Offer(f"rw [← {f.name}]", -2.9 - 0.2 * i + nearer, "rewriting.rw_hypothesis_back")
            for f in goal.facts[-5:]:
                if shape(f.type) not in ("→",) and len(f.type) > 12:
                    yield Offer(f"simp at {f.name}", -2.6, "rewriting.simp_at")
            if hyps and ARITHMETIC.search(goal.text):
                yield Offer("simp_all; omega", -1.7, "rewriting.simp_all_omega")
                yield Offer("simp_all; grind", -2.1, "rewriting.simp_all_grind")
            if goal.shape not in ("∀", "→"):
                yield Offer("simp; omega", -2.0, "rewriting.simp_omega")
                yield Offer("simp_all; omega", -2.1, "rewriting.simp_all_omega")
            if "fun " in goal.text or "∘" in goal.text:
                yield Offer("simp only [Function.comp_def]", -3.5, "rewriting.comp")
        else:
            for f in equations:
                yield Offer(f"simp [{f.name}] at *", -3.8, "rewriting.simp_at_all")
            if equations and goal.shape not in ("∀", "→"):
                yield Offer(
                    "simp only [" + ", ".join(f.name for f in equations) + "]", -3.0, "rewriting.simp_only"
                )
            if goal.shape != "=":
                yield Offer("simp at *", -3.2, "rewriting.simp_at_all")
