"""What a run cost, and what ran over its budget."""

from __future__ import annotations

from prover.audit.outcome import Effort
from prover.prove.item import cost_of, over_budget


def test_costs_are_sums_and_old_records_without_them_count_nothing() -> None:
    records = [
        {"seconds": 2.0, "lean_seconds": 1.5, "expansions": 3, "tactics_run": 40, "policy_calls": 3, "policy_tokens": 70},
        {"seconds": 1.0, "lean_seconds": None, "expansions": 1},
    ]
    cost = cost_of(records)
    assert (cost["theorem_seconds"], cost["lean_seconds"], cost["expansions"]) == (3.0, 1.5, 4)
    assert (cost["tactics_run"], cost["policy_calls"], cost["policy_tokens"]) == (40, 3, 70)


def test_what_ended_more_than_five_seconds_late_is_counted_and_the_worst_named() -> None:
    assert over_budget([{"over_s": 0.0}, {"over_s": 4.9}, {"over_s": 7.25}, {}]) == {"theorems": 1, "worst_s": 7.2}
    assert over_budget([]) == {"theorems": 0, "worst_s": 0.0}


def test_a_second_search_adds_its_cost_and_keeps_its_own_counts() -> None:
    first = Effort(seconds=2.0, expansions=5, lean_seconds=1.0, policy_calls=5, policy_tokens=10, over_s=1.0)
    second = Effort(seconds=3.0, expansions=7, lean_seconds=2.0, policy_calls=7, policy_tokens=4)
    both = second.after(first)
    assert (both.seconds, both.lean_seconds, both.policy_calls, both.policy_tokens) == (5.0, 3.0, 12, 14)
    assert (both.expansions, both.over_s) == (7, 1.0)
