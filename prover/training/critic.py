"""Trains a critic on outcomes of searches, and says how good it is. numpy alone; seconds on a processor.

A softmax over classes of proof sizes (`prover.policy.critic`), by full-batch Adam on cross-entropy with an L2 penalty; how strong
that is, is chosen by folds of theorem families on the learnt side. The problem is convex and nothing is drawn, so the same data
give the same critic. It is measured on the held-out side, beside a critic of the same kind that is told the depth alone.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover import __version__
from prover.errors import ConfigError, DataError
from prover.policy.critic import BUCKETS, CLASSES, FILE, FORMAT, Floats, features, guess_of, save, size_class
from prover.prove.folder import json_text, write_atomically
from prover.training.outcomes import Outcome, Outcomes, read_runs, summary

METRICS = "metrics.json"
STEPS = 150
RATE = 0.1
PENALTIES = (0.1, 0.3, 1.0, 3.0)
"""Strengths that are tried: the penalty is so many times the sum of squares over twice the number of states."""
FOLDS = 3
BINS = 10
FEWEST = 20
"""With fewer states of a kind there is nothing to learn."""


@dataclass(frozen=True)
class Rows:
    """Sparse features of many states: those of state i are at starts[i] to starts[i + 1]."""

    places: NDArray[np.int32]
    weights: Floats
    starts: NDArray[np.int64]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


def train_critic(
    runs: Sequence[Path], out: Path, fresh: bool = False, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Trains on run folders and writes `critic.safetensors` and `metrics.json` to `out`.

    Returns:
        What was measured; see `measure`.

    Raises:
        DataError: the folders hold no searches, or too few states of a kind on the learnt side.
        ConfigError: `out` holds something already, and `fresh` is not given.
    """
    if (out / FILE).exists() and not fresh:
        raise ConfigError(f"{out} holds a critic already; choose another folder with --out, or replace it with --fresh")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / FILE).exists())):
        raise ConfigError(f"{out} is not empty and holds no critic; choose another folder with --out")
    data = read_runs(runs)
    for note in data.notes:
        say(note)
    learnt, held_out = data.side("train"), data.side("valid")
    found = fit_and_measure(learnt, held_out, say)
    about = _about(data, found, learnt, held_out)
    save(out, found.weights, found.bias, about)
    write_atomically(out / METRICS, json_text(about, indent=2) + "\n")
    return about


@dataclass(frozen=True)
class Fitted:
    """Weights, and what was measured on held-out states."""

    weights: Floats
    bias: Floats
    penalty: float
    figures: dict[str, Any]


def fit_and_measure(
    learnt: Sequence[Outcome], held_out: Sequence[Outcome], say: Callable[[str], None] = lambda text: None
) -> Fitted:
    """Chooses the penalty, fits on all that is learnt, measures on what is held out."""
    counted = summary(learnt)
    for kind in ("proved", "unproved"):
        if counted[kind] < FEWEST:
            raise DataError(
                f"{counted[kind]} {kind} states on the learnt side of the split are too few for a critic (at least {FEWEST}); "
                "give more runs, with searches that fail among them"
            )
    rows = encode(learnt)
    folds = np.array([zlib.crc32(o.family.encode("utf-8", "replace")) % FOLDS for o in learnt])
    losses = {}
    for penalty in PENALTIES:
        parts = []
        for fold in range(FOLDS):
            inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            if len(inside) and len(outside):
                weights, bias = fit(_only(rows, inside), penalty)
                parts.append((cross_entropy(_only(rows, outside), weights, bias), len(outside)))
        losses[penalty] = sum(loss * n for loss, n in parts) / max(1, sum(n for _, n in parts))
        say(f"penalty {penalty:g}: cross-entropy {losses[penalty]:.4f} on folds")
    best = min(PENALTIES, key=lambda p: losses[p])
    weights, bias = fit(rows, best)
    figures = {
        "critic": measure(held_out, [guess_of(s) for s in scores(encode(held_out), weights, bias)]),
        "depth alone": measure(held_out, depth_alone(learnt, held_out)),
    }
    return Fitted(weights, bias, best, figures)


def encode(outcomes: Sequence[Outcome], only_depth: bool = False) -> Rows:
    """Features and classes of states; with `only_depth` one feature, how many tactics are before it."""
    found = []
    for o in outcomes:
        if only_depth:
            found.append((np.array([min(o.depth, BUCKETS - 1)], np.int32), np.ones(1, np.float32)))
        else:
            found.append(features(o.text, o.depth, o.stage))
    lengths = [len(places) for places, _ in found]
    return Rows(
        np.concatenate([p for p, _ in found]) if found else np.zeros(0, np.int32),
        np.concatenate([w for _, w in found]) if found else np.zeros(0, np.float32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array([size_class(o.tactics) for o in outcomes], np.int64),
    )


def _only(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    spans = [np.arange(rows.starts[i], rows.starts[i + 1]) for i in chosen]
    at = np.concatenate(spans)
    starts = np.concatenate([[0], np.cumsum([len(s) for s in spans])]).astype(np.int64)
    return Rows(rows.places[at], rows.weights[at], starts, rows.classes[chosen])


def scores(rows: Rows, weights: Floats, bias: Floats) -> Floats:
    """[states, CLASSES]."""
    if not len(rows):
        return np.zeros((0, CLASSES), np.float32)
    found: Floats = np.add.reduceat(weights[rows.places] * rows.weights[:, None], rows.starts[:-1], axis=0) + bias
    return found


def _chances(rows: Rows, weights: Floats, bias: Floats) -> Floats:
    raw = scores(rows, weights, bias)
    raw = np.exp(raw - raw.max(axis=1, keepdims=True))
    normed: Floats = raw / raw.sum(axis=1, keepdims=True)
    return normed


def cross_entropy(rows: Rows, weights: Floats, bias: Floats) -> float:
    """Mean of −log p of the right class."""
    chances = _chances(rows, weights, bias)[np.arange(len(rows)), rows.classes]
    return float(-np.log(np.maximum(chances, 1e-12)).mean())


def fit(rows: Rows, penalty: float) -> tuple[Floats, Floats]:
    """Weights [BUCKETS, CLASSES] and bias [CLASSES] after STEPS steps of Adam on all states at once."""
    used, places = np.unique(rows.places, return_inverse=True)
    order = np.argsort(places, kind="stable")
    begins = np.searchsorted(places[order], np.arange(len(used)))
    owner = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    local = Rows(places.astype(np.int32), rows.weights, rows.starts, rows.classes)
    wanted = np.eye(CLASSES, dtype=np.float32)[rows.classes]
    parameters = [np.zeros((len(used), CLASSES), np.float32), np.log(wanted.mean(axis=0) + 1e-3).astype(np.float32)]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    for step in range(1, STEPS + 1):
        error = (_chances(local, parameters[0], parameters[1]) - wanted) / len(rows)
        by_feature = np.add.reduceat((error[owner] * rows.weights[:, None])[order], begins, axis=0)
        gradients = [by_feature + penalty / len(rows) * parameters[0], error.sum(axis=0)]
        rate = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        for p, m, v, g in zip(parameters, first, second, gradients, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    weights = np.zeros((BUCKETS, CLASSES), np.float32)
    weights[used] = parameters[0]
    return weights, parameters[1]


def depth_alone(learnt: Sequence[Outcome], held_out: Sequence[Outcome]) -> list[Any]:
    """The guesses of a critic that is told how many tactics are before a state and nothing else."""
    weights, bias = fit(encode(learnt, only_depth=True), PENALTIES[0])
    return [guess_of(s) for s in scores(encode(held_out, only_depth=True), weights, bias)]


def measure(outcomes: Sequence[Outcome], guesses: Sequence[Any]) -> dict[str, Any]:
    """How good guesses are on states whose outcomes are known.

    Returns:
        `auc` of telling proved from unproved states, `log_loss` of that in nats, `calibration_error` (mean distance of the
        chance from the share of proved states, over ten classes of equal width, by their sizes), `rank_correlation`
        (Spearman) of the expected with the true number of tactics on proved states, `bins` [mean chance, share, states];
        figures that need both kinds of states are None without them.
    """
    proved = np.array([o.tactics is not None for o in outcomes], bool)
    chance = np.array([g.proved for g in guesses], float)
    found: dict[str, Any] = {"states": len(proved), "proved": int(proved.sum())}
    if not len(proved):
        return found | {"auc": None, "log_loss": None, "calibration_error": None, "rank_correlation": None, "bins": []}
    safe = np.clip(chance, 1e-9, 1 - 1e-9)
    at = np.minimum((chance * BINS).astype(int), BINS - 1)
    bins = [
        [round(float(chance[at == b].mean()), 4), round(float(proved[at == b].mean()), 4), int((at == b).sum())]
        for b in range(BINS) if (at == b).any()
    ]  # fmt: skip
    sizes = np.array([o.tactics for o in outcomes if o.tactics is not None], float)
    expected = np.array([g.tactics for g, p in zip(guesses, proved, strict=True) if p], float)
    return found | {
        "auc": area_under_curve(chance, proved),
        "log_loss": round(float(-np.where(proved, np.log(safe), np.log(1 - safe)).mean()), 4),
        "calibration_error": round(sum(abs(c - s) * n for c, s, n in bins) / len(proved), 4),
        "rank_correlation": spearman(expected, sizes),
        "bins": bins,
    }


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return ranks


def area_under_curve(chance: NDArray[Any], proved: NDArray[np.bool_]) -> float | None:
    """The chance that a proved state is ranked above an unproved one, ties counted half."""
    positive = int(proved.sum())
    negative = len(proved) - positive
    if not positive or not negative:
        return None
    above = _ranks(chance)[proved].sum() - positive * (positive + 1) / 2
    return round(float(above / (positive * negative)), 4)


def spearman(a: NDArray[Any], b: NDArray[Any]) -> float | None:
    """Rank correlation; None where one of the two does not vary."""
    if len(a) < 2 or (a == a[0]).all() or (b == b[0]).all():
        return None
    return round(float(np.corrcoef(_ranks(a), _ranks(b))[0, 1]), 4)


def _about(data: Outcomes, found: Fitted, learnt: Sequence[Outcome], held_out: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "proofsmith": __version__,
        "runs": data.hashes,
        "theorems": data.theorems,
        "learnt": summary(learnt),
        "held_out": summary(held_out),
        "penalty": found.penalty,
        "figures": found.figures,
    }
