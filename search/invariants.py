"""Whether a search graph is consistent. Tests call `check` after every expansion.

Statuses are worked out a second time, by the plainest method there is: start from nothing and repeat the
definition until nothing changes. Both closed and failed are such least fixed points, which is why neither
can stand on itself.
"""

from __future__ import annotations

from search.graph import REFUSED, Edge, SearchGraph
from search.types import S


def check(graph: SearchGraph[S]) -> None:
    """Raise AssertionError with the first invariant of `search.graph` that fails.

    Takes quadratic time: for tests, not for searches.
    """
    _check_links(graph)
    _check_expansions(graph)
    _check_statuses(graph)
    _check_proofs(graph)
    _check_live(graph)


def _must(holds: bool, message: str) -> None:
    """An assertion that `python -O` keeps."""
    if not holds:
        raise AssertionError(message)


def _check_links(graph: SearchGraph[S]) -> None:
    nodes, edges = graph.nodes, graph.edges
    _must(graph.root is nodes[0], "the root is not node 0")
    _must([node.id for node in nodes] == list(range(len(nodes))), "node ids are not 0, 1, 2, …")
    _must([edge.id for edge in edges] == list(range(len(edges))), "edge ids are not 0, 1, 2, …")
    _must(len({node.key for node in nodes}) == len(nodes), "two nodes have the same key")
    for node in nodes:
        out_edges = [edge.id for edge in edges if edge.parent == node.id]
        in_edges = [edge.id for edge in edges if node.id in edge.children]
        _must(node.out_edges == out_edges, f"node {node.id} lists {node.out_edges}, out of it go {out_edges}")
        _must(node.in_edges == in_edges, f"node {node.id} lists {node.in_edges}, into it go {in_edges}")
        _must(node.id == 0 or bool(in_edges), f"no edge leads to node {node.id}")
        tactics = [edges[e].tactic for e in out_edges]
        _must(len(set(tactics)) == len(tactics), f"node {node.id} has a tactic twice: {tactics}")
    for edge in edges:
        has_reason = edge.error in (None, REFUSED) or not edge.children
        _must(has_reason, f"edge {edge.id} failed with {edge.error!r} and still has children")


def _check_expansions(graph: SearchGraph[S]) -> None:
    visits = sum(node.visits for node in graph.nodes)
    _must(visits == graph.expansions, f"the nodes have {visits} visits in {graph.expansions} expansions")
    first = [node.expanded for node in graph.nodes if node.expanded is not None]
    _must(len(set(first)) == len(first), f"two nodes were first visited in the same expansion: {first}")
    for node in graph.nodes:
        agree = (node.expanded is None) == (node.visits == 0)
        _must(agree, f"node {node.id} has {node.visits} visits, the first in expansion {node.expanded}")
        _must(node.visits <= graph.max_visits, f"node {node.id} has {node.visits} of {graph.max_visits} visits")
        late = [e for e in node.out_edges if not 0 <= graph.edges[e].visit < node.visits]
        _must(not late, f"edges {late} of node {node.id} are of visits that it has not had")


def _check_statuses(graph: SearchGraph[S]) -> None:
    closed: set[int] = set()
    failed: set[int] = set()

    def is_closed(edge: Edge) -> bool:
        return edge.error is None and closed.issuperset(edge.children)

    def is_failed(edge: Edge) -> bool:
        return edge.error is not None or not failed.isdisjoint(edge.children)

    changed = True
    while changed:
        before = len(closed) + len(failed)
        for node in graph.nodes:
            edges = [graph.edges[e] for e in node.out_edges]
            if any(map(is_closed, edges)):
                closed.add(node.id)
            if (node.hopeless or node.visits == graph.max_visits) and all(map(is_failed, edges)):
                failed.add(node.id)
        changed = len(closed) + len(failed) > before
    for node in graph.nodes:
        status = "closed" if node.id in closed else "failed" if node.id in failed else "open"
        _must(node.status == status, f"node {node.id} says {node.status}, its edges say {status}")
        _must(not (node.failed and node.proof), f"node {node.id} is closed and failed")


def _check_proofs(graph: SearchGraph[S]) -> None:
    for node in graph.nodes:
        _must(
            (node.proof is None) == (node.proof_edge is None),
            f"node {node.id} has a proof or its edge, not both",
        )
        if node.proof is None or node.proof_edge is None:
            continue
        edge = graph.edges[node.proof_edge]
        _must(edge.id in node.out_edges, f"node {node.id} is closed by edge {edge.id} of another node")
        _must(node.proof.tactic == edge.tactic, f"the proof of node {node.id} has another edge's tactic")
        subproofs = [child.proof for child in graph.children(edge)]
        same = len(subproofs) == len(node.proof.children) and all(
            ours is theirs for ours, theirs in zip(node.proof.children, subproofs, strict=True)
        )
        _must(same, f"the proof of node {node.id} is not made of its children's proofs")


def _check_live(graph: SearchGraph[S]) -> None:
    if graph.root.status != "open":
        return
    live = _reachable(graph)
    for node in graph.nodes:
        _must(
            graph.is_live(node) == (node.id in live),
            f"node {node.id}: walking up and walking down disagree on whether it is live",
        )


def _reachable(graph: SearchGraph[S]) -> set[int]:
    live, work = {0}, [0]
    while work:
        for edge in (graph.edges[e] for e in graph.nodes[work.pop()].out_edges):
            child = graph.active_child(edge)
            if child is not None and child.id not in live:
                live.add(child.id)
                work.append(child.id)
    return live
