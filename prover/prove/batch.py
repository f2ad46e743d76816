"""Many theorems over many Lean processes.

Each worker is a thread with a warm Lean of its own; one more Lean, which no search touches, audits for all of them.
Results are noted as they come (`prover.prove.folder`); a run that is started again goes on with what is missing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from prover.audit.auditor import Audits, auditor_for
from prover.errors import LeanProcessError, LeanSetupError
from prover.lean.backend import EMBEDDED, Backend, Worker
from prover.lean.source import Target
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item, attempt_item, believing, record_of
from prover.prove.theorem import Attempt

LONGEST_LINE = 4
"""So many candidates wait for the audit at most; then the searches wait too."""
WATCH_INTERVAL_S = 0.2


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


class Silent:
    """A watcher that does not look."""

    def started(self, item: Item) -> None:
        """Nothing."""

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """Nothing."""


SILENT = Silent()


def run_batch(
    items: Sequence[Item],
    policy: ViewPolicy,
    settings: BatchSettings,
    folder: RunFolder | None = None,
    watcher: Watcher = SILENT,
    first_worker: Worker | None = None,
    cancel: threading.Event | None = None,
    auditor: Audits | None = None,
    new_worker: Callable[[int], Worker] | None = None,
    backend: Backend = EMBEDDED,
) -> tuple[dict[str, dict[str, Any]], Usage]:
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

    Returns:
        Record of each finished theorem by id, and how Lean's time was spent.
    """
    cancel = cancel or threading.Event()
    own_auditor = auditor is None
    make_worker = new_worker or backend.new_worker
    own = new_worker(settings.memory_mb) if new_worker is not None else None
    audit = auditor or auditor_for(backend, settings.memory_mb, own)
    batch = _Batch(items, policy, settings, folder, watcher, cancel, audit, backend)
    count = max(1, min(settings.workers, len(batch.waiting)))
    workers = [first_worker or make_worker(settings.memory_mb)]
    workers += [make_worker(settings.memory_mb) for _ in range(count - 1)]
    jobs: list[Callable[[], None]] = [partial(batch.work, worker) for worker in workers]
    if batch.waiting:
        jobs.append(partial(batch.judge, items[0].target))
    # Futures, since joining a thread that a signal interrupts takes it for ended (Python 3.11 and 3.12).
    with ThreadPoolExecutor(len(jobs), "batch") as threads:
        running = [threads.submit(job) for job in jobs]
        try:
            wait(running)
        except KeyboardInterrupt:
            cancel.set()
            for worker in workers:
                worker.interrupt()
            audit.interrupt()
            wait(running)
            raise
        finally:
            if own_auditor:
                audit.close()
    if batch.failures:
        raise batch.failures[0]
    return {i.id: batch.records[i.id] for i in items if i.id in batch.records}, batch.usage


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
        audit: Audits,
        backend: Backend,
    ) -> None:
        self.policy, self.settings, self.cancel, self.audit, self.backend = policy, settings, cancel, audit, backend
        self.folder, self.watcher = folder, watcher
        self.records = folder.known() if folder is not None else {}
        self.waiting = deque(item for item in items if item.id not in self.records)
        self.usage = Usage()
        self.failures: list[BaseException] = []
        self._unsettled = len(self.waiting)
        self._refused: dict[str, Attempt] = {}
        self._candidates: deque[tuple[Item, Attempt]] = deque()
        self._changed = threading.Condition()

    def work(self, worker: Worker) -> None:
        """A worker's thread: theorem after theorem."""
        try:
            while (item := self._next()) is not None:
                earlier = self._refused.get(item.id)
                audit = believing if earlier is None else self.audit
                attempt = attempt_item(item, worker, audit, self.policy, self.settings, self.cancel, self.backend)
                if attempt is None:
                    return
                if earlier is not None:
                    attempt = replace(attempt, seconds=attempt.seconds + earlier.seconds)
                if attempt.status == "proved" and earlier is None:
                    self._hand_over(item, attempt)
                else:
                    self._settle(item, attempt)
                worker.recycle_if_big()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)
        finally:
            worker.close()
            with self._changed:
                self.usage.inside_s += worker.inside_s
                self.usage.span_s += worker.span_s
                self.usage.processes_lost += worker.processes_lost

    def judge(self, first: Target) -> None:
        """The auditor's thread: candidate after candidate; after a cancellation those that are already there."""
        try:
            self.audit.warm(first)
            while (candidate := self._next_candidate()) is not None:
                item, attempt = candidate
                began = time.monotonic()
                try:
                    verdict = self.audit(item.target, attempt.proof or "")
                except LeanSetupError:
                    raise
                except LeanProcessError:
                    verdict = None
                attempt = replace(attempt, seconds=attempt.seconds + time.monotonic() - began)
                if verdict is not None and verdict.accepted:
                    self._settle(item, replace(attempt, axioms=verdict.axioms, depends_on=verdict.depends_on))
                else:
                    self._again(item, attempt)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._fail(error)

    def _next(self) -> Item | None:
        """A theorem to work on; waits while the audit may still send one back. None when there will be none."""
        with self._changed:
            while not self.waiting and self._unsettled and not self.cancel.is_set():
                self._changed.wait(WATCH_INTERVAL_S)
            if self.cancel.is_set() or not self.waiting:
                return None
            item = self.waiting.popleft()
            self.watcher.started(item)
            return item

    def _hand_over(self, item: Item, attempt: Attempt) -> None:
        """Puts a candidate in line; waits while the line is long, so that a killed run loses few."""
        with self._changed:
            while len(self._candidates) >= LONGEST_LINE and not self.cancel.is_set():
                self._changed.wait(WATCH_INTERVAL_S)
            self._candidates.append((item, attempt))
            self._changed.notify_all()

    def _next_candidate(self) -> tuple[Item, Attempt] | None:
        with self._changed:
            while not self._candidates and self._unsettled and not self.cancel.is_set():
                self._changed.wait(WATCH_INTERVAL_S)
            if not self._candidates:
                return None
            candidate = self._candidates.popleft()
            self._changed.notify_all()
            return candidate

    def _settle(self, item: Item, attempt: Attempt) -> None:
        record = record_of(item, attempt)
        with self._changed:
            if self.folder is not None:
                self.folder.add(item.id, record, attempt.tree)
            self.records[item.id] = record
            self.watcher.finished(item, record)
            self._unsettled -= 1
            self._changed.notify_all()

    def _again(self, item: Item, attempt: Attempt) -> None:
        with self._changed:
            self._refused[item.id] = attempt
            self.waiting.append(item)
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self.failures.append(error)
            self.cancel.set()
            self._changed.notify_all()
