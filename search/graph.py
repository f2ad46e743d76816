"""The AND/OR graph that a search grows.

A node is a state and is proved when one of its edges is (OR). An edge is a tactic and is proved when all its
children are (AND). States are shared: a key has one node, however many edges lead to it, so the graph may
have cycles. HyperTree Proof Search (Lample et al. 2022, arXiv:2205.11491) draws the same graph; its edges
are called hyperedges there.

Invariants, checked by `search.invariants.check`:

- A node's proof is built from the proofs that its children already have, so no proof stands on itself, cycles
  or not.
- A node is failed when it was expanded and all its edges are failed; an edge is failed when its tactic
  failed, when its candidate was refused, or when one of its children is failed. Nodes that only wait for
  each other stay open.
- Of an edge's children one is active: the first that is not proved, while the edge is open. A node is live
  when a chain of active children leads from the root to it. Only live nodes are worth an expansion.
- An expanded node's path (`log_prob`, `depth`) no longer changes.

Tie-break: a node takes the earliest of its edges that is proved, and keeps it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias

from search.types import Part, Priority, ProofTree, Proposal, S

Standing: TypeAlias = Literal["proved", "open", "failed"]

REFUSED = "this completed a proof that was not accepted"


@dataclass(eq=False)
class Node(Generic[S]):
    """A state.

    `log_prob`, `depth` and `priority` belong to the best path that has opened it, before that to the edge
    that found it. `value` is the critic's, once it was asked. `expanded` counts from 1.
    """

    id: int
    state: S
    key: Hashable
    text: str
    log_prob: float
    depth: int
    priority: float
    value: float | None = None
    expanded: int | None = None
    queued: bool = False
    in_edges: list[int] = field(default_factory=list)
    out_edges: list[int] = field(default_factory=list)
    proof: ProofTree | None = None
    proof_edge: int | None = None
    failed: bool = False

    @property
    def status(self) -> Standing:
        """Proved exactly when there is a proof."""
        return "proved" if self.proof is not None else "failed" if self.failed else "open"


@dataclass(eq=False)
class Edge:
    """A tactic applied to a node; `error` says why it failed of itself."""

    id: int
    parent: int
    children: tuple[int, ...]
    tactic: str
    log_prob: float
    proposer: str
    error: str | None = None


class SearchGraph(Generic[S]):
    """Nodes and edges by number; node 0 is the root."""

    def __init__(self, root: Part[S], priority: Priority) -> None:
        self.priority = priority
        self.nodes: list[Node[S]] = []
        self.edges: list[Edge] = []
        self.completed_by: int | None = None
        """The edge that made the root proved."""
        self._by_key: dict[Hashable, Node[S]] = {}
        self.root = self._node(root, log_prob=0.0, depth=0)

    def _node(self, part: Part[S], log_prob: float, depth: int) -> Node[S]:
        node = self._by_key.get(part.key)
        if node is None:
            priority = self.priority(log_prob, depth)
            node = Node(len(self.nodes), part.state, part.key, part.text, log_prob, depth, priority)
            self._by_key[part.key] = node
            self.nodes.append(node)
        return node

    def add_edge(
        self, parent: Node[S], proposal: Proposal, parts: tuple[Part[S], ...], error: str | None = None
    ) -> Edge:
        """Record what a tactic did; statuses change only in `update`."""
        log_prob, depth = parent.log_prob + proposal.log_prob, parent.depth + 1
        children = tuple(self._node(part, log_prob, depth).id for part in parts)
        edge = Edge(
            len(self.edges), parent.id, children, proposal.tactic, proposal.log_prob, proposal.proposer, error
        )
        self.edges.append(edge)
        parent.out_edges.append(edge.id)
        for child in dict.fromkeys(children):
            self.nodes[child].in_edges.append(edge.id)
        return edge

    def children(self, edge: Edge) -> list[Node[S]]:
        """The parts that the tactic left, in order."""
        return [self.nodes[child] for child in edge.children]

    def edge_status(self, edge: Edge) -> Standing:
        """Failed of itself or by a child; proved by all children."""
        statuses = [child.status for child in self.children(edge)]
        if edge.error is not None or "failed" in statuses:
            return "failed"
        return "open" if "open" in statuses else "proved"

    def path(self, edge: Edge) -> tuple[float, int]:
        """Σ log p and the number of tactics from the root up to and including `edge`."""
        parent = self.nodes[edge.parent]
        return parent.log_prob + edge.log_prob, parent.depth + 1

    def active_child(self, edge: Edge) -> Node[S] | None:
        """The child whose turn it is; None when the edge is proved or failed."""
        if self.edge_status(edge) != "open":
            return None
        return next(child for child in self.children(edge) if child.status == "open")

    def is_live(self, node: Node[S]) -> bool:
        """Whether a proof of `node` could help the root. Walks up, so it costs the node's ancestors."""
        stack, seen = [node], {node.id}
        while stack:
            node = stack.pop()
            if node.status != "open":
                continue
            if node is self.root:
                return True
            for edge in (self.edges[e] for e in node.in_edges):
                if edge.parent not in seen and self.active_child(edge) is node:
                    seen.add(edge.parent)
                    stack.append(self.nodes[edge.parent])
        return False

    def unqueued_leaves(self, node: Node[S]) -> Iterator[Node[S]]:
        """The unexpanded nodes outside the frontier that active children lead to, earlier edges first."""
        stack, seen = [node], {node.id}
        while stack:
            node = stack.pop()
            if node.status != "open":
                continue
            if node.expanded is None and not node.queued:
                yield node
            for edge in (self.edges[e] for e in reversed(node.out_edges)):
                child = self.active_child(edge)
                if child is not None and child.id not in seen:
                    seen.add(child.id)
                    stack.append(child)

    def update(self, start: Node[S]) -> list[Edge]:
        """Settle `start` if its edges allow it and carry that upwards; call it once all its edges are there.

        Returns the open edges one of whose children was proved: their next child may be opened now.
        """
        advanced: list[Edge] = []
        work = [start]
        while work:
            node = work.pop()
            if node.status != "open" or not self._settle(node):
                continue
            for edge in (self.edges[e] for e in node.in_edges):
                if self.edge_status(edge) == "open":
                    advanced.append(edge)
                else:
                    work.append(self.nodes[edge.parent])
        if self.root.proof is not None and self.completed_by is None:
            self.completed_by = start.proof_edge
        return advanced

    def _settle(self, node: Node[S]) -> bool:
        statuses = []
        for edge in (self.edges[e] for e in node.out_edges):
            proofs = [child.proof for child in self.children(edge) if child.proof is not None]
            if edge.error is None and len(proofs) == len(edge.children):
                node.proof, node.proof_edge = ProofTree(edge.tactic, tuple(proofs)), edge.id
                return True
            statuses.append(self.edge_status(edge))
        node.failed = node.expanded is not None and all(status == "failed" for status in statuses)
        return node.failed

    def completing_node(self) -> Node[S]:
        """The node whose edge completed the root's proof."""
        assert self.completed_by is not None, "the root has no proof"
        return self.nodes[self.edges[self.completed_by].parent]

    def refuse(self) -> Edge:
        """Fail the edge that completed the root's proof and work out every status anew.

        The root may be proved again at once, by other edges; never by a proof with the refused edge in it.
        """
        assert self.completed_by is not None, "only a proof can be refused"
        edge = self.edges[self.completed_by]
        edge.error, self.completed_by = REFUSED, None
        for node in self.nodes:
            node.proof, node.proof_edge, node.failed = None, None, False
        for node in self.nodes:
            self.update(node)
        return edge
