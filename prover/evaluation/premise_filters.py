"""MePo and Sine Qua Non: premise filters by symbols alone, to compare the selector with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prover.policy.premises.postings import Floats, Postings
from prover.policy.premises.selector import Allowed

PASS = 0.6
CONVERGENCE = 2.4
ROUNDS = 6
WANTED = 100
COMMON = 0.12
"""MePo does not count a symbol that a larger part of the premises has (equality, say), as Lean's has a list of such names."""
TOLERANCE = 1.5
DEPTH = 3


def mepo(symbols: Postings, query: Sequence[str], allowed: Allowed) -> NDArray[np.int64]:
    """Meng and Paulson 2009, "Lightweight relevance filtering for machine-generated resolution problems".

    In rounds: a premise whose symbols are relevant to a part above a threshold is taken and makes its symbols relevant; rare
    symbols weigh more. The order is that in which they are taken.

    Args:
        symbols: of all premises.
        query: the goal's symbols.
        allowed: premises that may be taken.
    """
    weights = (1 + 2 / np.log(np.diff(symbols.starts) + 2)).astype(np.float32)
    token = np.repeat(np.arange(len(symbols.idf)), np.diff(symbols.starts))
    counted = np.diff(symbols.starts) <= COMMON * symbols.size
    sizes = np.bincount(symbols.documents[counted[token]], minlength=symbols.size).astype(np.float32)
    relevant = np.zeros(len(symbols.idf), np.bool_)
    relevant[[n for w in query if (n := symbols.vocabulary.get(w)) is not None]] = True
    relevant &= counted
    open_ = allowed.copy()
    taken: list[NDArray[np.int64]] = []
    threshold = PASS
    for _ in range(ROUNDS):
        held = relevant[token]
        mass = np.bincount(symbols.documents[held], weights[token[held]], symbols.size)
        count = np.bincount(symbols.documents[held], minlength=symbols.size)
        score = np.where(open_, mass / np.maximum(mass + sizes - count, 1e-6), -1.0)
        found = np.flatnonzero(score >= threshold)
        found = found[np.lexsort((found, -mass[found], -score[found]))][:WANTED]
        if len(found):
            taken.append(found)
            open_[found] = False
            relevant[token[np.isin(symbols.documents, found)]] = True
            relevant &= counted
        if sum(map(len, taken)) >= WANTED:
            break
        threshold += (1 - threshold) / CONVERGENCE if len(found) else -threshold / CONVERGENCE
    return np.concatenate(taken)[:WANTED] if taken else np.zeros(0, np.int64)


def sine(symbols: Postings, query: Sequence[str], allowed: Allowed) -> NDArray[np.int64]:
    """Hoder and Voronkov 2011, "Sine Qua Non for large theory reasoning": rare symbols trigger the premises that have them.

    A symbol triggers a premise whose rarest symbol is at most TOLERANCE times as rare. The order is by depth, then by how much
    of the goal's symbols (by idf) a premise has.

    Args:
        symbols: of all premises.
        query: the goal's symbols.
        allowed: premises that may be triggered.
    """
    held = np.diff(symbols.starts)
    token = np.repeat(np.arange(len(held)), held)
    rarest = np.full(symbols.size, np.iinfo(np.int64).max)
    np.minimum.at(rarest, symbols.documents, held[token])
    triggers = held[token] <= TOLERANCE * rarest[symbols.documents]
    overlap: Floats = symbols.bm25(dict.fromkeys(query, 1.0))
    known = np.zeros(len(held), np.bool_)
    known[[n for w in query if (n := symbols.vocabulary.get(w)) is not None]] = True
    open_ = allowed.copy()
    taken: list[NDArray[np.int64]] = []
    for _ in range(DEPTH):
        found = np.unique(symbols.documents[triggers & known[token]]).astype(np.int64)
        found = found[open_[found]]
        taken.append(found[np.lexsort((found, -overlap[found]))])
        open_[found] = False
        if sum(map(len, taken)) >= WANTED:
            break
        known[token[np.isin(symbols.documents, found)]] = True
    return np.concatenate(taken)[:WANTED]
