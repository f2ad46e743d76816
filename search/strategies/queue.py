"""A priority queue whose items can be moved."""

from __future__ import annotations

import heapq


class PriorityQueue:
    """Numbers, the highest priority first; of equal priorities the one that was pushed earlier.

    An item is in the queue at most once; pushing it again moves it to its new priority. No order depends on hashing.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int]] = []
        self._ticket: dict[int, int] = {}  # which entry of an item counts; those with older tickets are stale
        self._pushed = 0

    def push(self, item: int, priority: float) -> None:
        """Add or move an item."""
        self._pushed += 1
        self._ticket[item] = self._pushed
        heapq.heappush(self._heap, (-priority, self._pushed, item))

    def pop(self) -> int:
        """Remove the next item; IndexError when there is none."""
        while True:
            _, ticket, item = heapq.heappop(self._heap)
            if self._ticket.get(item) == ticket:
                del self._ticket[item]
                return item

    def remove(self, item: int) -> None:
        """Take an item out, wherever it stands; KeyError when it is not there."""
        del self._ticket[item]

    def __contains__(self, item: int) -> bool:
        return item in self._ticket

    def __len__(self) -> int:
        return len(self._ticket)
