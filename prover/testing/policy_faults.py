"""A proposer that fails on purpose, for tests and for `proofsmith soak`: it stands for a model behind a network."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from prover.errors import PolicyError
from prover.policy.base import Offer, Proposer, View

KINDS = ("error", "timeout", "rubbish")
RUBBISH: tuple[Any, ...] = (
    None, "simp", ("simp",), ("simp", "likely"), ("simp", float("nan")), ("simp", float("inf")), ("simp", 7.0), (7, -1.0),
    ("", -1.0), ("a\0b", -1.0), ("\ud800", -1.0), ("x" * 100_000, -1.0), ("simp", -1.0, 3),
)  # fmt: skip


@dataclass
class FaultyProposer:
    """Passes on what another proposer offers, when it is not the turn of a fault.

    Args:
        inner: who offers otherwise.
        plan: number of the call, from 1 → one of KINDS, or None.
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
        return chance.choice(KINDS) if chance.random() < rate else None

    return plan


def away_between(first: int, last: int) -> Callable[[int], str | None]:
    """A plan: nobody answers from one call to another; then all is well again."""
    return lambda call: "error" if first <= call <= last else None
