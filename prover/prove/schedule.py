"""Which theorem of a batch is worked on next, and for how long: the policy that moves budgets between theorems.

A theorem is given time in grants, each of which doubles what it has had. All have their first one; then the next goes where a
proof is likeliest for the seconds that it takes: the index of Gittins (Bandit processes and dynamic allocation indices, Journal
of the Royal Statistical Society B 41, 1979), the best ratio over all horizons of the chance of a proof to the expected seconds.
Chances are counted in the batch itself, by grant and by whether the last grant closed a part of the proof, on top of measured
ones.

Everything here is a pure function of what it is given; `prover.bench.schedule` simulates it, `prover.prove.moves` obeys it.

Tie-break: fewer grants, then the place in the files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import NamedTuple

import data

MEASURED = Path(data.__file__).parent / "outcomes.json"
FIRST_S = 2.0
"""Seconds of a theorem's first grant."""
HORIZON = 10
"""Grants that are counted apart; later ones count as the last."""
LEAST_S = 10.0
"""A batch with patience gives up no theorem before so many seconds."""
PRIOR_WEIGHT = 8.0
"""Theorems of the batch whose outcomes count as much as what was measured."""


class Outcome(NamedTuple):
    """A measured theorem: seconds until its proof, or without one; and in which of its grants a part of it was closed."""

    seconds: float
    proved: bool
    moved: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Standing:
    """A theorem that is not settled: how often and how long it was worked on, and whether that last closed a part of it."""

    id: str
    place: int
    grants: int = 0
    spent_s: float = 0.0
    moved: bool = False

    def after(self, seconds: float, moved: bool) -> Standing:
        """With one grant more, of which so many seconds were used."""
        return replace(self, grants=self.grants + 1, spent_s=self.spent_s + seconds, moved=moved)


@dataclass(frozen=True)
class Grant:
    """So many seconds for a theorem."""

    standing: Standing
    seconds: float


def until_s(grant: int) -> float:
    """Seconds that a theorem has had at the end of a grant, from 0."""
    return FIRST_S * 2.0**grant


@dataclass
class Rates:
    """Chances of a proof within a grant. `cap_s`: seconds of a theorem in all."""

    cap_s: float = float("inf")
    _tried: Counter[tuple[int, bool]] = field(default_factory=Counter)
    _proved: Counter[tuple[int, bool]] = field(default_factory=Counter)
    _index: dict[tuple[int, bool], float] = field(default_factory=dict)

    def note(self, standing: Standing, proved: bool) -> None:
        """What a grant came to; `standing` is that from before."""
        key = _class(standing)
        self._tried[key] += 1
        self._proved[key] += proved
        self._index.clear()

    def note_whole(self, seconds: float, proved: bool) -> None:
        """What a theorem came to that was searched without a pause."""
        standing = Standing("", 0)
        while not proved or seconds > until_s(standing.grants):
            if seconds < until_s(standing.grants):
                return
            self.note(standing, False)
            standing = standing.after(0.0, False)
        self.note(standing, True)

    def chance(self, grants: int, moved: bool) -> float:
        """Of a proof in the next grant."""
        key = min(grants, HORIZON - 1), moved
        tried, proved = measured()[key]
        prior = (proved + 0.5) / (tried + 10.0)  # below what was seen: few were measured that long
        return (self._proved[key] + PRIOR_WEIGHT * prior) / (self._tried[key] + PRIOR_WEIGHT)

    def seconds(self, standing: Standing) -> float:
        """Of the next grant; 0 when the theorem has had all."""
        grants = standing.grants
        while until_s(grants) <= standing.spent_s:
            grants += 1
        return min(until_s(grants), self.cap_s) - standing.spent_s

    def index(self, standing: Standing) -> float:
        """Proofs a second, by the best horizon."""
        key = _class(standing)
        if key not in self._index:
            best = chance = seconds = 0.0
            grants, moved = key
            for ahead in range(grants, HORIZON):
                length = until_s(ahead) - (until_s(ahead - 1) if ahead else 0.0)
                now = (1 - chance) * self.chance(ahead, moved)
                seconds += (1 - chance) * length - now * length / 2  # a proof is found half-way, on average
                chance += now
                best, moved = max(best, chance / seconds), False
            self._index[key] = best
        return self._index[key]


def choose(waiting: Collection[Standing], rates: Rates, left_s: float) -> Grant | None:
    """The next grant, cut to the seconds that are left; None when no theorem may have more."""
    open_ones = [s for s in waiting if rates.seconds(s) > 0]
    if left_s <= 0 or not open_ones:
        return None
    best = min(open_ones, key=lambda s: _urgency(s, rates))
    return Grant(best, min(rates.seconds(best), left_s))


def limit_s(patience: float, costliest_s: float, cap_s: float) -> float:
    """Seconds after which a batch with patience gives a theorem up: `patience` times those of its costliest proof so far. So what
    is hopeless costs in proportion to what the batch's theorems need, on whatever machine.
    """
    return min(cap_s, max(LEAST_S, patience * costliest_s))


class Forecast(NamedTuple):
    """How many theorems will be proved by when, if chances are right; and when nothing more is to be done."""

    proved: list[float]
    ends_s: float


def forecast(standings: Iterable[Standing], rates: Rates, workers: int, moments: Sequence[float] = ()) -> Forecast:
    """The theorems proved within each of `moments` seconds (ascending) from now, and at the end."""
    queue = [(_urgency(s, rates), n, 1.0, s) for n, s in enumerate(standings) if rates.seconds(s) > 0]
    heapify(queue)
    at = proved = 0.0
    counts: list[float] = []
    while queue:
        _, number, weight, standing = heappop(queue)
        seconds, chance = rates.seconds(standing), rates.chance(standing.grants, standing.moved)
        cost = weight * seconds * (1 - chance / 2) / workers
        while len(counts) < len(moments) and moments[len(counts)] < at + cost:
            counts.append(proved + weight * chance * (moments[len(counts)] - at) / cost)
        at, proved = at + cost, proved + weight * chance
        left = standing.after(seconds, False)
        if rates.seconds(left) > 0 and left.grants < HORIZON:
            heappush(queue, (_urgency(left, rates), number, weight * (1 - chance), left))
    return Forecast([*counts, *[proved] * (len(moments) - len(counts)), proved], at)


def minutes(seconds: float) -> str:
    """`40 s`, `9 min`."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@cache
def measured() -> dict[tuple[int, bool], tuple[int, int]]:
    """Of measured theorems, by grants before and progress: how many were given the grant, and how many it proved."""
    tried: Counter[tuple[int, bool]] = Counter()
    proved: Counter[tuple[int, bool]] = Counter()
    for outcome in outcomes():
        for grant in range(HORIZON):
            key = grant, grant - 1 in outcome.moved
            if outcome.proved and outcome.seconds <= until_s(grant):
                tried[key] += 1
                proved[key] += 1
                break
            if outcome.seconds < until_s(grant):
                break  # what more time would have brought is not known
            tried[key] += 1
    return {(g, m): (tried[g, m], proved[g, m]) for g in range(HORIZON) for m in (False, True)}


@cache
def outcomes() -> tuple[Outcome, ...]:
    """The measured theorems that come with Proofsmith."""
    raw = json.loads(MEASURED.read_text("utf-8"))
    return tuple(Outcome(row[0], bool(row[1]), frozenset(row[2])) for row in raw["theorems"])


def _urgency(standing: Standing, rates: Rates) -> tuple[bool, float, int, int]:
    return standing.grants > 0, -rates.index(standing), standing.grants, standing.place


def _class(standing: Standing) -> tuple[int, bool]:
    return min(standing.grants, HORIZON - 1), standing.moved
