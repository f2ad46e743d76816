"""A selector's model of a few words, made without training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prover.policy.premises.features import NAMES
from prover.policy.premises.model import SelectorModel
from prover.policy.premises.neighbours import Memory

WORDS = ("nat", "list", "length", "append", "add", "dvd", "mod", "mul", "eq", "le")


def model(memory: Memory | None = None) -> SelectorModel:
    """Scores are the sum of the shares that words and neighbours give."""
    drawn = np.random.default_rng(0)
    vectors = drawn.normal(size=(len(WORDS), 4)).astype(np.float32)
    size = len(NAMES)
    first = np.zeros((size, size), np.float32)
    for name in ("bm25", "neighbours' share", "conclusion covered"):
        first[NAMES.index(name), NAMES.index(name)] = 1
    layers = {
        "w1": first, "b1": np.zeros(size, np.float32), "w2": np.eye(size, dtype=np.float32), "b2": np.zeros(size, np.float32),
        "w3": np.ones((size, 1), np.float32), "b3": np.zeros(1, np.float32),
    }  # fmt: skip
    return SelectorModel(
        {w: i for i, w in enumerate(WORDS)}, np.ones(len(WORDS), np.float32), vectors, vectors, np.zeros(size, np.float32),
        np.ones(size, np.float32), layers, memory or memory_of([]), {},
    )  # fmt: skip


def memory_of(rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Memory:
    """Of features and premises of some states."""
    features = list(dict.fromkeys(f for fs, _ in rows for f in fs))
    premises = list(dict.fromkeys(p for _, ps in rows for p in ps))
    return Memory(
        features, premises,
        np.array([features.index(f) for fs, _ in rows for f in fs], np.int32), np.array([len(fs) for fs, _ in rows], np.int32),
        np.array([premises.index(p) for _, ps in rows for p in ps], np.int32), np.array([len(ps) for _, ps in rows], np.int32),
    )  # fmt: skip
