"""What each strategy expands, in which order, on small games; the conformance suite is tests/search/test_random_games.py."""

import pytest

from prover.cli.options import SEARCHES
from search import Priority, ProofTree, Status
from search.strategies import DEFAULT_STRATEGY, STRATEGIES, Beam, ProofNumber
from tests.search.and_or_game import Game, Move
from tests.search.planted import PlantedTree, expansions

WIDE: dict[str, dict[str, Move]] = {
    "root": {"split": ["a", "b", "c"], "chain": ["d"], "far": ["e"]},
    "a": {"x": ["a1"], "y": ["a2"]},
    "d": {"x": ["d1"]},
    "d1": {"x": ["d2"]},
    "d2": {"x": []},
    "e": {"x": ["e1"], "y": ["e2"], "z": ["e3"]},
}
GOLDEN = {
    "best-first": ["root", "a", "d", "e", "a1", "a2", "d1", "e1", "e2", "e3", "d2"],
    "proof-number": ["root", "d", "d1", "d2"],
    "beam": ["root", "a", "d", "e", "a1", "a2", "d1", "e1", "e2", "e3", "d2"],
}


def test_names_of_the_command_line_are_the_strategies() -> None:
    assert tuple(STRATEGIES) == SEARCHES and SEARCHES[0] == DEFAULT_STRATEGY


@pytest.mark.parametrize("name", STRATEGIES)
def test_order_of_expansions_is_the_stored_one(name: str) -> None:
    game = Game(WIDE)
    result = game.search(strategy=STRATEGIES[name](Priority()))
    assert game.asked == GOLDEN[name]
    assert result.candidate == ProofTree("chain", (ProofTree("x", (ProofTree("x", (ProofTree("x"),)),)),))


def test_proof_number_search_prefers_the_edge_that_needs_fewer_leaves() -> None:
    game = Game({"root": {"three": ["a", "b", "c"], "one": ["d"]}, "d": {"x": []}}, {("root", "three"): -0.1})
    assert game.search(strategy=ProofNumber()).status is Status.FOUND
    assert game.asked == ["root", "d"]


def test_proof_number_search_does_not_count_a_cycle_again_and_again() -> None:
    game = Game({"root": {"x": ["a", "b"]}, "a": {"x": ["root", "a2"], "y": ["root"]}, "b": {"x": ["a"]}})
    assert game.search(strategy=ProofNumber()).status is Status.EXHAUSTED


def test_a_beam_of_no_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width is 0"):
        Beam(0)


def test_beam_drops_what_does_not_fit_and_comes_back_to_it() -> None:
    tactics = {f"t{i}": [f"s{i}"] for i in range(4)}
    moves: dict[str, dict[str, Move]] = {"root": {**tactics}, "s0": {"x": ["u"]}, "s1": {"x": "no"}, "s3": {"x": []}}
    game = Game(moves, {("root", f"t{i}"): -1.0 - i for i in range(4)})
    assert game.search(strategy=Beam(2)).status is Status.FOUND
    assert game.asked == ["root", "s0", "s1", "u", "s2", "s3"]


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_beats_the_optimum_of_a_planted_tree(name: str) -> None:
    tree = PlantedTree(4, 3, seed=1)
    found = expansions(tree, name)
    assert found is not None and found >= tree.optimum


def test_a_tree_without_choice_is_searched_at_its_optimum() -> None:
    tree = PlantedTree(7, 1, seed=0)
    assert tree.optimum == 10
    assert {expansions(tree, name) for name in STRATEGIES} == {10}
