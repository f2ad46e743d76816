"""Made-up AND/OR trees whose least proof is known, and how many expansions a strategy takes to it; no Lean needed.

`python -m tests.search.planted` prints a table: expansions over the optimum, as depth and width grow.

A tree has one proof, planted `depth` tactics deep, of which every `split`-th leaves two goals. Each state has `width` tactics; a
wrong one leads into a tree of `trap` levels without a proof. A policy holds the right tactic for likelier than a wrong one by
`hint` on average, with noise, so how often it errs is known. The optimum is the number of states on the proof: each must be
expanded once.
"""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search import Advanced, Budget, Closed, Outcome, Part, Priority, Proposal, Rejected, Visit, search
from search.strategies import STRATEGIES

MAX_EXPANSIONS = 3000
MARK, WRONG = "right", "wrong"


@dataclass(frozen=True)
class Position:
    """A state: its place in the tree, what is left of the proof below it (0: it is off the proof), and of a trap."""

    name: str
    left: int
    trap: int


@dataclass(frozen=True)
class PlantedTree:
    """See the module's docstring; plays environment and evaluator."""

    depth: int
    width: int
    seed: int
    split: int = 3
    trap: int = 3
    hint: float = 0.7

    @property
    def root(self) -> Part[Position]:
        """The statement."""
        return _part(Position("r", self.depth, 0))

    @property
    def optimum(self) -> int:
        """States on the proof: expansions of a search that is never wrong."""
        return self._size(self.depth)

    def proposals(self, visits: Sequence[Visit[Position]], /) -> list[list[Proposal]]:
        """`width` tactics each; the right one stands anywhere."""
        return [self._offers(visit.state) for visit in visits]

    def values(self, visits: Sequence[Visit[Position]], /) -> list[float]:
        """No opinion."""
        return [1.0] * len(visits)

    def step(self, state: Position, tactics: Sequence[str], /) -> list[Outcome[Position]]:
        """Runs tactics."""
        return [self._outcome(state, tactic) for tactic in tactics]

    def _offers(self, state: Position) -> list[Proposal]:
        chance = random.Random(f"{self.seed} {state.name}")
        names = [MARK] * (state.left > 0) + [f"{WRONG} {i}" for i in range(self.width - (state.left > 0))]
        scores = [chance.gauss(0, 1) + (self.hint if name == MARK else 0.0) for name in names]
        return [Proposal(name, min(-0.01, score - 2.5)) for name, score in zip(names, scores, strict=True)]

    def _outcome(self, state: Position, tactic: str) -> Outcome[Position]:
        below = f"{state.name}.{tactic}"
        if tactic != MARK:
            trap = self.trap if state.left else state.trap - 1
            return Advanced((_part(Position(below, 0, trap)),)) if trap > 0 else Rejected("a dead end")
        parts = self._parts(state.left)
        return Advanced(tuple(_part(Position(f"{below}{i}", left, 0)) for i, left in enumerate(parts))) if parts else Closed()

    def _parts(self, left: int) -> list[int]:
        if left <= 1:
            return []
        return [left - 1, max(1, (left - 1) // 2)] if left % self.split == 0 else [left - 1]

    def _size(self, left: int) -> int:
        return 1 + sum(map(self._size, self._parts(left)))


def _part(position: Position) -> Part[Position]:
    return Part(position, position.name, position.name)


def expansions(tree: PlantedTree, strategy: str) -> int | None:
    """Expansions to the proof; None when MAX_EXPANSIONS were not enough."""
    result = search(
        tree, tree, tree.root, STRATEGIES[strategy](Priority()), budget=Budget(MAX_EXPANSIONS), accept=lambda _: True
    )  # fmt: skip
    return result.expansions if result.candidate is not None else None


def table(depths: Sequence[int], widths: Sequence[int], seeds: int) -> list[dict[str, Any]]:
    """A row for each depth and width: the optimum and, by strategy, the median of expansions over it, and how many had no end."""
    rows = []
    for depth in depths:
        for width in widths:
            trees = [PlantedTree(depth, width, seed) for seed in range(seeds)]
            row: dict[str, Any] = {"depth": depth, "width": width, "optimum": trees[0].optimum}
            for name in STRATEGIES:
                found = [expansions(tree, name) for tree in trees]
                row[name] = round(statistics.median(MAX_EXPANSIONS if n is None else n for n in found) / row["optimum"], 2)
                row[f"{name}, no end"] = sum(n is None for n in found)
            rows.append(row)
    return rows


if __name__ == "__main__":
    print(json.dumps(table((3, 6, 9), (3, 6), seeds=11), indent=2))
