from __future__ import annotations

import json
import math

import pytest

from prover.errors import PolicyError
from prover.policy.base import Mixture, Offer, View
from prover.policy.calibration import Calibration, feature_of, shipped
from prover.policy.goal import first_goal
from tests.prover.policy.views import OWN, view

SEEN = view("n = m", "n m : Nat")


def noted(tries: int, on_proof: int, closed: bool, milliseconds: float = 10.0) -> Calibration:
    table = Calibration()
    for i in range(tries):
        table.note(
            "t",
            feature_of(first_goal(SEEN)),
            i < on_proof,
            closed and i < on_proof,
            i < on_proof,
            milliseconds,
        )
    return table


def test_an_unknown_template_keeps_its_proposers_guess() -> None:
    assert Calibration().log_prob("t", SEEN, -1.5) == -1.5


def test_few_tries_move_the_guess_little_and_many_replace_it() -> None:
    guess = math.log(0.5)
    few = math.exp(noted(1, 0, False).log_prob("t", SEEN, guess))
    many = math.exp(noted(1000, 0, False).log_prob("t", SEEN, guess))
    assert 0.35 < few < 0.5
    assert many < 0.01


def test_the_share_is_of_the_tries_on_known_proofs() -> None:
    assert math.exp(noted(1000, 250, False).log_prob("t", SEEN, -1.0)) == pytest.approx(0.25, abs=0.01)


def test_a_closing_template_is_ordered_by_cost() -> None:
    cheap = noted(100, 50, True, 5.0).log_prob("t", SEEN, -1.0)
    dear = noted(100, 50, True, 2000.0).log_prob("t", SEEN, -1.0)
    assert cheap > dear
    assert math.exp(cheap) == pytest.approx(0.5 / (0.5 + 0.005), abs=0.01)


def test_log_probabilities_are_finite_and_not_positive() -> None:
    for table in (noted(10_000, 0, False), noted(10_000, 10_000, True, 0.0)):
        assert -10 < table.log_prob("t", SEEN, -9.0) <= 0


def test_one_feature_leans_on_all_until_it_has_counts_of_its_own() -> None:
    table = noted(200, 100, False)
    other = view("xs = ys", "xs ys : List Nat")
    assert math.exp(table.log_prob("t", other, -1.0)) == pytest.approx(0.5, abs=0.02)
    for _ in range(500):
        table.note("t", feature_of(first_goal(other)), False, False, False, 1.0)
    assert table.log_prob("t", other, -1.0) < table.log_prob("t", SEEN, -1.0) - 1


def test_features_tell_relation_and_subject() -> None:
    assert feature_of(first_goal(SEEN)) == "= Nat"
    assert feature_of(first_goal(view("p ∧ q", "p q : Prop"))) == "∧ logic"
    assert feature_of(first_goal(view("power 1 n = 1", "n : Nat", file_context=OWN))) == "= own"


def test_the_file_gives_back_the_counts() -> None:
    table = noted(7, 3, True)
    again = Calibration.from_json(json.loads(json.dumps(table.to_json(command="x"))))
    assert again == table


def test_another_format_is_refused() -> None:
    with pytest.raises(PolicyError, match="format"):
        Calibration.from_json({"format": 99})


def test_the_mixture_uses_the_counts_of_templates_only() -> None:
    class Two:
        name = "two"

        def propose(self, view: View, /) -> list[Offer]:
            return [Offer("a", -1.0, "t"), Offer("b", -1.0)]

    found = {
        p.tactic: p.log_prob for p in Mixture([(Two(), 1.0)], rates=noted(1000, 10, False)).propose(SEEN)
    }
    assert found["b"] == -1.0
    assert found["a"] < -3.0


def test_the_shipped_counts_are_readable() -> None:
    table = shipped()
    assert table is None or table.counts
