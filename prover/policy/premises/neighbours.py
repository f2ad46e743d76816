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
from dataclasses import dataclass, field
from itertools import pairwise

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


@dataclass
class Neighbours:
    """Proved states and the premises that served there. Safe to ask and to teach from several threads."""

    _numbers: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _states_of: list[array[int]] = field(default_factory=list, init=False, repr=False)
    _features: list[array[int]] = field(default_factory=list, init=False, repr=False)
    _premises: list[tuple[int, ...]] = field(default_factory=list, init=False, repr=False)
    _groups: list[int] = field(default_factory=list, init=False, repr=False)
    _weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), init=False, repr=False)
    _norms: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __len__(self) -> int:
        return len(self._premises)

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
            state = len(self._premises)
            numbers = array("i", (self._numbers.setdefault(f, len(self._numbers)) for f in features))
            while len(self._states_of) < len(self._numbers):
                self._states_of.append(array("i"))
            for number in numbers:
                self._states_of[number].append(state)
            self._features.append(numbers)
            self._premises.append(tuple(premises))
            self._groups.append(group)

    def recall(self, memory: Memory, numbers: Mapping[str, int]) -> NDArray[np.int64]:
        """Takes the states of a memory in place of what it has; premises that have no number are left out.

        Returns the numbers of the premises that served, each as often as it did.
        """
        own = np.array([numbers.get(name, -1) for name in memory.premises], np.int64)
        served = own[memory.state_premises] if len(own) else np.zeros(0, np.int64)
        groups = np.split(served, np.cumsum(memory.premise_sizes)[:-1]) if len(served) else []
        kept = np.array([bool((group >= 0).any()) for group in groups], np.bool_)
        with self._lock:
            self._premises = [tuple(group[group >= 0].tolist()) for group, keep in zip(groups, kept, strict=True) if keep]
            self._groups = [-1] * len(self._premises)
            self._numbers = {f: i for i, f in enumerate(memory.features)}
            flat = memory.state_features[np.repeat(kept, memory.state_sizes)].astype(np.int32)
            sizes = memory.state_sizes[kept]
            self._features = [array("i", part.tobytes()) for part in np.split(flat, np.cumsum(sizes)[:-1])] if len(sizes) else []
            order = np.argsort(flat, kind="stable")
            states = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[order]
            ends = np.cumsum(np.bincount(flat, minlength=len(memory.features)))[:-1]
            self._states_of = [array("i", part.tobytes()) for part in np.split(states, ends)] if len(memory.features) else []
            self._norms = np.zeros(0, np.float32)
        return served[served >= 0]

    def ask(self, features: Sequence[str], without: int = -2) -> dict[int, Evidence]:
        """Premises of the nearest states.

        Args:
            features: of the state; each once.
            without: a group whose states are not looked at.
        """
        with self._lock:
            total = len(self._premises)
            if not total:
                return {}
            self._weigh(total)
            known = [n for f in features if (n := self._numbers.get(f)) is not None]
            scores = np.zeros(total, np.float32)
            for number in known:
                states = self._states_of[number]
                if len(states) <= max(20, COMMON * total):
                    scores[np.frombuffer(states, np.int32).copy()] += self._weights[number]
            mass = max(float(self._weights[known].sum()), 1e-9)
            scores /= np.sqrt(self._norms * np.float32(mass))
            best = np.argpartition(-scores, NEAREST)[:NEAREST] if total > NEAREST else np.arange(total)
            near = [(float(scores[i]), int(i)) for i in best if scores[i] > 0 and self._groups[i] != without]
            return _evidence([(similarity, self._premises[i]) for similarity, i in near])

    def _weigh(self, total: int) -> None:
        """Weights of features and norms of states; of the old ones anew only when a tenth has been added."""
        done = len(self._norms)
        if done == total:
            return
        if done < 0.9 * total or len(self._weights) < len(self._numbers):
            held = np.array([len(states) for states in self._states_of], np.float32)
            self._weights = np.log(1 + total / (1 + held)).astype(np.float32) ** 2
        if done < 0.9 * total:
            done = 0
        fresh = np.array([self._weights[np.frombuffer(f, np.int32)].sum() for f in self._features[done:]], np.float32)
        self._norms = np.concatenate([self._norms[:done], np.maximum(fresh, np.float32(1e-6))])


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
