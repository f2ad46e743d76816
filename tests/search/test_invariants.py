"""Each broken graph is noticed, by the message that fits."""

from collections.abc import Callable

import pytest

from search import Budget, ProofTree, SearchGraph
from search.invariants import check
from tests.search.and_or_game import Game

Graph = SearchGraph[str]


def graph() -> Graph:
    """root is open with a proved part `a`, a failed way `c` and a waiting node `b`; `d` waits for `b`."""
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
        "a": "proved",
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


def wrong_priority(graph: Graph) -> None:
    graph.nodes[node_id(graph, "b")].priority += 1


def wrong_depth(graph: Graph) -> None:
    node = graph.nodes[node_id(graph, "b")]
    node.depth, node.priority = 7, graph.priority(node.log_prob, 7)


def proved_without_reason(graph: Graph) -> None:
    graph.nodes[node_id(graph, "b")].proof = ProofTree("magic")


def failed_without_reason(graph: Graph) -> None:
    graph.root.failed = True


def forgotten_failure(graph: Graph) -> None:
    graph.nodes[node_id(graph, "c")].failed = False


def proved_and_failed(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].failed = True


def proof_without_edge(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof_edge = None


def proof_by_foreign_edge(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof_edge = 0


def proof_with_foreign_tactic(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof = ProofTree("simp")


def proof_with_foreign_subproof(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].proof = ProofTree("rfl", (ProofTree("rfl"),))


def queued_after_expansion(graph: Graph) -> None:
    graph.nodes[node_id(graph, "a")].queued = True


def lost_leaf(graph: Graph) -> None:
    graph.nodes[node_id(graph, "b")].queued = False


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
        (expanded_twice, "numbered"),
        (edges_without_expansion, "numbered|was not expanded"),
        (wrong_priority, "its path gives"),
        (wrong_depth, "its edges give"),
        (proved_without_reason, "says proved, its edges say open"),
        (failed_without_reason, "says failed, its edges say open"),
        (forgotten_failure, "says open, its edges say failed"),
        (proved_and_failed, "proved and failed"),
        (proof_without_edge, "not both"),
        (proof_by_foreign_edge, "of another node"),
        (proof_with_foreign_tactic, "another edge's tactic"),
        (proof_with_foreign_subproof, "not made of its children's proofs"),
        (queued_after_expansion, "is queued and was expanded"),
        (lost_leaf, "not in the frontier"),
    ],
)
def test_damage_is_noticed(damage: Callable[[Graph], None], message: str) -> None:
    broken = graph()
    damage(broken)
    with pytest.raises(AssertionError, match=message):
        check(broken)
