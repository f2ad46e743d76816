"""The conformance suite of strategies: random AND/OR games with shared states and cycles, against brute force."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import BestFirst, Budget, Node, Priority, ProofTree, SearchGraph, Status, Strategy, to_json
from search.strategies import Beam, ProofNumber
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
    later=st.dictionaries(
        st.tuples(st.sampled_from(STATES), st.sampled_from(TACTICS)), st.integers(0, 3), max_size=6
    ),
    worth=st.dictionaries(st.sampled_from(STATES), st.sampled_from([0.0, 0.2, 0.9])),
)
strategies: dict[str, Callable[[], Strategy[str]]] = {
    "best first": BestFirst,
    "best first by sums": lambda: BestFirst(Priority(0.0)),
    "best first with values": lambda: BestFirst(Priority(1.0, 1.0)),
    "proof number": ProofNumber,
    "beam": lambda: Beam(2),
}
each_strategy = pytest.mark.parametrize("new", strategies.values(), ids=strategies.keys())
revisits = st.sampled_from([(), (-0.5,), (-1.5, -2.5, -3.0)])
New = Callable[[], Strategy[str]]


@each_strategy
@given(game=games, revisits=revisits, batch=st.sampled_from([1, 2, 5]))
def test_exhaustive_search_proves_exactly_what_brute_force_proves(
    new: New, game: Game, revisits: tuple[float, ...], batch: int
) -> None:
    result = game.search(strategy=new(), revisits=revisits, batch=batch)
    provable = game.provable(1 + len(revisits))
    assert result.status is (Status.FOUND if "root" in provable else Status.EXHAUSTED)
    if result.candidate is not None:
        assert game.replays(result.candidate)
    for node in result.graph.nodes:
        assert node.status != "closed" or node.state in provable
        assert node.status != "failed" or node.state not in provable


@each_strategy
@given(game=games, revisits=revisits, batch=st.sampled_from([1, 3]))
def test_states_known_to_be_false_change_no_verdict_and_are_asked_about_once(
    new: New, game: Game, revisits: tuple[float, ...], batch: int
) -> None:
    provable = game.provable(1 + len(revisits))
    game = replace(game, false=frozenset(STATES) - provable, asked=[], ran=[], valued=[])
    result = game.search(strategy=new(), revisits=revisits, batch=batch)
    assert result.status is (Status.FOUND if "root" in provable else Status.EXHAUSTED)
    assert all(game.asked.count(state) <= 1 for state in game.false)
    assert "root" in provable or result.graph.root.status == "failed"


@each_strategy
@given(game=games, revisits=revisits)
def test_no_state_is_expanded_too_often_or_without_use(new: New, game: Game, revisits: tuple[float, ...]) -> None:
    def watch(graph: SearchGraph[str], node: Node[str]) -> None:
        expanded.append(node.id)
        snapshots.append([n.id for n in graph.nodes if graph.is_live(n) and graph.wants_visit(n)])

    snapshots: list[list[int]] = []
    expanded: list[int] = []
    game.search(strategy=new(), on_expansion=watch, revisits=revisits)
    assert all(visits <= 1 + len(revisits) for visits in Counter(game.asked).values())
    assert len(game.ran) == len(set(game.ran))
    for node, live_before in zip(expanded[1:], snapshots, strict=False):
        assert node in live_before


@each_strategy
@given(game=games, refused=st.sets(st.integers(0, 6)), revisits=revisits, batch=st.sampled_from([1, 3]))
def test_refusals_end_and_what_was_refused_does_not_come_back(
    new: New, game: Game, refused: set[int], revisits: tuple[float, ...], batch: int
) -> None:
    seen: list[ProofTree] = []

    def accept(proof: ProofTree) -> bool:
        assert game.replays(proof)
        seen.append(proof)
        return proof.size % 7 not in refused

    result = game.search(strategy=new(), accept=accept, revisits=revisits, batch=batch)
    assert len(seen) == len(set(seen))
    assert result.candidates_refused == len(seen) - (result.status is Status.FOUND)
    assert (result.candidate == seen[-1]) if result.status is Status.FOUND else result.candidate is None
    assert all(proof.size % 7 in refused for proof in seen[: result.candidates_refused])


@each_strategy
@given(game=games, max_expansions=st.integers(0, 6), batch=st.sampled_from([1, 4]), revisits=revisits)
def test_budget_is_never_passed(
    new: New, game: Game, max_expansions: int, batch: int, revisits: tuple[float, ...]
) -> None:
    result = game.search(Budget(max_expansions=max_expansions), strategy=new(), batch=batch, revisits=revisits)
    assert result.expansions == result.graph.expansions <= max_expansions
    if result.status is Status.OUT_OF_EXPANSIONS:
        assert result.expansions == max_expansions
    assert result.tactics_run == len(game.ran)


@each_strategy
@given(game=games, revisits=revisits)
@settings(max_examples=50)
def test_two_searches_are_the_same_to_the_last_node(new: New, game: Game, revisits: tuple[float, ...]) -> None:
    first, second = (game.search(strategy=new(), revisits=revisits) for _ in range(2))
    assert to_json(first.graph, first.scores) == to_json(second.graph, second.scores)
    assert (first.status, first.candidate) == (second.status, second.candidate)
