"""How many requests use Lean at a time, how many may wait, and what becomes of those whose client leaves.

Lean work is done in threads. A request runs when one of `running` places is free; up to `waiting` others wait; the next is
refused with 429, at once, so that a server under load answers quickly instead of dying slowly. A client that goes away
takes its request out of the queue; work that has begun is told through `cancelled` and keeps its place until it has ended.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from prover.server.guard import Refused

T = TypeVar("T")
Cancelled = Callable[[], bool]


@dataclass
class Counts:
    """How many requests were admitted, refused (429), left by their client, stopped for time."""

    admitted: int = 0
    refused: int = 0
    left: int = 0
    late: int = 0


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class Gate:
    """Admission to the threads that use Lean.

    Args:
        running: requests at a time.
        waiting: requests that may wait.
        not_ready: why requests cannot be answered now, if so: told to those whose time is over meanwhile.
    """

    def __init__(self, running: int, waiting: int, not_ready: Callable[[], str | None] = lambda: None) -> None:
        self._not_ready = not_ready
        self._places = asyncio.Semaphore(running)
        self._threads = ThreadPoolExecutor(running, thread_name_prefix="request")
        self._waiting = waiting
        self._queue = 0
        self._closed = False
        self._stopping = threading.Event()
        self.counts = Counts()
        self.running = 0

    @property
    def queue(self) -> int:
        """How many wait now."""
        return self._queue

    async def run(self, request: Request, work: Callable[[Cancelled], T], timeout_s: float) -> T:
        """Does the work in a thread.

        Args:
            request: watched for the client's going away.
            work: gets a function that says whether to stop.
            timeout_s: seconds from now, waiting included.

        Raises:
            Refused: 429 when too many wait, 504 when the time is over, 503 when the server stops or is not ready.
            ClientLeft: the client did.
            Whatever the work raises.
        """
        if self._closed:
            raise Refused(503, "the server is stopping")
        if self._places.locked() and self._queue >= self._waiting:
            self.counts.refused += 1
            raise Refused(429, "all workers are busy and the queue is full; try again in a moment", (b"retry-after", b"1"))
        deadline = time.monotonic() + timeout_s
        leaving = asyncio.create_task(_disconnected(request))
        try:
            await self._wait_for_place(leaving, deadline, timeout_s)
            self.counts.admitted += 1
            return await self._work(work, leaving, deadline, timeout_s)
        finally:
            leaving.cancel()

    async def _wait_for_place(self, leaving: asyncio.Task[None], deadline: float, timeout_s: float) -> None:
        self._queue += 1
        place = asyncio.create_task(self._places.acquire())
        both: set[asyncio.Future[Any]] = {place, leaving}
        try:
            await asyncio.wait(
                both, timeout=max(0.0, deadline - time.monotonic()), return_when=asyncio.FIRST_COMPLETED
            )
            if not place.done():
                self._note_end(leaving, timeout_s)
            if self._closed:
                raise Refused(503, "the server is stopping")
        except BaseException:
            place.cancel()
            try:
                if await asyncio.shield(place):
                    self._places.release()
            except asyncio.CancelledError:
                pass
            raise
        finally:
            self._queue -= 1

    async def _work(
        self, work: Callable[[Cancelled], T], leaving: asyncio.Task[None], deadline: float, timeout_s: float
    ) -> T:
        stop = threading.Event()
        self.running += 1
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, work, lambda: stop.is_set() or self._stopping.is_set()
        )
        running.add_done_callback(self._finished)
        both: set[asyncio.Future[Any]] = {running, leaving}
        await asyncio.wait(
            both, timeout=max(0.0, deadline - time.monotonic()), return_when=asyncio.FIRST_COMPLETED
        )
        if not running.done():
            stop.set()
            self._note_end(leaving, timeout_s)
        return running.result()

    def _finished(self, future: asyncio.Future[T]) -> None:
        self.running -= 1
        self._places.release()
        if not future.cancelled():
            future.exception()  # an error after the client has left is nobody's

    def _note_end(self, leaving: asyncio.Task[None], timeout_s: float) -> None:
        if leaving.done():
            self.counts.left += 1
            raise ClientLeft
        self.counts.late += 1
        if (why := self._not_ready()) is not None:
            raise Refused(503, why, (b"retry-after", b"5"))
        raise Refused(504, f"not done within {timeout_s:g} s")

    def close(self) -> None:
        """Admits nothing any more, nor what waits; work under way goes on."""
        self._closed = True

    def stop(self) -> None:
        """Tells the work under way to stop, too."""
        self.close()
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
