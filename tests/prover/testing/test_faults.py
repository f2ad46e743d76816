"""Every kind of fault, done to a real process: the request fails with the right error, the next one has a fresh process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from prover.errors import LeanCrashedError, LeanProtocolError, LeanTimeoutError, PolicyError
from prover.lean.context import FileContext
from prover.policy import base
from prover.policy.base import MAX_FAULTS_IN_A_ROW, Health, Mixture, Offer, View, noting_faults
from prover.testing.faults import (
    DELAY_S,
    KINDS,
    RUBBISH,
    FaultyProcess,
    FaultyProposer,
    FaultyWorker,
    Random,
    at_random,
)


class Scripted:
    """The n-th request, from 1 and over all processes, has the fault that a table names."""

    def __init__(self, by_request: Mapping[int, str]) -> None:
        self.by_request = dict(by_request)
        self.requests = 0
        self.done: Counter[str] = Counter()

    def born(self, process: FaultyProcess) -> None:
        """Nothing."""

    def choose(self, op: str, fields: Mapping[str, Any]) -> str | None:
        """What the table says."""
        self.requests += 1
        kind = self.by_request.get(self.requests)
        if kind is not None:
            self.done[kind] += 1
        return kind

    def kill_after_s(self) -> float:
        """At once."""
        return 0.0


def away_between(first: int, last: int) -> Callable[[int], str | None]:
    """A plan: nobody answers from one call to another; then all is well again."""
    return lambda call: "error" if first <= call <= last else None


ERRORS = {"hang": LeanTimeoutError, "garbage": LeanProtocolError, "memory": LeanCrashedError}
"""Kills and half lines are done to real processes in test_soak.py; each fault here costs a start."""


def test_every_fault_costs_one_process_and_one_error() -> None:
    faults = Scripted({})
    with FaultyWorker(faults) as worker:
        worker.request("hello")
        for lost, (kind, error) in enumerate(ERRORS.items(), start=1):
            pid = worker.process.pid
            faults.by_request = {faults.requests + 1: kind}
            with pytest.raises(error) as caught:
                worker.request("hello")
            assert "\n" not in str(caught.value)
            assert worker.request("hello")["lean"]
            assert (worker.processes_lost, worker.process.pid == pid) == (lost, False)
        faults.by_request = {faults.requests + 1: "delay"}
        began = time.monotonic()
        assert worker.request("hello")["lean"]
        assert time.monotonic() - began > DELAY_S / 2
        assert worker.processes_lost == len(ERRORS)
    assert set(ERRORS) | {"delay"} == set(faults.done) <= set(KINDS)


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[str | None]:
        faults = Random(seed, every=5)
        return [faults.choose("tactics", {}) for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {kind for kind in drawn(1) if kind} == set(KINDS)
    assert 15 < sum(kind is not None for kind in drawn(3)) < 80


VIEW = View("⊢ True", (), FileContext())


@dataclass
class Fixed:
    tactic: str
    name: str = "fixed"

    def propose(self, view: View) -> list[Offer]:
        return [Offer(self.tactic, -1.0)]


@dataclass
class Clock:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def mixture(plan: Callable[[int], str | None], *others: Fixed) -> tuple[Mixture, FaultyProposer, Clock]:
    clock = Clock()
    faulty = FaultyProposer(Fixed("model"), plan, sleep=clock.sleep)
    return Mixture([(faulty, 1.0), *((o, 1.0) for o in others)], health=Health(clock, clock.sleep)), faulty, clock


def tactics(policy: Mixture) -> list[str]:
    return sorted(p.tactic for p in policy.propose(VIEW))


@pytest.mark.parametrize("kind", ["error", "timeout"])
def test_the_search_goes_on_with_the_other_proposers(kind: str) -> None:
    policy, _, _ = mixture(lambda call: kind, Fixed("simp"))
    with noting_faults() as faults:
        assert tactics(policy) == ["simp"]
    assert faults == {"faulty": 1}


def test_a_failing_proposer_is_left_out_for_twice_as_long_each_time() -> None:
    policy, faulty, clock = mixture(lambda call: "error", Fixed("simp"))
    asked = []
    for second in range(9):
        clock.now = float(second)
        before = faulty.calls
        policy.propose(VIEW)
        if faulty.calls > before:
            asked.append(second)
    assert asked == [0, 1, 3, 7]


def test_a_proposer_that_comes_back_is_asked_again() -> None:
    policy, faulty, clock = mixture(away_between(1, 2), Fixed("simp"))
    assert tactics(policy) == ["simp"]
    clock.now = 1.0
    assert tactics(policy) == ["simp"]
    clock.now = 3.0
    assert tactics(policy) == ["model", "simp"]
    assert tactics(policy) == ["model", "simp"]
    assert faulty.calls == 4


def test_retries_are_bounded() -> None:
    policy, faulty, clock = mixture(lambda call: "error", Fixed("simp"))
    for _ in range(50):
        clock.now += 1000
        policy.propose(VIEW)
    assert faulty.calls == MAX_FAULTS_IN_A_ROW


def test_the_only_proposer_is_waited_for() -> None:
    policy, _, clock = mixture(away_between(1, 3))
    assert tactics(policy) == ["model"]
    assert clock.slept == [1.0, 2.0, 4.0]


def test_a_search_without_any_proposer_ends_with_the_reason() -> None:
    policy, _, _ = mixture(lambda call: "error")
    with pytest.raises(PolicyError, match=r"no proposer answers any more.*refused the connection"):
        policy.propose(VIEW)


def test_rubbish_is_dropped_and_counted() -> None:
    policy, _, _ = mixture(lambda call: "rubbish", Fixed("simp"))
    with noting_faults() as faults:
        assert tactics(policy) == ["simp"]
    assert faults == {"faulty": 1}
    assert not any(base.is_tactic(offer) for offer in RUBBISH)


def test_faults_are_noted_for_the_theorem_whose_search_met_them() -> None:
    policy, _, clock = mixture(lambda call: "error", Fixed("simp"))
    with noting_faults() as first:
        policy.propose(VIEW)
    clock.now = 10.0
    with noting_faults() as second:
        policy.propose(VIEW)
        policy.propose(VIEW)
    assert (first, second) == ({"faulty": 1}, {"faulty": 1})


def test_random_faults_of_a_policy_are_the_same_for_the_same_seed() -> None:
    plan, same, other = at_random(1, 0.3), at_random(1, 0.3), at_random(2, 0.3)
    calls = range(200)
    assert [plan(c) for c in calls] == [same(c) for c in calls] != [other(c) for c in calls]
