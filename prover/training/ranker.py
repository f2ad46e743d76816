"""Trains the tactic ranker on outcomes of tactics (`prover.training.ranker_outcomes`), and replays held-out states by its order.

Two regressions with an L2 penalty, by full-batch Adam in numpy: a logistic one of whether an offer helps, a linear one of the
logarithm of its milliseconds. The weights of a template are those of its proposer and its own, so that rare templates lean on
their kin. An offer that closed its goal, or lay on the proof that was found, helps; one that failed does not; one that left other
goals counts less as a failure where the state was proved in another way, and least where it was not proved.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.splits import family
from prover.errors import DataError
from prover.policy.ranker import Floats, Ranker
from prover.training.ranker_outcomes import CLOSED, FAILED, ON_PROOF, WENT_ON

RAREST_FEATURE = 5
FEWEST_TRIES = 15
"""A template with fewer tries keeps its proposer's own log-probabilities."""
OTHER_WAY, NOT_PROVED = 0.5, 0.2
"""What an offer that left other goals weighs as a failure, on a state that was proved otherwise, and on one that was not."""
STEPS = 250
RATE = 0.05
PENALTY = 1.0
COST_PENALTY = 3.0
OWN = 2.0
"""Penalty of a template's own weights beside its proposer's."""
CLOSING = 0.8
FOLDS = 5
THRESHOLDS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
KEPT = 0.99
"""The highest threshold is taken that keeps so much of what closed or led on."""
SHORTEST_MS = 0.2
State = Mapping[str, Any]


@dataclass(frozen=True)
class Offers:
    """All offers of some states, as columns; `states` are the features of each [states, features].

    Of an offer: the state, the template, how far its log-probability is from the template's mean, whether it helped, what that
    weighs, and the logarithm of its milliseconds.
    """

    states: Floats
    state: NDArray[np.int64]
    template: NDArray[np.int64]
    deviation: Floats
    helped: Floats
    weight: Floats
    log_ms: Floats


def train_ranker(journal: Sequence[State], say: Callable[[str], None] = lambda text: None) -> Ranker:
    """A ranker from a journal's lines; `about` has what was measured on folds of theorem families.

    Raises DataError when there are too few states.
    """
    theorems = [row for row in journal if any(s["offers"] for s in row["states"])]
    folds = [zlib.crc32(family(row["id"]).encode("utf-8", "replace")) % FOLDS for row in theorems]
    if len(set(folds)) < FOLDS:
        raise DataError(f"{len(theorems)} theorems with outcomes are too few for a ranker; gather those of more")
    visits = []
    for fold in range(FOLDS):
        ranker = fit([s for row, f in zip(theorems, folds, strict=True) if f != fold for s in row["states"]])
        outside = [s for row, f in zip(theorems, folds, strict=True) if f == fold for s in row["states"]]
        visits += [(state, judged(ranker, state)) for state in outside]
        say(f"fold {fold + 1} of {FOLDS}: {len(outside)} states held out")
    counted, replays = replay(visits, None), {least: replay(visits, least) for least in THRESHOLDS}
    least = max(t for t, found in replays.items() if found["useful"] >= KEPT * replays[0.0]["useful"])
    states = [s for row in theorems for s in row["states"]]
    about = {
        "theorems": len(theorems), "states": len(states), "offers": sum(len(s["offers"]) for s in states),
        "held_out": {"by the policy's order": counted, **{f"by the ranker, least {t:g}": f for t, f in replays.items()}},
    }  # fmt: skip
    return replace(fit(states), least=least, about=about)


def fit(states: Sequence[State], penalty: float = PENALTY) -> Ranker:
    """A ranker that leaves nothing out, from the states of a journal.

    Raises DataError when no template was tried often enough.
    """
    held = Counter(f for s in states for f in s["features"])
    names = ["always", *(f for f, n in held.items() if n >= RAREST_FEATURE and f != "always")]
    features = {f: i for i, f in enumerate(names)}
    priors: dict[str, list[float]] = {}
    for s in states:
        for template, prior, *_ in s["offers"]:
            priors.setdefault(template, []).append(prior)
    templates = {t: i for i, t in enumerate(sorted(t for t, p in priors.items() if len(p) >= FEWEST_TRIES))}
    if not templates:
        raise DataError(f"no template was tried {FEWEST_TRIES} times on {len(states)} states; gather outcomes of more theorems")
    usual = np.array([sum(priors[t]) / len(priors[t]) for t in templates], np.float32)
    data = columns(states, features, templates, usual)
    proposers = {p: i for i, p in enumerate(dict.fromkeys(t.split(".")[0] for t in templates))}
    kin = np.eye(len(proposers), dtype=np.float32)[[proposers[t.split(".")[0]] for t in templates]]
    odds = -np.log(np.expm1(np.maximum(-usual, 0.05)))
    useful, slope = _adam(data, kin, odds, data.helped, data.weight, penalty, logistic=True)
    tries = np.bincount(data.template, minlength=len(templates))
    mean = (np.bincount(data.template, data.log_ms, len(templates)) / tries).astype(np.float32)
    cost, _ = _adam(data, kin, mean, data.log_ms, np.ones_like(data.weight), COST_PENALTY, logistic=False)
    left = data.log_ms - (data.states @ cost)[data.state, data.template]
    cost[0] += float(left.var()) / 2  # a log-normal variable's mean
    return Ranker(features, templates, useful, cost, usual, slope, _closing(states, templates), 0.0)


def _closing(states: Sequence[State], templates: Mapping[str, int]) -> NDArray[np.bool_]:
    """The templates whose successes mostly close the goal, and which seldom leave others."""
    closed, helped, ran = np.zeros((3, len(templates)))
    for s in states:
        for template, _, _, outcome, _ in s["offers"]:
            if (n := templates.get(template)) is not None:
                closed[n] += outcome == CLOSED
                helped[n] += outcome in (CLOSED, ON_PROOF)
                ran[n] += outcome != FAILED
    return np.asarray((closed > 0) & (closed >= CLOSING * helped) & (ran <= 1.5 * closed + 1))


def columns(
    states: Sequence[State], features: Mapping[str, int], templates: Mapping[str, int], usual: Floats
) -> Offers:
    """The offers of known templates."""
    matrix = np.zeros((len(states), len(features)), np.float32)
    rows = []
    for i, s in enumerate(states):
        matrix[i, [features[f] for f in s["features"] if f in features]] = 1
        for template, prior, _, outcome, milliseconds in s["offers"]:
            if (t := templates.get(template)) is not None:
                weight = 1.0 if outcome != WENT_ON else OTHER_WAY if s["closed"] else NOT_PROVED
                log_ms = math.log(max(milliseconds, SHORTEST_MS))
                rows.append((i, t, prior - usual[t], outcome in (CLOSED, ON_PROOF), weight, log_ms))
    state, template, *others = (np.array(c) for c in zip(*rows, strict=True))
    return Offers(matrix, state, template, *(column.astype(np.float32) for column in others))


def _adam(
    data: Offers, kin: Floats, start: Floats, wanted: Floats, weight: Floats, penalty: float, logistic: bool
) -> tuple[Floats, float]:
    """Weights [features, templates], the first row intercepts, and the deviation's slope; `kin` is [templates, proposers]."""
    shapes = ((data.states.shape[1], kin.shape[1]), (data.states.shape[1], len(kin)), (1,))
    parameters = [np.zeros(shape, np.float32) for shape in shapes]
    parameters[1][0], parameters[2][0] = start, logistic
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    for step in range(1, STEPS + 1):
        shared, own, slope = parameters
        scores = (data.states @ (shared @ kin.T + own))[data.state, data.template] + slope[0] * data.deviation
        error = weight * ((1 / (1 + np.exp(-scores)) if logistic else scores) - wanted)
        dense = np.zeros((len(data.states), len(kin)), np.float32)
        np.add.at(dense, (data.state, data.template), error)
        gradient = data.states.T @ dense
        pulled = OWN * own
        pulled[0] = OWN * (own[0] - start)
        by_deviation = np.array([error @ data.deviation if logistic else 0.0])
        gradients = [gradient @ kin + penalty * shared, gradient + penalty * pulled, by_deviation]
        rate = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        for p, (m, v), g in zip(parameters, moments, gradients, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    return parameters[0] @ kin.T + parameters[1], max(0.0, float(parameters[2][0]))


def judged(ranker: Ranker, state: State) -> list[tuple[float, float]]:
    """Of each offer of a state, the ranker's log-probability, and its successes a second."""
    known = ranker.at([n for f in state["features"] if (n := ranker.features.get(f)) is not None])
    return [ranker.judged(template, prior, known) for template, prior, *_ in state["offers"]]


def replay(visits: Sequence[tuple[State, Sequence[tuple[float, float]]]], least: float | None) -> dict[str, Any]:
    """What runs in an order until one closes the goal: offers, seconds, goals closed, offers that led on.

    Args:
        visits: states with what `judged` says.
        least: offers with fewer successes a second are left out; None: the order that the policy had, with nothing left out.
    """
    seconds = 0.0
    closed = led = ran = 0
    for state, said in visits:
        offers = [(o, j) for o, j in zip(state["offers"], said, strict=True) if least is None or j[1] >= least]
        offers.sort(key=lambda pair: -(pair[0][2] if least is None else pair[1][0]))
        for (_, _, _, outcome, milliseconds), _ in offers:
            seconds += milliseconds / 1000
            ran += 1
            led += outcome == ON_PROOF
            if outcome == CLOSED:
                closed += 1
                break
    return {"visits": len(visits), "ran": ran, "seconds": round(seconds, 1), "closed": closed, "led": led, "useful": closed + led}
