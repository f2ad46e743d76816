"""What the search asks on Lean's states: the policy, Lean's own library searches on later visits, and a critic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from lean_dojo import TacticState

from prover.lean.context import FileContext
from prover.policy.base import Failed, View
from prover.prove.environment import SEARCHES, SearchState, proposals, view_of
from prover.prove.goals import GoalsOfSearch
from prover.prove.lemmas import LemmaSteps
from prover.prove.loops import LoopSteps
from prover.prove.turn import Turn
from prover.refute.falsifier import Falsifier
from search.graph import Node, SearchGraph
from search.types import Proposal, Visit

REVISIT_LOG_PROBS = (-1.5, -2.5, -3.0, -3.5)
"""Of expanding a state once more, by visits so far: later visits offer dearer tactics, and the last ones cost seconds."""
AGAIN_VISIT, AGAIN_LOG_PROB = 2, -2.0
"""On which of the policy's visits, from 0, what was stopped is run once more with more time, and what its log-probability is
lowered by: few proofs need a tactic that takes long.
"""
MAX_ERROR = 600
"""Characters of Lean's message about a failed tactic that are kept for a language model."""
VISITS = 1 + len(REVISIT_LOG_PROBS)


class ViewPolicy(Protocol):
    """A policy over views; `prover.policy.base.Mixture` is one."""

    def propose(self, view: View) -> list[Proposal]:
        """Tactics for the view's first goal."""
        ...


class TextCritic(Protocol):
    """Guesses from a state's text whether it can be proved; `prover.policy.critic.StateCritic` does."""

    @property
    def sha256(self) -> str:
        """Tells critics apart, in run folders."""
        ...

    def value(self, text: str, depth: int, stage: int, /) -> float:
        """In [0, 1], higher is more hopeful: of the state's text, the tactics before it, how often it was expanded."""
        ...


@dataclass
class LeanEvaluator:
    """A `search.types.Evaluator`; one for each theorem.

    `messages_of` runs a tactic for what it says: on the visits that `SEARCHES` names Lean's searches are run so. A state that
    `falsifier` finds a false goal in is given up. `goals` offers what other searches proved. `turn` is given up while the policy
    works. `calls` and `seconds` say how often the policy was asked and how long it took.
    """

    policy: ViewPolicy
    file_context: FileContext
    messages_of: Callable[[TacticState, str], Sequence[str]] | None = None
    theorem: str = ""
    critic: TextCritic | None = None
    falsifier: Falsifier | None = None
    loops: LoopSteps | None = None
    lemmas: LemmaSteps | None = None
    goals: GoalsOfSearch | None = None
    turn: Turn = field(default_factory=Turn)
    calls: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    _failed: dict[int, tuple[Failed, ...]] = field(default_factory=dict, init=False)
    _without: Counter[int] = field(default_factory=Counter, init=False)
    """By a state's number, the visits on which the policy was not asked: it goes on where it stopped."""

    def proposals(self, visits: Sequence[Visit[SearchState]]) -> list[list[Proposal] | None]:
        """The policy's proposals, what Lean's searches suggest, and the known proof of an equal goal; None for a false state."""
        return [self._propose(visit.state, visit.number, visit.stopped) for visit in visits]

    def values(self, visits: Sequence[Visit[SearchState]]) -> list[float]:
        """The critic's values; 1 without a critic."""
        if self.critic is None:
            return [1.0] * len(visits)
        return [self.critic.value(v.state.tactic_state.pp, len(v.state.before), v.number) for v in visits]

    def expanded(self, graph: SearchGraph[SearchState], node: Node[SearchState]) -> None:
        """Learn from an expansion: what it closed, and how tactics failed."""
        if self.goals is not None:
            self.goals.learn(graph, node)
        likeliest: dict[str, Failed] = {}
        for edge in (graph.edges[e] for e in node.out_edges):
            if edge.error is not None and edge.visit == node.visits - 1:
                likeliest.setdefault(edge.proposer, Failed(edge.tactic, edge.error[:MAX_ERROR], edge.proposer))
        self._failed[node.state.tactic_state.id] = tuple(likeliest.values())

    def _propose(self, state: SearchState, visit: int, stopped: Sequence[Proposal]) -> list[Proposal] | None:
        if self.falsifier is not None and self.falsifier.is_dead(state.tactic_state):
            return None
        asked = visit - self._without[state.tactic_state.id]
        view = view_of(state, self.file_context, asked, self.theorem)
        view = replace(view, failed=self._failed.get(state.tactic_state.id, ()))
        found = self.goals.offers(state.tactic_state) if self.goals is not None else []
        if self.loops is not None and (offered := self.loops.offers(state, visit)):
            self._without[state.tactic_state.id] += 1
            return found + offered
        if self.lemmas is not None:
            offered, alone = self.lemmas.offers(state, visit)
            found += offered
            if alone:
                self._without[state.tactic_state.id] += 1
                return found
        began = self.turn.now()
        with self.turn.given_up():
            found += self.policy.propose(view)
        self.calls, self.seconds = self.calls + 1, self.seconds + self.turn.now() - began
        if asked >= AGAIN_VISIT:
            found += [replace(proposal, log_prob=proposal.log_prob + AGAIN_LOG_PROB) for proposal in stopped]
        if self.messages_of is not None:
            for search, log_prob in SEARCHES.get(visit, ()):
                found += proposals(search, log_prob, self.messages_of(state.tactic_state, search))
        return found
