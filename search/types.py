"""What a search is given and what it gives back.

Nothing here knows Lean. A state is any hashable value `S`; the environment and the evaluator are protocols, so
that the same loop runs on live Lean states, on a dictionary in a test and on a game.

Log-probabilities are natural logarithms everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from search.graph import SearchGraph

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class Proposal:
    """A tactic that a policy offers.

    `log_prob` is finite and at most 0; `proposer` names who offered it, for reports.
    """

    tactic: str
    log_prob: float
    proposer: str = ""

    def __post_init__(self) -> None:
        if not -math.inf < self.log_prob <= 0:
            raise ValueError(
                f"the log-probability of {self.tactic!r} is {self.log_prob}; it must be finite and at most 0"
            )


@dataclass(frozen=True)
class Part(Generic[S]):
    """One independent group of goals: to prove a state is to prove each of its parts.

    Two parts with the same `key` are the same node of the search, so the key must never merge states that
    have different proofs; `text` is for people and may.
    """

    state: S
    key: Hashable
    text: str


@dataclass(frozen=True)
class Advanced(Generic[S]):
    """The tactic left goals: one part for each independent group of them, in order.

    `instead` is what to write in a proof in place of the tactic, when it only looked something up.
    """

    parts: tuple[Part[S], ...]
    instead: str | None = None

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a tactic that leaves no parts is Closed(), not Advanced(())")


@dataclass(frozen=True)
class Closed:
    """The tactic left no goals. `instead` as above."""

    instead: str | None = None


@dataclass(frozen=True)
class Rejected:
    """The tactic failed with `error`; `gave_up` when a resource limit stopped it, not its logic."""

    error: str
    gave_up: bool = False


@dataclass(frozen=True)
class TimedOut:
    """The tactic was stopped after `seconds`; `again`: it may be offered on a later visit, and then has more time."""

    seconds: float
    again: bool = False


Outcome: TypeAlias = Advanced[S] | Closed | Rejected | TimedOut


class Environment(Protocol[S]):
    """Where tactics are run."""

    def step(self, state: S, tactics: Sequence[str], /) -> Sequence[Outcome[S]]:
        """Run each tactic on `state`; one outcome for each, in the same order, or fewer: it may stop at a Closed.

        A tactic that fails is a value; an environment that dies raises, and the search lets that through.
        """
        ...


@dataclass(frozen=True)
class Visit(Generic[S]):
    """A state that is about to be expanded; `number` says how often that was done before.

    `stopped` is what earlier visits offered and the environment stopped to be run again (`TimedOut`).
    """

    state: S
    number: int = 0
    stopped: tuple[Proposal, ...] = ()


class Evaluator(Protocol[S]):
    """What offers tactics for states and guesses how hopeful they are; asked about several at a time."""

    def proposals(self, visits: Sequence[Visit[S]], /) -> Sequence[Sequence[Proposal] | None]:
        """For each visit the tactics to try, in any order; an empty list means that there is no idea, None that the state is
        known to have no proof.

        What was offered at an earlier visit of the same state may be offered again and is not run again, unless it was stopped.
        """
        ...

    def values(self, visits: Sequence[Visit[S]], /) -> Sequence[float]:
        """For each visit a number in [0, 1]; higher is more hopeful, 1 where there is no opinion."""
        ...


@dataclass(frozen=True)
class Budget:
    """When a search stops without a candidate; None is no limit."""

    max_expansions: int | None = None
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.max_expansions is not None and self.max_expansions < 0:
            raise ValueError(f"max_expansions is {self.max_expansions}; it must be at least 0, or None")
        if self.timeout_s is not None and not self.timeout_s >= 0:
            raise ValueError(f"timeout_s is {self.timeout_s}; it must be at least 0, or None")


@dataclass(frozen=True)
class ProofTree:
    """A tactic and then the proofs of the parts it left, in order.

    `size` counts the tactics, each as often as it must be run. Equal subproofs may be one object in memory.
    """

    tactic: str
    children: tuple[ProofTree, ...] = ()
    size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", 1 + sum(child.size for child in self.children))

    def tactics(self) -> tuple[str, ...]:
        """Every tactic in the order in which it is run."""
        order: list[str] = []
        stack = [self]
        while stack:
            tree = stack.pop()
            order.append(tree.tactic)
            stack.extend(reversed(tree.children))
        return tuple(order)


class Status(Enum):
    """Why a search ended."""

    FOUND = "found"
    EXHAUSTED = "exhausted"
    OUT_OF_EXPANSIONS = "out of expansions"
    OUT_OF_TIME = "out of time"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class SearchResult(Generic[S]):
    """How a search ended; `candidate` is set exactly when the status is FOUND.

    `expansions` and `tactics_run` count work, `candidates_refused` the candidates that were not accepted; `scores`
    tells for nodes, by id, how much the strategy thought of them (higher is better).
    """

    status: Status
    candidate: ProofTree | None
    expansions: int
    tactics_run: int
    seconds: float
    candidates_refused: int
    graph: SearchGraph[S]
    scores: Mapping[int, float] = field(default_factory=dict)
