"""Proof-number search: always the node that is cheapest to close, by the least number of leaves that would have to be.

Allis, van der Meulen and van den Herik 1994 (Artificial Intelligence 66). Sums over shared nodes count a leaf as often as ways
lead to it, and over cycles they grow for ever; so an edge takes the largest of its open children's numbers and one for each
other (weak proof-number search, Ueda, Hashimoto, Hashimoto and Iida 2008), and a change is carried to each ancestor once.

A leaf's number is not 1 but 1 − log p of the tactic that found it, so that the policy is heard; a later visit's likewise.
There are no disproof numbers: a node fails when nothing is left to try, and that no ordering makes cheaper.

Invariants.

- A closed node has number 0, a failed one infinity, a leaf at least 1; an open one the least over its options.
- Every option of a live node is tried in the end (`search.strategies.descent`).

Tie-break: earlier edges first, the node's own next visit last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic

from search.graph import Edge, Node, SearchGraph
from search.strategies.descent import Option, descend, open_options
from search.strategies.strategy import Values
from search.types import S


class ProofNumber(Generic[S]):
    """See the module's docstring."""

    def __init__(self) -> None:
        self._numbers: dict[int, float] = {}

    def start(self, graph: SearchGraph[S], values: Values[S], revisits: Sequence[float]) -> None:
        """The root is a leaf."""
        self._graph, self._revisits = graph, revisits
        self._numbers[graph.root.id] = 1.0

    def select(self, count: int) -> list[Node[S]]:
        """The cheapest ways down, to different leaves."""
        chosen: list[Node[S]] = []
        taken: set[int] = set()
        while len(chosen) < count and (way := descend(self._graph, self._options, taken)) is not None:
            chosen.append(way[-1][0])
            taken.add(way[-1][0].id)
        return chosen

    def learn(self, node: Node[S], new: Sequence[Edge], advanced: Sequence[Edge]) -> None:
        """New leaves have their first number; what changed is carried upwards."""
        self._find(new)
        self._carry([node, *(self._graph.nodes[edge.parent] for edge in advanced)])

    def refused(self, new: Sequence[Edge]) -> None:
        """Any number may have changed."""
        self._find(new)
        for _ in range(2):
            for node in reversed(self._graph.nodes):
                self._numbers[node.id] = self._number(node)

    def score(self, node: Node[S]) -> float | None:
        """Minus its number."""
        number = self._numbers.get(node.id, math.inf)
        return -number if math.isfinite(number) else None

    def _find(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            for child in edge.children:
                self._numbers[child] = min(self._numbers.get(child, math.inf), 1.0 - edge.log_prob)

    def _options(self, node: Node[S]) -> list[Option]:
        return sorted(open_options(self._graph, node), key=lambda option: self._cost(node, option))

    def _cost(self, node: Node[S], option: Option) -> float:
        if option is None:
            return 1.0 if node.visits == 0 else 1.0 - self._revisits[node.visits - 1]
        waiting = [self._numbers[child.id] for child in self._graph.children(option) if child.status == "open"]
        return max(waiting) + len(waiting) - 1

    def _number(self, node: Node[S]) -> float:
        if node.status != "open":
            return 0.0 if node.status == "closed" else math.inf
        if node.visits == 0:
            return self._numbers[node.id]
        return min((self._cost(node, option) for option in open_options(self._graph, node)), default=math.inf)

    def _carry(self, changed: Sequence[Node[S]]) -> None:
        work, seen = list(changed), {node.id for node in changed}
        while work:
            node = work.pop(0)
            number = self._number(node)
            if number == self._numbers[node.id] and node not in changed:
                continue
            self._numbers[node.id] = number
            for parent in (self._graph.nodes[self._graph.edges[e].parent] for e in node.in_edges):
                if parent.id not in seen:
                    seen.add(parent.id)
                    work.append(parent)
