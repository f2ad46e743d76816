"""A search as it grows: what changed since it was last told."""

from __future__ import annotations

from typing import Any

from search.export import edge_json, node_json
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
            mark = (node.status, node.visits)
            if self._nodes.get(node.id) != mark:
                self._nodes[node.id] = mark
                nodes.append(node_json(node))
        for edge in graph.edges:
            status = graph.edge_status(edge)
            if self._edges.get(edge.id) != status:
                self._edges[edge.id] = status
                edges.append(edge_json(edge, status))
        return {"nodes": nodes, "edges": edges}
