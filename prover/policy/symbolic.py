"""Proposers that look at the goal and need no model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import View

CLOSERS = (("rfl", -3.0), ("simp", -1.5), ("omega", -1.5), ("simp_all", -1.8), ("grind", -1.2), ("decide", -3.0),
           ("intros", -2.0), ("constructor", -2.5), ("ext", -4.0), ("split", -3.0), ("exfalso", -5.0))  # fmt: skip


@dataclass(frozen=True)
class Closers:
    """The built-in tactics, whatever the goal."""

    name: str = "symbolic.closers"

    def propose(self, view: View) -> Iterable[tuple[str, float]]:
        """The same list for every goal."""
        return CLOSERS if view.stage == 0 else [("exact?", -2.0)]


@dataclass(frozen=True)
class Induction:
    """Induction and cases on the variables whose type is known to have constructors."""

    name: str = "symbolic.induction"

    def propose(self, view: View) -> Iterable[tuple[str, float]]:
        """One proposal for each variable that a tactic can name."""
        if not view.goals:
            return
        for h in view.goals[0].named:
            n = h.name
            if h.type == "Nat":
                yield f"induction {n} with | zero => ?_ | succ {n} ih => ?_", -2.5
            elif re.match(r"List\b", h.type):
                yield f"induction {n} with | nil => ?_ | cons x {n} ih => ?_", -2.5
                yield f"cases {n} with | nil => ?_ | cons x {n} => ?_", -3.5
            elif h.type == "Bool":
                yield f"cases {n}", -2.5
            elif re.match(r"Option\b", h.type):
                yield f"cases {n} with | none => ?_ | some x => ?_", -2.5
            elif "∨" in h.type:
                yield f"rcases {n} with {n} | {n}", -2.0
            elif "∧" in h.type:
                yield f"obtain ⟨{n}₁, {n}₂⟩ := {n}", -2.0
