"""A batch with a deadline or with patience: budgets move between its theorems as `prover.prove.schedule` says.

A search whose grant is used up is paused between two expansions: its thread waits, its clock stands still, its proof states stay
in the Lean process, or are made again when that was lost. So it goes on where it was, in the same process, when it is granted
more. A search is ended, to begin anew later, only where too many of a process are paused.

With patience the batch is given up when it seems to have come to its end: every theorem has had its first grant, and no proof has
come for so long. Once it is given up, it stays so.

What theorems have had, and what the batch has, is noted in the run folder after each grant: a run that is started again goes on
with the same budgets.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prover.prove.item import Item
from prover.prove.schedule import Rates, Standing, choose, gives_up_s
from prover.prove.turn import Turn
from search.graph import SearchGraph

MOST_PAUSED = 48
"""Searches of a process that are paused at a time."""
WAIT_S = 1.0
ELAPSED, STANDING = ("elapsed", "batch"), "standing"


@dataclass
class _Granted:
    """A theorem at work: its standing before, its seconds, and when they began on its own clock."""

    standing: Standing
    seconds: float
    began: float = 0.0


class Moves:
    """The standings of a batch's theorems, under the batch's lock.

    Args:
        items: the unsettled theorems.
        deadline_s: of the batch; math.inf: none.
        rates: chances of a proof; learns what grants come to.
        noted: notes of the run folder.
        changed: the batch's lock; told of whatever changes.
        note: writes to the run folder.
        begin: begins a theorem's search on a worker, in a thread of its own.
        stopped: whether the batch is cancelled.
        patience_s: seconds without a proof after which the batch is given up (`prover.prove.schedule.gives_up_s`); None: never.
    """

    def __init__(
        self,
        items: Sequence[Item],
        deadline_s: float,
        rates: Rates,
        noted: Mapping[tuple[str, str], Any],
        changed: threading.Condition,
        note: Callable[[list[tuple[str, str, Any]]], None],
        begin: Callable[[int, Item], None],
        stopped: Callable[[], bool],
        patience_s: float | None = None,
    ) -> None:
        self._items = {item.id: item for item in items}
        self._changed, self._note, self._begin, self._stopped = changed, note, begin, stopped
        self._earlier_s = float(noted.get(ELAPSED, 0.0))
        self._began = time.monotonic()
        self._ends_at = self._began + max(0.0, deadline_s - self._earlier_s)
        self._patience_s, self._proved_s = patience_s, self._earlier_s
        self._gave_up_at: float | None = None
        self.rates = rates
        self._waiting: dict[str, Standing] = {}
        for place, item in enumerate(items):
            grants, spent_s, moved = noted.get((STANDING, item.id), (0, 0.0, False))
            self._waiting[item.id] = Standing(item.id, place, grants, spent_s, moved)
        self._new = {s.id for s in self._waiting.values() if s.grants == 0}
        self._granted: dict[str, _Granted] = {}
        self._home: dict[str, int] = {}  # of a paused search, the worker that has it
        self._idle: Counter[int] = Counter()
        self._dropped: set[str] = set()
        self._closed: dict[str, int] = {}
        self._last: dict[str, Standing] = {}

    def left_s(self) -> float:
        """Seconds of the batch that are left, if no theorem is proved meanwhile."""
        return self.stops_at() - time.monotonic()

    def stops_at(self) -> float:
        """When the batch ends, on time.monotonic()'s clock, if no theorem is proved meanwhile."""
        if self._gave_up_at is not None:
            return self._gave_up_at
        if self._patience_s is None or self._new:
            return self._ends_at
        gives_up_at = self._began - self._earlier_s + gives_up_s(self._patience_s, self._proved_s)
        if gives_up_at < self._ends_at and time.monotonic() >= gives_up_at:
            self._gave_up_at = gives_up_at
        return min(gives_up_at, self._ends_at)

    @property
    def gave_up(self) -> bool:
        """Whether the batch was given up."""
        return self._gave_up_at is not None

    def patience_s(self) -> float:
        """So long without a proof is too long now."""
        return gives_up_s(self._patience_s or 0.0, self._proved_s) - self._proved_s

    def standings(self) -> list[Standing]:
        """Of the theorems that are not settled, or wait for their audit."""
        with self._changed:
            return [*self._waiting.values(), *(granted.standing for granted in self._granted.values())]

    def work(self, worker: int) -> None:
        """A worker has room for a theorem: it is given one as soon as there is one."""
        with self._changed:
            mine = [s for s in self._waiting.values() if self._home.get(s.id, worker) == worker]
            grant = choose(mine, self.rates, self.left_s())
            if grant is None:
                self._idle[worker] += 1
                return
            standing = self._waiting.pop(grant.standing.id)
            seconds = grant.seconds
            if standing.spent_s + seconds >= self.rates.cap_s:
                seconds = math.inf  # its own clock ends it
            if standing.id in self._home:
                self._granted[standing.id] = _Granted(standing, seconds)
                self._changed.notify_all()
                return
            self._granted[standing.id] = _Granted(replace(standing, spent_s=0.0), standing.spent_s + seconds)
            self._make_room(worker)
            self._begin(worker, self._items[standing.id])

    def begun(self, item: Item, turn: Turn) -> None:
        """A search begins, its turn held."""
        turn.stops_at = self.stops_at
        self._granted[item.id].began = turn.used()

    def expanded(self, item: Item, worker: int, turn: Turn, graph: SearchGraph[Any], leave: Callable[[], None]) -> None:
        """Pauses a search whose grant is used up, `leave` called first; returns when it is to go on, or to end."""
        granted = self._granted[item.id]
        used_s = turn.used() - granted.began
        if graph.root.proof is not None or used_s < granted.seconds or self.left_s() <= 0:
            return
        if granted.standing.spent_s + used_s >= self.rates.cap_s:
            granted.seconds = math.inf  # its own clock ends it; paused here it would never be chosen again
            return
        closed = sum(node.proof is not None for node in graph.nodes)
        moved, self._closed[item.id] = closed > self._closed.get(item.id, 0), closed
        leave()
        with turn.paused(), self._changed:
            standing = self._ended(item, used_s, moved)
            self._waiting[item.id], self._home[item.id] = standing, worker
            self.work(worker)
            while item.id not in self._granted and not self._stopped() and self.left_s() > 0 and item.id not in self._dropped:
                self._changed.wait(min(WAIT_S, max(0.01, self.left_s())))
            self._home.pop(item.id, None)
            self._waiting.pop(item.id, None)
            self._granted.setdefault(item.id, _Granted(standing, math.inf))
        self._granted[item.id].began = turn.used()

    def is_dropped(self, item: Item) -> bool:
        """Whether a search is to end, and to begin anew later: too many are paused."""
        return item.id in self._dropped

    def ended(self, item: Item, worker: int, turn: Turn, proved: bool) -> bool:
        """A search has ended, dropped or for good: its worker has room again. Returns whether its theorem is left over: it was
        dropped, and no time is left to begin anew.
        """
        with self._changed:
            if item.id in self._dropped:
                self._dropped.remove(item.id)
                standing = self._granted.pop(item.id).standing
                if self.left_s() <= 0:
                    return True
                self._waiting[item.id] = standing
                for idle in list(self._idle.elements())[:1]:
                    self._idle[idle] -= 1
                    self.work(idle)
                return False  # it was paused: its room was given away
            if item.id in self._granted:
                self._ended(item, turn.used() - self._granted[item.id].began, False, proved)
            self.work(worker)
            return False

    def again(self, item: Item) -> None:
        """A candidate was refused: its theorem waits again, with what it has had."""
        with self._changed:
            self._waiting[item.id] = self._last[item.id]
            for worker in list(self._idle.elements())[:1]:
                self._idle[worker] -= 1
                self.work(worker)

    def left_over(self, unsettled: Callable[[], int]) -> Iterator[Item]:
        """Waits for the end of the time, or of the theorems; gives those that no search has then."""
        with self._changed:
            while unsettled() and not self._stopped() and self.left_s() > 0:
                self._changed.wait(min(WAIT_S, max(0.01, self.left_s())))
            if self._stopped():
                return
            none = [key for key in self._waiting if key not in self._home]
            for key in none:
                del self._waiting[key]
        yield from (self._items[key] for key in none)

    def _ended(self, item: Item, used_s: float, moved: bool, proved: bool = False) -> Standing:
        granted = self._granted.pop(item.id)
        self.rates.note(granted.standing, proved)
        standing = self._last[item.id] = granted.standing.after(used_s, moved)
        elapsed = self._earlier_s + time.monotonic() - self._began
        if proved or self._new == {item.id}:
            self._proved_s = elapsed
        self._new.discard(item.id)
        self._note([(*ELAPSED, elapsed), (STANDING, item.id, [standing.grants, standing.spent_s, standing.moved])])
        return standing

    def _make_room(self, worker: int) -> None:
        paused = [self._waiting[key] for key, home in self._home.items() if home == worker and key in self._waiting]
        if len(paused) >= MOST_PAUSED:
            worst = min(paused, key=lambda s: (self.rates.index(s), -s.place))
            self._dropped.add(worst.id)
            del self._waiting[worst.id]
            self._granted[worst.id] = _Granted(worst, 0.0)
            self._changed.notify_all()
