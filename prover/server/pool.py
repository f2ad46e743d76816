"""Warm Lean processes: kept running in the background, leased to one request at a time.

A lease gets a process that has started and imported. Starting one, after a loss too, is a background thread's business and
is on nobody's clock: the time that a request may take (`Limit`) counts while it holds a lease only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from prover.errors import EXIT_NOT_PROVED, LeanProcessError, LeanSetupError, LeanTimeoutError, ProverError
from prover.lean.engine import Engine

WATCH_S = 0.1
GRACE_S = 2.0
"""A request that was cancelled and is still inside Lean after so long costs that process."""
START_WAIT_S = 180.0
"""Least time that a request waits while processes start; waiting for one that is at work is the caller's choice."""
RETRY_S = 5.0
"""Pause after a process that did not start."""
QUIET_S = 1.0
"""What warms a process further is done once all processes were free for so long."""
Stage = Callable[[Engine], None]


class Busy(ProverError):
    """No process came free in time."""


class NotReady(Busy):
    """No process is running: they are being started."""


class Cancelled(ProverError):
    """Whoever asked does not want the answer any more."""

    exit_code: ClassVar[int] = EXIT_NOT_PROVED


class Limit:
    """Seconds that a client's requests may spend with Lean; `with` counts, waiting for a process does not."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._used = 0.0
        self._since: float | None = None

    def over(self) -> bool:
        """Whether the time is spent."""
        return self._used + (time.monotonic() - self._since if self._since is not None else 0.0) > self.timeout_s

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts the time of the block."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._used += time.monotonic() - self._since
            self._since = None


@dataclass(eq=False)
class Lease:
    """A worker that is one request's for a while; `cancel` is set once nobody wants the answer or its time is over."""

    worker: Engine
    asked: Callable[[], bool]
    limit: Limit | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    since: float | None = None

    def ended(self) -> bool:
        """Whether to stop."""
        return self.cancel.is_set() or self.asked() or (self.limit is not None and self.limit.over())

    def check(self) -> None:
        """Raises Cancelled when nobody wants the answer, LeanTimeoutError when the time is over."""
        if self.ended():
            raise self.why()

    def why(self) -> ProverError:
        """What to say of a lease that ended early."""
        if self.limit is not None and self.limit.over() and not self.asked():
            return LeanTimeoutError(f"the text was not read within {self.limit.timeout_s:g} s")
        return Cancelled("the request was cancelled")


@dataclass(frozen=True)
class Readiness:
    """How many processes wait for work, are at work, and are being started; `problem` is why none starts."""

    ready: int
    at_work: int
    starting: int
    problem: str | None = None

    @property
    def serving(self) -> bool:
        """Whether a request finds Lean, now or when another is done."""
        return self.ready + self.at_work > 0

    def __str__(self) -> str:
        if self.problem is not None and not self.serving:
            return f"Lean does not start: {self.problem}"
        if not self.serving:
            doing = f"{self.starting} process{'es' * (self.starting > 1)} being started" if self.starting else "not started yet"
            return f"Lean is not ready: {doing}"
        return f"{self.ready} ready, {self.at_work} at work, {self.starting} being started"


class Pool:
    """Workers for many threads.

    Args:
        count: leases at a time.
        new_engine: makes one.
        stages: what is done with a new process. The first is done before anybody gets it; the others, which may cost
            seconds, one by one when nobody waits.
        spares: processes beyond `count`, so that a lost one is replaced at once. A number, even 0, says that texts are
            strangers': a process in which a program of a text ran (`#eval`, `run_cmd`) then serves no other request.
    """

    def __init__(
        self, count: int, new_engine: Callable[[], Engine], stages: Sequence[Stage] = (lambda _: None,), spares: int | None = None
    ) -> None:
        self._new_engine = new_engine
        self.lost = 0
        self._stages = list(stages)
        self._count, self._spares, self._strangers = count, spares or 0, spares is not None
        self._wanted = 0
        self._ready: list[Engine] = []
        self._starting: Engine | None = None
        self._done: dict[Engine, tuple[int, int]] = {}  # generation of its process, and how many stages are done
        self._problem: LeanProcessError | None = None
        self._leases: list[Lease] = []
        self._busy_at = time.monotonic()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=t, name=t.__name__, daemon=True) for t in (self._keep, self._watch)]
        for thread in self._threads:
            thread.start()

    def start(self, stages: Sequence[Stage] = ()) -> None:
        """Starts all processes in the background, spares too; `stages` come behind those that are known."""
        with self._changed:
            self._stages += stages
            self._wanted = self._count + self._spares
            self._changed.notify_all()

    def warmed(self, timeout_s: float) -> bool:
        """Waits until every process has started and had all its stages; False when that takes longer or does not happen."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._closed.is_set() or (len(self._ready) >= self._wanted and self._cool() is None), timeout_s
            )

    @property
    def readiness(self) -> Readiness:
        """What the processes do now."""
        with self._changed:
            missing = max(0, self._wanted - len(self._ready) - len(self._leases))
            problem = str(self._problem) if self._problem is not None else None
            return Readiness(len(self._ready), len(self._leases), missing, problem)

    @contextmanager
    def lease(
        self,
        wait_s: float,
        cancelled: Callable[[], bool] = lambda: False,
        fits: Callable[[Engine], int] = lambda _: 0,
        limit: Limit | None = None,
    ) -> Iterator[Lease]:
        """A worker for one request.

        Args:
            wait_s: seconds to wait while all are at work; 0 takes a free one or none.
            cancelled: whether the request was given up.
            fits: the free worker with the highest number is taken.
            limit: ends the lease when it is over; whoever has the lease counts.

        Raises:
            Busy, NotReady: none came free.
            LeanSetupError: no process starts.
            Cancelled: the request was given up meanwhile.
            LeanTimeoutError: the limit is over.
        """
        lease = self._take(wait_s, cancelled, fits, limit)
        try:
            yield lease
        except LeanProcessError as error:
            if lease.cancel.is_set():
                raise lease.why() from error
            raise
        finally:
            self._busy_at = time.monotonic()
            self._give_back(lease)

    def close(self) -> None:
        """Ends all processes, in the middle of whatever they do."""
        self._closed.set()
        with self._changed:
            free, self._ready = self._ready, []
            leases = list(self._leases)
            if self._starting is not None:
                self._starting.interrupt()
            self._changed.notify_all()
        for lease in leases:
            lease.cancel.set()
            lease.worker.interrupt()
        for worker in free:
            worker.close()
        for thread in self._threads:
            thread.join(timeout=2)

    # ------------------------------------------------------------------ leases

    def _take(
        self, wait_s: float, cancelled: Callable[[], bool], fits: Callable[[Engine], int], limit: Limit | None
    ) -> Lease:
        began = time.monotonic()
        with self._changed:
            while True:
                if self._closed.is_set():
                    raise Busy("the server is being stopped")
                if cancelled():
                    raise Cancelled("the request was cancelled")
                self._drop_dead()
                room = len(self._leases) < self._count
                if self._ready and room:
                    worker = max(reversed(self._ready), key=lambda w: (fits(w), self._stages_done(w)))
                    self._ready.remove(worker)
                    lease = Lease(worker, cancelled, limit)
                    self._leases.append(lease)
                    return lease
                if room and self._wanted <= len(self._leases) + len(self._ready):
                    self._wanted += 1
                    self._changed.notify_all()
                if room and self._problem is not None:
                    raise type(self._problem)(str(self._problem))
                patience = max(wait_s, START_WAIT_S) if room and wait_s > 0 else wait_s
                left = began + patience - time.monotonic()
                if left <= 0:
                    if room:
                        raise NotReady(f"{self.readiness}; ask again in some seconds")
                    raise Busy(f"all {self._count} Lean processes are at work; ask again in a moment")
                self._changed.wait(min(left, WATCH_S))

    def _give_back(self, lease: Lease) -> None:
        worker = lease.worker
        if worker.stopping or self._closed.is_set():
            worker.close()
        else:
            worker.recycle_if_big()
            worker.settle(programs=self._strangers)
        with self._changed:
            self._leases.remove(lease)
            if worker.ready and not self._closed.is_set():
                self._ready.append(worker)
            else:
                self._retire(worker)
            self._changed.notify_all()
        if self._closed.is_set():
            worker.close()

    def _drop_dead(self) -> None:
        """Lets go of processes that ended while nobody used them."""
        for worker in [w for w in self._ready if not w.ready]:
            self._ready.remove(worker)
            self._retire(worker)

    def _retire(self, worker: Engine) -> None:
        self.lost += 1
        self._done.pop(worker, None)
        worker.close()
        self._changed.notify_all()

    def _watch(self) -> None:
        """Ends leases that nobody wants any more."""
        while not self._closed.wait(WATCH_S):
            with self._changed:
                leases = list(self._leases)
            for lease in leases:
                if lease.since is None:
                    if lease.ended():
                        lease.since = time.monotonic()
                        lease.cancel.set()
                elif time.monotonic() - lease.since > GRACE_S:
                    with self._changed:
                        if lease in self._leases:
                            lease.worker.interrupt()

    # ------------------------------------------------------------------ the processes

    def _keep(self) -> None:
        """Starts what is missing, then warms what is not warm."""
        while not self._closed.is_set():
            with self._changed:
                self._drop_dead()
                missing = len(self._ready) + len(self._leases) < self._wanted
                worker = None if missing else self._cool()
                quiet = not self._leases and time.monotonic() - self._busy_at >= QUIET_S
                if worker is not None and quiet:
                    self._ready.remove(worker)
                    lease = Lease(worker, self._closed.is_set)
                    self._leases.append(lease)
                elif not missing:
                    self._changed.wait(QUIET_S)
                    continue
            if missing:
                self._start_one()
            else:
                assert worker is not None
                try:
                    self._do_stage(worker)
                except ProverError:  # a stage that costs a process is done without
                    self._stages = self._stages[: self._stages_done(worker) or 1]
                self._give_back(lease)

    def _start_one(self) -> None:
        worker = self._new_engine()
        with self._changed:
            self._starting = worker
        try:
            self._do_stage(worker)
            problem = None
        except LeanProcessError as error:
            worker.close()
            problem = error
        with self._changed:
            self._starting = None
            # One that was lost may start next time; what keeps all from starting is told to those who wait.
            self._problem = problem if isinstance(problem, LeanSetupError) else None
            if problem is None and not self._closed.is_set():
                self._ready.append(worker)
            self._changed.notify_all()
        if self._closed.is_set():
            worker.close()
        elif problem is not None:
            self._closed.wait(RETRY_S)

    def _cool(self) -> Engine | None:
        """A free worker whose process has stages before it."""
        cool = [w for w in self._ready if self._stages_done(w) < len(self._stages)]
        return min(cool, key=self._stages_done) if cool else None

    def _stages_done(self, worker: Engine) -> int:
        if not worker.stays and worker in self._done:
            return len(self._stages)  # nothing of it would be there for the next request
        generation, done = self._done.get(worker, (0, 0))
        return done if generation == worker.generation else 0

    def _do_stage(self, worker: Engine) -> None:
        done = self._stages_done(worker)
        self._stages[done](worker)
        self._done[worker] = (worker.generation, done + 1)
