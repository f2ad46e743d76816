"""Tactics that end a goal or fail: cheap ones at once, dear ones when a state comes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Var, first_goal
from prover.policy.rules import rules

CHEAP = (
    ("rfl", -0.4), ("assumption", -0.5), ("omega", -0.6), ("simp", -0.7), ("simp_all", -1.2), ("grind", -1.3),
)  # fmt: skip
LATER = (
    ("grind +splitImp", -1.5), ("simp_all +arith", -1.6), ("ac_rfl", -1.8),
    ("simp +arith", -1.9), ("grind (splits := 20) (gen := 12) (ematch := 12)", -2.0),
)  # fmt: skip
LAST = (("exact?", -0.5),)
"""Half a second a state, and closes one in ten of those that the others leave."""
MAX_DECIDED = 5000


@dataclass(frozen=True)
class Closers:
    """The automation that comes with Lean, first what costs milliseconds; for goals that cannot be read, too.

    Most leaves of a proof fall to one of these, and those that fail are over quickly (omega and simp some 5 ms, grind some 50
    ms), so every new state meets them first: an expansion ends at the first that closes the goal.
    """

    name: str = "closers"

    def propose(self, view: View) -> Iterable[Offer]:
        """The list for the visit; `decide` only for closed or finite goals."""
        for tactic, log_prob in (CHEAP, LATER, LAST)[view.stage] if view.stage < 3 else ():
            yield Offer(tactic, log_prob, f"closers.{tactic.split(' (')[0]}")
        if view.stage > 0 or (goal := first_goal(view)) is None:
            return
        closed = not goal.data and not goal.facts
        negative = any("False" in f.type or "≠" in f.type or f.type.startswith("¬") for f in goal.facts)
        yield from rules(
            0,
            (closed, 0, "closers.decide", "decide", -0.5),
            (closed, 0, "closers.decide_kernel", "decide +kernel", -1.6),
            (goal.data and combinations(goal.data) <= MAX_DECIDED, 0, "closers.decide_revert", "decide +revert", -0.9),
            (negative, 0, "closers.contradiction", "contradiction", -0.5),
            (any(v.head == "BitVec" for v in goal.data), 0, "closers.bv_omega", "bv_omega", -1.4),
        )


def combinations(data: tuple[Var, ...]) -> int:
    """How many values the variables have together; a very large number when they are not all finite."""
    count = 1
    for v in data:
        head, _, size = v.type.partition(" ")
        if v.type == "Bool":
            count *= 2
        elif size.isdigit() and head in ("Fin", "BitVec"):
            count *= int(size) if head == "Fin" else 2 ** min(int(size), 64)
        else:
            return 1 << 64
    return count
