"""Beam search: level by level, the best few of what the level above opened.

Lowerre 1976 (The HARPY speech recognition system). Nodes that a beam left out are not lost: when a level opens nothing, the best
of all that waits make the next beam, so the search is complete; and priorities are those of best-first search
(`search.strategies.best_first`), visits and shared nodes included.

Invariants.

- A beam has at most `width` nodes, all queued since the beam before it was chosen, or none of those were.
- Every live node that wants a visit is in the queue or in the beam.

Tie-break: of equal priorities the node that was queued earlier.
"""

from __future__ import annotations

from collections.abc import Iterable

from search.graph import Node
from search.strategies.best_first import DEFAULT_PRIORITY, BestFirst, Priority
from search.types import S


class Beam(BestFirst[S]):
    """See the module's docstring."""

    def __init__(self, width: int = 8, priority: Priority = DEFAULT_PRIORITY) -> None:
        if width < 1:
            raise ValueError(f"width is {width}; it must be at least 1")
        super().__init__(priority)
        self._width = width
        self._fresh: dict[int, Node[S]] = {}
        self._beam: list[Node[S]] = []

    def select(self, count: int) -> list[Node[S]]:
        """The next of the beam; a new beam when it is used up."""
        chosen: list[Node[S]] = []
        while len(chosen) < count and (self._beam or self._next_beam()):
            node = self._beam.pop(0)
            if self._is_worth_it(node):
                chosen.append(node)
        return chosen

    def __contains__(self, node: Node[S]) -> bool:
        """Whether a node is in the queue or in the beam."""
        return super().__contains__(node) or node in self._beam

    def _next_beam(self) -> bool:
        """Choose a beam; whether there is one."""
        level = [node for node in self._fresh.values() if node.id in self._queue and self._is_worth_it(node)]
        self._fresh.clear()
        best = sorted(level, key=lambda node: -self._scores[node.id])[: self._width]
        for node in best:
            self._queue.remove(node.id)
        self._beam = best or super().select(self._width)
        return bool(self._beam)

    def _requeue(self, nodes: Iterable[Node[S]]) -> None:
        queued = list(nodes)
        super()._requeue(queued)
        for node in queued:
            self._fresh.pop(node.id, None)
            self._fresh[node.id] = node
