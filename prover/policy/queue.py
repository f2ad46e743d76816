"""One queue for the policy calls of all searches of a run, with continuous batching.

Requests that arrive while a batch is computed go out together in the next one; nobody waits for a batch to fill. The thread of a
waiting request computes the batch, so there is no thread of the queue's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Request, Answer]):
    request: Request
    answer: list[Answer] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.answer) or self.error is not None


class PolicyQueue(Generic[Request, Answer]):
    """See the module's docstring. Safe to call from many threads at once.

    Args:
        compute: the answers to a batch of requests, in their order; what it raises is raised for every request of the batch.
        max_batch: at most so many requests at a time, the oldest first.
        kind: requests of different kinds never share a batch.

    `batches` and `requests` count what was computed.
    """

    def __init__(
        self, compute: Callable[[Sequence[Request]], Sequence[Answer]], max_batch: int,
        kind: Callable[[Request], Hashable] = lambda _: None,
    ) -> None:  # fmt: skip
        self._compute, self._max_batch, self._kind = compute, max_batch, kind
        self.batches = self.requests = 0
        self.waiting: list[_Waiting[Request, Answer]] = []
        self._busy = False
        self._changed = threading.Condition()

    def ask(self, request: Request) -> Answer:
        """The answer, once a batch with the request was computed."""
        mine = _Waiting[Request, Answer](request)
        with self._changed:
            self.waiting.append(mine)
            while self._busy and not mine.done:
                self._changed.wait()
            batch = [] if mine.done else self._taken(mine)
            self._busy = self._busy or bool(batch)
        if batch:
            self._work(batch)
        if mine.error is not None:
            raise mine.error
        return mine.answer[0]

    def _taken(self, first: _Waiting[Request, Answer]) -> list[_Waiting[Request, Answer]]:
        """The next batch, out of the line."""
        kind = self._kind(first.request)
        others = [w for w in self.waiting if w is not first and self._kind(w.request) == kind]
        batch = [first, *others[: self._max_batch - 1]]
        self.waiting = [w for w in self.waiting if not any(w is taken for taken in batch)]
        return batch

    def _work(self, batch: Sequence[_Waiting[Request, Answer]]) -> None:
        try:
            answers = self._compute([w.request for w in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.answer.append(answer)
        except BaseException as error:  # noqa: BLE001 - raised again by every thread that waits for it
            for waiting in batch:
                waiting.error = error
        with self._changed:
            self.batches += 1
            self.requests += len(batch)
            self._busy = False
            self._changed.notify_all()
