"""The statuses of the AND/OR graph, without a search."""

import pytest

from search import Node, Part, ProofTree, Proposal, SearchGraph


def part(state: str) -> Part[str]:
    return Part(state, state, state)


def expand(graph: SearchGraph[str], node: Node[str], **moves: list[str] | str) -> None:
    """Give `node` its edges, a list of parts or an error each, and settle it."""
    graph.begin_visit(node)
    for tactic, move in moves.items():
        error = move if isinstance(move, str) else None
        parts = () if isinstance(move, str) else tuple(map(part, move))
        graph.add_edge(node, Proposal(tactic, -1.0), parts, error)
    graph.update(node)


def states(graph: SearchGraph[str]) -> dict[str, str]:
    return {node.state: node.status for node in graph.nodes}


@pytest.fixture
def graph() -> SearchGraph[str]:
    return SearchGraph(part("root"))


def node(graph: SearchGraph[str], state: str) -> Node[str]:
    return next(node for node in graph.nodes if node.state == state)


def test_node_is_closed_by_one_edge_and_edge_by_all_children(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, fails="no", split=["a", "b"])
    expand(graph, node(graph, "b"), x=[])
    assert states(graph) == {"root": "open", "a": "open", "b": "closed"}
    expand(graph, node(graph, "a"), x=[])
    assert states(graph) == {"root": "closed", "a": "closed", "b": "closed"}


def test_edge_fails_with_its_first_failed_child_and_node_with_its_last_edge(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, split=["a", "b"], other=["c"])
    expand(graph, node(graph, "b"))
    assert [graph.edge_status(edge) for edge in graph.edges] == ["failed", "open"]
    assert states(graph)["root"] == "open"
    expand(graph, node(graph, "c"), x="no")
    assert states(graph)["root"] == "failed"


def test_unexpanded_node_is_open(graph: SearchGraph[str]) -> None:
    graph.update(graph.root)
    assert graph.root.status == "open"


def test_node_keeps_the_earliest_closed_edge(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, late=["a"], first=[], second=[])
    expand(graph, node(graph, "a"), x=[])
    assert graph.root.proof == ProofTree("first")


def test_update_names_the_edges_whose_next_child_may_be_opened(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, one=["a", "b"], two=["a", "a", "c"], three=["b", "a"])
    a = node(graph, "a")
    graph.begin_visit(a)
    graph.add_edge(a, Proposal("x", -1.0), ())
    assert [edge.tactic for edge in graph.update(a)] == ["one", "two", "three"]
    active = [graph.active_child(edge) for edge in graph.edges[:3]]
    assert [child.state for child in active if child is not None] == ["b", "c", "b"]


def test_only_active_children_are_live(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, split=["a", "b"])
    assert [graph.is_live(node) for node in graph.nodes] == [True, True, False]
    expand(graph, node(graph, "a"), x=[])
    assert [graph.is_live(node) for node in graph.nodes] == [True, False, True]


def test_a_cycle_apart_from_the_root_is_not_live(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, split=["a", "stuck"])
    expand(graph, node(graph, "a"), x=["b"])
    expand(graph, node(graph, "b"), x=["a"], y=["leaf"])
    assert graph.is_live(node(graph, "leaf"))
    expand(graph, node(graph, "stuck"))
    assert not graph.is_live(node(graph, "leaf"))


def test_leaves_come_in_the_order_of_their_edges(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, one=["a"], two=["b"], split=["c", "hidden"])
    expand(graph, node(graph, "a"), x=["a1"], y=["a2"], back=["root"])
    assert [leaf.state for leaf in graph.leaves(graph.root)] == ["a1", "a2", "b", "c"]


def test_node_with_visits_left_is_a_leaf_and_not_failed() -> None:
    graph = SearchGraph(part("root"), max_visits=2)
    expand(graph, graph.root, x="no")
    assert [leaf.state for leaf in graph.leaves(graph.root)] == ["root"]
    assert (graph.root.status, graph.wants_visit(graph.root)) == ("open", True)
    expand(graph, graph.root, y="no")
    assert (graph.root.status, [edge.visit for edge in graph.edges]) == ("failed", [0, 1])


def test_refusal_takes_back_what_stood_on_the_refused_edge(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, go=["a"])
    expand(graph, node(graph, "a"), go=["b"], other=["c"])
    expand(graph, node(graph, "b"), bad=[])
    assert graph.root.status == "closed"
    assert graph.refuse().tactic == "bad"
    assert states(graph) == {"root": "open", "a": "open", "b": "failed", "c": "open"}


def test_refusal_leads_to_the_next_proof_there_is(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, first=[], second=[])
    assert graph.root.proof == ProofTree("first")
    graph.refuse()
    assert graph.root.proof == ProofTree("second")
    graph.refuse()
    assert graph.root.status == "failed"


def test_only_a_proof_can_be_refused(graph: SearchGraph[str]) -> None:
    with pytest.raises(AssertionError, match="only a proof can be refused"):
        graph.refuse()


def test_depth_counts_the_tactics_of_the_path_that_found_a_node(graph: SearchGraph[str]) -> None:
    expand(graph, graph.root, x=["a"])
    expand(graph, node(graph, "a"), x=["b"], y=["root"])
    assert [found.depth for found in graph.nodes] == [0, 1, 2]
