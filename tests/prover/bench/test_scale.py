"""The simulation of many workers, held against what can be computed: no part does more than it can, and the narrowest is full."""

from __future__ import annotations

import pytest

from prover.bench.scale import Costs, policies_for, simulate

COSTS = Costs(expansions=5, audits=0.5, lean_s=0.1, python_s=0.002, audit_s=0.05, journal_s=0.001, send_s=0.0005)
A_THEOREM = 5.05
"""Expansions on average: an exponential draw of mean 5, rounded, at least 1."""


def test_a_lean_is_full_when_it_is_the_narrowest_and_the_rate_is_what_it_allows() -> None:
    found = simulate(COSTS, workers=4, policies=0)
    assert found["saturated"] == "lean" and found["lean_used"] >= 0.97
    assert found["theorems_an_hour"] == pytest.approx(4 * 3600 / (A_THEOREM * COSTS.lean_s), rel=0.08)


def test_one_policy_server_caps_the_rate_and_enough_of_them_do_not() -> None:
    capped = simulate(COSTS, workers=200, policies=1)
    assert capped["saturated"] == "policy"
    assert capped["theorems_an_hour"] == pytest.approx(3600 * COSTS.batch / COSTS.batch_s / A_THEOREM, rel=0.08)
    enough = simulate(COSTS, workers=200, open_theorems=8, policies=policies_for(COSTS, 200))
    assert enough["saturated"] == "lean"


def test_the_command_caps_the_rate_of_thousands_of_workers() -> None:
    found = simulate(COSTS, workers=2000, policies=0)
    assert found["saturated"] == "command"
    assert found["theorems_an_hour"] == pytest.approx(3600 / (COSTS.journal_s + COSTS.send_s), rel=0.05)


def test_one_open_theorem_waits_for_its_policy_and_several_do_not() -> None:
    slow = [simulate(COSTS, workers=2, open_theorems=n, policies=1)["lean_used"] for n in (1, 8)]
    assert slow[0] < 0.45 and slow[1] > 0.85
