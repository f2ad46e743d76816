"""A dictionary that plays environment and evaluator: each state's tactics and what they do.

    {"root": {"split": ["left", "right"], "rfl": [], "simp": "simp made no progress", "decide": 3.0}}

A list names the states a tactic leaves, the empty list closes the node, a string is an error and a number is
the time after which the tactic was stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from search import (
    Advanced,
    BestFirst,
    Budget,
    Closed,
    Node,
    Outcome,
    Part,
    Priority,
    ProofTree,
    Proposal,
    Rejected,
    SearchGraph,
    SearchResult,
    Strategy,
    TimedOut,
    Visit,
    search,
)
from search.invariants import check

Move = list[str] | str | float
DEFAULT = Priority()
NO_LIMIT = Budget(max_expansions=None, timeout_s=None)


def part(state: str) -> Part[str]:
    return Part(state, state, f"⊢ {state}")


@dataclass
class Game:
    """`log_probs` by (state, tactic), -1 where none is given; `asked` and `ran` record what was done.

    A `hasty` one runs nothing behind a tactic that closes the node, as an environment may. `later` says of some tactics
    at which visit of a state they are offered first, 0 where nothing is said. `worth` are the values of states. `false` are
    states that are known to have no proof.
    """

    moves: Mapping[str, Mapping[str, Move]]
    log_probs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ran: list[tuple[str, str]] = field(default_factory=list)
    hasty: bool = False
    later: Mapping[tuple[str, str], int] = field(default_factory=dict)
    worth: Mapping[str, float] = field(default_factory=dict)
    valued: list[str] = field(default_factory=list)
    false: frozenset[str] = frozenset()

    def proposals(self, visits: Sequence[Visit[str]], /) -> list[list[Proposal] | None]:
        self.asked.extend(visit.state for visit in visits)
        return [None if visit.state in self.false else self._offers(visit) for visit in visits]

    def _offers(self, visit: Visit[str]) -> list[Proposal]:
        return [
            Proposal(tactic, self.log_probs.get((visit.state, tactic), -1.0), "game")
            for tactic in self.moves.get(visit.state, {})
            if self.later.get((visit.state, tactic), 0) <= visit.number
        ]

    def values(self, visits: Sequence[Visit[str]], /) -> list[float]:
        self.valued.extend(visit.state for visit in visits)
        return [self.worth.get(visit.state, 1.0) for visit in visits]

    def step(self, state: str, tactics: Sequence[str], /) -> list[Outcome[str]]:
        assert tactics, "a round trip for nothing"
        closing = [i for i, tactic in enumerate(tactics) if self.moves[state][tactic] == []]
        if self.hasty and closing:
            tactics = tactics[: closing[0] + 1]
        self.ran.extend((state, tactic) for tactic in tactics)
        return [self._outcome(self.moves[state][tactic]) for tactic in tactics]

    def _outcome(self, move: Move) -> Outcome[str]:
        if isinstance(move, str):
            return Rejected(move)
        if isinstance(move, float):
            return TimedOut(move)
        return Advanced(tuple(part(state) for state in move)) if move else Closed()

    def search(
        self, budget: Budget = NO_LIMIT, strategy: Strategy[str] | None = None, priority: Priority = DEFAULT, **options: Any
    ) -> SearchResult[str]:
        """Search from "root", best first unless a strategy is given, with the invariants checked after every expansion."""
        watch = options.pop("on_expansion", None)

        def on_expansion(graph: SearchGraph[str], node: Node[str]) -> None:
            check(graph)
            if watch is not None:
                watch(graph, node)

        options.setdefault("accept", self.replays)
        chosen = strategy or BestFirst(priority)
        result = search(self, self, part("root"), chosen, budget=budget, on_expansion=on_expansion, **options)
        check(result.graph)
        return result

    def replays(self, proof: ProofTree, state: str = "root") -> bool:
        """The audit: run the proof from the dictionary alone."""
        move = self.moves.get(state, {}).get(proof.tactic)
        if not isinstance(move, list) or len(move) != len(proof.children):
            return False
        return all(self.replays(child, left) for child, left in zip(proof.children, move, strict=True))

    def provable(self, visits: int = 1) -> set[str]:
        """Every state with a proof within so many visits of each, by brute force: add what follows until nothing is added."""
        proved: set[str] = set()
        while True:
            found = {
                state
                for state, moves in self.moves.items()
                if any(
                    isinstance(move, list) and proved.issuperset(move) and self.later.get((state, tactic), 0) < visits
                    for tactic, move in moves.items()
                )
            }
            if found == proved:
                return proved
            proved = found
