"""The way from the root down to the next node to expand, for strategies that choose step by step."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import TypeAlias

from search.graph import Edge, Node, SearchGraph
from search.types import S

Option: TypeAlias = Edge | None
"""A tactic to follow to its active child; None: the node itself is expanded (again)."""


def descend(
    graph: SearchGraph[S], options: Callable[[Node[S]], Sequence[Option]], taken: Container[int] = ()
) -> list[tuple[Node[S], Option]] | None:
    """The first way down that ends in a node worth an expansion and not in `taken`.

    `options` gives a node's open edges, and None where the node wants a visit, the most urgent first. What leads nowhere,
    because of a cycle or of `taken`, is left for the next option, and every node is looked at once: so a way is found if
    there is one. Returns each node of the way with the option that was followed, the last with None.
    """
    seen = {graph.root.id}
    way: list[tuple[Node[S], Iterator[Option], Option]] = []
    if graph.root.status == "open":
        way.append((graph.root, iter(options(graph.root)), None))
    while way:
        node, rest, _ = way.pop()
        for option in rest:
            if option is None:
                if node.id not in taken:
                    return [*((above, followed) for above, _, followed in way), (node, None)]
                continue
            child = graph.active_child(option)
            if child is not None and child.id not in seen:
                seen.add(child.id)
                way.append((node, rest, option))
                way.append((child, iter(options(child)), None))
                break
    return None


def open_options(graph: SearchGraph[S], node: Node[S]) -> list[Option]:
    """A node's options in the order of its edges, the node itself last."""
    edges: list[Option] = [e for e in map(graph.edges.__getitem__, node.out_edges) if graph.active_child(e) is not None]
    return [*edges, None] if graph.wants_visit(node) else edges
