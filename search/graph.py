"""The AND/OR graph that a search grows.

A node is a state and is closed when one of its edges is (OR). An edge is a tactic and is closed when all its
children are (AND). A closed root is a candidate for a proof; whether it is one is not known here. States are
shared: a key has one node, however many edges lead to it, so the graph may have cycles. HyperTree Proof Search
(Lample et al. 2022, arXiv:2205.11491) draws the same graph; its edges are called hyperedges there.

Invariants, checked by `search.invariants.check`:

- A node's proof is built from the proofs that its children already have, so no proof stands on itself, cycles
  or not.
- A node may be expanded as often as the graph has visits. It is failed when it has had them all, or is hopeless, and
  all its edges are failed; an edge is failed when its tactic failed, when its candidate was refused, or when one of its
  children is failed. Nodes that only wait for each other stay open.
- Of an edge's children one is active: the first that is not closed, while the edge is open. A node is live
  when a chain of active children leads from the root to it. Only live nodes are worth an expansion.

Tie-break: a node takes the earliest of its edges that is closed, and keeps it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias

from search.types import Part, ProofTree, Proposal, S

Standing: TypeAlias = Literal["closed", "open", "failed"]

REFUSED = "this completed a proof that was not accepted"


@dataclass(eq=False)
class Node(Generic[S]):
    """A state.

    `depth` is the number of tactics on the path that found it first. `visits` says how often it was expanded,
    `expanded` in which expansion that was first, counted from 1. `proof` and `proof_edge` are set together. A `hopeless` node
    is known to have no proof, so it is not expanded again.
    """

    id: int
    state: S
    key: Hashable
    text: str
    depth: int
    expanded: int | None = None
    visits: int = 0
    in_edges: list[int] = field(default_factory=list)
    out_edges: list[int] = field(default_factory=list)
    proof: ProofTree | None = None
    proof_edge: int | None = None
    failed: bool = False
    hopeless: bool = False

    @property
    def status(self) -> Standing:
        """Closed exactly when there is a proof."""
        return "closed" if self.proof is not None else "failed" if self.failed else "open"


@dataclass(eq=False)
class Edge:
    """A tactic applied to a node in its `visit`-th expansion, from 0; `error` says why it failed of itself."""

    id: int
    parent: int
    children: tuple[int, ...]
    tactic: str
    log_prob: float
    proposer: str
    visit: int
    error: str | None = None


class SearchGraph(Generic[S]):
    """Nodes and edges by number; node 0 is the root.

    Args:
        root: the state to prove.
        max_visits: how often a node may be expanded.
    """

    def __init__(self, root: Part[S], max_visits: int = 1) -> None:
        self.max_visits = max_visits
        self.nodes: list[Node[S]] = []
        self.edges: list[Edge] = []
        self.expansions = 0
        self.completed_by: int | None = None
        """The edge that closed the root."""
        self._by_key: dict[Hashable, Node[S]] = {}
        self.root = self._node(root, depth=0)

    def _node(self, part: Part[S], depth: int) -> Node[S]:
        node = self._by_key.get(part.key)
        if node is None:
            node = Node(len(self.nodes), part.state, part.key, part.text, depth)
            self._by_key[part.key] = node
            self.nodes.append(node)
        return node

    def begin_visit(self, node: Node[S]) -> None:
        """Count an expansion of `node`; its edges are added next."""
        self.expansions += 1
        node.visits += 1
        node.expanded = node.expanded or self.expansions

    def add_edge(
        self, parent: Node[S], proposal: Proposal, parts: tuple[Part[S], ...], error: str | None = None
    ) -> Edge:
        """Record what a tactic did; statuses change only in `update`."""
        children = tuple(self._node(part, parent.depth + 1).id for part in parts)
        edge = Edge(
            len(self.edges), parent.id, children, proposal.tactic, proposal.log_prob, proposal.proposer,
            parent.visits - 1, error,
        )  # fmt: skip
        self.edges.append(edge)
        parent.out_edges.append(edge.id)
        for child in dict.fromkeys(children):
            self.nodes[child].in_edges.append(edge.id)
        return edge

    def wants_visit(self, node: Node[S]) -> bool:
        """Whether expanding `node` (again) can lead to something new."""
        return node.status == "open" and not node.hopeless and node.visits < self.max_visits

    def children(self, edge: Edge) -> list[Node[S]]:
        """The parts that the tactic left, in order."""
        return [self.nodes[child] for child in edge.children]

    def edge_status(self, edge: Edge) -> Standing:
        """Failed of itself or by a child; closed by all children."""
        statuses = [child.status for child in self.children(edge)]
        if edge.error is not None or "failed" in statuses:
            return "failed"
        return "open" if "open" in statuses else "closed"

    def active_child(self, edge: Edge) -> Node[S] | None:
        """The child whose turn it is; None when the edge is closed or failed."""
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

    def leaves(self, node: Node[S]) -> Iterator[Node[S]]:
        """The nodes worth an expansion that active children lead to from `node`, itself included, earlier edges first."""
        stack, seen = [node], {node.id}
        while stack:
            node = stack.pop()
            if node.status != "open":
                continue
            if self.wants_visit(node):
                yield node
            for edge in (self.edges[e] for e in reversed(node.out_edges)):
                child = self.active_child(edge)
                if child is not None and child.id not in seen:
                    seen.add(child.id)
                    stack.append(child)

    def update(self, start: Node[S]) -> list[Edge]:
        """Settle `start` if its edges allow it and carry that upwards; call it once all its edges are there.

        Returns the open edges one of whose children was closed: their next child may be opened now.
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
        had_all = node.hopeless or node.visits >= self.max_visits
        node.failed = had_all and all(status == "failed" for status in statuses)
        return node.failed

    def completing_node(self) -> Node[S]:
        """The node whose edge closed the root."""
        assert self.completed_by is not None, "the root has no proof"
        return self.nodes[self.edges[self.completed_by].parent]

    def refuse(self) -> Edge:
        """Fail the edge that closed the root and work out every status anew.

        The root may be closed again at once, by other edges; never by a proof with the refused edge in it.
        """
        assert self.completed_by is not None, "only a proof can be refused"
        edge = self.edges[self.completed_by]
        edge.error, self.completed_by = REFUSED, None
        for node in self.nodes:
            node.proof, node.proof_edge, node.failed = None, None, False
        for node in self.nodes:
            self.update(node)
        return edge
