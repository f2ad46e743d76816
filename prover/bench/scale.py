"""`proofsmith bench scale`: what one expansion, audit and result cost here, and what 1 to 10,000 Lean workers would make of that.

`measured` takes the costs from a batch, `simulate` plays a run of theorems with them as a discrete-event simulation: Lean workers
with several open theorems each, the Python process of each station, one auditor a station, policy servers with continuous
batching, and the command's process, which sends theorems and writes the journal. Service times are drawn from exponential
distributions with the measured means.
"""

from __future__ import annotations

import heapq
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from prover.audit.auditor import auditor_for
from prover.lean.embedded.worker import EMBEDDED
from prover.policy.builtin import builtin_policy
from prover.prove.batch import run_batch
from prover.prove.cluster import LEANS_A_STATION
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings
from prover.prove.premises import library_premises
from prover.prove.run import collect, read_items
from prover.prove.theorem import SearchSettings

WORKERS = (1, 10, 100, 1000, 10_000)
EXPANSIONS = 8
APPENDS, SENDS = 200, 500
PLAYED = 40_000
"""Expansions of a simulated run; with more workers, so many that each has several theorems."""
FULL = 0.9


@dataclass(frozen=True)
class Costs:
    """Means in seconds; `expansions` and `audits` are numbers a theorem.

    `python_s` is processor time of a station's process in an expansion, its symbolic policy included; `lean_s` time inside Lean.
    A policy server answers a batch of at most `batch` requests in `batch_s`. `journal_s` is one result written, `send_s` one
    theorem sent over Ray and its outcome received.
    """

    expansions: float
    audits: float
    lean_s: float
    python_s: float
    audit_s: float
    journal_s: float
    send_s: float
    batch_s: float = 0.2
    batch: int = 64


class _Clock:
    """The events of a simulation, in order of time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        """Something that happens so much later."""
        self._count += 1
        heapq.heappush(self._events, (self.now + seconds, self._count, then))

    def run(self, until: Callable[[], bool]) -> None:
        """Events in their order."""
        while self._events and not until():
            self.now, _, then = heapq.heappop(self._events)
            then()


class _Server:
    """Does jobs in the order in which they come, a batch of at most `batch` on each of `places` at a time.

    `used_s` is the time that full batches would have taken.
    """

    def __init__(self, clock: _Clock, places: int = 1, batch: int = 1) -> None:
        self._clock, self._free, self._batch, self._places = clock, places, batch, places
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self.used_s = 0.0

    def ask(self, seconds: float, then: Callable[[], None]) -> None:
        """A job of so many seconds; a batch takes as long as its longest."""
        self._waiting.append((seconds, then))
        self._next()

    def _next(self) -> None:
        while self._free and self._waiting:
            jobs = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            seconds = max(s for s, _ in jobs)
            self._free -= 1
            self.used_s += seconds / self._places * len(jobs) / self._batch
            self._clock.after(seconds, lambda jobs=jobs: self._done(jobs))  # type: ignore[misc]

    def _done(self, jobs: Sequence[tuple[float, Callable[[], None]]]) -> None:
        self._free += 1
        for _, then in jobs:
            then()
        self._next()


def simulate(costs: Costs, workers: int, open_theorems: int = 4, policies: int = 1, seed: int = 0) -> dict[str, Any]:
    """A run in steady state: theorems an hour, and the part of what each kind of server could do that it did.

    Args:
        costs: means.
        workers: Lean workers; stations have LEANS_A_STATION of them.
        open_theorems: in each Lean.
        policies: policy servers that share one queue; 0: no policy but the symbolic one.
        seed: of the service times.
    """
    clock, chance = _Clock(), random.Random(seed)
    leans = [_Server(clock) for _ in range(workers)]
    stations = -(-workers // LEANS_A_STATION)
    pythons, auditors = [_Server(clock) for _ in range(stations)], [_Server(clock) for _ in range(stations)]
    policy, command = _Server(clock, max(1, policies), costs.batch), _Server(clock)
    done = expanded = 0
    wanted = max(PLAYED, int(4 * workers * open_theorems * costs.expansions))

    def draw(mean: float) -> float:
        return chance.expovariate(1 / mean) if mean > 0 else 0.0

    class Theorem:
        """A place for an open theorem: one after the other."""

        def __init__(self, lean: int) -> None:
            self.lean, self.station = leans[lean], lean // LEANS_A_STATION
            self.begin()

        def begin(self) -> None:
            self.left = max(1, round(draw(costs.expansions)))
            command.ask(draw(costs.send_s), self.expand)

        def expand(self) -> None:
            if policies:
                policy.ask(costs.batch_s, self.think)
            else:
                self.think()

        def think(self) -> None:
            pythons[self.station].ask(draw(costs.python_s), lambda: self.lean.ask(draw(costs.lean_s), self.expanded))

        def expanded(self) -> None:
            nonlocal expanded
            expanded += 1
            self.left -= 1
            if self.left:
                self.expand()
            elif chance.random() < costs.audits:
                auditors[self.station].ask(draw(costs.audit_s), self.note)
            else:
                self.note()

        def note(self) -> None:
            command.ask(draw(costs.journal_s), self.settled)

        def settled(self) -> None:
            nonlocal done
            done += 1
            self.begin()

    for number in range(workers * open_theorems):
        Theorem(number // open_theorems)
    kinds = {"lean": leans, "python": pythons, "auditor": auditors, "policy": [policy], "command": [command]}

    def state() -> tuple[float, int, dict[str, float]]:
        return clock.now, done, {name: sum(s.used_s for s in servers) / len(servers) for name, servers in kinds.items()}

    clock.run(lambda: expanded >= wanted / 2)  # until the beginning, when all theorems are new, is forgotten
    began, before, used_before = state()
    clock.run(lambda: expanded >= wanted)
    ended, after, used = state()
    seconds = ended - began
    parts = {name: min(1.0, (used[name] - used_before[name]) / seconds) for name in kinds}
    return {
        "workers": workers, "policies": policies, "theorems_an_hour": round(3600 * (after - before) / seconds),
        **{f"{name}_used": round(value, 2) for name, value in parts.items()},
        "saturated": max(parts, key=lambda name: parts[name]) if max(parts.values()) >= FULL else "none",
    }  # fmt: skip


def policies_for(costs: Costs, workers: int) -> int:
    """Policy servers that keep so many Lean workers at work."""
    requests_a_second = workers / max(costs.lean_s, costs.python_s * min(workers, LEANS_A_STATION))
    return max(1, round(1.25 * requests_a_second * costs.batch_s / costs.batch + 0.5))


def measured(theorems: int = 24) -> Costs:
    """Costs on this machine, from a batch of starter theorems by the symbolic policy, on one worker."""
    settings = BatchSettings(search=SearchSettings(timeout_s=None, max_expansions=EXPANSIONS), workers=1)
    worker = EMBEDDED.new_engine(settings.memory_mb)
    auditor = auditor_for(EMBEDDED, settings.memory_mb)
    policy = builtin_policy(library_premises())
    folder = Path(str(files("data") / "starter"))
    items = read_items(worker, collect([folder / "list.lean", folder / "nat.lean"]))[0][:theorems]
    before = time.process_time()
    try:
        ran = run_batch(items, policy, settings, first_worker=worker, auditor=auditor)
        python_s = time.process_time() - before
        candidates = [(i, r["proof"]) for i in items if (r := ran.records[i.id])["status"] == "proved"]
        began = auditor.engine.inside_s
        for item, proof in candidates:
            auditor(item.target, proof)
        audit_s = (auditor.engine.inside_s - began) / max(1, len(candidates))
    finally:
        auditor.close()
    expansions = sum(r["expansions"] for r in ran.records.values())
    trees = [o.effort.tree for o in ran.outcomes.values()]
    return Costs(
        expansions=expansions / len(items),
        audits=len(candidates) / len(items),
        lean_s=sum(r["lean_seconds"] for r in ran.records.values()) / expansions,
        python_s=python_s / expansions,
        audit_s=audit_s,
        journal_s=_journal_s(list(ran.records.values()), trees),
        send_s=_send_s(items[0]),
    )


def _journal_s(records: Sequence[dict[str, Any]], trees: Sequence[dict[str, Any] | None]) -> float:
    """One result in the run folder: tree, row, line."""
    with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run", {}, {}) as run:
        began = time.monotonic()
        for number in range(APPENDS):
            at = number % len(records)
            run.add(f"{number}", records[at] | {"id": f"{number}"}, trees[at])
        return (time.monotonic() - began) / APPENDS


class Echo:
    """An actor that does nothing."""

    def prove(self, item: Any) -> Any:
        """The theorem back."""
        return item


def _send_s(item: Any) -> float:
    """A theorem to an actor and its answer back, many at once, in processor time of this process."""
    import ray

    from prover.prove.cluster import LOCAL, connect

    connect(LOCAL, num_cpus=1)
    try:
        new: Any = ray.remote(Echo)
        actor = new.remote()
        ray.get(actor.prove.remote(item))
        began = time.process_time()
        ray.get([actor.prove.remote(item) for _ in range(SENDS)])
        return (time.process_time() - began) / SENDS
    finally:
        ray.shutdown()


def scale() -> dict[str, Any]:
    """Costs, and a row for each number of workers: without a policy server, with one, and with as many as are needed."""
    costs = measured()
    return {"costs": {k: round(v, 5) for k, v in asdict(costs).items()}, "rows": rows(costs)}


def rows(costs: Costs) -> list[dict[str, Any]]:
    """See `scale`; last, with the results of several theorems written together."""
    found = [simulate(costs, n, policies=p) for n in WORKERS for p in dict.fromkeys((0, 1, policies_for(costs, n)))]
    together = replace(costs, journal_s=costs.journal_s / 10)
    return [*found, simulate(together, WORKERS[-1], policies=policies_for(costs, WORKERS[-1])) | {"journal": "10 at once"}]
