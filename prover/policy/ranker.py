"""Which family of tactic fits a state, learnt from what became of tactics on states: how likely it helps, and what it costs.

A logistic regression for each template over a few dozen named features of the goal, in which the templates of one proposer share
a part of their weights, says how likely an offer closes its goal or lies on a proof; a linear one over the same features says the
logarithm of its milliseconds. Two numbers come of that:

- A template that mostly closes or fails leaves no states behind, so its number decides only how early it is tried:
  p / (p + seconds). Sure and cheap ones come first.
- A template that mostly makes progress gets p, as a search over paths needs it.

An offer whose chance is low for what it costs is not worth its time on this state and is left out. Made by `proofsmith calibrate`
(`prover.training.ranker`), kept as one file of arrays, evaluated with numpy alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.errors import PolicyError
from prover.policy.base import Rates, View, chosen_file, runs
from prover.policy.goal import Goal, first_goal
from prover.policy.premises.statements import head_of, words
from prover.policy.terms import shape, sides

FILE = "ranker.npz"
VARIABLE = "PROOFSMITH_RANKER"
FORMAT = 1
LOWEST = -6.0
HIGHEST = -0.01
LENGTHS = (10, 20, 40, 80, 160)
CACHED = 512

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ranker:
    """The learnt weights; `prover.policy.base.Rates`. Safe to ask from many threads.

    Args:
        features: rows of the weights by name; the first is 1 for every state.
        templates: columns by name.
        useful: [features, templates], of the log-odds that an offer helps.
        cost: [features, templates], of the logarithm of its milliseconds.
        usual: [templates], mean log-probability that the proposer gives its offers.
        slope: what a difference to `usual` counts in the log-odds.
        closing: [templates], whether it mostly closes or fails.
        least: an offer with fewer successes a second of Lean is left out.
        about: what it was trained on.
        otherwise: says the log-probability of a template that it does not know; None leaves the proposer's own.
        sha256: of its file.
    """

    features: Mapping[str, int]
    templates: Mapping[str, int]
    useful: Floats
    cost: Floats
    usual: Floats
    slope: float
    closing: NDArray[np.bool_]
    least: float
    about: Mapping[str, Any] = field(default_factory=dict)
    otherwise: Rates | None = None
    sha256: str = ""
    _known: dict[View, tuple[Floats, Floats]] = field(default_factory=dict, init=False, repr=False)

    def log_prob(self, template: str, view: View, prior: float) -> float:
        """The log-probability of an offer; −∞ where it is not worth its time."""
        if template not in self.templates:
            return prior if self.otherwise is None else self.otherwise.log_prob(template, view, prior)
        known = self._known.get(view)
        if known is None:
            if len(self._known) > CACHED:
                self._known.clear()
            known = self._known[view] = self.at([n for f in features(view) if (n := self.features.get(f)) is not None])
        log_prob, density = self.judged(template, prior, known)
        return log_prob if density >= self.least else -math.inf

    def at(self, rows: Sequence[int]) -> tuple[Floats, Floats]:
        """Of each template, the log-odds and the seconds where these features hold."""
        return self.useful[rows].sum(0), np.exp(np.minimum(self.cost[rows].sum(0), 10.0)) / 1000

    def judged(self, template: str, prior: float, known: tuple[Floats, Floats]) -> tuple[float, float]:
        """An offer's log-probability, and its successes a second, where `at` gave what is known."""
        column = self.templates.get(template)
        if column is None:
            return prior, math.inf
        odds = float(known[0][column]) + self.slope * (prior - float(self.usual[column]))
        chance = 1 / (1 + math.exp(-max(-30.0, odds)))
        cost_s = float(known[1][column])
        density = chance / cost_s
        if self.closing[column]:
            chance = chance / (chance + cost_s)
        return min(HIGHEST, max(LOWEST, math.log(chance))), density

    def write(self, path: Path) -> None:
        """Writes the file."""
        about = {"format": FORMAT, "features": list(self.features), "templates": list(self.templates), "slope": self.slope,
                 "least": self.least, "about": dict(self.about)}  # fmt: skip
        np.savez_compressed(
            path, about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8), usual=self.usual,
            closing=self.closing, useful=self.useful.astype(np.float16), cost=self.cost.astype(np.float16),
        )  # fmt: skip


def load_ranker(path: Path) -> Ranker:
    """Raises PolicyError when the file is no ranker of this version."""
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            about = json.loads(bytes(stored["about"]))
            if about.get("format") != FORMAT:
                raise PolicyError(f"{path} is a ranker of another version; make it anew with `proofsmith calibrate`")
            return Ranker(
                {f: i for i, f in enumerate(about["features"])}, {t: i for i, t in enumerate(about["templates"])},
                stored["useful"].astype(np.float32), stored["cost"].astype(np.float32), stored["usual"], about["slope"],
                stored["closing"], about["least"], about["about"], sha256=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise PolicyError(f"{path} is no ranker ({error!r}); make one with `proofsmith calibrate`") from error


@lru_cache(maxsize=1)
def shipped() -> Ranker | None:
    """The ranker that comes with the package, or that the variable PROOFSMITH_RANKER names (empty: none); None without one."""
    path = chosen_file(VARIABLE, "prover.policy", FILE)
    return load_ranker(path) if path is not None else None


def features(view: View) -> list[str]:
    """Names of what holds of a state, each once: relation, heads, types, words, counts in classes, what was done before."""
    return list(dict.fromkeys(_features(view)))


def _features(view: View) -> Iterator[str]:
    yield "always"
    stage = f"stage {min(view.stage, 4)}"
    yield stage
    goal = first_goal(view)
    if goal is None:
        return
    imported = view.file_context.imported
    yield f"can {'grind' if runs('grind', imported) else ''} {'omega' if runs('omega', imported) else ''}"
    relation, head = head_of(goal.target)
    about = _about(goal)
    for name in (f"top {goal.shape}", f"about {about}", f"top {goal.shape} {about}", f"head {head}", f"{stage} {goal.shape}"):
        yield name
    if (found := sides(goal.target)) is not None:
        left, right = (head_of(side)[1] for side in (found[0], found[2]))
        yield f"heads {relation} {'same' if left == right else 'other'}"
        yield f"right {right or shape(found[2])}"
        if re.fullmatch(r"\d+|true|false|none|\[\]|#\[\]|True|False", found[2].strip()):
            yield "right constant"
    yield from (f"word {w}" for w in words(goal.target))
    for fact in goal.facts:
        top = shape(fact.type)
        yield f"fact {top}"
        yield f"fact head {head_of(fact.type)[1]}"
        yield from (f"fact word {w}" for w in words(fact.type))
    yield from (f"data {v.head}" for v in goal.data)
    for name, count in (("data", len(goal.data)), ("facts", len(goal.facts)), ("goals", len(view.goals)),
                        ("unnamed", len(goal.inaccessible)), ("own functions", len(goal.own_functions)),
                        ("depth", len(view.before))):  # fmt: skip
        yield f"count {name} {min(count, 4)}"
    yield f"length {sum(len(goal.target) > n for n in LENGTHS)}"
    yield from (f"has {mark}" for mark in ("fun ", "if ", "match ", "∃", "∀", "→", "¬", "↑", "[") if mark in goal.target)
    if view.before:
        yield f"after {view.before[-1].split()[0]}"


def _about(goal: Goal) -> str:
    """What a goal is about: functions or types of the file, else the first of a few types that it has."""
    heads = {v.head for v in goal.data}
    if goal.own_functions or any(goal.inductive(v) for v in goal.hypotheses):
        return "own"
    kinds = (("List", "Array", "Vector"), ("BitVec", "Fin"), ("Option", "Bool"), ("Int", "Rat"), ("Nat",))
    return next((names[0] for names in kinds if heads & set(names)), "logic")
