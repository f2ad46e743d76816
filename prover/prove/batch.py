"""Many theorems over many Lean processes.

`run_batch` is what everything goes through that proves: `prove`, `eval`, `improve`, the benches, a server's jobs, an editor's
requests. Each worker is a warm Lean, with a thread for each theorem that is open in it; one more Lean, which no search touches,
audits for all of them.
Results are noted as they come (`prover.prove.folder`); a run that is started again goes on with what is missing.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Protocol

from prover.audit.auditor import SharedAuditor, Verdict, auditor_for
from prover.audit.outcome import Candidate, Failure, Proof, Refusal
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine
from prover.lean.targets import Target
from prover.policy.retrieval import retriever_of
from prover.prove.cluster import Cluster, Stations
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import RunFolder
from prover.prove.goals import KnownGoals
from prover.prove.item import BatchSettings, Item, attempt_item, judged, record_of, refused, spent
from prover.prove.moves import Moves
from prover.prove.schedule import Rates, Standing, forecast, minutes
from prover.prove.turn import Turn
from search.types import Status

LONGEST_LINE = 4
"""So many candidates wait for the audit at most; then the searches wait too."""
WATCH_INTERVAL_S = 0.2
ESTIMATE_S = 60.0
OUT_OF_TIME = "out of time: the batch's deadline came first"
OUT = Status.OUT_OF_TIME.value
GIVEN_UP = "given up"
"""How the reason begins of a theorem that a batch with patience did not go on with."""


@dataclass
class Usage:
    """How the Lean processes spent their time, in seconds: `inside` requests, of `span` from first to last."""

    inside_s: float = 0.0
    span_s: float = 0.0
    processes_lost: int = 0


class Watcher(Protocol):
    """Is told what happens; called from the workers' threads, one at a time."""

    def started(self, item: Item) -> None:
        """A theorem is being worked on."""

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """A theorem is done."""

    def estimated(self, said: str) -> None:
        """What is to be expected of the theorems that are left, in words."""


class Silent:
    """No-op watcher."""

    def started(self, item: Item) -> None:
        """Nothing."""

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """Nothing."""

    def estimated(self, said: str) -> None:
        """Nothing."""


SILENT = Silent()


class Ran(NamedTuple):
    """What a batch came to: the record of each finished theorem by its id, earlier runs' included; how Lean's time was spent;
    and what became of the theorems of this run."""

    records: dict[str, dict[str, Any]]
    usage: Usage
    outcomes: dict[str, Proof | Candidate | Failure]


def run_batch(
    items: Sequence[Item],
    policy: ViewPolicy,
    settings: BatchSettings,
    folder: RunFolder | None = None,
    watcher: Watcher = SILENT,
    first_worker: Engine | None = None,
    cancel: threading.Event | None = None,
    auditor: SharedAuditor | None = None,
    new_worker: Callable[[int], Engine] | None = None,
    backend: Backend = EMBEDDED,
    cluster: Cluster | None = None,
) -> Ran:
    """Works on every theorem that the folder does not know yet.

    Args:
        items: the theorems.
        policy: shared by all workers.
        settings: budgets and sizes.
        folder: where results are noted; None keeps them in memory only.
        watcher: told about progress.
        first_worker: a warm worker to begin with; closed at the end.
        cancel: set it to stop; what is under way is left unfinished and not noted.
        auditor: an auditor to share; closed by whoever made it.
        new_worker: makes the workers, given the ceiling of their memory in MB; None: the backend does.
        backend: which Lean works.
        cluster: works in place of this machine, on the same Lean as the first worker's.
    """
    cancel = cancel or threading.Event()
    make_worker = new_worker or backend.new_engine
    if cluster is not None:
        reader = first_worker or make_worker(settings.memory_mb)
        lean, stays = reader.lean, reader.stays
        reader.close()
        batch = _Batch(items, policy, settings, folder, watcher, cancel, None)
        Stations(cluster, batch, settings, backend, lean, stays).run(batch.over)
        return batch.ran()
    audit = auditor or auditor_for(backend, settings.memory_mb)
    batch = _Batch(items, policy, settings, folder, watcher, cancel, audit)
    count = max(1, min(settings.workers, len(batch.waiting)))
    workers = [first_worker or make_worker(settings.memory_mb)]
    workers += [make_worker(settings.memory_mb) for _ in range(count - 1)]
    try:
        return batch.run(workers, audit)
    finally:
        if auditor is None:
            audit.close()
        for worker in workers:
            worker.close()


def run_one(
    item: Item,
    policy: ViewPolicy,
    settings: BatchSettings,
    worker: Engine,
    audit: Callable[[Target, str], Verdict] | None,
    cancel: threading.Event,
    on_expansion: Callable[[Any, Any], None] | None = None,
    accepts: Callable[[Target, str], Verdict] | None = None,
) -> Proof | Candidate | Failure:
    """A batch of one theorem on a worker that is lent and stays open; see `run_batch`.

    Args:
        audit: None: what is found stays a candidate.
        cancel: set it to stop; the failure's status is then cancelled.
        on_expansion: called with graph and node after each expansion.
        accepts: candidates that it does not accept are gone past at once.
    """
    batch = _Batch([item], policy, settings, None, SILENT, cancel, audit, on_expansion, accepts)
    outcomes = batch.run([worker]).outcomes
    return outcomes.get(item.id) or Failure("cancelled", status="cancelled")


class _Batch:
    """What the threads of a run share.

    A worker's search believes its own candidate and hands it to the auditor's thread. One that the audit refuses is
    searched for again, this time asking the audit about each candidate. Workers stay until every theorem is settled.
    """

    def __init__(
        self,
        items: Sequence[Item],
        policy: ViewPolicy,
        settings: BatchSettings,
        folder: RunFolder | None,
        watcher: Watcher,
        cancel: threading.Event,
        audit: Callable[[Target, str], Verdict] | None,
        on_expansion: Callable[[Any, Any], None] | None = None,
        accepts: Callable[[Target, str], Verdict] | None = None,
    ) -> None:
        self.policy, self.settings, self.cancel, self.audit = policy, settings, cancel, audit
        self.folder, self.watcher, self.on_expansion, self.accepts = folder, watcher, on_expansion, accepts
        self.records = folder.known() if folder is not None else {}
        self.outcomes: dict[str, Proof | Candidate | Failure] = {}
        self.waiting = deque(item for item in items if item.id not in self.records)
        self.items = items
        self.usage = Usage()
        self.failures: list[BaseException] = []
        self._unsettled = len(self.waiting)
        self._refused: dict[str, Refusal] = {}
        self._candidates: deque[tuple[Item, Candidate, float]] = deque()
        self._changed = threading.Condition()
        noted = folder.notes() if folder is not None else {}
        self.known = KnownGoals.of(noted) if settings.share_goals else None
        self.rates = Rates(settings.search.timeout_s or math.inf)
        for record in self.records.values():
            self.rates.note_whole(record["seconds"], record["status"] == "proved")
        self._estimated = -math.inf
        self.moves: Moves | None = None
        if settings.deadline_s is not None or settings.patience is not None:
            unsettled, deadline_s = list(self.waiting), math.inf if settings.deadline_s is None else settings.deadline_s
            self.moves = Moves(
                unsettled, deadline_s, self.rates, noted, self._changed, self._note, self._begin, self.over,
                settings.patience, max((r["seconds"] for r in self.records.values() if r["status"] == "proved"), default=0.0),
            )  # fmt: skip
        self._running: list[Future[None]] = []
        self._workers: list[tuple[Engine, threading.Lock]] = []

    def run(self, workers: Sequence[Engine], auditor: SharedAuditor | None = None) -> Ran:
        """All threads, to their end. `auditor`: the audit as a process, made ready ahead of the first candidate."""
        before = _used(workers)
        places = [(worker, self.settings.open if worker.stays else 1) for worker in workers]
        jobs: list[Callable[[], None]] = []
        if self.waiting and self.audit is not None:
            jobs.append(partial(self.judge, self.audit, auditor))
        self._workers = [(worker, threading.Lock()) for worker in workers]
        moves = self.moves
        if moves is None:
            for worker, count in places:
                jobs += [partial(self.work, worker, threading.Lock() if count > 1 else None)] * count
        else:
            jobs.append(partial(self.run_out, moves))
            jobs += [partial(moves.work, number) for number, (_, count) in enumerate(places) for _ in range(count)]
        self._estimate()
        most = len(jobs) + (len(self.waiting) if moves is not None else 0)
        # Futures, since joining a thread that a signal interrupts takes it for ended (Python 3.11 and 3.12).
        with ThreadPoolExecutor(max(1, most), "batch") as self._threads:
            self._running += [self._threads.submit(job) for job in jobs]
            try:
                self._wait()
            except KeyboardInterrupt:
                self.cancel.set()
                for worker in workers:
                    worker.interrupt()
                if auditor is not None:
                    auditor.interrupt()
                self._wait()
                raise
        if self.failures:
            raise self.failures[0]
        for thread in self._running:
            thread.result()
        after = _used(workers)
        self.usage = Usage(after[0] - before[0], after[1] - before[1], after[2] - before[2])
        return self.ran()

    def ran(self) -> Ran:
        """What there is so far."""
        return Ran({i.id: self.records[i.id] for i in self.items if i.id in self.records}, self.usage, self.outcomes)

    def over(self) -> bool:
        """Whether there is no point in going on."""
        return self.cancel.is_set() or bool(self.failures)

    def work(self, worker: Engine, shared: threading.Lock | None) -> None:
        """A worker's thread: theorem after theorem. `shared`: held in turn by the threads of the same worker."""
        try:
            while (item := self._next()) is not None:
                with Turn(shared) as turn:
                    found = self.attempt(item, worker, turn, self.over, self.on_expansion)
                if found is None:
                    return
                self._found(item, found)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)

    def attempt(
        self, item: Item, worker: Engine, turn: Turn, cancelled: Callable[[], bool],
        on_expansion: Callable[[Any, Any], None] | None,
    ) -> Candidate | Failure | None:  # fmt: skip
        """One theorem, the turn held; None when it was cancelled."""
        earlier = self._refused.get(item.id)
        accepts = self.accepts if earlier is None else self.audit
        found = attempt_item(
            item, worker, self.policy, self.settings, cancelled, partial(accepts, item.target) if accepts is not None else None,
            on_expansion, self.audit, earlier.candidate.effort.seconds if earlier is not None else 0.0, turn, self.known,
        )  # fmt: skip
        worker.recycle_if_big()
        if earlier is None or found is None:
            return found
        return replace(found, effort=found.effort.after(earlier.candidate.effort))

    def granted(self, item: Item, number: int) -> None:
        """The thread of one theorem of a batch whose budgets move, paused and gone on with as its moves say."""
        worker, shared = self._workers[number]
        moves = self.moves
        assert moves is not None
        try:
            self.watcher.started(item)

            def expanded(graph: Any, node: Any) -> None:
                if self.on_expansion is not None:
                    self.on_expansion(graph, node)
                if worker.stays:
                    moves.expanded(item, number, turn, graph, worker.recycle_if_big)

            with Turn(shared) as turn:
                moves.begun(item, turn)
                found = self.attempt(item, worker, turn, lambda: self.over() or moves.is_dropped(item), expanded)
            left_over = moves.ended(item, number, turn, isinstance(found, Candidate))
            if found is not None:
                self._found(item, found)
            elif left_over:
                self.settle(item, Failure(OUT_OF_TIME))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)

    def run_out(self, moves: Moves) -> None:
        """At the end of the time: the theorems that no search has are settled."""
        try:
            for item in moves.left_over(self.unsettled):
                self.settle(item, Failure(OUT_OF_TIME))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)

    def judge(self, audit: Callable[[Target, str], Verdict], auditor: SharedAuditor | None) -> None:
        """The auditor's thread: candidate after candidate; after a cancellation those that are already there."""
        try:
            if auditor is not None:
                auditor.warm(self.items[0].target)
            while (waiting := self._next_candidate()) is not None:
                item, candidate, found_at = waiting
                outcome = judged(audit, item, candidate, time.monotonic() - found_at)
                if isinstance(outcome, Proof):
                    self.settle(item, outcome)
                elif item.id in self._refused or spent(self.settings, outcome):
                    self.settle(item, refused(outcome))
                else:
                    self._again(item, outcome)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)

    def _next(self) -> Item | None:
        """A theorem to work on; waits while the audit may still send one back. None when there will be none."""
        with self._changed:
            while not self.waiting and self._unsettled and not self.over():
                self._changed.wait(WATCH_INTERVAL_S)
            return self.take()

    def take(self) -> Item | None:
        """A theorem to work on, when there is one now."""
        with self._changed:
            if self.over() or not self.waiting:
                return None
            item = self.waiting.popleft()
            self.watcher.started(item)
            return item

    def give_back(self, item: Item) -> None:
        """A theorem that was taken and has no outcome; it is the next."""
        with self._changed:
            self.waiting.appendleft(item)
            self._changed.notify_all()

    def unsettled(self) -> bool:
        """Whether any theorem has no outcome yet."""
        return self._unsettled > 0

    def _found(self, item: Item, found: Candidate | Failure) -> None:
        if isinstance(found, Candidate) and self.audit is not None:
            self._hand_over(item, found)
        else:
            self.settle(item, found)

    def _ended(self, found: Proof | Candidate | Failure) -> Proof | Candidate | Failure:
        """With the reason of one that the batch was not patient enough for."""
        moves = self.moves
        if moves is None or not moves.gave_up or not isinstance(found, Failure) or not found.reason.startswith(OUT):
            return found
        rest = found.reason.removeprefix(OUT_OF_TIME).removeprefix(OUT)
        return replace(found, reason=f"{GIVEN_UP}: it had {self.settings.patience:g} times what the costliest proof took{rest}")

    def _begin(self, number: int, item: Item) -> None:
        self._running.append(self._threads.submit(self.granted, item, number))

    def _wait(self) -> None:
        """Waits for all threads, those included that others begin meanwhile."""
        seen = 0
        while seen < len(self._running):
            seen = len(self._running)
            wait(self._running[:seen])

    def _estimate(self) -> None:
        """Say what to expect, once in ESTIMATE_S; nothing of a single theorem, without a limit in seconds, or of a cluster."""
        now, cap_s, workers = time.monotonic(), self.rates.cap_s, len(self._workers)
        if not workers or now - self._estimated < ESTIMATE_S or self._unsettled < 2 or math.isinf(cap_s):
            return
        self._estimated = now
        if self.moves is None:
            open_ones = [Standing(item.id, 0) for item in self.waiting]
            proved, ends_s = forecast(open_ones, self.rates, workers)
            self.watcher.estimated(f"about {proved[-1]:.0f} of {len(open_ones)} to be proved, in about {minutes(ends_s)}")
            return
        standings, left_s = self.moves.standings(), self.moves.left_s()
        if left_s <= 0:
            return
        if math.isinf(left_s):
            return  # when it ends depends on what is proved
        soon_s = min(ESTIMATE_S, left_s / 2)
        proved, ends_s = forecast(standings, self.rates, workers, [soon_s, left_s])
        self.watcher.estimated(
            f"about {proved[0]:.0f} of {len(standings)} to be proved in {minutes(soon_s)}, {proved[1]:.0f} by the deadline in "
            f"{minutes(left_s)}"
        )

    def _note(self, notes: list[tuple[str, str, Any]]) -> None:
        if self.folder is not None:
            self.folder.note([*notes, *(self.known.news() if self.known is not None else ())])

    def _hand_over(self, item: Item, candidate: Candidate) -> None:
        """Puts a candidate in line; waits while the line is long, so that a killed run loses few."""
        with self._changed:
            while len(self._candidates) >= LONGEST_LINE and not self.over():
                self._changed.wait(WATCH_INTERVAL_S)
            self._candidates.append((item, candidate, time.monotonic()))
            self._changed.notify_all()

    def _next_candidate(self) -> tuple[Item, Candidate, float] | None:
        with self._changed:
            while not self._candidates and self._unsettled and not self.over():
                self._changed.wait(WATCH_INTERVAL_S)
            if not self._candidates:
                return None
            candidate = self._candidates.popleft()
            self._changed.notify_all()
            return candidate

    def settle(self, item: Item, outcome: Proof | Candidate | Failure) -> None:
        """Notes how a theorem ended."""
        outcome = self._ended(outcome)
        record = record_of(item, outcome)
        with self._changed:
            if self.folder is not None:
                self.folder.add(item.id, record, outcome.effort.tree)
                self._note([])
            self.records[item.id] = record
            self.outcomes[item.id] = outcome
            self.watcher.finished(item, record)
            self._unsettled -= 1
            if self.moves is None:
                self.rates.note_whole(record["seconds"], record["status"] == "proved")
            self._estimate()
            self._changed.notify_all()
        if self.settings.learn and isinstance(outcome, Proof) and (retriever := retriever_of(self.policy)) is not None:
            for state, names in outcome.candidate.lessons:
                retriever.learn(state, names)

    def _again(self, item: Item, refused: Refusal) -> None:
        with self._changed:
            self._refused[item.id] = refused
            if self.moves is None:
                self.waiting.append(item)
                self._changed.notify_all()
            elif self.moves.left_s() > 0:
                self.moves.again(item)
            else:
                self.settle(item, Failure(OUT_OF_TIME, refused.candidate.effort))

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self.failures.append(error)
            self._changed.notify_all()


def _used(workers: Sequence[Engine]) -> tuple[float, float, int]:
    return (
        sum(w.inside_s for w in workers), sum(w.span_s for w in workers), sum(w.processes_lost for w in workers),
    )  # fmt: skip
