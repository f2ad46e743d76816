"""The rules of the loop, one test each, on small games."""

import math
from itertools import pairwise
from typing import Any

import pytest

from search import (
    BestFirst,
    Budget,
    Closed,
    Node,
    Priority,
    ProofTree,
    Proposal,
    SearchGraph,
    SearchResult,
    Status,
    search,
)
from search.expansion import ranked
from tests.search.and_or_game import Game, Move, part


class Clock:
    """Shows the next of its times at every look, the last one for ever."""

    def __init__(self, *times: float) -> None:
        self.times = list(times)

    def __call__(self) -> float:
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


def chain(length: int) -> Game:
    """A proof of `length` tactics and nothing else."""
    states = ["root", *(f"s{i}" for i in range(1, length))]
    steps: dict[str, dict[str, Move]] = {state: {"step": [after]} for state, after in pairwise(states)}
    return Game(steps | {states[-1]: {"step": []}})


def score(result: SearchResult[str], state: str) -> float:
    return next(result.scores[node.id] for node in result.graph.nodes if node.state == state)


# Ends


def test_proof_is_returned_as_a_tree() -> None:
    game = Game(
        {"root": {"constructor": ["a", "b"]}, "a": {"intro": ["a'"]}, "a'": {"rfl": []}, "b": {"simp": []}}
    )
    result = game.search()
    assert result.status is Status.FOUND
    assert result.candidate == ProofTree(
        "constructor", (ProofTree("intro", (ProofTree("rfl"),)), ProofTree("simp"))
    )
    assert (result.expansions, result.tactics_run, result.candidates_refused) == (4, 4, 0)


def test_budget_of_n_is_exactly_n_expansions() -> None:
    for n in range(4):
        game = chain(9)
        result = game.search(Budget(max_expansions=n))
        assert (result.status, result.expansions, len(game.asked)) == (Status.OUT_OF_EXPANSIONS, n, n)


def test_proof_on_last_expansion_is_kept() -> None:
    assert chain(3).search(Budget(max_expansions=3)).status is Status.FOUND
    assert chain(3).search(Budget(max_expansions=2)).status is Status.OUT_OF_EXPANSIONS


def test_nothing_left_is_said_even_when_the_budget_is_spent_too() -> None:
    result = Game({"root": {"simp": "no progress"}}).search(Budget(max_expansions=1))
    assert (result.status, result.expansions) == (Status.EXHAUSTED, 1)


def test_clock_is_looked_at_before_each_expansion() -> None:
    game = chain(9)
    result = game.search(Budget(timeout_s=10.0), clock=Clock(100.0, 100.0, 109.0, 110.0))
    assert (result.status, result.expansions, result.seconds) == (Status.OUT_OF_TIME, 2, 10.0)


def test_no_time_is_no_expansion() -> None:
    assert chain(1).search(Budget(timeout_s=0.0), clock=Clock(5.0)).expansions == 0


def test_proof_found_over_time_still_counts() -> None:
    result = chain(1).search(Budget(timeout_s=10.0), clock=Clock(0.0, 0.0, 99.0))
    assert (result.status, result.seconds) == (Status.FOUND, 99.0)


def test_cancelled_search_stops_before_the_next_expansion() -> None:
    answers = [False, False, True]
    result = chain(9).search(cancelled=lambda: answers.pop(0))
    assert (result.status, result.expansions, result.candidate) == (Status.CANCELLED, 2, None)


def test_death_of_the_environment_comes_through() -> None:
    game = chain(2)

    class Dead:
        def step(self, state: str, tactics: object, /) -> list[Any]:
            raise ConnectionError("Lean died")

    with pytest.raises(ConnectionError, match="Lean died"):
        search(Dead(), game, part("root"), BestFirst(), budget=Budget(), accept=game.replays)


@pytest.mark.parametrize("outcomes", [[], [Closed(), Closed()]])
def test_environment_gives_one_outcome_for_each_tactic(outcomes: list[Any]) -> None:
    game = chain(1)

    class Careless:
        def step(self, state: str, tactics: object, /) -> list[Any]:
            return outcomes

    with pytest.raises(ValueError, match=f"{len(outcomes)} outcomes for 1 tactics"):
        search(Careless(), game, part("root"), BestFirst(), budget=Budget(), accept=game.replays)


def test_unknown_outcome_is_never_taken_for_closed() -> None:
    game = chain(1)

    class Careless:
        def step(self, state: str, tactics: object, /) -> list[Any]:
            return [None]

    with pytest.raises(AssertionError):
        search(Careless(), game, part("root"), BestFirst(), budget=Budget(), accept=lambda proof: True)


# Proposals


def test_duplicate_tactic_keeps_its_highest_log_prob() -> None:
    proposals = [Proposal("simp", -3.0, "a"), Proposal("rfl", -2.0), Proposal("simp", -1.0, "b")]
    assert ranked(proposals) == [Proposal("simp", -1.0, "b"), Proposal("rfl", -2.0)]


def test_duplicate_tactic_of_equal_log_prob_keeps_the_first() -> None:
    proposals = [Proposal("simp", -1.0, "a"), Proposal("rfl", -1.0), Proposal("simp", -1.0, "b")]
    assert ranked(proposals) == [Proposal("simp", -1.0, "a"), Proposal("rfl", -1.0)]


def test_duplicate_tactic_takes_the_place_of_the_proposal_that_is_kept() -> None:
    proposals = [Proposal("simp", -2.0), Proposal("rfl", -1.0), Proposal("simp", -1.0)]
    assert ranked(proposals) == [Proposal("rfl", -1.0), Proposal("simp", -1.0)]


def test_proposals_run_from_likely_to_unlikely_and_equals_in_their_order() -> None:
    game = Game(
        {"root": {"w": "no", "x": "no", "y": "no", "z": "no"}}, {("root", "w"): -2.0, ("root", "z"): -0.5}
    )
    game.search()
    assert [tactic for _, tactic in game.ran] == ["z", "x", "y", "w"]


def test_node_without_proposals_fails_and_environment_is_not_bothered() -> None:
    game = Game({"root": {"intro": ["stuck"]}})
    result = game.search()
    assert [node.status for node in result.graph.nodes] == ["failed", "failed"]
    assert (result.expansions, result.tactics_run, game.ran) == (2, 1, [("root", "intro")])


def test_error_and_timeout_are_kept_on_the_edge() -> None:
    edges = Game({"root": {"simp": "simp made no progress", "decide": 2.5}}).search().graph.edges
    assert [edge.error for edge in edges] == ["simp made no progress", "timed out after 2.5 s"]


# Order


def test_more_likely_path_is_expanded_first() -> None:
    game = Game(
        {"root": {"a": ["a"], "b": ["b"]}, "a": {"a": ["a2"]}, "b": {"b": ["b2"]}},
        {("root", "a"): -1.0, ("root", "b"): -2.5, ("a", "a"): -1.0},
    )
    game.search(priority=Priority(alpha=0.0))
    assert game.asked == ["root", "a", "a2", "b", "b2"]


def test_length_normalisation_goes_deeper() -> None:
    game = Game({"root": {"a": ["a"], "b": ["b"]}, "a": {"a": ["a2"]}}, {("root", "b"): -1.5})
    game.search(priority=Priority(alpha=0.0))
    assert game.asked == ["root", "a", "b", "a2"]
    game.asked.clear()
    game.search(priority=Priority(alpha=0.5))
    assert game.asked == ["root", "a", "a2", "b"]


def test_equal_priorities_are_expanded_in_the_order_they_were_found() -> None:
    game = Game({"root": {"c": ["c"], "a": ["a"], "b": ["b"]}})
    game.search()
    assert game.asked == ["root", "c", "a", "b"]


def test_value_moves_a_hopeless_node_back() -> None:
    game = Game({"root": {"a": ["a"], "b": ["b"]}}, worth={"a": 0.1, "b": 0.9})
    game.search(priority=Priority(critic_weight=1.0))
    assert game.asked == ["root", "b", "a"]


def test_node_is_valued_once_a_visit_and_only_when_it_is_opened() -> None:
    game = Game({"root": {"x": ["a", "b"], "y": ["a"]}, "a": {"x": ["c"]}})
    game.search(priority=Priority(critic_weight=1.0))
    assert game.valued == ["root", "a", "c"]  # b waits for a, which is never closed


def test_values_without_weight_are_not_asked_for() -> None:
    game = chain(3)
    game.search()
    assert game.valued == []


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_value_is_between_zero_and_one(value: float) -> None:
    with pytest.raises(ValueError, match=f"value is {value}"):
        Game({"root": {"x": []}}, worth={"root": value}).search(priority=Priority(critic_weight=1.0))


# Visits


def test_state_is_expanded_again_and_offered_what_it_was_not_offered_before() -> None:
    game = Game({"root": {"x": "no", "dear": []}}, later={("root", "dear"): 1})
    assert game.search().status is Status.EXHAUSTED
    result = game.search(revisits=(-1.0,))
    assert (result.candidate, result.expansions) == (ProofTree("dear"), 2)
    assert game.ran[-2:] == [("root", "x"), ("root", "dear")]
    assert [edge.visit for edge in result.graph.edges] == [0, 1]


def test_next_visit_has_the_priority_of_a_child_of_its_log_prob() -> None:
    moves: dict[str, dict[str, Move]] = {"root": {"likely": ["a"], "unlikely": ["b"]}}
    game = Game(moves, {("root", "likely"): -1.0, ("root", "unlikely"): -2.0})
    game.search(priority=Priority(alpha=0.0), revisits=(-1.5,))
    assert game.asked == ["root", "a", "root", "b", "a", "b"]


def test_node_fails_after_its_last_visit() -> None:
    statuses: list[str] = []
    Game({"root": {"x": "no"}}).search(revisits=(-1.0, -1.0), on_expansion=lambda _, node: statuses.append(node.status))
    assert statuses == ["open", "open", "failed"]


def test_closed_node_is_not_visited_again_but_after_a_refusal() -> None:
    game = Game({"root": {"bad": [], "dear": []}}, later={("root", "dear"): 1})
    result = game.search(accept=refuse("bad"), revisits=(-1.0,))
    assert (result.candidate, result.expansions) == (ProofTree("dear"), 2)


# Batches


def test_batch_is_asked_for_at_once_and_what_became_useless_is_not_run() -> None:
    game = Game({"root": {"a": ["a"], "b": ["b"], "c": ["c"]}, "a": {"x": "no"}, "b": {"x": []}, "c": {"x": []}})
    result = game.search(batch=3)
    assert (result.candidate, result.expansions) == (ProofTree("b", (ProofTree("x"),)), 3)
    assert game.asked == ["root", "a", "b", "c"]
    assert ("c", "x") not in game.ran


def test_batch_does_not_pass_the_budget() -> None:
    game = Game({"root": {"a": ["a"], "b": ["b"], "c": ["c"]}})
    result = game.search(Budget(max_expansions=2), batch=3)
    assert (result.status, result.expansions) == (Status.OUT_OF_EXPANSIONS, 2)


# Parts


def test_second_goal_is_opened_only_after_the_first_is_proved() -> None:
    game = Game({"root": {"split": ["a", "b"]}, "a": {"x": ["a2"]}, "a2": {"x": []}, "b": {"x": []}})
    queued: list[list[str]] = []

    def watch(graph: SearchGraph[str], node: Node[str]) -> None:
        queued.append([waiting.state for waiting in graph.nodes if waiting in strategy])

    strategy: BestFirst[str] = BestFirst()
    game.search(strategy=strategy, on_expansion=watch)
    assert game.asked == ["root", "a", "a2", "b"]
    assert queued == [["a"], ["a2"], ["b"], []]


def test_second_goal_is_left_alone_when_the_first_fails() -> None:
    game = Game({"root": {"split": ["a", "b"]}, "b": {"x": []}})
    assert game.search().status is Status.EXHAUSTED
    assert game.asked == ["root", "a"]


def test_second_goal_has_the_priority_of_the_path_up_to_the_split() -> None:
    game = Game(
        {"root": {"split": ["a", "b"]}, "a": {"x": ["a2"]}, "a2": {"x": []}, "b": {"x": []}},
        {("root", "split"): -3.0},
    )
    result = game.search()
    second = next(node for node in result.graph.nodes if node.state == "b")
    assert (second.depth, result.scores[second.id]) == (1, -3.0)


def test_goal_that_is_proved_already_is_passed_over() -> None:
    game = Game(
        {
            "root": {"x": ["a", "stuck"], "y": ["b"]},
            "a": {"x": []},
            "b": {"split": ["a", "c"]},
            "c": {"x": []},
        },
        {("root", "y"): -9.0},
    )
    assert game.search().status is Status.FOUND
    assert game.asked == ["root", "a", "stuck", "b", "c"]


def test_tactic_that_leaves_the_same_goal_twice_needs_one_search_and_two_subproofs() -> None:
    game = Game({"root": {"split": ["a", "a"]}, "a": {"rfl": []}})
    assert game.search().candidate == ProofTree("split", (ProofTree("rfl"), ProofTree("rfl")))
    assert game.asked == ["root", "a"]


def test_goals_of_a_lost_split_are_not_expanded() -> None:
    """`b` fails elsewhere while `a2`, below its sibling, waits: nobody needs `a2` any more."""
    game = Game(
        {"root": {"x": ["a", "b"], "y": ["b"]}, "a": {"x": ["a2"]}, "a2": {"x": []}},
        {("a", "x"): -5.0, ("root", "y"): -2.0},
    )
    assert game.search().status is Status.EXHAUSTED
    assert game.asked == ["root", "a", "b"]


# Sharing


def test_states_are_shared_across_the_tree() -> None:
    game = Game({"root": {"x": ["a"], "y": ["b"]}, "a": {"x": ["c"]}, "b": {"x": ["c"]}, "c": {"x": "no"}})
    graph = game.search().graph
    assert game.asked == ["root", "a", "b", "c"]
    assert [len(node.in_edges) for node in graph.nodes] == [0, 1, 1, 2]


def test_second_and_better_path_improves_a_waiting_node() -> None:
    game = Game(
        {"root": {"far": ["c"], "near": ["a"], "else": ["d"]}, "a": {"x": ["c"]}},
        {("root", "far"): -9.0, ("root", "near"): -1.0, ("root", "else"): -4.0},
    )
    result = game.search(priority=Priority(alpha=0.0))
    assert game.asked == ["root", "a", "c", "d"]
    assert score(result, "c") == -2.0


def test_second_and_worse_path_changes_nothing() -> None:
    game = Game({"root": {"near": ["c"], "far": ["a"]}, "a": {"x": ["c"]}}, {("root", "far"): -0.5})
    assert score(game.search(priority=Priority(alpha=0.0)), "c") == -1.0


def test_worse_path_in_the_same_expansion_changes_nothing() -> None:
    result = Game({"root": {"near": ["c"], "far": ["c"]}}, {("root", "far"): -9.0}).search()
    assert score(result, "c") == -1.0


def test_path_that_is_not_open_yet_does_not_improve_a_node() -> None:
    """`c` is known as the second goal of a likely split, but only the unlikely tactic has opened it."""
    game = Game(
        {"root": {"split": ["a", "c"], "far": ["c"], "else": ["d"]}, "a": {"x": ["a"]}},
        {("root", "split"): -1.0, ("root", "far"): -9.0, ("root", "else"): -4.0},
    )
    game.search()
    assert game.asked == ["root", "a", "d", "c"]


def test_node_below_a_lost_split_comes_back_with_a_new_path() -> None:
    """`y` is dropped when its only path is lost; then `z` leads to its parent `x`, expanded long ago."""
    game = Game(
        {
            "root": {"split": ["x", "b"], "b": ["b"], "z": ["z"]},
            "x": {"go": ["y"]},
            "y": {"rfl": []},
            "z": {"go": ["x"]},
        },
        {("root", "split"): -1.0, ("root", "b"): -2.0, ("x", "go"): -3.0, ("root", "z"): -8.0},
    )
    result = game.search(priority=Priority(alpha=0.0))
    assert game.asked == ["root", "x", "b", "z", "y"]
    assert result.candidate == ProofTree("z", (ProofTree("go", (ProofTree("go", (ProofTree("rfl"),)),)),))


def test_cycle_does_not_prove_itself() -> None:
    game = Game({"root": {"symm": ["a"]}, "a": {"symm": ["root"]}})
    result = game.search()
    assert (result.status, result.expansions) == (Status.EXHAUSTED, 2)
    assert [node.status for node in result.graph.nodes] == ["open", "open"]


def test_cycle_does_not_stand_in_the_way_of_a_proof() -> None:
    game = Game({"root": {"symm": ["a"]}, "a": {"symm": ["root"], "assumption": []}})
    assert game.search().candidate == ProofTree("symm", (ProofTree("assumption"),))


def test_tactic_that_changes_nothing_is_no_progress() -> None:
    game = Game({"root": {"skip": ["root"], "rfl": "no"}})
    assert (game.search().status, game.asked) == (Status.EXHAUSTED, ["root"])


# Refusal


def refuse(*tactics: str) -> Any:
    return lambda proof: not set(tactics) & set(proof.tactics())


def test_refused_candidate_is_never_returned() -> None:
    result = Game({"root": {"bad": []}}).search(accept=refuse("bad"))
    assert (result.status, result.candidate, result.candidates_refused) == (Status.EXHAUSTED, None, 1)


def test_search_goes_on_after_a_refusal() -> None:
    game = Game({"root": {"bad": [], "slow": ["a"]}, "a": {"good": []}})
    result = game.search(accept=refuse("bad"))
    assert result.candidate == ProofTree("slow", (ProofTree("good"),))
    assert (result.candidates_refused, game.asked) == (1, ["root", "a"])


def test_other_closing_tactic_of_the_same_node_is_the_next_candidate() -> None:
    result = Game({"root": {"bad": [], "worse": [], "good": []}}).search(accept=refuse("bad", "worse"))
    assert (result.candidate, result.expansions, result.candidates_refused) == (ProofTree("good"), 1, 2)


def test_what_was_left_out_behind_a_refused_closing_tactic_is_run_in_the_same_expansion() -> None:
    moves: dict[str, dict[str, Any]] = {"root": {"bad": [], "stuck": "no", "worse": [], "step": ["a"]}, "a": {"good": []}}
    game = Game(moves, hasty=True)
    result = game.search(accept=refuse("bad", "worse"))
    assert (result.candidate, result.expansions) == (ProofTree("step", (ProofTree("good"),)), 2)
    assert (result.tactics_run, game.asked) == (5, ["root", "a"])
    assert [tactic for _, tactic in game.ran] == ["bad", "stuck", "worse", "step", "good"]


def test_after_the_time_one_candidate_is_put_to_the_audit_and_no_further_one() -> None:
    """An audit takes time; a state with many closing tactics must not have all of them audited after the end."""
    game = Game({"root": {"bad": [], "worse": [], "good": []}})
    now = [0.0]

    def accept(tree: ProofTree) -> bool:
        now[0] += 3.0
        return tree.tactic == "good"

    result = game.search(accept=accept, budget=Budget(None, 5.0), clock=lambda: now[0])
    assert (result.status, result.candidate, result.candidates_refused) == (Status.OUT_OF_TIME, None, 2)


def test_nodes_dropped_under_a_refused_proof_come_back() -> None:
    """`b` was queued before `a` closed; the refusal makes it matter again, and it has the proof."""
    game = Game({"root": {"x": ["a"], "y": ["b"]}, "a": {"bad": []}, "b": {"good": []}})
    assert game.search(accept=refuse("bad")).candidate == ProofTree("y", (ProofTree("good"),))


def test_node_dropped_long_ago_comes_back_after_a_refusal() -> None:
    """`other` is dropped as `a` is closed without it. Two refusals later `a` is open and needs it."""
    game = Game(
        {
            "root": {"y": ["c", "b"], "x": ["a", "b"]},
            "a": {"close": [], "go": ["other"]},
            "other": {"done": []},
            "b": {"bad": [], "good": []},
        },
        {("a", "go"): -0.1},
    )
    result = game.search(accept=refuse("close", "bad"))
    assert game.asked == ["root", "c", "a", "b", "other"]
    assert result.candidate == ProofTree("x", (ProofTree("go", (ProofTree("done"),)), ProofTree("good")))


def test_refusal_fails_the_edge_that_completed_the_proof_and_keeps_the_rest() -> None:
    graph = (
        Game({"root": {"split": ["a", "b"]}, "a": {"x": []}, "b": {"bad": []}})
        .search(accept=refuse("bad"))
        .graph
    )
    assert {edge.tactic: graph.edge_status(edge) for edge in graph.edges} == {
        "split": "failed",
        "x": "closed",
        "bad": "failed",
    }
    assert [node.status for node in graph.nodes] == ["failed", "closed", "failed"]


def test_refused_edge_is_the_one_that_used_a_shared_proof() -> None:
    """`b` needs only what is proved already, so the edge that says so is the one to go."""
    game = Game({"root": {"split": ["a", "b"]}, "a": {"x": []}, "b": {"reuse": ["a"], "own": []}})
    result = game.search(accept=refuse("reuse"))
    assert result.candidate == ProofTree("split", (ProofTree("x"), ProofTree("own")))


def test_refusal_of_everything_ends() -> None:
    game = Game(
        {
            "root": {"a": [], "b": ["s", "s"], "c": ["root"], "d": ["s"]},
            "s": {"a": [], "b": [], "c": ["root"]},
        }
    )
    seen: list[ProofTree] = []

    def accept(proof: ProofTree) -> bool:
        seen.append(proof)
        return False

    result = game.search(accept=accept)
    assert result.status is Status.EXHAUSTED
    assert len(seen) == result.candidates_refused == len(set(seen))


def test_cancellation_is_looked_at_between_candidates() -> None:
    result = Game({"root": {"a": [], "b": [], "c": []}}).search(
        accept=lambda proof: False, cancelled=iter([False, True]).__next__
    )
    assert (result.status, result.candidates_refused, result.candidate) == (Status.CANCELLED, 1, None)


def test_long_chain_needs_no_recursion() -> None:
    game = chain(1_500)
    result = search(game, game, part("root"), BestFirst(), budget=Budget(), accept=lambda proof: True)
    assert result.candidate is not None and result.candidate.size == 1_500
    assert math.isfinite(result.scores[len(result.graph.nodes) - 1])
