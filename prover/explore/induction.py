"""Proofs of a statement about programs in one tactic: induction on one variable, the others generalised, then automation.

A statement is given by its variables, so that nothing is read off printed goals. The scripts go from cheap to dear; the
caller runs them until one is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

MAX_SPLIT = 2
"""At most so many further variables are taken apart beside the one inducted on."""


@dataclass(frozen=True)
class Variable:
    """A variable of a statement; `inductive`: it can be taken apart by its constructors."""

    name: str
    inductive: bool


def derivations(functions: Sequence[str]) -> tuple[str, ...]:
    """Scripts without induction: what they close follows from definitions and hypotheses."""
    return (f"grind [{', '.join(functions)}]",)


def inductions(variables: Sequence[Variable], functions: Sequence[str]) -> Iterator[str]:
    """Induction on each variable, alone and with further variables taken apart, then automation with the functions' equations.

    Args:
        variables: of the goal, all in its context; those that may be generalised.
        functions: names whose equations are given to `grind` and `simp_all`.
    """
    named = ", ".join(functions)
    candidates = [v for v in variables if v.inductive]
    for splits in range(min(MAX_SPLIT, max(len(candidates) - 1, 0)) + 1):
        for v in candidates:
            others = [o for o in variables if o != v]
            generalizing = f" generalizing {' '.join(o.name for o in others)}" if others else ""
            for apart in combinations([o for o in candidates if o != v], splits):
                cases = "".join(f"cases {o.name} <;> " for o in apart)
                yield f"induction {v.name}{generalizing} <;> {cases}grind [{named}]"
    for v in candidates:
        others = [o for o in variables if o != v]
        generalizing = f" generalizing {' '.join(o.name for o in others)}" if others else ""
        yield f"induction {v.name}{generalizing} <;> simp_all [{named}] <;> grind [{named}]"
