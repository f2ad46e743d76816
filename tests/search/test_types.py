import math

import pytest

from search import Advanced, Budget, Priority, ProofTree, Proposal


@pytest.mark.parametrize("log_prob", [0.1, math.nan, math.inf, -math.inf])
def test_log_prob_is_finite_and_at_most_zero(log_prob: float) -> None:
    with pytest.raises(ValueError, match=f"'rfl' is {log_prob}"):
        Proposal("rfl", log_prob)


def test_log_prob_of_certainty_is_allowed() -> None:
    assert Proposal("rfl", 0.0).log_prob == 0.0


def test_a_tactic_without_parts_is_closed_not_advanced() -> None:
    with pytest.raises(ValueError, match="Closed"):
        Advanced(())


def test_priority_is_the_log_probability_over_a_power_of_the_length() -> None:
    assert Priority(alpha=0.0)(-6.0, 4) == -6.0
    assert Priority(alpha=0.5)(-6.0, 4) == -3.0
    assert Priority(alpha=1.0)(-6.0, 4) == -1.5


def test_priority_of_the_empty_path_is_zero() -> None:
    assert Priority()(0.0, 0) == 0.0


def test_critic_adds_its_weighted_logarithm() -> None:
    assert Priority(critic_weight=2.0)(-1.0, 1, math.exp(-3)) == pytest.approx(-7.0)


def test_critic_without_weight_changes_nothing() -> None:
    assert Priority(critic_weight=0.0)(-1.0, 1, 0.0) == -1.0


def test_hopeless_value_still_gives_a_finite_priority() -> None:
    assert -math.inf < Priority(critic_weight=1.0)(-1.0, 1, 0.0) < -10


@pytest.mark.parametrize("number", [-1.0, math.nan, math.inf])
def test_priority_settings_are_finite_and_not_negative(number: float) -> None:
    with pytest.raises(ValueError, match=f"alpha is {number}"):
        Priority(alpha=number)
    with pytest.raises(ValueError, match=f"critic_weight is {number}"):
        Priority(critic_weight=number)


def test_budget_is_not_negative() -> None:
    with pytest.raises(ValueError, match="max_expansions is -1"):
        Budget(-1, None)
    with pytest.raises(ValueError, match="timeout_s is nan"):
        Budget(None, math.nan)


def test_proof_lists_its_tactics_in_the_order_they_are_run() -> None:
    left = ProofTree("intro", (ProofTree("rfl"),))
    proof = ProofTree("constructor", (left, ProofTree("omega")))
    assert proof.tactics() == ("constructor", "intro", "rfl", "omega")
    assert proof.size == 4


def test_shared_subproof_counts_as_often_as_it_is_run() -> None:
    proof = ProofTree("rfl")
    for _ in range(60):
        proof = ProofTree("constructor", (proof, proof))
    assert proof.size == 2**61 - 1


def test_deep_proof_needs_no_recursion() -> None:
    proof = ProofTree("rfl")
    for _ in range(20_000):
        proof = ProofTree("intro", (proof,))
    assert len(proof.tactics()) == proof.size == 20_001
