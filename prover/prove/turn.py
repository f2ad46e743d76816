"""A Lean process that several open theorems share: each has it in turn, and gives it up while its policy or its audit works.

A theorem holds its turn from one policy call to the next, so no other theorem's request comes between two requests that belong
together. States of a process that another theorem lost are made again (`prover.lean.states`). A theorem's clock stands still
while it waits for its turn: what a theorem is given does not depend on how many others are open.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Turn:
    """The turns of one theorem, held inside `with`, and its clock.

    Args:
        lean: held by whichever theorem has the process; None: nobody shares it.

    Attributes:
        deadline: of the theorem, on its own clock.
        ready_at: when Lean was there and had read what stands before the theorem, on its own clock; None: not yet.
        stops_at: gives the end of the whole batch, on time.monotonic()'s clock; when less time is left to the batch than to the
            theorem, the theorem's clock is put forward.
    """

    def __init__(self, lean: threading.Lock | None = None) -> None:
        self._lean = lean
        self._waited_s = 0.0
        self.deadline: float | None = None
        self.ready_at: float | None = None
        self.stops_at: Callable[[], float] | None = None

    def __enter__(self) -> Turn:
        if self._lean is not None:
            began = time.monotonic()
            self._lean.acquire()
            self._waited_s += time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        if self._lean is not None:
            self._lean.release()

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """Lets the others have the process meanwhile."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def apart(self, work: Callable[P, R]) -> Callable[P, R]:
        """A function that needs no Lean of this process: the turn is given up while it works."""

        def done(*args: P.args, **kwargs: P.kwargs) -> R:
            with self.given_up():
                return work(*args, **kwargs)

        return done

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Lets the others have the process while the theorem waits to be gone on with; its clock stands still."""
        began, waited_s = time.monotonic(), self._waited_s
        try:
            with self.given_up():
                yield
        finally:
            self._waited_s = waited_s + time.monotonic() - began

    def used(self) -> float:
        """A clock in seconds that stands still while the theorem waits for its turn."""
        return time.monotonic() - self._waited_s

    def now(self) -> float:
        """The time on the theorem's clock: `used`, put forward where the batch stops first."""
        now = self.used()
        if self.deadline is None or self.stops_at is None:
            return now
        return max(now, self.deadline - (self.stops_at() - time.monotonic()))
