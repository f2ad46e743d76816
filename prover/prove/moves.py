"""A batch with a deadline or with patience: budgets move between its theorems as `prover.prove.schedule` says.

A search whose grant is used up is paused between two expansions: its thread waits, its clock stands still, its proof states stay
in the Lean process, or are made again when that was lost. So it goes on where it was, in the same process, when it is granted
more. A search is ended, to begin anew later, only where too many of a process are paused.

With patience a theorem waits once it has had so many times what the costliest proof of the batch took; a costlier proof lets it
go on. When no search is at work and all that are left wait so, the batch is given up.

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
from prover.prove.schedule import Rates, Standing, choose, limit_s
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

    def used_s(self, turn: Turn) -> float:
        """Seconds of the grant that are used; a Lean that had to be started is nothing that the theorem costs."""
        return turn.used() - max(self.began, turn.ready_at if turn.ready_at is not None else turn.used())


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
        patience: how many times the costliest proof a theorem may take (`prover.prove.schedule.limit_s`); None: that is no limit.
        costliest_s: seconds of the costliest proof of earlier runs.
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
        patience: float | None = None,
        costliest_s: float = 0.0,
    ) -> None:
        self._items = {item.id: item for item in items}
        self._changed, self._note, self._begin, self._stopped = changed, note, begin, stopped
        self._earlier_s = float(noted.get(ELAPSED, 0.0))
        self._began = time.monotonic()
        self._ends_at = self._began + max(0.0, deadline_s - self._earlier_s)
        self.rates, self._cap_s = rates, rates.cap_s
        self._patience, self._costliest_s = patience, 0.0
        self._gave_up_at: float | None = None
        self._costs(costliest_s)
        self._waiting: dict[str, Standing] = {}
        for place, item in enumerate(items):
            grants, spent_s, moved = noted.get((STANDING, item.id), (0, 0.0, False))
            self._waiting[item.id] = Standing(item.id, place, grants, spent_s, moved)
        self._granted: dict[str, _Granted] = {}
        self._home: dict[str, int] = {}  # of a paused search, the worker that has it
        self._idle: Counter[int] = Counter()
        self._dropped: set[str] = set()
        self._closed: dict[str, int] = {}
        self._last: dict[str, Standing] = {}

    def left_s(self) -> float:
        """Seconds of the batch that are left."""
        return self.stops_at() - time.monotonic()

    def stops_at(self) -> float:
        """When the batch ends, or has ended, on time.monotonic()'s clock."""
        return self._ends_at if self._gave_up_at is None else self._gave_up_at

    @property
    def gave_up(self) -> bool:
        """Whether the batch was given up."""
        return self._gave_up_at is not None

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
                self._give_up()
                return
            standing = self._waiting.pop(grant.standing.id)
            seconds = grant.seconds
            if standing.spent_s + seconds >= self._cap_s:
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
        used_s = granted.used_s(turn)
        if graph.root.proof is not None or used_s < granted.seconds or self.left_s() <= 0:
            return
        if granted.standing.spent_s + used_s >= self._cap_s:
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
                self._wake(1)
                return False  # it was paused: its room was given away
            if item.id in self._granted:
                standing = self._ended(item, self._granted[item.id].used_s(turn), False, proved)
                if proved and self._costs(standing.spent_s):
                    self._wake(self._idle.total())
            self.work(worker)
            return False

    def again(self, item: Item) -> None:
        """A candidate was refused: its theorem waits again, with what it has had."""
        with self._changed:
            self._waiting[item.id] = self._last[item.id]
            self._wake(1)

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
        self._note([(*ELAPSED, elapsed), (STANDING, item.id, [standing.grants, standing.spent_s, standing.moved])])
        return standing

    def _costs(self, seconds: float) -> bool:
        """A proof took so long; returns whether theorems may take longer now."""
        if self._patience is None or seconds < self._costliest_s:
            return False
        before, self._costliest_s = self.rates.cap_s, seconds
        self.rates.cap_s = limit_s(self._patience, seconds, self._cap_s)
        return self.rates.cap_s > before

    def _give_up(self) -> None:
        """Ends a batch with patience when nothing is at work and no theorem that is left may have more."""
        if self._patience is None or self._granted or self.left_s() <= 0:
            return
        if self._waiting and not any(self.rates.seconds(s) > 0 for s in self._waiting.values()):
            self._gave_up_at = time.monotonic()
            self._changed.notify_all()

    def _wake(self, count: int) -> None:
        """Has workers that found no theorem look again, so many at most."""
        for worker in list(self._idle.elements())[:count]:
            self._idle[worker] -= 1
            self.work(worker)

    def _make_room(self, worker: int) -> None:
        paused = [self._waiting[key] for key, home in self._home.items() if home == worker and key in self._waiting]
        if len(paused) >= MOST_PAUSED:
            worst = min(paused, key=lambda s: (self.rates.index(s), -s.place))
            self._dropped.add(worst.id)
            del self._waiting[worst.id]
            self._granted[worst.id] = _Granted(worst, 0.0)
            self._changed.notify_all()
