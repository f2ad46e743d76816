from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import BestFirst, BreadthFirst, DepthFirst, Frontier

ORDERS: list[Callable[[], Frontier[str]]] = [BestFirst, DepthFirst, BreadthFirst]


def drain(frontier: Frontier[str]) -> str:
    return "".join(frontier.pop() for _ in range(len(frontier)))


def test_best_first_pops_the_highest_priority() -> None:
    frontier: Frontier[str] = BestFirst()
    frontier.push([("a", -2.0), ("b", -1.0), ("c", -3.0)])
    assert drain(frontier) == "bac"


def test_equal_priorities_leave_in_the_order_they_came() -> None:
    frontier: Frontier[str] = BestFirst()
    frontier.push([("z", -1.0), ("y", -1.0)])
    frontier.push([("x", -1.0)])
    assert drain(frontier) == "zyx"


def test_best_first_moves_an_item_to_its_new_priority() -> None:
    frontier: Frontier[str] = BestFirst()
    frontier.push([("a", -3.0), ("b", -2.0), ("c", -1.0)])
    frontier.push([("a", -1.5), ("c", -4.0)])
    assert len(frontier) == 3
    assert drain(frontier) == "abc"


def test_popped_item_can_be_pushed_again() -> None:
    frontier: Frontier[str] = BestFirst()
    frontier.push([("a", -3.0)])
    frontier.push([("a", -1.0)])
    assert frontier.pop() == "a"
    frontier.push([("a", -2.0), ("b", -2.5)])
    assert drain(frontier) == "ab"


def test_depth_first_pops_the_newest_batch_in_its_order() -> None:
    frontier: Frontier[str] = DepthFirst()
    frontier.push([("a", -1.0), ("b", -2.0)])
    frontier.push([("c", -9.0), ("d", -1.0)])
    assert drain(frontier) == "cdab"


def test_depth_first_moves_an_item_to_the_newest_batch() -> None:
    frontier: Frontier[str] = DepthFirst()
    frontier.push([("a", -1.0), ("b", -1.0), ("c", -1.0)])
    frontier.push([("c", -1.0)])
    assert drain(frontier) == "cab"


def test_breadth_first_pops_the_oldest_and_keeps_places() -> None:
    frontier: Frontier[str] = BreadthFirst()
    frontier.push([("a", -9.0), ("b", -1.0)])
    frontier.push([("c", 0.0), ("a", 0.0)])
    assert drain(frontier) == "abc"


@pytest.mark.parametrize("order", ORDERS)
def test_pop_from_an_empty_frontier_is_an_index_error(order: Callable[[], Frontier[str]]) -> None:
    with pytest.raises(IndexError):
        order().pop()


@pytest.mark.parametrize("order", ORDERS)
@given(batches=st.lists(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(-9, 0)), max_size=4)))
def test_every_item_leaves_exactly_once(
    order: Callable[[], Frontier[str]], batches: list[list[tuple[str, float]]]
) -> None:
    frontier = order()
    for batch in batches:
        frontier.push(batch)
    pushed = {item for batch in batches for item, _ in batch}
    assert len(frontier) == len(pushed)
    assert sorted(drain(frontier)) == sorted(pushed)
    assert not frontier


@given(batches=st.lists(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(-9, 0)), max_size=4)))
def test_best_first_order_is_by_the_latest_priority(batches: list[list[tuple[str, float]]]) -> None:
    frontier: Frontier[str] = BestFirst()
    latest: dict[str, float] = {}
    for batch in batches:
        frontier.push(batch)
        for item, priority in batch:
            latest.pop(item, None)
            latest[item] = priority
    assert drain(frontier) == "".join(sorted(latest, key=lambda item: -latest[item]))
