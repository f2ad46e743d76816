"""What a policy is given and what it is made of.

A policy is a mixture of proposers. Each proposer looks at a goal and offers tactics with log-probabilities of its own;
the mixture adds the log of the proposer's weight and keeps, for each tactic, the best offer. A neural proposer joins by
being one more of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from search.types import Proposal


@dataclass(frozen=True)
class Hypothesis:
    """One name of the local context and its type, as Lean prints it."""

    name: str
    type: str

    @property
    def accessible(self) -> bool:
        """Whether a tactic can say the name."""
        return "✝" not in self.name


@dataclass(frozen=True)
class GoalText:
    """A goal as text: hypotheses in order, and what is to be shown."""

    hypotheses: tuple[Hypothesis, ...]
    target: str
    case: str | None = None

    @property
    def named(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that a tactic can name."""
        return tuple(h for h in self.hypotheses if h.accessible)


@dataclass(frozen=True)
class Surroundings:
    """What a theorem's file offers besides the library: its own definitions, inductive types and earlier theorems."""

    definitions: tuple[str, ...] = ()
    inductives: tuple[str, ...] = ()
    theorems: Mapping[str, str] = field(default_factory=dict)  # name → statement

    def __hash__(self) -> int:
        return hash((self.definitions, self.inductives, tuple(self.theorems)))


@dataclass(frozen=True)
class View:
    """What a proposer sees of a state.

    `pp` is LeanDojo's text of the whole state, `goals` its goals in order (the first is worked on), `stage` how often
    this state has been given back for harder attempts, `depth` the number of tactics before it.
    """

    pp: str
    goals: tuple[GoalText, ...]
    surroundings: Surroundings
    stage: int = 0
    depth: int = 0


class Proposer(Protocol):
    """Offers tactics for the first goal of a state."""

    name: str

    def propose(self, view: View, /) -> Iterable[tuple[str, float]]:
        """Pairs of tactic and natural log-probability (≤ 0), in any order."""
        ...


@dataclass(frozen=True)
class Mixture:
    """Several proposers as one policy.

    Args:
        members: proposer and weight in (0, 1]; an offer's log-probability is the proposer's plus log weight.
        width: at most so many tactics for a state, the likeliest.
    """

    members: Sequence[tuple[Proposer, float]]
    width: int = 48

    def propose(self, view: View) -> list[Proposal]:
        """The likeliest `width` tactics, each once, with the name of who offered it."""
        best: dict[str, Proposal] = {}
        for proposer, weight in self.members:
            for tactic, log_prob in proposer.propose(view):
                total = min(0.0, log_prob + math.log(weight))
                if tactic not in best or total > best[tactic].log_prob:
                    best[tactic] = Proposal(tactic, total, proposer.name)
        return sorted(best.values(), key=lambda p: -p.log_prob)[: self.width]
