"""Proof search on AND/OR graphs; networkx and the standard library, nothing of Lean.

Start with `search.best_first`: the loop is there.
"""

from search.best_first import best_first
from search.export import to_dot, to_graphml, to_json, to_networkx
from search.frontier import BestFirst, BreadthFirst, DepthFirst, Frontier
from search.graph import Edge, Node, SearchGraph
from search.types import (
    Advanced,
    Budget,
    Closed,
    Critic,
    Environment,
    Outcome,
    Part,
    Policy,
    Priority,
    ProofTree,
    Proposal,
    Rejected,
    SearchResult,
    Status,
    TimedOut,
)

__all__ = [
    "Advanced",
    "BestFirst",
    "BreadthFirst",
    "Budget",
    "Closed",
    "Critic",
    "DepthFirst",
    "Edge",
    "Environment",
    "Frontier",
    "Node",
    "Outcome",
    "Part",
    "Policy",
    "Priority",
    "ProofTree",
    "Proposal",
    "Rejected",
    "SearchGraph",
    "SearchResult",
    "Status",
    "TimedOut",
    "best_first",
    "to_dot",
    "to_graphml",
    "to_json",
    "to_networkx",
]
