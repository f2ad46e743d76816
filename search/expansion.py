"""One expansion of a node: its proposals in order, run in one step, an edge for each outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Generic, assert_never

from search.graph import Edge, Node, SearchGraph
from search.types import Advanced, Closed, Environment, Outcome, Proposal, Rejected, S, TimedOut


def ranked(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Each tactic once, with its highest log_prob; the most likely first, equals in the order they came."""
    best: dict[str, Proposal] = {}
    for proposal in proposals:
        known = best.get(proposal.tactic)
        if known is None or proposal.log_prob > known.log_prob:
            best.pop(proposal.tactic, None)
            best[proposal.tactic] = proposal
    return sorted(best.values(), key=lambda proposal: -proposal.log_prob)


class Expander(Generic[S]):
    """Runs tactics and adds their edges to the graph; what is stopped to be run again has none yet.

    `tactics_run` counts outcomes.
    """

    def __init__(self, env: Environment[S], graph: SearchGraph[S]) -> None:
        self._env = env
        self._graph = graph
        self._offered: defaultdict[int, set[str]] = defaultdict(set)
        self._stopped: defaultdict[int, list[Proposal]] = defaultdict(list)
        self._rest: dict[int, list[Proposal]] = {}
        self.tactics_run = 0

    def stopped(self, node: Node[S]) -> tuple[Proposal, ...]:
        """What was run on the node and may be offered again."""
        return tuple(self._stopped[node.id])

    def expand(self, node: Node[S], proposals: Sequence[Proposal]) -> list[Edge]:
        """Visit `node`; what was offered for it before is left out, unless it was stopped. Statuses are not updated."""
        known = self._offered[node.id]
        new = [proposal for proposal in ranked(proposals) if proposal.tactic not in known]
        known.update(proposal.tactic for proposal in new)
        self._stopped[node.id] = [proposal for proposal in self._stopped[node.id] if proposal.tactic not in known]
        outcomes = self._run(node, new)
        self._graph.begin_visit(node)
        return self._add(node, new, outcomes)

    def run_rest(self, node: Node[S]) -> list[Edge]:
        """Run the proposals that were left out behind a tactic that closed the node, in the same visit."""
        rest = self._rest.pop(node.id, [])
        return self._add(node, rest, self._run(node, rest))

    def _run(self, node: Node[S], proposals: list[Proposal]) -> Sequence[Outcome[S]]:
        if not proposals:
            return ()
        outcomes = self._env.step(node.state, [proposal.tactic for proposal in proposals])
        stopped = bool(outcomes) and isinstance(outcomes[-1], Closed) and len(outcomes) < len(proposals)
        if len(outcomes) != len(proposals) and not stopped:
            raise ValueError(f"the environment gave {len(outcomes)} outcomes for {len(proposals)} tactics")
        self.tactics_run += len(outcomes)
        return outcomes

    def _add(self, node: Node[S], proposals: list[Proposal], outcomes: Sequence[Outcome[S]]) -> list[Edge]:
        if len(outcomes) < len(proposals):
            self._rest[node.id] = proposals[len(outcomes) :]
        edges = []
        for proposal, outcome in zip(proposals, outcomes, strict=False):
            if isinstance(outcome, TimedOut) and outcome.again:
                self._offered[node.id].discard(proposal.tactic)
                self._stopped[node.id].append(proposal)
            else:
                edges.append(self._edge(node, proposal, outcome))
        return edges

    def _edge(self, node: Node[S], proposal: Proposal, outcome: Outcome[S]) -> Edge:
        match outcome:
            case Advanced(parts, instead):
                return self._graph.add_edge(node, _written(proposal, instead), parts)
            case Closed(instead):
                return self._graph.add_edge(node, _written(proposal, instead), ())
            case Rejected(error):
                return self._graph.add_edge(node, proposal, (), error)
            case TimedOut(seconds):
                return self._graph.add_edge(node, proposal, (), f"timed out after {seconds:g} s")
            case _:
                assert_never(outcome)


def _written(proposal: Proposal, instead: str | None) -> Proposal:
    return proposal if instead is None else replace(proposal, tactic=instead)
