"""The scale of a model's log-probabilities beside calibrated ones, and the mixture that applies it."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from prover.errors import PolicyError
from prover.policy.base import Mixture, Offer, View
from prover.policy.scale import HIGHEST, Scale, fit, read, to_json
from tests.prover.policy.views import view


def tries(slope: float, offset: float, count: int = 4000) -> list[tuple[float, bool]]:
    """Tactics that lie on a proof as often as a scale says."""
    chances = random.Random(7)
    found = []
    for _ in range(count):
        log_prob = -6 * chances.random()
        found.append((log_prob, chances.random() < math.exp(min(HIGHEST, slope * log_prob + offset))))
    return found


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.0), (1.5, -0.5), (0.2, -3.0)])
def test_the_fit_finds_the_scale_that_made_the_data(slope: float, offset: float) -> None:
    found = fit(tries(slope, offset))
    assert found.slope == pytest.approx(slope, abs=0.15) and found.offset == pytest.approx(offset, abs=0.3)


def test_a_model_whose_tactics_never_help_is_weighed_down_and_one_that_knows_nothing_is_flattened() -> None:
    useless = fit([(p, False) for p, _ in tries(1, 0)])
    assert useless(-0.1) < math.log(0.02)
    overconfident = fit([(p, n % 2 == 0) for n, (p, _) in enumerate(tries(1, 0))])
    assert overconfident.slope < 0.1 and overconfident(-5.0) == pytest.approx(math.log(0.5), abs=0.1)


def test_a_few_tries_move_little_and_none_move_nothing() -> None:
    assert fit([]) == Scale()
    few = fit([(-1.0, False)] * 3)
    assert few.offset > -2 and few.slope == pytest.approx(1, abs=0.2)


def test_the_fit_is_never_worse_than_leaving_the_numbers_and_never_above_zero() -> None:
    data = tries(0.5, -1.5)
    stored = to_json(fit(data), data)
    assert stored["mean_loss"]["fitted"] < stored["mean_loss"]["identity"]
    assert stored["tries"] == len(data) and stored["on_proof"] == sum(hit for _, hit in data)
    assert Scale()(0.0) < 0
    for slope, offset in ((-0.1, 0), (1, 0.1), (math.nan, 0), (1, math.inf)):
        with pytest.raises(PolicyError, match="slope must be 0 to"):
            Scale(slope, offset)


def test_a_file_is_for_the_weights_it_was_fitted_for(tmp_path: Path) -> None:
    path = tmp_path / "mixture.json"
    assert read(path, "a") == Scale()
    path.write_text(json.dumps(to_json(Scale(0.5, -1), [], weights_sha256="a")))
    assert read(path, "a") == Scale(0.5, -1) and read(path, "b") == Scale()


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": 2}', '{"format": 1, "weights_sha256": "a", "slope": "x", "offset": 0}']
)
def test_a_damaged_file_is_named_with_what_to_type(text: str, tmp_path: Path) -> None:
    (tmp_path / "mixture.json").write_text(text)
    with pytest.raises(PolicyError, match=r"mixture\.json"):
        read(tmp_path / "mixture.json", "a")


@dataclass(frozen=True)
class Says:
    name: str
    offers: tuple[Offer, ...]

    def propose(self, view: View) -> Iterable[Offer]:
        return self.offers


def test_the_mixture_scales_a_models_offers_and_no_others() -> None:
    model = Says("model", (Offer("a", -1.0), Offer("b", -4.0)))
    other = Says("other", (Offer("c", -1.0), Offer("d", -2.0, "other.d")))
    mixture = Mixture([(model, 0.5), (other, 1.0)], scales={"model": Scale(0.5, -1.0)})
    found = {p.tactic: p.log_prob for p in mixture.propose(view("⊢ True"))}
    assert found["a"] == pytest.approx(-1.5 + math.log(0.5)) and found["b"] == pytest.approx(-3 + math.log(0.5))
    assert found["c"] == -1.0 and found["d"] == -2.0
