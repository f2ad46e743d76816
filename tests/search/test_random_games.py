"""Random AND/OR games with shared states and cycles, against brute force."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import (
    BestFirst,
    BreadthFirst,
    Budget,
    DepthFirst,
    Frontier,
    Node,
    Priority,
    ProofTree,
    SearchGraph,
    Status,
    to_json,
)
from tests.search.and_or_game import Game, Move

STATES = ["root", "a", "b", "c", "d", "e"]
TACTICS = ["t0", "t1", "t2"]

moves: st.SearchStrategy[Move] = st.one_of(
    st.lists(st.sampled_from(STATES), min_size=1, max_size=3),
    st.just([]),
    st.just("error"),
)
games = st.builds(
    Game,
    st.fixed_dictionaries({s: st.dictionaries(st.sampled_from(TACTICS), moves) for s in STATES}),
    st.dictionaries(
        st.tuples(st.sampled_from(STATES), st.sampled_from(TACTICS)),
        st.sampled_from([-0.1, -0.5, -2.0, -7.0]),
    ),
    hasty=st.booleans(),
)
frontiers: list[Callable[[], Frontier[int]]] = [BestFirst, DepthFirst, BreadthFirst]


@pytest.mark.parametrize("frontier", frontiers)
@given(game=games, alpha=st.sampled_from([0.0, 0.5, 1.0]))
def test_exhaustive_search_proves_exactly_what_brute_force_proves(
    frontier: Callable[[], Frontier[int]], game: Game, alpha: float
) -> None:
    result = game.search(frontier=frontier(), priority=Priority(alpha))
    provable = game.provable()
    assert result.status is (Status.PROVED if "root" in provable else Status.EXHAUSTED)
    if result.proof is not None:
        assert game.replays(result.proof)
    for node in result.graph.nodes:
        assert node.status != "proved" or node.state in provable
        assert node.status != "failed" or node.state not in provable


@given(game=games)
def test_no_state_is_expanded_twice_or_without_use(game: Game) -> None:
    def watch(graph: SearchGraph[str], node: Node[str]) -> None:
        snapshots.append([n.id for n in graph.nodes if graph.is_live(n) and n.expanded is None])

    snapshots: list[list[int]] = []
    graph = game.search(on_expansion=watch).graph
    assert len(game.asked) == len(set(game.asked))
    order = sorted((n for n in graph.nodes if n.expanded is not None), key=lambda n: n.expanded or 0)
    for node, live_before in zip(order[1:], snapshots, strict=False):
        assert node.id in live_before


@given(game=games, refused=st.sets(st.integers(0, 6)))
def test_refusals_end_and_what_was_refused_does_not_come_back(game: Game, refused: set[int]) -> None:
    seen: list[ProofTree] = []

    def accept(proof: ProofTree) -> bool:
        assert game.replays(proof)
        seen.append(proof)
        return proof.size % 7 not in refused

    result = game.search(accept=accept)
    assert len(seen) == len(set(seen))
    assert result.candidates_refused == len(seen) - (result.status is Status.PROVED)
    assert (result.proof == seen[-1]) if result.status is Status.PROVED else result.proof is None
    assert all(proof.size % 7 in refused for proof in seen[: result.candidates_refused])


@given(game=games, max_expansions=st.integers(0, 6))
def test_budget_is_never_passed(game: Game, max_expansions: int) -> None:
    result = game.search(Budget(max_expansions=max_expansions))
    assert result.expansions == len(game.asked) <= max_expansions
    if result.status is Status.OUT_OF_EXPANSIONS:
        assert result.expansions == max_expansions
    assert result.tactics_run == len(game.ran)


@given(game=games)
@settings(max_examples=50)
def test_two_searches_are_the_same_to_the_last_node(game: Game) -> None:
    first, second = game.search(), game.search()
    assert to_json(first.graph) == to_json(second.graph)
    assert (first.status, first.proof) == (second.status, second.proof)
