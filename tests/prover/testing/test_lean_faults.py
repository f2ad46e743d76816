"""Every kind of fault, done to a real process: the request fails with the right error, the next one has a fresh process."""

from __future__ import annotations

import time

import pytest

from prover.errors import LeanCrashedError, LeanProtocolError, LeanTimeoutError
from prover.testing.lean_faults import DELAY_S, KINDS, FaultyWorker, Poison, Random, Scripted

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


def test_poison_is_whatever_mentions_it() -> None:
    poison = Poison("bad tactic")
    asked = [poison.choose("tactics", {"tactics": [t]}) for t in ("simp", "bad tactic", "(bad tactic)")]
    assert asked == [None, "kill", "kill"]
    assert poison.done == {"kill": 2}


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[str | None]:
        faults = Random(seed, every=5)
        return [faults.choose("tactics", {}) for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {kind for kind in drawn(1) if kind} == set(KINDS)
    assert 15 < sum(kind is not None for kind in drawn(3)) < 80
