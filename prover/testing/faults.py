"""Faults on purpose: Lean processes that are killed, hang, dawdle, write garbage or half a line, outgrow their memory; a proposer
that fails, which stands for a model behind a network.

For tests and for `proofsmith soak`. The faults are real ones: signals from outside and wrong bytes on the pipe, so all that
stands between them and a verdict is the code that serves every other run.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from prover.errors import PolicyError
from prover.lean.embedded import protocol
from prover.lean.embedded.process import DEFAULT_MEMORY_MB, LeanProcess
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Offer, Proposer, View

KINDS = ("kill", "hang", "delay", "garbage", "half_line", "memory")
HANG_S = 2.0
"""A request that is made to hang gets a deadline as short as this, lest a test spend its time waiting."""
DELAY_S = 0.7
KILL_WITHIN_S = 0.2
STARTS_PER_KILL = 8
GARBAGE = (
    b"\n", b"lean: warning\n", b"\xff\xfe\x00\n", b'{"id": 1, "ok"\n', b'{"id": -1, "ok": {}}\n', b"[" * 5000 + b"\n", b"null\n",
)  # fmt: skip
POLICY_KINDS = ("error", "timeout", "rubbish")
RUBBISH: tuple[Any, ...] = (
    None, "simp", ("simp",), ("simp", "likely"), ("simp", float("nan")), ("simp", float("inf")), ("simp", 7.0), (7, -1.0),
    ("", -1.0), ("a\0b", -1.0), ("\ud800", -1.0), ("x" * 100_000, -1.0), ("simp", -1.0, 3),
)  # fmt: skip


class Faults(Protocol):
    """Decides which requests go wrong, and how."""

    def born(self, process: FaultyProcess) -> None:
        """A process is about to start."""

    def choose(self, op: str, fields: Mapping[str, Any]) -> str | None:
        """The kind of fault for a request that is about to be sent, one of KINDS, or None."""

    def kill_after_s(self) -> float:
        """When a kill comes, from when the request is sent; 0: just before."""


class Random:
    """Faults at random: on average one in `every` requests, and a kill in every `STARTS_PER_KILL`-th start.

    Counted in requests and not in seconds, so that a busy machine sees no more of them. A kill comes up to KILL_WITHIN_S
    after the request was sent: in the middle of it, between it and the next, or in the next. For one worker the same seed
    gives the same faults in the same places, up to that time.
    """

    def __init__(self, seed: int, every: float, kinds: tuple[str, ...] = KINDS) -> None:
        self.done: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._every = every
        self._kinds = kinds
        self._lock = threading.Lock()

    def born(self, process: FaultyProcess) -> None:
        """Perhaps a process that will not get far."""
        with self._lock:
            if self._random.random() >= 1 / STARTS_PER_KILL:
                return
            self.done["kill at start"] += 1
            after_s = self._random.uniform(0, 3)
        _later(after_s, process.strike_dead)

    def choose(self, op: str, fields: Mapping[str, Any]) -> str | None:
        """What chance says."""
        with self._lock:
            if self._random.random() >= 1 / self._every:
                return None
            kind = self._random.choice(self._kinds)
            self.done[kind] += 1
            return kind

    def kill_after_s(self) -> float:
        """When a kill comes, from when the request is sent."""
        with self._lock:
            return self._random.uniform(0, KILL_WITHIN_S)


def _later(after_s: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(after_s, act)
    timer.daemon = True
    timer.start()
    return timer


class FaultyProcess(LeanProcess):
    """A real host process to which things happen."""

    def __init__(self, memory_mb: int, stopping: threading.Event | None, faults: Faults) -> None:
        self._faults = faults
        self._fault: str | None = None
        faults.born(self)
        super().__init__(memory_mb, stopping)

    @property
    def running(self) -> bool:
        """Whether there is a process to strike; it may still be starting."""
        return hasattr(self, "_process") and self.alive

    def strike_dead(self) -> None:
        """SIGKILL from outside."""
        self._signal(signal.SIGKILL)

    def request(self, op: str, timeout_s: float, **fields: Any) -> protocol.Json:
        """Asks, with a fault if one is due."""
        kind = self._faults.choose(op, fields)
        timer: threading.Timer | None = None
        self._fault = kind
        if kind == "kill":
            if after_s := self._faults.kill_after_s():
                _later(after_s, self.strike_dead)
            else:
                self.strike_dead()
        elif kind in ("hang", "delay", "memory"):
            self._signal(signal.SIGSTOP)
            if kind == "hang":
                timeout_s = min(timeout_s, HANG_S)
            elif kind == "memory":
                self.memory_mb = 1
            else:
                timer = _later(DELAY_S, self._go_on)
        try:
            return super().request(op, timeout_s, **fields)
        finally:
            self._fault = None
            if timer is not None:
                timer.cancel()

    def _receive(self, fd: int) -> bytes:
        chunk = super()._receive(fd)
        kind, self._fault = self._fault, None
        if kind == "garbage":
            return GARBAGE[self._next_id % len(GARBAGE)] + chunk
        if kind == "half_line":
            self.strike_dead()
            return chunk[: len(chunk) // 2]
        return chunk

    def _go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


class FaultyWorker(LeanWorker):
    """A worker whose processes are faulty."""

    def __init__(self, faults: Faults, memory_mb: int = DEFAULT_MEMORY_MB, timeout_s: float = 60.0) -> None:
        super().__init__(memory_mb, timeout_s)
        self.faults = faults

    def new_process(self) -> LeanProcess:
        """Starts a process to which things will happen."""
        return FaultyProcess(self.memory_mb, self._stopping, self.faults)


@dataclass
class FaultyProposer:
    """Passes on what another proposer offers, when it is not the turn of a fault.

    Args:
        inner: who offers otherwise.
        plan: number of the call, from 1 → one of POLICY_KINDS, or None.
        timeout_s: how long a call lasts that times out.
        name: who offers, in reports.
    """

    inner: Proposer
    plan: Callable[[int], str | None]
    timeout_s: float = 0.2
    name: str = "faulty"
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    done: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def propose(self, view: View) -> Iterable[Offer]:
        """Offers, or fails. Raises PolicyError by plan."""
        with self._lock:
            self.calls += 1
            kind = self.plan(self.calls)
            if kind is not None:
                self.done[kind] += 1
        if kind == "timeout":
            self.sleep(self.timeout_s)
            raise PolicyError(f"the policy server did not answer within {self.timeout_s:g} s")
        if kind == "error":
            raise PolicyError("the policy server refused the connection")
        if kind == "rubbish":
            return list(RUBBISH)
        return self.inner.propose(view)


def at_random(seed: int, rate: float) -> Callable[[int], str | None]:
    """A plan: each call fails with probability `rate`, in one of the ways."""

    def plan(call: int) -> str | None:
        chance = random.Random(seed * 1_000_003 + call)
        return chance.choice(POLICY_KINDS) if chance.random() < rate else None

    return plan
