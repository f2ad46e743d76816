"""Each broken graph is noticed, by the message that fits."""

from collections.abc import Callable

import pytest

from search import Budget, ProofTree, SearchGraph
from search.invariants import check
from tests.search.and_or_game import Game

Graph = SearchGraph[str]


def graph() -> Graph:
    """root is open with a closed part `a`, a failed way `c` and a waiting node `b`; `d` waits for `b`."""
    game = Game(
        {
            "root": {"split": ["a", "b", "d"], "bad": ["c"], "no": "error"},
            "a": {"rfl": []},
            "c": {"x": "error"},
        },
        {("root", "bad"): -0.5, ("root", "no"): -2.0},
    )
    return game.search(Budget(max_expansions=3)).graph


def node_id(graph: Graph, state: str) -> int:
    return next(node.id for node in graph.nodes if node.state == state)


def test_graph_of_a_search_is_sound() -> None:
    assert {node.state: node.status for node in graph().nodes} == {
        "root": "open",
        "c": "failed",
        "a": "closed",
        "b": "open",
        "d": "open",
    }
    check(graph())


def same_key(graph: Graph) -> None:
    graph.nodes[1].key = graph.nodes[2].key


def wrong_node_id(graph: Graph) -> None:
    graph.nodes[3].id = 9


def wrong_edge_id(graph: Graph) -> None:
    graph.edges[1].id = 9


def other_root(graph: Graph) -> None:
    graph.root = graph.nodes[1]


def lost_in_edge(graph: Graph) -> None:
    graph.nodes[node_id(graph, "b")].in_edges.clear()


def lost_out_edge(graph: Graph) -> None:
    graph.root.out_edges.pop()


def orphan(graph: Graph) -> None:
    graph.edges[0].children = ()
    graph.nodes[node_id(graph, "c")].in_edges.clear()


def same_tactic_twice(graph: Graph) -> None:
    graph.edges[1].tactic = graph.edges[0].tactic


def failed_tactic_with_children(graph: Graph) -> None:
    graph.edges[0].error = "unsolved goals"


def expanded_twice(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].expanded = 1


def edges_without_expansion(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].expanded = None


def lost_visit(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].visits = 0


def one_visit_too_many(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].visits = 2
    graph.expansions += 1


def edge_of_a_later_visit(graph: Graph) -> None:
    graph.edges[0].visit = 1


def closed_without_reason(graph: Graph) -> None:
    graph.nodes[node_id(graph, "b")].proof = ProofTree("magic")


def failed_without_reason(graph: Graph) -> None:
    graph.root.failed = True


def forgotten_failure(graph: Graph) -> None:
    graph.nodes[node_id(graph, "c")].failed = False


def closed_and_failed(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].failed = True


def proof_without_edge(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof_edge = None


def proof_by_foreign_edge(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof_edge = 0


def proof_with_foreign_tactic(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof = ProofTree("simp")


def proof_with_foreign_subproof(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof = ProofTree("rfl", (ProofTree("rfl"),))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (same_key, "same key"),
        (wrong_node_id, "node ids"),
        (wrong_edge_id, "edge ids"),
        (other_root, "root is not node 0"),
        (lost_in_edge, "into it go"),
        (lost_out_edge, "out of it go"),
        (orphan, "no edge leads to node 1"),
        (same_tactic_twice, "a tactic twice"),
        (failed_tactic_with_children, "still has children"),
        (expanded_twice, "in the same expansion"),
        (edges_without_expansion, "1 visits, the first in expansion None"),
        (lost_visit, "visits in 3 expansions"),
        (one_visit_too_many, "2 of 1 visits"),
        (edge_of_a_later_visit, "visits that it has not had"),
        (closed_without_reason, "says closed, its edges say open"),
        (failed_without_reason, "says failed, its edges say open"),
        (forgotten_failure, "says open, its edges say failed"),
        (closed_and_failed, "closed and failed"),
        (proof_without_edge, "not both"),
        (proof_by_foreign_edge, "of another node"),
        (proof_with_foreign_tactic, "another edge's tactic"),
        (proof_with_foreign_subproof, "not made of its children's proofs"),
    ],
)
def test_damage_is_noticed(damage: Callable[[Graph], None], message: str) -> None:
    broken = graph()
    damage(broken)
    with pytest.raises(AssertionError, match=message):
        check(broken)
