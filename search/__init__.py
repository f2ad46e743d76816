"""Proof search on AND/OR graphs; networkx and the standard library, nothing of Lean.

Start with `search.search`: the loop is there. What it expands next is a strategy's choice (`search.strategies`).
"""

from search.export import to_dot, to_graphml, to_json, to_networkx
from search.graph import Edge, Node, SearchGraph
from search.search import search
from search.strategies.best_first import BestFirst, Priority
from search.strategies.strategy import Strategy
from search.types import (
    Advanced,
    Budget,
    Closed,
    Environment,
    Evaluator,
    Outcome,
    Part,
    ProofTree,
    Proposal,
    Rejected,
    SearchResult,
    Status,
    TimedOut,
    Visit,
)

__all__ = [
    "Advanced",
    "BestFirst",
    "Budget",
    "Closed",
    "Edge",
    "Environment",
    "Evaluator",
    "Node",
    "Outcome",
    "Part",
    "Priority",
    "ProofTree",
    "Proposal",
    "Rejected",
    "SearchGraph",
    "SearchResult",
    "Status",
    "Strategy",
    "TimedOut",
    "Visit",
    "search",
    "to_dot",
    "to_graphml",
    "to_json",
    "to_networkx",
]
