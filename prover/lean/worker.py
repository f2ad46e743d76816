"""A place where one process at a time works: it starts one when needed and replaces one that is gone or too big.

What a process held (environments, proof states) is gone with it. `generation` counts processes, so whoever keeps an id can
tell whether it still means something.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from typing import Generic, Protocol, Self, TypeVar

from prover.errors import LeanCrashedError

RECYCLE_AT = 0.8
"""A process is replaced between theorems once it holds this part of its memory ceiling."""
INDEX_LOSSES = 2
"""Where so many processes were lost over the library's index, no other will try to build it."""


class Ended(Protocol):
    """What a worker knows of its process."""

    inside_s: float
    first_request: float | None
    last_reply: float

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        ...

    def memory_used_mb(self) -> int:
        """Memory now."""
        ...

    def interrupt(self) -> None:
        """From another thread: ends it."""

    def kill(self) -> None:
        """Ends it."""


P = TypeVar("P", bound=Ended)


class ProcessWorker(ABC, Generic[P]):
    """The life of an engine's processes; see `prover.lean.engine.Engine`.

    Args:
        memory_mb: ceiling of a process.
        timeout_s: deadline of one request, a command of a file in the worst case.
        import_timeout_s: deadline of imports.
    """

    at_once = 1
    tries = 1
    patience = 2
    stays = True
    stops = False

    def __init__(self, memory_mb: int, timeout_s: float, import_timeout_s: float) -> None:
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.import_timeout_s = import_timeout_s
        self.generation = 0
        self.processes_lost = 0
        self._ended_inside_s = 0.0
        self._ended_span_s = 0.0
        self.start_s = 0.0
        self._stopping = threading.Event()
        self._process: P | None = None
        self._warm: set[tuple[int, tuple[str, ...]]] = set()
        self._index_losses: Counter[tuple[str, ...]] = Counter()

    @abstractmethod
    def new_process(self) -> P:
        """Starts a process."""

    def started(self) -> P:
        """A process that runs; where one in several does not start, this tries again."""
        return self.new_process()

    def forget(self) -> None:
        """What the process before this one held means nothing any more."""

    @property
    def process(self) -> P:
        """The running process; a new one when there is none. Raises LeanSetupError when there can be none."""
        if self._process is None or not self._process.alive:
            self._count_lost()
            if self._stopping.is_set():
                raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
            began = time.monotonic()
            self._process = self.started()
            self.start_s = time.monotonic() - began
            self.generation += 1
            self.forget()
        return self._process

    @property
    def inside_s(self) -> float:
        """Seconds in requests, of all processes so far."""
        return self._ended_inside_s + (self._process.inside_s if self._process is not None else 0.0)

    @property
    def span_s(self) -> float:
        """Seconds from the first request to the last reply, of all processes so far."""
        return self._ended_span_s + (_span_s(self._process) if self._process is not None else 0.0)

    @property
    def alive(self) -> bool:
        """Whether a process is running now."""
        return self._process is not None and self._process.alive

    @property
    def ready(self) -> bool:
        """Whether the next request finds its process running."""
        return self.alive

    @property
    def stopping(self) -> bool:
        """Whether `interrupt` was called."""
        return self._stopping.is_set()

    def is_warm(self, modules: tuple[str, ...]) -> bool:
        """Whether the present process has indexed what these imports bring, or never will; see `prover.lean.dojo`."""
        hopeless = self._index_losses[modules] >= INDEX_LOSSES
        return self.alive and (hopeless or (self.generation, modules) in self._warm)

    def note_warm(self, modules: tuple[str, ...], built: bool = True) -> None:
        """It has; or it was lost over it."""
        if built:
            self._warm.add((self.generation, modules))
        else:
            self._index_losses[modules] += 1

    def recycle_if_big(self) -> None:
        """Between theorems: replaces a process that nears its memory ceiling."""
        if self._process is not None and self._process.memory_used_mb() > RECYCLE_AT * self.memory_mb:
            self.close()

    def settle(self, programs: bool = False) -> None:
        """After a stranger's text. A project's own Lean reads each text in an environment of its own; nothing is done."""

    def interrupt(self) -> None:
        """From another thread, for good: ends the process in the middle of whatever it does; none is started again."""
        self._stopping.set()
        if self._process is not None:
            self._process.interrupt()

    def close(self) -> None:
        """Ends the process; the next request starts another."""
        if self._process is not None:
            process, self._process = self._process, None
            self._retire(process)

    def _count_lost(self) -> None:
        if self._process is not None:
            self.processes_lost += 1
            process, self._process = self._process, None
            self._retire(process)

    def _retire(self, process: P) -> None:
        self._ended_inside_s += process.inside_s
        self._ended_span_s += _span_s(process)
        self._end(process)

    def _end(self, process: P) -> None:
        process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _span_s(process: Ended) -> float:
    return max(0.0, process.last_reply - process.first_request) if process.first_request is not None else 0.0
