from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prover.errors import PolicyError
from prover.policy import ranker
from prover.policy.base import Mixture, Offer, View
from prover.policy.ranker import Ranker, features, load_ranker
from tests.prover.policy.views import OWN, view

NAT, LIST = view("n + 0 = n", "n : Nat"), view("xs ++ [] = xs", "xs : List Nat", "h : xs ≠ []")


class Two:
    name = "two"

    def propose(self, view: View) -> list[Offer]:
        return [Offer("omega", -0.5, "closers.omega"), Offer("simp", -0.6, "closers.simp"), Offer("skip", -1.0, "new.one")]


def made(least: float = 0.0) -> Ranker:
    """omega helps on Nat, simp on List; each costs a tenth of a second."""
    useful = np.array([[0, 0], [3, -5], [-5, 3]], np.float32)
    cost = np.array([[math.log(100.0)] * 2, [0, 0], [0, 0]], np.float32)
    return Ranker(
        {"always": 0, "about Nat": 1, "about List": 2}, {"closers.omega": 0, "closers.simp": 1}, useful, cost,
        np.array([-0.5, -0.6], np.float32), 1.0, np.array([True, True]), least,
    )  # fmt: skip


def test_what_helps_on_such_a_state_comes_first() -> None:
    policy = Mixture([(Two(), 1.0)], rates=made())
    assert policy.propose(NAT)[0].tactic == "omega"
    assert policy.propose(LIST)[0].tactic == "simp"


def test_what_is_not_worth_its_time_is_left_out_and_the_unknown_stays() -> None:
    policy = Mixture([(Two(), 1.0)], rates=made(0.5))
    assert {p.tactic for p in policy.propose(NAT)} == {"omega", "skip"}
    assert {p.tactic for p in policy.propose(LIST)} == {"simp", "skip"}


def test_an_unknown_template_is_judged_by_whoever_else_knows_it() -> None:
    class Known:
        def log_prob(self, template: str, view: View, prior: float) -> float:
            return -4.0

    assert made().log_prob("new.one", NAT, -1.0) == -1.0
    assert replace(made(), otherwise=Known()).log_prob("new.one", NAT, -1.0) == -4.0


def test_the_dearer_of_two_closers_comes_later() -> None:
    dear = made()
    dear.cost[0, 0] = math.log(5000.0)
    assert dear.log_prob("closers.omega", NAT, -0.5) < made().log_prob("closers.omega", NAT, -0.5) <= 0


def test_a_likelier_offer_of_a_template_stays_likelier() -> None:
    assert made().log_prob("closers.simp", NAT, -0.6) > made().log_prob("closers.simp", NAT, -2.6)


def test_features_tell_goals_apart() -> None:
    assert {"about Nat", "top =", "count facts 0", "right n"} <= set(features(NAT))
    assert {"about List", "fact ≠", "count facts 1", "stage 2"} <= set(features(replace(LIST, stage=2)))
    assert "about own" in features(view("power 1 n = 1", "n : Nat", file_context=OWN))
    assert "after rw" in features(replace(NAT, before=("simp", "rw [h]"))) and features(view("x")) != []


def test_the_file_gives_back_the_weights(tmp_path: Path) -> None:
    made(0.25).write(tmp_path / "ranker.npz")
    again = load_ranker(tmp_path / "ranker.npz")
    assert again.least == 0.25 and again.sha256
    for template in made().templates:
        assert again.log_prob(template, LIST, -0.6) == pytest.approx(made(0.25).log_prob(template, LIST, -0.6), abs=0.01)


@pytest.mark.parametrize("content", [b"", b"PK nonsense"])
def test_what_is_no_ranker_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ranker.npz"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"ranker\.npz is no ranker"):
        load_ranker(path)


def test_a_variable_puts_another_ranker_or_none_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(0.125).write(tmp_path / "mine.npz")
    for value, least in ((str(tmp_path / "mine.npz"), 0.125), ("", None)):
        monkeypatch.setenv(ranker.VARIABLE, value)
        ranker.shipped.cache_clear()
        found = ranker.shipped()
        assert (None if found is None else found.least) == least
    monkeypatch.undo()
    ranker.shipped.cache_clear()
