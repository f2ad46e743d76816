"""Warm Lean processes, leased to one request at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from prover.errors import EXIT_NOT_PROVED, LeanProcessError, LeanTimeoutError, ProverError
from prover.lean.embedded.worker import LeanWorker

WATCH_S = 0.1
GRACE_S = 2.0
"""A request that was cancelled and is still inside Lean after so long costs that process."""


class Busy(ProverError):
    """No process came free in time."""


class Cancelled(ProverError):
    """Whoever asked does not want the answer any more."""

    exit_code: ClassVar[int] = EXIT_NOT_PROVED


@dataclass
class Lease:
    """A worker that is one request's for a while; `cancel` is set once nobody wants the answer."""

    worker: LeanWorker
    asked: Callable[[], bool]
    cancel: threading.Event = field(default_factory=threading.Event)
    since: float | None = None

    def check(self) -> None:
        """Raises Cancelled when nobody wants the answer."""
        if self.cancel.is_set() or self.asked():
            raise Cancelled("the request was cancelled")


class Pool:
    """Workers for many threads.

    Args:
        count: how many.
        memory_mb: ceiling of each.
        timeout_s: deadline of one request to Lean.
    """

    def __init__(self, count: int, memory_mb: int, timeout_s: float) -> None:
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.lost = 0
        self._free = [self._new() for _ in range(count)]
        self._size = count
        self._leases: list[Lease] = []
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="leases", daemon=True)
        self._watcher.start()

    @property
    def free(self) -> int:
        """How many workers wait for work."""
        with self._changed:
            return len(self._free)

    @contextmanager
    def lease(
        self,
        wait_s: float,
        cancelled: Callable[[], bool] = lambda: False,
        fits: Callable[[LeanWorker], int] = lambda _: 0,
    ) -> Iterator[Lease]:
        """A worker for one request.

        Args:
            wait_s: seconds to wait for one; 0 takes a free one or none.
            cancelled: whether the request was given up.
            fits: the free worker with the highest number is taken.

        Raises:
            Busy: none came free.
            Cancelled: the request was given up meanwhile.
        """
        lease = self._take(wait_s, cancelled, fits)
        try:
            yield lease
        except LeanProcessError as error:
            if lease.cancel.is_set():
                raise Cancelled("the request was cancelled") from error
            raise
        finally:
            self._give_back(lease)

    def quiet(self, seconds: float) -> bool:
        """Waits until all workers were free for so long; False when the pool is closed first."""
        since = time.monotonic()
        while not self._closed.wait(WATCH_S):
            with self._changed:
                if len(self._free) < self._size:
                    since = time.monotonic()
            if time.monotonic() - since >= seconds:
                return True
        return False

    def idle(self) -> list[LeanWorker]:
        """The workers that are free now; for looking only."""
        with self._changed:
            return list(self._free)

    def close(self) -> None:
        """Ends all processes, in the middle of whatever they do."""
        self._closed.set()
        with self._changed:
            free, self._free = self._free, []
            leases = list(self._leases)
            self._changed.notify_all()
        for lease in leases:
            lease.cancel.set()
            lease.worker.interrupt()
        for worker in free:
            worker.close()
        self._watcher.join(timeout=2)

    def _new(self) -> LeanWorker:
        return LeanWorker(self.memory_mb, self.timeout_s)

    def _take(self, wait_s: float, cancelled: Callable[[], bool], fits: Callable[[LeanWorker], int]) -> Lease:
        deadline = time.monotonic() + wait_s
        with self._changed:
            while not self._free:
                if self._closed.is_set():
                    raise Busy("the server is being stopped")
                if cancelled():
                    raise Cancelled("the request was cancelled")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Busy(f"all {self._size} Lean processes are at work; ask again in a moment")
                self._changed.wait(min(left, WATCH_S))
            if self._closed.is_set():
                raise Busy("the server is being stopped")
            worker = max(self._free, key=lambda w: (fits(w), w.alive))
            self._free.remove(worker)
            lease = Lease(worker, cancelled)
            self._leases.append(lease)
            return lease

    def _give_back(self, lease: Lease) -> None:
        worker = lease.worker
        with self._changed:
            self._leases.remove(lease)
            interrupted = worker.stopping
        if interrupted or self._closed.is_set():
            worker.close()
            worker = self._new()
            self.lost += 1
        else:
            worker.recycle_if_big()
        with self._changed:
            if not self._closed.is_set():
                self._free.append(worker)
                self._changed.notify()

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_S):
            with self._changed:
                leases = list(self._leases)
            for lease in leases:
                if lease.since is None:
                    if lease.cancel.is_set() or lease.asked():
                        lease.since = time.monotonic()
                        lease.cancel.set()
                elif time.monotonic() - lease.since > GRACE_S:
                    with self._changed:
                        if lease in self._leases:
                            lease.worker.interrupt()


class Deadline:
    """Turns a time that is over into a cancellation, and that into LeanTimeoutError."""

    def __init__(self, timeout_s: float, cancelled: Callable[[], bool]) -> None:
        self._timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s
        self._cancelled = cancelled

    def over(self) -> bool:
        """Whether to stop."""
        return self._cancelled() or time.monotonic() > self._end

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Tells a missed deadline from a cancellation."""
        try:
            yield
        except Cancelled as error:
            if self._cancelled():
                raise
            raise LeanTimeoutError(f"the text was not read within {self._timeout_s:g} s") from error
