"""Where the time of a batch of easy theorems goes: by the part of the work, and by the request to Lean.

The functions in `PARTS` are timed while the batch runs; the time of one inside another counts for the inner one only.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from prover.audit.auditor import SharedAuditor
from prover.lean.dojo import Dojo
from prover.lean.embedded.process import LeanProcess
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.prove import batch, item, theorem
from prover.prove.environment import DojoEnvironment
from prover.prove.folder import RunFolder
from prover.prove.lemmas import LemmaSteps
from prover.prove.premises import LazyPremises
from prover.refute.falsifier import Falsifier

PARTS: Sequence[tuple[str, Any, str]] = (
    ("waiting for theorems", batch._Batch, "_next"),
    ("waiting for candidates", batch._Batch, "_next_candidate"),
    ("waiting for the audit", batch._Batch, "_hand_over"),
    ("audit", SharedAuditor, "__call__"),
    ("audit made ready", SharedAuditor, "warm"),
    ("journal", RunFolder, "add"),
    ("record", batch, "record_of"),
    ("theorem", batch, "attempt_item"),
    ("context", LeanWorker, "prepare"),
    ("context", LeanWorker, "file_context"),
    ("opening", Dojo, "__enter__"),
    ("closing", Dojo, "__exit__"),
    ("search", theorem, "search"),
    ("policy", Mixture, "propose"),
    ("first premise index", LazyPremises, "_loaded"),
    ("exploration", LemmaSteps, "offers"),
    ("counterexamples", Falsifier, "look"),
    ("counterexamples", Falsifier, "is_dead"),
    ("tactics", DojoEnvironment, "step"),
    ("library searches", Dojo, "messages_of"),
    ("library index", Dojo, "_warmed"),
    ("minimising", theorem, "minimise"),
    ("premises used", theorem, "_premises"),
    ("disproof", item, "disprove"),
)
"""Name, module or class, and attribute of what is timed."""


@dataclass
class Row:
    """Seconds by the clock and of processor time: of Python's thread, for a request of Lean's process."""

    calls: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, wall_s: float, cpu_s: float) -> None:
        """One call more."""
        self.calls, self.wall_s, self.cpu_s = self.calls + 1, self.wall_s + wall_s, self.cpu_s + cpu_s


class Profile:
    """Rows of parts and of requests, from all threads."""

    def __init__(self) -> None:
        self.parts: defaultdict[str, Row] = defaultdict(Row)
        self.requests: defaultdict[tuple[str, str], Row] = defaultdict(Row)
        self._stacks = threading.local()
        self._lock = threading.Lock()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Times the functions in PARTS and all requests while the block runs."""
        with ExitStack() as undo:
            for name, owner, attribute in (*PARTS, ("", LeanProcess, "request")):
                plain = getattr(owner, attribute)
                timed = self._timed(name, plain) if name else self._request(plain)
                undo.callback(setattr, owner, attribute, plain)
                setattr(owner, attribute, timed)
            yield

    def _timed(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def timed(*given: Any, **named: Any) -> Any:
            stack: list[list[Any]] = self._stacks.__dict__.setdefault("stack", [])
            stack.append([name, 0.0, 0.0])
            wall, cpu = time.monotonic(), time.thread_time()
            try:
                return plain(*given, **named)
            finally:
                wall, cpu = time.monotonic() - wall, time.thread_time() - cpu
                _, inner_wall, inner_cpu = stack.pop()
                if stack:
                    stack[-1][1] += wall
                    stack[-1][2] += cpu
                with self._lock:
                    self.parts[name].add(wall - inner_wall, cpu - inner_cpu)

        return timed

    def _request(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def timed(process: LeanProcess, op: str, *given: Any, **named: Any) -> Any:
            stack = self._stacks.__dict__.get("stack")
            part = stack[-1][0] if stack else "before"
            wall, cpu = time.monotonic(), process.cpu_used_s()
            try:
                return plain(process, op, *given, **named)
            finally:
                with self._lock:
                    self.requests[part, op].add(time.monotonic() - wall, max(0.0, process.cpu_used_s() - cpu))

        return timed

    def clear(self) -> None:
        """Forgets what was timed so far."""
        with self._lock:
            self.parts.clear()
            self.requests.clear()

    def cpu_s(self) -> float:
        """Processor time of all parts and requests: the threads of the batch, and Lean's processes."""
        return sum(row.cpu_s for row in (*self.parts.values(), *self.requests.values()))

    def rows(self, theorems: int) -> list[dict[str, Any]]:
        """The parts, the longest first, each with its requests; milliseconds a theorem."""
        found: list[dict[str, Any]] = []
        for name, row in sorted(self.parts.items(), key=lambda pair: -pair[1].wall_s):
            asked = {op: _ms(r, theorems) for (part, op), r in self.requests.items() if part == name}
            found.append({"part": name, **_ms(row, theorems), "lean": asked})
        return found


def _ms(row: Row, theorems: int) -> dict[str, float]:
    wall, cpu = (round(1000 * s / theorems, 1) for s in (row.wall_s, row.cpu_s))
    return {"calls": row.calls, "wall_ms": wall, "cpu_ms": cpu}
