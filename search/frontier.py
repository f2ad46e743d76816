"""Which unexpanded node comes next: a queue with three operations and three orders behind it.

Nodes arrive in batches, the children of one expansion together, the most likely first.

- `BestFirst` pops the highest priority; of equal priorities the one that was pushed earlier.
- `DepthFirst` pops from the newest batch, and within it the one that was pushed earlier.
- `BreadthFirst` pops the one that was pushed earliest.

An item is in a queue at most once. Pushing it again moves it: to its new priority, to the newest batch, or,
breadth first, nowhere. No order depends on hashing.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, Protocol, TypeVar

T = TypeVar("T", bound=Hashable)


class Frontier(Protocol[T]):
    """What the search needs of a queue."""

    def push(self, batch: Sequence[tuple[T, float]], /) -> None:
        """Add items with their priorities."""
        ...

    def pop(self) -> T:
        """Remove the next item; IndexError when there is none."""
        ...

    def __len__(self) -> int:
        """How many items wait."""
        ...


class BestFirst(Generic[T]):
    """Highest priority first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._ticket: dict[T, int] = {}  # which entry of an item counts; those with older tickets are stale
        self._pushed = 0

    def push(self, batch: Sequence[tuple[T, float]], /) -> None:
        for item, priority in batch:
            self._pushed += 1
            self._ticket[item] = self._pushed
            heapq.heappush(self._heap, (-priority, self._pushed, item))

    def pop(self) -> T:
        while True:
            _, ticket, item = heapq.heappop(self._heap)
            if self._ticket.get(item) == ticket:
                del self._ticket[item]
                return item

    def __len__(self) -> int:
        return len(self._ticket)


class DepthFirst(Generic[T]):
    """Newest batch first; priorities are ignored."""

    def __init__(self) -> None:
        self._items: OrderedDict[T, None] = OrderedDict()

    def push(self, batch: Sequence[tuple[T, float]], /) -> None:
        for item, _ in reversed(batch):
            self._items[item] = None
            self._items.move_to_end(item)

    def pop(self) -> T:
        if not self._items:
            raise IndexError("pop from an empty frontier")
        return self._items.popitem()[0]

    def __len__(self) -> int:
        return len(self._items)


class BreadthFirst(Generic[T]):
    """Oldest first; priorities are ignored."""

    def __init__(self) -> None:
        self._items: OrderedDict[T, None] = OrderedDict()

    def push(self, batch: Sequence[tuple[T, float]], /) -> None:
        for item, _ in batch:
            self._items[item] = None

    def pop(self) -> T:
        if not self._items:
            raise IndexError("pop from an empty frontier")
        return self._items.popitem(last=False)[0]

    def __len__(self) -> int:
        return len(self._items)
