"""The library's own definitions opened, where no lemma speaks of them yet.

A theorem near the bottom of a library is about functions whose lemmas come later; all there is are their equations. The
names are read off the goal's text: written out (`List.takeWhile p l`) or as a method of a variable (`a.tmod b`, with `a : Int`).
A name that does not exist costs a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, Var, first_goal
from prover.policy.terms import shape
from prover.policy.wrapped import mentions

QUALIFIED = re.compile(r"(?<![\w.])((?:[A-Z]\w*\.)+[a-z][\w'!?]*)")
METHOD = re.compile(r"(?<![\w.'])([^\W\d][\w'₀-₉]*)\.([a-z][\w'!?]*)")
BOOLEAN = re.compile(r"==|!=|&&|\|\||\bdecide\b|\btrue\b|\bfalse\b|\.(?:any|all|contains|isSome|isNone|isEmpty)\b|!")
INTEGER_FUNCTIONS = re.compile(r"\.(?:tmod|tdiv|fmod|fdiv|emod|ediv|natAbs|sign|toNat|bmod|gcd|lcm|pow)\b|[%/^∣]")
MOST = 4
AC = "[Nat.add_comm, Nat.add_left_comm, Nat.add_assoc, Nat.mul_comm, Nat.mul_succ, Nat.mul_add]"


@dataclass(frozen=True)
class Definitions:
    """simp with the equations of the goal's library functions, and the function at the top opened.

    What simp normalises by itself stays as it is; this is for the rest.
    """

    name: str = "definitions"

    def propose(self, view: View) -> Iterable[Offer]:
        """All functions together at once; `unfold` one by one at the next turn."""
        goal = first_goal(view)
        if goal is None or view.stage > 1 or goal.shape in ("∀", "→"):
            return
        names = library_functions(goal)
        listed = ", ".join(names)
        if names and view.stage == 0:
            yield Offer(f"simp_all [{listed}]", -2.0, "definitions.simp_all")
            yield Offer(f"unfold {' '.join(names[:2])}; split <;> simp_all", -2.8, "definitions.unfold_split")
        elif names:
            for name in names:
                yield Offer(f"unfold {name}", -2.8, "definitions.unfold")
        if view.stage == 0:
            yield from self._notations(goal)

    @staticmethod
    def _notations(goal: Goal) -> Iterable[Offer]:
        if "]?" in goal.text:
            yield Offer("simp_all [getElem?_def]", -1.9, "definitions.get_maybe")
        if "]!" in goal.text:
            yield Offer("simp_all [getElem!_def]", -1.9, "definitions.get_sure")
        if goal.shape == "=" and BOOLEAN.search(goal.target):
            yield Offer("rw [Bool.eq_iff_iff]; simp_all", -2.0, "definitions.bool")
        integers = [v for v in goal.data if v.type == "Int" and mentions(goal.target, v.name)]
        if 1 <= len(integers) <= 2 and INTEGER_FUNCTIONS.search(goal.target):
            every = " <;> ".join(f"cases {v.name}" for v in integers)
            yield Offer(f"{every} <;> first | rfl | contradiction | simp_all", -1.9, "definitions.integers")
        naturals = [v for v in goal.data if v.type == "Nat" and mentions(goal.target, v.name)]
        if len(naturals) > 1 and re.search(r"[+*]", goal.target):
            yield Offer(f"simp_all {AC}", -2.2, "definitions.commutative")


@dataclass(frozen=True)
class Projections:
    """`exact h.1` and `exact h.2`: membership in a structure, and whatever else hides a conjunction behind its name."""

    name: str = "definitions.projections"

    def propose(self, view: View) -> Iterable[Offer]:
        """For hypotheses that are neither equations nor implications."""
        goal = first_goal(view)
        if goal is None or view.stage > 0:
            return
        for h in goal.facts[-2:]:
            if _hides(h):
                yield Offer(f"exact {h.name}.1", -2.4, "definitions.first")
                yield Offer(f"exact {h.name}.2", -2.4, "definitions.second")


def _hides(h: Var) -> bool:
    top = shape(h.type)
    return top == "∈" or (top[:1].isupper() and top != "False")


def library_functions(goal: Goal) -> list[str]:
    """Full names, as far as the text tells them, in order, at most MOST; the file's own functions are not among them."""
    heads = {v.name: v.head for v in goal.data if v.head[:1].isupper()}
    own = {f.last for f in goal.functions}
    found = [*QUALIFIED.findall(goal.target)]
    for variable, method in METHOD.findall(goal.target):
        if variable in heads:
            found.append(f"{heads[variable]}.{method}")
    return [f for f in dict.fromkeys(found) if f.rsplit(".", 1)[-1] not in own][:MOST]
