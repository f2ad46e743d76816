"""What each strategy expands, in which order, on small games; the conformance suite is tests/search/test_random_games.py."""

import pytest

from prover.cli.options import SEARCHES
from search import Priority, ProofTree, Status
from search.strategies import DEFAULT_STRATEGY, STRATEGIES, Beam, MonteCarlo, ProofNumber, Restart
from search.strategies.restart import luby
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
    "mcts": ["root", "a", "a1", "a2", "d", "d1", "d2"],
    "beam": ["root", "a", "d", "e", "a1", "a2", "d1", "e1", "e2", "e3", "d2"],
    "restart": ["root", "a", "d", "e", "a1", "a2", "d1", "e1", "e2", "e3", "d2"],
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


def test_virtual_loss_spreads_a_batch() -> None:
    moves: dict[str, dict[str, Move]] = {"root": {"l": ["l"], "r": ["r"]}, "l": {"x": ["l1"], "y": ["l2"]}, "r": {"x": ["r1"]}}
    game = Game(moves, {("root", "r"): -1.2})
    game.search(strategy=MonteCarlo(), batch=2)
    assert game.asked[:3] == ["root", "l", "r"]


def test_values_guide_the_tree_search() -> None:
    below: dict[str, dict[str, Move]] = {"l": {"x": ["l1"]}, "r": {"x": ["r1"]}, "r1": {"x": []}}
    moves: dict[str, dict[str, Move]] = {"root": {"l": ["l"], "r": ["r"]}, **below}
    game = Game(moves, {("root", "r"): -1.1}, worth={"l": 0.0, "l1": 0.0, "r": 0.9, "r1": 0.9})
    game.search(strategy=MonteCarlo(exploration=0.5))
    assert game.asked == ["root", "l", "r", "r1"]


def test_options_of_the_tree_search_that_make_no_sense_are_named() -> None:
    with pytest.raises(ValueError, match="exploration is 0"):
        MonteCarlo(exploration=0)
    with pytest.raises(ValueError, match="width is 0"):
        Beam(0)
    with pytest.raises(ValueError, match="unit is 0"):
        Restart(0)


def test_beam_drops_what_does_not_fit_and_comes_back_to_it() -> None:
    tactics = {f"t{i}": [f"s{i}"] for i in range(4)}
    moves: dict[str, dict[str, Move]] = {"root": {**tactics}, "s0": {"x": ["u"]}, "s1": {"x": "no"}, "s3": {"x": []}}
    game = Game(moves, {("root", f"t{i}"): -1.0 - i for i in range(4)})
    assert game.search(strategy=Beam(2)).status is Status.FOUND
    assert game.asked == ["root", "s0", "s1", "u", "s2", "s3"]


def test_lengths_of_runs_are_lubys() -> None:
    assert [luby(i) for i in range(1, 16)] == [1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8]


def test_restart_without_noise_is_best_first_search() -> None:
    with_restarts, without = Game(WIDE), Game(WIDE)
    with_restarts.search(strategy=Restart(1, 0.0))
    without.search()
    assert with_restarts.asked == without.asked


def test_restart_tries_another_order() -> None:
    tactics = {f"t{i}": [f"s{i}"] for i in range(9)}
    game = Game({"root": {**tactics}})
    game.search(strategy=Restart(2, 3.0))
    assert sorted(game.asked[1:]) == sorted(f"s{i}" for i in range(9)) and game.asked[1:] != [f"s{i}" for i in range(9)]


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_beats_the_optimum_of_a_planted_tree(name: str) -> None:
    tree = PlantedTree(4, 3, seed=1)
    found = expansions(tree, name)
    assert found is not None and found >= tree.optimum


def test_a_tree_without_choice_is_searched_at_its_optimum() -> None:
    tree = PlantedTree(7, 1, seed=0)
    assert tree.optimum == 10
    assert {expansions(tree, name) for name in STRATEGIES} == {10}
