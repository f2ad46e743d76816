"""`proofsmith bench schedule`: theorems proved by a deadline, by how budgets move between them; simulated, no Lean needed.

Theorems are drawn from measured outcomes (`data/outcomes.json`, or results of own runs): one that was proved after so many
seconds is proved again once it was given as many, one that was not is never proved. All ways of moving budgets are given the
same theorems in the same order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.prove.folder import json_lines
from prover.prove.schedule import Grant, Outcome, Rates, Standing, choose, outcomes

DEADLINE_S = 600.0
WORKERS = 2
THEOREMS = 200
SEEDS = 3
CAP_S = 300.0
"""Of a theorem in all, where budgets move."""
USUAL_S = 60.0
"""Seconds of a theorem without a deadline."""
PAUSE_S = 0.1
"""What it costs to leave a theorem and come back to it."""

Way = Callable[[Sequence[Standing], Rates, float], Grant | None]


def table(measured: Sequence[Outcome], theorems: int = THEOREMS, seeds: int = SEEDS) -> list[dict[str, Any]]:
    """A row a seed: how many theorems each way proves by the deadline."""
    share = DEADLINE_S * WORKERS / theorems
    rows = []
    for seed in range(seeds):
        drawn = random.Random(seed).choices(measured, k=theorems)
        rows.append({
            "seed": seed,
            "theorems": theorems,
            "provable": sum(o.proved for o in drawn),
            "equal shares": proved(drawn, _in_order(share), share),
            "60 s each": proved(drawn, _in_order(USUAL_S), USUAL_S),
            "rounds": proved(drawn, _rounds, CAP_S),
            "index": proved(drawn, choose, CAP_S),
            "index, begun anew": proved(drawn, choose, CAP_S, anew=True),
        })  # fmt: skip
    return rows


def proved(drawn: Sequence[Outcome], way: Way, cap_s: float, anew: bool = False) -> int:
    """How many theorems are proved by the deadline. `anew`: a search begins again at each grant, with all that was spent so far
    on top, in place of going on."""
    rates = Rates(cap_s)
    waiting = {str(i): Standing(str(i), i) for i in range(len(drawn))}
    at_work: list[tuple[float, int, Grant | None]] = [(0.0, worker, None) for worker in range(WORKERS)]
    count = 0
    while at_work:
        now, worker, grant = heappop(at_work)
        if grant is not None:
            outcome, before = drawn[grant.standing.place], grant.standing
            done = outcome.proved and outcome.seconds <= before.spent_s + grant.seconds and now <= DEADLINE_S
            rates.note(before, done)
            count += done
            if not done:
                waiting[before.id] = before.after(grant.seconds, before.grants in outcome.moved)
        grant = way(list(waiting.values()), rates, DEADLINE_S - now)
        if grant is not None:
            del waiting[grant.standing.id]
            outcome, before = drawn[grant.standing.place], grant.standing
            ends = outcome.seconds - before.spent_s if outcome.proved else grant.seconds
            took = min(grant.seconds, max(0.0, ends)) + (before.spent_s if anew else PAUSE_S * (before.grants > 0))
            heappush(at_work, (now + took, worker, grant))
    return count


def _in_order(seconds: float) -> Way:
    """Each theorem once, for the same time, in order."""

    def next_one(waiting: Sequence[Standing], rates: Rates, left_s: float) -> Grant | None:
        new = [s for s in waiting if s.grants == 0]
        return Grant(min(new, key=lambda s: s.place), min(seconds, left_s)) if new and left_s > 0 else None

    return next_one


def _rounds(waiting: Sequence[Standing], rates: Rates, left_s: float) -> Grant | None:
    """The theorem that was given least so far."""
    open_ones = [s for s in waiting if rates.seconds(s) > 0]
    if left_s <= 0 or not open_ones:
        return None
    least = min(open_ones, key=lambda s: (s.grants, s.place))
    return Grant(least, min(rates.seconds(least), left_s))


def read(folders: Sequence[Path]) -> Sequence[Outcome]:
    """The outcomes of finished runs, or without folders those that come with Proofsmith. Raises DataError."""
    found = []
    for folder in folders:
        try:
            ended = [r for _, r in json_lines(folder / "results.jsonl") if r["status"] in ("proved", "failed")]
            found += [Outcome(float(r["seconds"]), r["status"] == "proved") for r in ended]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{folder} has no results.jsonl of a run that can be read: {error}") from error
    return found or outcomes()
