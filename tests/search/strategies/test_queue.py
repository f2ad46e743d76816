"""The queue of best-first search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.strategies.queue import PriorityQueue

pushes = st.lists(st.tuples(st.integers(0, 5), st.floats(-9, 0)), max_size=20)


def drain(queue: PriorityQueue) -> list[int]:
    return [queue.pop() for _ in range(len(queue))]


def test_pop_from_an_empty_queue_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        PriorityQueue().pop()


@given(pushed=pushes)
def test_order_is_by_the_latest_priority_and_then_by_age(pushed: list[tuple[int, float]]) -> None:
    queue = PriorityQueue()
    latest: dict[int, float] = {}
    for item, priority in pushed:
        queue.push(item, priority)
        latest.pop(item, None)
        latest[item] = priority
    assert len(queue) == len(latest) and all(item in queue for item in latest)
    assert drain(queue) == sorted(latest, key=lambda item: -latest[item])
    assert 0 not in queue
