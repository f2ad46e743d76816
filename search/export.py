"""Search graphs for other programs: JSON, networkx, GraphML and DOT.

The JSON is the exchange format of docs/architecture.md and keeps every text as it is. The other three draw
states and tactics as two kinds of nodes, so that a tactic with several parts is one node with several arrows
out of it. They go through XML or a C lexer, so characters that XML 1.0 forbids are left out there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import networkx as nx

from search.graph import Edge, Node, SearchGraph, Standing
from search.types import S

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NO_SCORES: Mapping[int, float] = {}
SHAPES = {"state": "box", "tactic": "ellipse"}
COLOURS = {"closed": "palegreen", "open": "white", "failed": "lightgrey"}


def to_json(graph: SearchGraph[S], scores: Mapping[int, float] = NO_SCORES) -> dict[str, Any]:
    """The graph in the schema of docs/architecture.md, ready for `json.dumps`; `scores` as of a `SearchResult`.

    An edge whose candidate was refused is failed with an error and keeps its children.
    """
    return {
        "root": graph.root.id,
        "nodes": [node_json(node, scores.get(node.id)) for node in graph.nodes],
        "edges": [edge_json(edge, graph.edge_status(edge)) for edge in graph.edges],
    }


def node_json(node: Node[S], score: float | None = None) -> dict[str, Any]:
    """A node of the schema."""
    return {
        "id": node.id, "state": node.text, "status": node.status, "depth": node.depth, "priority": score,
        "expanded": node.expanded, "visits": node.visits,
    }  # fmt: skip


def edge_json(edge: Edge, status: Standing) -> dict[str, Any]:
    """An edge of the schema."""
    return {
        "id": edge.id, "parent": edge.parent, "children": list(edge.children), "tactic": edge.tactic,
        "log_prob": edge.log_prob, "proposer": edge.proposer, "visit": edge.visit, "status": status, "error": edge.error,
    }  # fmt: skip


def to_networkx(graph: SearchGraph[S]) -> nx.MultiDiGraph:
    """A graph with a node `s<id>` for each state and `t<id>` for each tactic, told apart by `kind`.

    Attributes are strings and numbers; what is None in the JSON is absent. An arrow from a tactic has the
    `position` of the part; it is a multigraph because a tactic may leave the same state twice.
    """
    view = nx.MultiDiGraph()
    exported = to_json(graph)
    for node in exported["nodes"]:
        view.add_node(f"s{node.pop('id')}", kind="state", **_plain(node))
    for edge in exported["edges"]:
        name, parent, children = f"t{edge.pop('id')}", edge.pop("parent"), edge.pop("children")
        view.add_node(name, kind="tactic", **_plain(edge))
        view.add_edge(f"s{parent}", name)
        for position, child in enumerate(children):
            view.add_edge(name, f"s{child}", position=position)
    return view


def to_graphml(graph: SearchGraph[S]) -> str:
    """GraphML, for Gephi, yEd and `networkx.parse_graphml`."""
    return "\n".join(nx.generate_graphml(to_networkx(graph)))


def to_dot(graph: SearchGraph[S]) -> str:
    """Graphviz DOT: states are boxes, tactics ellipses; green is closed, grey is failed."""
    lines = ["digraph search {"]
    for name, attributes in to_networkx(graph).nodes(data=True):
        kind = attributes["kind"]
        colour, label = COLOURS[attributes["status"]], _quote(attributes[kind])
        lines.append(f"  {name} [shape={SHAPES[kind]}, style=filled, fillcolor={colour}, label={label}];")
    for edge in graph.edges:
        lines.append(f"  s{edge.parent} -> t{edge.id};")
        for position, child in enumerate(edge.children):
            label = f' [label="{position + 1}"]' if len(edge.children) > 1 else ""
            lines.append(f"  t{edge.id} -> s{child}{label};")
    return "\n".join([*lines, "}", ""])


def _plain(attributes: dict[str, Any]) -> dict[str, str | int | float]:
    cleaned = {name: NOT_XML.sub("", v) if isinstance(v, str) else v for name, v in attributes.items()}
    return {name: value for name, value in cleaned.items() if value is not None}


def _quote(text: str) -> str:
    r"""A DOT string whose lines end in \l, which Graphviz reads as "and left-aligned"."""
    lines = text.replace("\\", "\\\\").replace('"', '\\"').splitlines()
    return '"' + "".join(line + "\\l" for line in lines) + '"'
