"""A searched tree as the page draws it: pruned to a size that a browser can take."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from prover.prove.report.text import finite, script_json

MAX_TREES_MB = 24
ByNode: TypeAlias = dict[Any, list[Mapping[str, Any]]]
"""Edges by the node that they start from."""


@dataclass(frozen=True)
class Limits:
    """How much of one tree is put into the page: nodes, failed tactics a node, characters a text."""

    nodes: int
    failures: int
    state_chars: int
    error_chars: int


LIMITS = (Limits(400, 40, 4000, 600), Limits(120, 12, 1500, 240), Limits(30, 4, 600, 120))


def fit(trees: Sequence[Mapping[str, Any] | None]) -> list[str | None]:
    """Each tree pruned, as JSON; the largest pruned more until all together take about MAX_TREES_MB."""
    pictures = [_picture(tree, LIMITS[0]) for tree in trees]
    most = MAX_TREES_MB * 1_000_000
    size = sum(len(picture or "") for picture in pictures)
    for limits in LIMITS[1:]:
        for index, tree in enumerate(trees):
            before = len(pictures[index] or "")
            if size > most and before > most / len(trees):
                pictures[index] = _picture(tree, limits)
                size += len(pictures[index] or "") - before
    return pictures


def _picture(tree: Mapping[str, Any] | None, limits: Limits) -> str | None:
    picture = prune(tree, limits) if tree else None
    return script_json(picture) if picture else None


def prune(tree: Mapping[str, Any], limits: Limits) -> dict[str, Any] | None:
    """What the page draws of a tree, or None when it has no root.

    Grown from the root by tactics: those of the proof first, then the one that leads to the best priority. A
    node belongs to the tactic that first brings it in, so the order of `edges` makes a tree of a graph that
    has cycles. Texts are numbers into `strings`. Edges to nodes that the tree does not have are ignored.
    """
    nodes = {node["id"]: node for node in tree.get("nodes", ())}
    root = tree.get("root")
    if root not in nodes:
        return None
    proof = proof_edges(tree)
    failed, drawable = _tactics(tree, nodes)
    places, kept = _grown(root, nodes, drawable, proof, limits.nodes)
    drawn = Counter(edge["parent"] for edge in kept)
    strings: dict[str, int] = {}

    def text(value: object, limit: int) -> int:
        return strings.setdefault(_shortened(value, limit), len(strings))

    def tactic(edge: Mapping[str, Any]) -> dict[str, Any]:
        drawn_edge = {
            "tactic": text(edge.get("tactic"), limits.state_chars),
            "proposer": text(edge.get("proposer"), 100),
            "log_prob": finite(edge.get("log_prob")),
        }
        error = edge.get("error")
        return drawn_edge if error is None else drawn_edge | {"error": text(error, limits.error_chars)}

    reached = _on_proof(tree, proof)
    return {
        "nodes": [
            {
                "id": name,
                "status": nodes[name].get("status"),
                **{key: finite(nodes[name].get(key)) for key in ("depth", "priority", "expanded", "visits")},
                "state": text(nodes[name].get("state"), limits.state_chars),
                "failures": [tactic(edge) for edge in failed[name][: limits.failures]],
                "more_failures": max(0, len(failed[name]) - limits.failures),
                "more_edges": len(drawable[name]) - drawn[name],
                "proof": name in reached,
            }
            for name in places
        ],
        "edges": [
            {
                **tactic(edge),
                "parent": places[edge["parent"]],
                "children": [places[child] for child in edge.get("children", ())],
                "status": edge.get("status"),
                "proof": edge["parent"] in reached and edge["id"] == proof.get(edge["parent"]),
            }
            for edge in kept
        ],
        "left_out": len(nodes) - len(places),
        "total": len(nodes),
        "strings": list(strings),
    }


def _shortened(value: object, limit: int) -> str:
    whole = "" if value is None else str(value)
    cut = len(whole) - limit
    return whole if cut <= 0 else f"{whole[:limit]}… ({cut:,} more characters)"


def _tactics(tree: Mapping[str, Any], nodes: Mapping[Any, Any]) -> tuple[ByNode, ByNode]:
    """The edges of each node that failed, and those that can be drawn."""
    failed: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    drawable: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for edge in tree.get("edges", ()):
        dead = edge.get("status") == "failed" and not edge.get("children")
        if edge["parent"] in nodes and all(child in nodes for child in edge.get("children", ())):
            (failed if dead else drawable)[edge["parent"]].append(edge)
    return failed, drawable


def _grown(
    root: Any, nodes: Mapping[Any, Mapping[str, Any]], drawable: ByNode, proof: Mapping[Any, Any], most: int
) -> tuple[dict[Any, int], list[Mapping[str, Any]]]:
    """At most so many nodes with their places, from the root on, and the edges that brought them in."""

    def urgency(edge: Mapping[str, Any]) -> float:
        priorities = (finite(nodes[child].get("priority")) for child in edge.get("children", ()))
        return max((-math.inf if one is None else one for one in priorities), default=math.inf)

    places = {root: 0}
    kept: list[Mapping[str, Any]] = []
    heap: list[tuple[bool, float, int, Mapping[str, Any]]] = []
    arrived, pushed = [root], 0
    while arrived or heap:
        for edge in (edge for node in arrived for edge in drawable[node]):
            in_proof = edge["id"] == proof.get(edge["parent"])
            heapq.heappush(heap, (not in_proof, -urgency(edge), pushed, edge))
            pushed += 1
        arrived = []
        if not heap:
            break
        edge = heapq.heappop(heap)[-1]
        new = [child for child in dict.fromkeys(edge.get("children", ())) if child not in places]
        if len(places) + len(new) <= most:
            places |= {child: len(places) + place for place, child in enumerate(new)}
            kept.append(edge)
            arrived = new
    return places, kept


def proof_edges(tree: Mapping[str, Any]) -> dict[Any, Any]:
    """For each closed node the edge with the least deep proof; following them never goes in a circle."""
    waiting = [edge for edge in tree.get("edges", ()) if edge.get("status") == "closed"]
    chosen: dict[Any, Any] = {}
    while waiting:
        ready = [edge for edge in waiting if all(child in chosen for child in edge.get("children", ()))]
        if not ready:
            break
        for edge in ready:
            chosen.setdefault(edge["parent"], edge["id"])
        waiting = [edge for edge in waiting if edge["parent"] not in chosen]
    return chosen


def _on_proof(tree: Mapping[str, Any], proof: Mapping[Any, Any]) -> set[Any]:
    children = {edge["id"]: edge.get("children", ()) for edge in tree.get("edges", ())}
    reached: set[Any] = set()
    work = [tree["root"]]
    while work:
        node = work.pop()
        if node in proof and node not in reached:
            reached.add(node)
            work.extend(children[proof[node]])
    return reached
