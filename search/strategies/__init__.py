"""Strategies: which node is expanded next. One file each; `strategy.py` says what the loop asks of them."""

from collections.abc import Callable
from typing import Any

from search.strategies.beam import Beam
from search.strategies.best_first import BestFirst, Priority
from search.strategies.proof_number import ProofNumber
from search.strategies.strategy import Strategy

DEFAULT_STRATEGY = "best-first"
STRATEGIES: dict[str, Callable[[Priority], Strategy[Any]]] = {
    "best-first": BestFirst,
    "proof-number": lambda priority: ProofNumber(),
    "beam": lambda priority: Beam(priority=priority),
}
"""By the names that `--search` takes; the priority is for those that order by one."""
