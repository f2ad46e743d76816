"""An inverted index over bags of words, as arrays: for each word the documents that have it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
K1 = 1.2
ARRAYS = ("documents", "counts", "weights", "starts", "idf", "mass", "lengths")
B = 0.75


class Postings:
    """Documents by word; weights are BM25's saturated term frequencies.

    Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3.

    Args:
        documents: the words of each, with repetitions.
    """

    def __init__(self, documents: Iterable[Sequence[str]]) -> None:
        self.vocabulary: dict[str, int] = {}
        self._take(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32), documents)

    def _take(self, token: Ints, document: Ints, frequency: Floats, lengths: Floats, documents: Iterable[Sequence[str]]) -> None:
        """Makes all tables anew, from the words that are known of documents, and from further documents."""
        tokens: list[int] = []
        counts: list[int] = []
        sizes: list[int] = []
        more: list[int] = []
        for words in documents:
            bag = Counter(words)
            tokens += [self.vocabulary.setdefault(word, len(self.vocabulary)) for word in bag]
            counts += bag.values()
            sizes.append(len(bag))
            more.append(len(words))
        added = np.repeat(np.arange(len(lengths), len(lengths) + len(sizes), dtype=np.int32), sizes)
        token = np.concatenate([token, np.array(tokens, np.int32)])
        document = np.concatenate([document, added])
        frequency = np.concatenate([frequency, np.array(counts, np.float32)])
        self.lengths: Floats = np.concatenate([lengths, np.array(more, np.float32)])
        self.size = len(self.lengths)
        mean = float(self.lengths.mean()) if self.size else 1.0
        order = np.argsort(token, kind="stable")
        self.documents: Ints = document[order]
        self.counts: Floats = frequency[order]
        norm = K1 * (1 - B + B * self.lengths / max(mean, 1e-9))
        self.weights: Floats = (self.counts * (K1 + 1) / (self.counts + norm[self.documents])).astype(np.float32)
        self.starts = np.searchsorted(token[order], np.arange(len(self.vocabulary) + 1))
        held = np.diff(self.starts)
        self.idf = np.log(1 + (self.size - held + 0.5) / (held + 0.5)).astype(np.float32)
        self.mass = np.bincount(document, self.idf[token] if len(token) else None, self.size).astype(np.float32)
        """Of each document, the sum of its words' idf."""

    def extended(self, documents: Iterable[Sequence[str]]) -> Postings:
        """These documents and others behind them."""
        found = Postings(())
        found.vocabulary = dict(self.vocabulary)
        token = np.repeat(np.arange(len(self.vocabulary), dtype=np.int32), np.diff(self.starts))
        found._take(token, self.documents, self.counts, self.lengths, documents)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, for a file."""
        text = np.frombuffer("\n".join(self.vocabulary).encode("utf-8"), np.uint8)
        return {"vocabulary": text, **{name: getattr(self, name) for name in ARRAYS}}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Postings:
        """What `arrays` gave."""
        found = cls(())
        words = bytes(arrays["vocabulary"]).decode("utf-8")
        found.vocabulary = {word: i for i, word in enumerate(words.split("\n"))} if words else {}
        for name in ARRAYS:
            setattr(found, name, arrays[name])
        found.size = len(found.lengths)
        return found

    def of(self, word: str) -> tuple[Ints, Floats, float] | None:
        """The documents with a word, their weights, and the word's idf; None when no document has it."""
        number = self.vocabulary.get(word)
        if number is None:
            return None
        part = slice(self.starts[number], self.starts[number + 1])
        return self.documents[part], self.weights[part], float(self.idf[number])

    def bm25(self, query: Mapping[str, float], most: int | None = None) -> Floats:
        """Each document's score for the words of a query; words that more than `most` documents have are left out."""
        scores = np.zeros(self.size, np.float32)
        for word, weight in query.items():
            found = self.of(word)
            if found is not None and (most is None or len(found[0]) <= most):
                scores[found[0]] += found[1] * np.float32(weight * found[2])
        return scores

    def covered(self, query: Iterable[str]) -> Floats:
        """Of each document, which part of its words' idf the query has."""
        scores = np.zeros(self.size, np.float32)
        for word in query:
            found = self.of(word)
            if found is not None:
                scores[found[0]] += np.float32(found[2])
        return np.asarray(scores / np.maximum(self.mass, 1e-6), np.float32)


def weighted(words: Sequence[str]) -> dict[str, float]:
    """A query: repeated words count a little more."""
    return {word: 1.0 + 0.3 * math.log(n) for word, n in Counter(words).items()}
