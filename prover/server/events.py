"""A search as it grows: what changed since it was last told."""

from __future__ import annotations

from typing import Any

from search.graph import SearchGraph


class Growth:
    """Tells nodes and edges in the schema of docs/architecture.md, each again when its status changes."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[object, ...]] = {}
        self._edges: dict[int, str] = {}

    def since(self, graph: SearchGraph[Any]) -> dict[str, list[dict[str, Any]]]:
        """The nodes and edges that are new or changed."""
        nodes, edges = [], []
        for node in graph.nodes:
            mark = (node.status, node.expanded, node.depth, node.priority)
            if self._nodes.get(node.id) != mark:
                self._nodes[node.id] = mark
                nodes.append({
                    "id": node.id, "state": node.text, "status": node.status, "depth": node.depth,
                    "priority": node.priority, "expanded": node.expanded,
                })  # fmt: skip
        for edge in graph.edges:
            status = graph.edge_status(edge)
            if self._edges.get(edge.id) != status:
                self._edges[edge.id] = status
                edges.append({
                    "id": edge.id, "parent": edge.parent, "children": list(edge.children), "tactic": edge.tactic,
                    "log_prob": edge.log_prob, "proposer": edge.proposer, "status": status, "error": edge.error,
                })  # fmt: skip
        return {"nodes": nodes, "edges": edges}
