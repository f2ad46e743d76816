"""What a strategy is: it chooses the nodes that are expanded next and backs up what their expansion taught."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from search.graph import Edge, Node, SearchGraph
from search.types import S

Values: TypeAlias = Callable[[Sequence[Node[S]]], Sequence[float]]
"""The evaluator's values of nodes at their next visit, each in [0, 1]."""


class Strategy(Protocol[S]):
    """One object serves one search.

    The loop promises: `learn` and `refused` are called after the graph's statuses are up to date; a node that was
    selected and is not live when its turn comes is dropped without a word. In return every live node that wants a
    visit is selected sooner or later, so `select` gives nothing only when there is nothing.
    """

    def start(self, graph: SearchGraph[S], values: Values[S], revisits: Sequence[float], /) -> None:
        """The search begins; only the root is there. `revisits` as for `search.search`."""
        ...

    def select(self, count: int, /) -> Sequence[Node[S]]:
        """At most `count` different live nodes that want a visit, the most urgent first."""
        ...

    def learn(self, node: Node[S], new: Sequence[Edge], advanced: Sequence[Edge], /) -> None:
        """`node` was expanded: its `new` edges, and the open edges that `advanced` to their next child."""
        ...

    def refused(self, new: Sequence[Edge], /) -> None:
        """A candidate was refused: `new` edges of the node that completed it, any status may have changed."""
        ...

    def score(self, node: Node[S], /) -> float | None:
        """What it thinks of a node, for people; higher is better."""
        ...
