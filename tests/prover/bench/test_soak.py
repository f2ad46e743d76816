"""The soak test in little: `proofsmith soak` is the same for half an hour."""

from __future__ import annotations

from prover.bench.soak import SoakSettings, soak


def test_a_batch_under_faults_ends_like_the_batch_in_peace() -> None:
    found = soak(SoakSettings(minutes=0.4, theorems=3, max_expansions=2, every=12.0))
    assert found["verdicts_different"] == found["results_lost"] == found["results_doubled"] == 0, found
    assert sum(found["faults"].values()) >= 1
    assert found["verdicts_compared"] >= 1
