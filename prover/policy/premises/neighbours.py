"""k-nearest neighbours over proved states: what served there is offered for what looks alike.

After Blaauwbroek, Urban and Geuvers 2020, "Tactic learning and proving for the Coq proof assistant" (Tactician), and
Piotrowski, Mir and Ayers 2023, arXiv:2304.00994: similarity of bags of features weighed by idf, the premises of the nearest
states ranked by the sum of similarities. Nothing is fitted: what is learnt counts at the next question.
"""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMMON = 0.1
"""A feature in more than this part of the states is not looked up."""
NEAREST = 96
SHARPNESS = 4.0


@dataclass(frozen=True)
class Evidence:
    """What neighbours say of a premise: its share of the similarity to them, and how near the nearest that used it is."""

    share: float
    nearest: float


@dataclass(frozen=True)
class Memory:
    """States with the premises that served there, as arrays for a file.

    `state_features` are numbers into `features`, `state_sizes` how many of them each state has; `state_premises` and
    `premise_sizes` the same into `premises`.
    """

    features: Sequence[str]
    premises: Sequence[str]
    state_features: NDArray[np.int32]
    state_sizes: NDArray[np.int32]
    state_premises: NDArray[np.int32]
    premise_sizes: NDArray[np.int32]


class Neighbours:
    """Proved states and the premises that served there. Safe to ask and to teach from several threads.

    What was recalled lies in flat arrays, what was learnt since in lists behind them.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._recalled = _Rows(_NOTHING, _NOTHING), _Rows(_NOTHING, _NOTHING)  # features, premises of each state
        self._holding = _Rows(_NOTHING, _NOTHING)  # of each feature, the recalled states that have it
        self._states_of: dict[int, array[int]] = {}
        self._features: list[array[int]] = []
        self._premises: list[tuple[int, ...]] = []
        self._groups: list[int] = []
        self._weights = np.zeros(0, np.float32)
        self._norms = np.zeros(0, np.float32)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._recalled[1]) + len(self._premises)

    def learn(self, features: Sequence[str], premises: Sequence[int], group: int = -1) -> None:
        """Notes that these premises served at a state.

        Args:
            features: of the state, see `state_features`; each once.
            premises: their numbers.
            group: states of one theorem have one number; `ask` can leave it out.
        """
        if not premises:
            return
        with self._lock:
            numbers = array("i", (self._numbers.setdefault(f, len(self._numbers)) for f in features))
            for number in numbers:
                self._states_of.setdefault(number, array("i")).append(len(self))
            self._features.append(numbers)
            self._premises.append(tuple(premises))
            self._groups.append(group)

    def recall(self, memory: Memory, numbers: Mapping[str, int]) -> NDArray[np.int64]:
        """Takes the states of a memory in place of what it has; premises that have no number are left out.

        Returns the numbers of the premises that served, each as often as it did.
        """
        own = np.array([numbers.get(name, -1) for name in memory.premises], np.int64)
        served = own[memory.state_premises] if len(own) else np.zeros(0, np.int64)
        states = np.repeat(np.arange(len(memory.premise_sizes)), memory.premise_sizes)
        counts = np.bincount(states[served >= 0], minlength=len(memory.premise_sizes))
        kept = counts > 0
        served = served[served >= 0]
        with self._lock:
            self._numbers = {f: i for i, f in enumerate(memory.features)}
            flat = memory.state_features[np.repeat(kept, memory.state_sizes)].astype(np.int32)
            sizes = memory.state_sizes[kept]
            self._recalled = _Rows(flat, sizes), _Rows(served, counts[kept])
            owners = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
            held = np.bincount(flat, minlength=len(memory.features))
            self._holding = _Rows(owners[np.argsort(flat, kind="stable")], held)
            self._states_of, self._features, self._premises, self._groups = {}, [], [], []
            self._norms = np.zeros(0, np.float32)
        return served

    def ask(self, features: Sequence[str], without: int = -2) -> dict[int, Evidence]:
        """Premises of the nearest states.

        Args:
            features: of the state; each once.
            without: a group whose states are not looked at.
        """
        with self._lock:
            total, first = len(self), len(self._recalled[1])
            if not total:
                return {}
            self._weigh(total)
            known = [n for f in features if (n := self._numbers.get(f)) is not None]
            scores = np.zeros(total, np.float32)
            for number in known:
                states = self._holding[number]
                if (learnt := self._states_of.get(number)) is not None:
                    states = np.concatenate([states, np.array(learnt, np.int32)])
                if len(states) <= max(20, COMMON * total):
                    scores[states] += self._weights[number]
            mass = max(float(self._weights[known].sum()), 1e-9)
            scores /= np.sqrt(self._norms * np.float32(mass))
            best = np.argpartition(-scores, NEAREST)[:NEAREST] if total > NEAREST else np.arange(total)
            near = []
            for i in map(int, best):
                if scores[i] > 0 and (self._groups[i - first] if i >= first else -1) != without:
                    served = self._premises[i - first] if i >= first else tuple(self._recalled[1][i].tolist())
                    near.append((float(scores[i]), served))
            return _evidence(near)

    def _weigh(self, total: int) -> None:
        """Weights of features and norms of states; of the old ones anew only when a tenth has been added."""
        done = len(self._norms)
        if done == total:
            return
        if done < 0.9 * total or len(self._weights) < len(self._numbers):
            held = np.zeros(len(self._numbers), np.float32)
            held[: len(self._holding)] = np.diff(self._holding.starts)
            for number, states in self._states_of.items():
                held[number] += len(states)
            self._weights = np.log(1 + total / (1 + held)).astype(np.float32) ** 2
        if done < 0.9 * total:
            done = 0
        rows, first = self._recalled[0], len(self._recalled[1])
        owners = np.repeat(np.arange(first), np.diff(rows.starts))
        recalled = np.bincount(owners, self._weights[rows.flat], first) if done == 0 else self._norms[:0]
        learnt = [self._weights[np.frombuffer(f, np.int32)].sum() for f in self._features[max(0, done - first) :]]
        fresh = np.concatenate([recalled, np.array(learnt, np.float32)]).astype(np.float32)
        self._norms = np.concatenate([self._norms[:done], np.maximum(fresh, np.float32(1e-6))])


class _Rows:
    """Lists of numbers, one behind the other."""

    def __init__(self, flat: NDArray[Any], sizes: NDArray[Any]) -> None:
        self.flat = flat
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> NDArray[Any]:
        """Empty beyond the end."""
        return self.flat[self.starts[number] : self.starts[number + 1]] if number < len(self) else self.flat[:0]


_NOTHING = np.zeros(0, np.int32)


def _evidence(near: Sequence[tuple[float, tuple[int, ...]]]) -> dict[int, Evidence]:
    sums: dict[int, float] = defaultdict(float)
    tops: dict[int, float] = defaultdict(float)
    whole = 0.0
    for similarity, premises in near:
        part = similarity**SHARPNESS
        whole += part
        for premise in premises:
            sums[premise] += part
            tops[premise] = max(tops[premise], similarity)
    return {p: Evidence(s / whole if whole else 0.0, tops[p]) for p, s in sums.items()}


def state_features(target: Sequence[str], hypotheses: Sequence[str]) -> list[str]:
    """Features of a state, each once: words of the target, neighbouring pairs of them, words of the hypotheses."""
    pairs = [f"{a} {b}" for a, b in pairwise(target)]
    return list(dict.fromkeys([*(f"t:{w}" for w in target), *pairs, *(f"h:{w}" for w in hypotheses)]))
