"""Best-first search with restarts: time and again all that waits is ordered anew, with other luck.

Luby, Sinclair and Zuckerman 1993 (Optimal speedup of Las Vegas algorithms) give the lengths 1, 1, 2, 1, 1, 2, 4, … in units,
which are within a logarithm of the best fixed length whatever the distribution. A run begins at the root with Gumbel noise on a
tactic's log-probability, so that it follows tactics as a sampler would; what earlier runs expanded is kept and costs nothing.
The first run has no noise: it is best-first search.

Invariants: those of `search.strategies.best_first`. The noise depends on seed, run and edge alone, so a search can be repeated.

Tie-break: of equal priorities the node that was queued earlier.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

from search.graph import Edge, Node
from search.strategies.best_first import DEFAULT_PRIORITY, BestFirst, Path, Priority
from search.types import S


def luby(number: int) -> int:
    """The `number`-th length, from 1."""
    while True:
        size = 1  # of the shortest prefix 1, 1, 2, …, (size + 1) / 2 that reaches so far
        while size < number:
            size = 2 * size + 1
        if size == number:
            return (size + 1) // 2
        number -= size // 2  # the prefix is twice the one before it, and one more


class Restart(BestFirst[S]):
    """See the module's docstring.

    Args:
        unit: expansions of the shortest run.
        temperature: of the noise.
        seed: of the noise.
    """

    def __init__(
        self, unit: int = 16, temperature: float = 1.0, seed: int = 0, priority: Priority = DEFAULT_PRIORITY
    ) -> None:
        if unit < 1 or not 0 <= temperature < math.inf:
            raise ValueError(f"unit is {unit} and temperature {temperature}; at least 1, and finite and at least 0")
        super().__init__(priority)
        self._unit, self._temperature, self._seed = unit, temperature, seed
        self._run, self._left = 1, unit

    def select(self, count: int) -> list[Node[S]]:
        """As best-first search within a run."""
        if self._left <= 0:
            self._run += 1
            self._left = self._unit * luby(self._run)
            self._order_anew()
        chosen = super().select(count)
        self._left -= len(chosen)
        return chosen

    def _order_anew(self) -> None:
        """Every path is worked out again from the root, and what waits is queued by it."""
        root = self._graph.root
        self._paths = {root.id: Path(0.0, 0)}
        work = [root]
        for node in work:
            out = [self._graph.edges[e] for e in node.out_edges]
            self._note_paths(out)
            for edge in out:
                for child in self._graph.children(edge):
                    if child.id not in self._paths:
                        self._paths[child.id] = self._edge_paths[edge.id]
                        work.append(child)
        self._requeue([node for node in self._graph.nodes if node in self and self._graph.wants_visit(node)])

    def _note_paths(self, edges: Iterable[Edge]) -> None:
        for edge in edges:
            noise = 0.0
            if self._run > 1:
                chance = random.Random(f"{self._seed} {self._run} {edge.id}").random()
                noise = -self._temperature * math.log(-math.log(max(chance, 1e-12)))
            self._edge_paths[edge.id] = self._paths[edge.parent].longer(edge.log_prob + noise)
