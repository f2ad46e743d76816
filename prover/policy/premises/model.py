"""What the selector has learnt: vectors of words, a small network over features, and states that lemmas served at.

One file without code in it (numpy's npz), made by `python -m prover.training.selector`:

- two tables of word vectors; a goal's and a premise's vector is the normalised sum of its words', so that premises which no
  proof has used yet have one, too (trained to lie near each other where the premise served, as in Karpukhin et al. 2020,
  arXiv:2004.04906, with the encoder replaced by this sum);
- a network of two hidden layers over the numbers of `prover.policy.premises.features`;
- a memory for k nearest neighbours: features of states, and the names of the premises that served there.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.errors import PolicyError
from prover.policy.base import chosen_file
from prover.policy.premises.features import NAMES
from prover.policy.premises.neighbours import Memory
from prover.policy.premises.postings import Floats
from prover.policy.premises.statements import GoalWords, StatementWords

FORMAT = "proofsmith-selector 1"
FILE = "selector.npz"
VARIABLE = "PROOFSMITH_SELECTOR"
HYPOTHESES = 0.3
"""Weight of a word of hypotheses or assumptions beside one of the target, the conclusion or the name."""
LAYERS = ("w1", "b1", "w2", "b2", "w3", "b3")


@dataclass(frozen=True)
class SelectorModel:
    """Arrays of a model; see the module."""

    words: Mapping[str, int]
    idf: Floats
    goal_vectors: Floats
    premise_vectors: Floats
    mean: Floats
    deviation: Floats
    layers: Mapping[str, Floats]
    memory: Memory
    about: Mapping[str, Any]
    sha256: str = ""

    def scores(self, rows: NDArray[np.float32]) -> Floats:
        """The network's score of each row of features; only differences within one question mean something."""
        hidden = (rows - self.mean) / self.deviation
        for number in (1, 2):
            hidden = np.maximum(hidden @ self.layers[f"w{number}"] + self.layers[f"b{number}"], 0)
        return np.asarray(hidden @ self.layers["w3"] + self.layers["b3"], np.float32)[:, 0]

    def goal_vector(self, goal: GoalWords) -> Floats:
        """Normalised; zero where no word is known."""
        return self._vector(self.goal_vectors, goal_bag(goal))

    def premise_matrix(self, statements: Sequence[StatementWords]) -> Floats:
        """A row for each premise."""
        return np.stack([self._vector(self.premise_vectors, statement_bag(s)) for s in statements])

    def _vector(self, table: Floats, bag: Mapping[str, float]) -> Floats:
        ids, weights = self.known(bag)
        summed = weights @ table[ids] if len(ids) else np.zeros(table.shape[1], np.float32)
        return np.asarray(summed / max(float(np.linalg.norm(summed)), 1e-6), np.float32)

    def known(self, bag: Mapping[str, float]) -> tuple[NDArray[np.int64], Floats]:
        """Numbers and weights of the words of a bag that the tables have."""
        return known(self.words, self.idf, bag)

    def write(self, path: Path) -> None:
        """Writes the file."""
        text = {"words": list(self.words), "features": self.memory.features, "premises": self.memory.premises}
        arrays: dict[str, Any] = {
            "idf": self.idf, "goal_vectors": self.goal_vectors.astype(np.float16), "mean": self.mean, "deviation": self.deviation,
            "premise_vectors": self.premise_vectors.astype(np.float16), "state_features": self.memory.state_features,
            "state_sizes": self.memory.state_sizes, "state_premises": self.memory.state_premises,
            "premise_sizes": self.memory.premise_sizes, **self.layers, **{k: _bytes("\n".join(v)) for k, v in text.items()},
        }  # fmt: skip
        np.savez_compressed(
            path,
            about=_bytes(json.dumps({"format": FORMAT, "columns": list(NAMES), **self.about})),
            **arrays,
        )


def goal_bag(goal: GoalWords) -> dict[str, float]:
    """A goal's words with their weights."""
    return _bag(((goal.target, 1.0), (goal.hypotheses, HYPOTHESES)))


def statement_bag(statement: StatementWords) -> dict[str, float]:
    """A premise's words with their weights."""
    return _bag(((statement.name, 1.0), (statement.conclusion, 1.0), (statement.assumptions, HYPOTHESES)))


def known(words: Mapping[str, int], idf: Floats, bag: Mapping[str, float]) -> tuple[NDArray[np.int64], Floats]:
    """Numbers and weights of the words of a bag that a table has."""
    held = {n: w for word, w in bag.items() if (n := words.get(word)) is not None}
    ids = np.fromiter(held, np.int64, len(held))
    return ids, np.fromiter(held.values(), np.float32, len(held)) * np.sqrt(idf[ids])


def load_model(path: Path) -> SelectorModel:
    """Raises PolicyError when the file is no selector of this version."""
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            about = json.loads(bytes(stored["about"]))
            if about.get("format") != FORMAT or about.get("columns") != list(NAMES):
                raise PolicyError(f"{path} is a selector of another version; train it anew: python -m prover.training.selector")
            text = {k: _lines(stored[k]) for k in ("words", "features", "premises")}
            memory = Memory(
                text["features"], text["premises"],
                *(stored[k] for k in ("state_features", "state_sizes", "state_premises", "premise_sizes")),
            )  # fmt: skip
            return SelectorModel(
                {w: i for i, w in enumerate(text["words"])}, stored["idf"], stored["goal_vectors"].astype(np.float32),
                stored["premise_vectors"].astype(np.float32), stored["mean"], stored["deviation"],
                {k: stored[k] for k in LAYERS}, memory, about, hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PolicyError(f"{path} is no selector ({error!r}); train one: python -m prover.training.selector") from error


@lru_cache(maxsize=1)
def shipped() -> SelectorModel | None:
    """The model that comes with the package, or that the variable PROOFSMITH_SELECTOR names (empty: none); None without one."""
    path = chosen_file(VARIABLE, "prover.policy.premises", FILE)
    return load_model(path) if path is not None else None


def _bag(parts: Iterable[tuple[Sequence[str], float]]) -> dict[str, float]:
    bag: dict[str, float] = {}
    for words, weight in parts:
        for word, n in Counter(words).items():
            bag[word] = bag.get(word, 0.0) + weight * (1 + 0.3 * math.log(n))
    return bag


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def _lines(stored: NDArray[np.uint8]) -> list[str]:
    return bytes(stored).decode("utf-8").split("\n") if len(stored) else []
