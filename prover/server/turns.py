"""The same question asked several times in a row, as a tool does that samples from a model: another answer each time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from prover.server.prompts import Question

KEPT = 64
FRESH_S = 60.0


class Turns:
    """Answers to the last few questions. They are found once; then each one gets its turn.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[Question, tuple[float, list[str]]] = OrderedDict()
        self._turn: dict[Question, int] = {}

    def remembered(self, question: Question, ask: Callable[[Question], list[str]]) -> list[str]:
        """The answers, found now or within the last minute."""
        with self._lock:
            found = self._known.get(question)
            if found is not None and self._clock() - found[0] < FRESH_S:
                return found[1]
        answers = ask(question)
        with self._lock:
            self._known[question] = (self._clock(), answers)
            self._turn.pop(question, None)
            while len(self._known) > KEPT:
                old, _ = self._known.popitem(last=False)
                self._turn.pop(old, None)
        return answers

    def next(self, question: Question, answers: list[str], first: bool = False) -> str:
        """The answer whose turn it is, the best one with `first`; empty when there is none."""
        if not answers:
            return ""
        if first:
            return answers[0]
        with self._lock:
            turn = self._turn.get(question, 0)
            self._turn[question] = turn + 1
        return answers[turn % len(answers)]
