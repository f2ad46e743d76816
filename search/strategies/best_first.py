"""Best-first search: always the most promising open node.

Best-first by log-probability is GPT-f's search (Polu and Sutskever 2020, arXiv:2009.03393); dividing by a power of
the length is BFS-Prover's (Xin et al. 2025, arXiv:2502.03438).

Invariants.

- Every live node that wants a visit is in the queue.
- A node's priority is that of the best path that has opened it, until it is expanded; from then on only its visits
  change it.
- The parts of an edge are opened in order, each with the priority of the path up to that edge.

Tie-break: of equal priorities the node that was queued earlier.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from search.graph import Edge, Node, SearchGraph
from search.strategies.queue import PriorityQueue
from search.strategies.strategy import Values
from search.types import S

SMALLEST_VALUE = 1e-9
"""A value of 0 counts as this much, so that its logarithm stays finite."""


@dataclass(frozen=True)
class Priority:
    """How soon a node is expanded; higher is sooner.

    Σ log p / max(L, 1)^alpha + critic_weight · log(value), with L the number of tactics on the path and of earlier
    visits. `alpha = 0` is the plain sum. With weight 0 the second term is left out.
    """

    alpha: float = 0.5
    critic_weight: float = 0.0

    def __post_init__(self) -> None:
        for name, number in (("alpha", self.alpha), ("critic_weight", self.critic_weight)):
            if not 0 <= number < math.inf:
                raise ValueError(f"{name} is {number}; it must be finite and at least 0")

    def __call__(self, log_prob: float, length: int, value: float = 1.0) -> float:
        """The priority of a path of `length` tactics whose log-probabilities sum to `log_prob`."""
        path: float = log_prob / max(length, 1) ** self.alpha
        return path + self.critic_weight * math.log(max(value, SMALLEST_VALUE)) if self.critic_weight else path


DEFAULT_PRIORITY = Priority()


@dataclass(frozen=True)
class Path:
    """The path that opened a node, earlier visits counted as steps of it."""

    log_prob: float
    length: int
    visit: int = 0

    def longer(self, log_prob: float) -> Path:
        """The path with one more tactic."""
        return Path(self.log_prob + log_prob, self.length + 1)


class BestFirst(Generic[S]):
    """See the module's docstring."""

    def __init__(self, priority: Priority = DEFAULT_PRIORITY) -> None:
        self._priority = priority
        self._queue = PriorityQueue()
        self._paths: dict[int, Path] = {}  # by node, once it was opened
        self._edge_paths: dict[int, Path] = {}  # by edge, up to and including its tactic
        self._scores: dict[int, float] = {}
        self._value: dict[tuple[int, int], float] = {}  # by node and visit

    def start(self, graph: SearchGraph[S], values: Values[S], revisits: Sequence[float]) -> None:
        """Queue the root."""
        self._graph, self._values, self._revisits = graph, values, revisits
        self._paths[graph.root.id] = Path(0.0, 0)
        self._ask([graph.root])
        self._requeue([graph.root])

    def select(self, count: int) -> list[Node[S]]:
        """The first live nodes of the queue."""
        chosen: list[Node[S]] = []
        while len(self._queue) and len(chosen) < count:
            node = self._graph.nodes[self._queue.pop()]
            if self._is_worth_it(node):
                chosen.append(node)
        return chosen

    def learn(self, node: Node[S], new: Sequence[Edge], advanced: Sequence[Edge]) -> None:
        """Queue the children that became active, and the node itself for its next visit."""
        self._note_paths(new)
        if not self._graph.wants_visit(node):
            self._open([*new, *advanced])
            return
        again = self._revisits[node.visits - 1]
        likelier = sum(edge.log_prob >= again for edge in new)  # they are sorted
        self._open([*new[:likelier], node, *new[likelier:], *advanced])

    def refused(self, new: Sequence[Edge]) -> None:
        """Queue what became live again."""
        self._note_paths(new)
        self._open(new)
        self._requeue_leaves(self._graph.root)

    def score(self, node: Node[S]) -> float | None:
        """The priority with which it was queued last."""
        return self._scores.get(node.id)

    def __contains__(self, node: Node[S]) -> bool:
        """Whether a node is in the queue."""
        return node.id in self._queue

    def _is_worth_it(self, node: Node[S]) -> bool:
        return self._graph.wants_visit(node) and self._graph.is_live(node)

    def _note_paths(self, edges: Iterable[Edge]) -> None:
        for edge in edges:
            self._edge_paths[edge.id] = self._paths[edge.parent].longer(edge.log_prob)

    def _open(self, ways: Sequence[Edge | Node[S]]) -> None:
        """Queue nodes, the active child of edges, and what waits below the children that were expanded already."""
        reached = [(way, way if isinstance(way, Node) else self._graph.active_child(way)) for way in ways]
        active = [(way, node) for way, node in reached if node is not None]
        self._ask([node for way, node in active if node is way or node.visits == 0])
        opened: dict[int, Node[S]] = {}
        for way, node in active:
            if isinstance(way, Node):
                opened[node.id] = node
            elif node.visits == 0 and self._improves(node, self._edge_paths[way.id], opened):
                self._paths[node.id] = self._edge_paths[way.id]
                opened[node.id] = node
        self._requeue(opened.values())
        for child in {child.id: child for way, child in active if child is not way and child.visits > 0}.values():
            self._requeue_leaves(child)

    def _improves(self, node: Node[S], path: Path, opened: Container[int]) -> bool:
        known = self._paths.get(node.id)
        if known is None or self._rate(node, path) > self._rate(node, known):
            return True
        return node not in self and node.id not in opened

    def _requeue_leaves(self, below: Node[S]) -> None:
        waiting = [leaf for leaf in self._graph.leaves(below) if leaf not in self]
        self._ask(waiting)
        self._requeue(waiting)

    def _requeue(self, nodes: Iterable[Node[S]]) -> None:
        for node in nodes:
            path = self._paths[node.id]
            for visit in range(path.visit, node.visits):
                path = Path(path.log_prob + self._revisits[visit], path.length + 1, visit + 1)
            self._paths[node.id] = path
            self._scores[node.id] = self._rate(node, path)
            self._queue.push(node.id, self._scores[node.id])

    def _rate(self, node: Node[S], path: Path) -> float:
        return self._priority(path.log_prob, path.length, self._value.get((node.id, node.visits), 1.0))

    def _ask(self, nodes: Sequence[Node[S]]) -> None:
        """Have nodes valued, once each visit, and not at all when the values have no weight."""
        if self._priority.critic_weight == 0:
            return
        new = list({n.id: n for n in nodes if (n.id, n.visits) not in self._value}.values())
        for node, value in zip(new, self._values(new), strict=True):
            self._value[node.id, node.visits] = value
