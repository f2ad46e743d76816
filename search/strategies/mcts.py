"""Monte-Carlo tree search on the AND/OR graph: the way down balances what was seen, what is likely, and what is untried.

HyperTree Proof Search (Lample et al. 2022, arXiv:2205.11491) selects by PUCT with virtual counts and backs up the product of the
values of an edge's children. Where the evaluator has no opinion (all values 1), a node's worth is what RMaxTS rewards
(DeepSeek-Prover-V1.5, Xin et al. 2024, arXiv:2408.08152): 1 when its expansion found a new state, else 0, discounted.

Invariants.

- An option's count is the number of expansions below it, and virtual ones while a batch is chosen; between two selections
  there are none of these.
- Its worth is a mean of numbers in [0, 1].
- Every option of a live node is tried in the end (`search.strategies.descent`).

Tie-break: earlier edges first, the node's own next visit last.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias

from search.graph import Edge, Node, SearchGraph
from search.strategies.descent import Option, descend, open_options
from search.strategies.strategy import Values
from search.types import S

Key: TypeAlias = tuple[int, int]
"""An option: its node, and its edge or -1 for the node itself."""


@dataclass
class Seen:
    """What the expansions below an option came to."""

    count: float = 0.0
    total: float = 0.0


class MonteCarlo(Generic[S]):
    """See the module's docstring.

    Args:
        exploration: weight of what is likely and untried against what was seen.
        discount: an option's old worth is multiplied by it at each new one, so that what stops finding anything fades.
    """

    def __init__(self, exploration: float = 1.0, discount: float = 0.99) -> None:
        if not exploration > 0 or not 0 < discount <= 1:
            raise ValueError(f"exploration is {exploration} and discount {discount}; above 0, and in (0, 1]")
        self._exploration, self._discount = exploration, discount
        self._seen: defaultdict[Key, Seen] = defaultdict(Seen)
        self._virtual: Counter[Key] = Counter()
        self._ways: dict[int, list[tuple[Node[S], Option]]] = {}
        self._worth: dict[int, float] = {}

    def start(self, graph: SearchGraph[S], values: Values[S], revisits: Sequence[float]) -> None:
        """Value the root."""
        self._graph, self._values, self._revisits = graph, values, revisits
        self._value([graph.root])

    def select(self, count: int) -> list[Node[S]]:
        """Ways down, each counted as a loss for those after it."""
        self._virtual.clear()
        self._ways.clear()
        while len(self._ways) < count and (way := descend(self._graph, self._options, self._ways)) is not None:
            self._ways[way[-1][0].id] = way
            self._virtual.update(_key(node, option) for node, option in way)
        self._virtual.clear()
        return [way[-1][0] for way in self._ways.values()]

    def learn(self, node: Node[S], new: Sequence[Edge], advanced: Sequence[Edge]) -> None:
        """Back up along the way that led to `node`."""
        children = [self._graph.nodes[child] for edge in new for child in edge.children]
        found = any(child.id not in self._worth for child in children)
        self._value(children)
        self._worth[node.id] = worth = {"closed": 1.0, "failed": 0.0}.get(node.status, self._worth[node.id] if found else 0.0)
        below = node
        for above, option in reversed(self._ways.get(node.id, [(node, None)])):
            if option is not None:
                others = [child for child in self._graph.children(option) if child.status == "open" and child is not below]
                worth *= math.prod(self._worth[child.id] for child in others)
            seen = self._seen[_key(above, option)]
            seen.count, seen.total = self._discount * seen.count + 1, self._discount * seen.total + worth
            below = above

    def refused(self, new: Sequence[Edge]) -> None:
        """New edges of an old node; what was seen stays."""
        self._value([self._graph.nodes[child] for edge in new for child in edge.children])

    def score(self, node: Node[S]) -> float | None:
        """The last worth that was seen of it."""
        return self._worth.get(node.id)

    def _value(self, nodes: Sequence[Node[S]]) -> None:
        new = list({node.id: node for node in nodes if node.id not in self._worth}.values())
        for node, value in zip(new, self._values(new), strict=True):
            self._worth[node.id] = value

    def _options(self, node: Node[S]) -> list[Option]:
        options = open_options(self._graph, node)
        weights = [math.exp(self._log_prob(node, option)) for option in options]
        counts = [self._seen[_key(node, option)].count + self._virtual[_key(node, option)] for option in options]
        scale = self._exploration * math.sqrt(1 + sum(counts)) / (sum(weights) or 1.0)

        def urgency(place: int) -> float:
            key, count = _key(node, options[place]), counts[place]
            seen = self._seen[key].total / count if count else 0.0
            return seen + scale * weights[place] / (1 + count)

        return [options[place] for place in sorted(range(len(options)), key=lambda place: -urgency(place))]

    def _log_prob(self, node: Node[S], option: Option) -> float:
        if option is not None:
            return option.log_prob
        return 0.0 if node.visits == 0 else self._revisits[node.visits - 1]


def _key(node: Node[S], option: Option) -> Key:
    return node.id, -1 if option is None else option.id
