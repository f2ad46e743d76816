"""The tactic ranker: outcomes from real Lean, a journal that goes on, and weights that learn what was planted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from prover.errors import DataError
from prover.lean.embedded.worker import LeanWorker
from prover.policy.builtin import builtin_policy
from prover.prove.item import Item
from prover.training import ranker_outcomes
from prover.training.ranker import FEWEST_TRIES, fit, judged, replay, train_ranker
from prover.training.ranker_outcomes import CLOSED, FAILED, ON_PROOF, gather, read_journal

TEXT = """theorem fine (n m : Nat) (h : n < m) : n + 1 ≤ m := by sorry
theorem both (p q : Prop) (hp : p) (hq : q) : q ∧ p := by sorry
theorem never (f : Nat → Nat) : f 1 = 2 := by sorry"""


def planted(theorems: int = 120) -> list[dict[str, Any]]:
    """omega closes what is about Nat, simp what is about List; grind always fails and is dear; rw leads on where h is there."""
    drawn = random.Random(0)
    rows = []
    for i in range(theorems):
        kind = drawn.choice(("Nat", "List"))
        h = drawn.random() < 0.5
        offers = [
            ["closers.grind", -0.4, -0.1, FAILED, 900.0], ["closers.omega", -0.6, -0.5, CLOSED if kind == "Nat" else FAILED, 5.0],
            ["closers.simp", -0.7, -0.6, CLOSED if kind == "List" else FAILED, 5.0],
            ["rewriting.rw", -2.0, -2.0, ON_PROOF if h else FAILED, 2.0],
        ]  # fmt: skip
        named = ["always", "stage 0", f"about {kind}", *(["fact ="] if h else [])]
        states = [{"state": "⊢ x", "stage": 0, "closed": True, "features": named, "offers": offers}]
        rows.append({"id": "".join(drawn.choices("abcdefgh", k=8)) + "xyz"[i % 3], "proved": True, "states": states})
    return rows


def test_what_was_planted_is_learnt_and_saves_time() -> None:
    found = train_ranker(planted())
    held_out = found.about["held_out"]
    before, after = held_out["by the policy's order"], held_out[f"by the ranker, least {found.least:g}"]
    assert after["closed"] == before["closed"] == 120
    assert after["seconds"] < 0.1 * before["seconds"], "grind is left out, or comes last"
    assert held_out["by the ranker, least 0.1"]["ran"] < held_out["by the ranker, least 0"]["ran"] + 1
    assert found.closing[found.templates["closers.omega"]] and not found.closing[found.templates["rewriting.rw"]]


def test_the_same_journal_gives_the_same_ranker() -> None:
    one, two = (fit([s for row in planted() for s in row["states"]]) for _ in range(2))
    assert (one.useful == two.useful).all() and (one.cost == two.cost).all() and one.slope == two.slope


def test_a_replay_counts_what_runs_until_the_goal_is_closed() -> None:
    states = [s for row in planted(60) for s in row["states"]]
    ranker = fit(states)
    counted = replay([(states[0], judged(ranker, states[0]))], None)
    assert counted["ran"] == (2 if states[0]["offers"][1][3] == CLOSED else 3)
    assert counted["seconds"] == pytest.approx(0.9, abs=0.02)
    nothing = replay([(states[0], judged(ranker, states[0]))], 1e9)
    assert (nothing["ran"], nothing["closed"]) == (0, 0)


def test_rare_templates_are_left_to_others() -> None:
    states = [s for row in planted(FEWEST_TRIES) for s in row["states"]]
    states[0]["offers"].append(["rare.one", -1.0, -1.0, CLOSED, 1.0])
    assert "rare.one" not in fit(states).templates


def test_too_few_outcomes_are_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        train_ranker(planted(2))


def test_a_journal_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "outcomes.jsonl"
    policy = builtin_policy()
    with LeanWorker() as worker:
        items = [Item(t.name, t, "a.lean") for t in worker.read(TEXT).targets]
    assert gather(items[:2], policy, journal, lambda text: None) == 2
    whole = journal.read_text("utf-8")
    fine, both = read_journal(journal)
    assert fine["proved"] and both["proved"]
    offers = {o[0]: o for o in fine["states"][0]["offers"]}
    assert offers["closers.omega"][3] == CLOSED and offers["closers.rfl"][3] == FAILED and all(o[4] > 0 for o in offers.values())
    assert all(o[0].startswith("closers.") for s in fine["states"] for o in s["offers"]), "one of them closed it"
    journal.write_text(whole + whole[:40], "utf-8")
    assert [row["id"] for row in read_journal(journal)] == ["fine", "both"]
    said: list[str] = []
    assert gather(items, policy, journal, said.append) == 3
    assert len(said) == 1 and "never" in said[0]
    assert journal.read_text("utf-8").startswith(whole)
    never = read_journal(journal)[2]
    assert not never["proved"] and not any(o[3] in (CLOSED, ON_PROOF) for s in never["states"] for o in s["offers"])
    assert len(never["states"]) > 1 and never["states"][0]["features"][0] == "always"


def test_what_is_no_journal_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.jsonl"
    path.write_text(json.dumps({"id": "a"}) + "\n" + json.dumps({"id": "b"}) + "\n", "utf-8")
    with pytest.raises(DataError, match="line 1"):
        read_journal(path)
    with pytest.raises(DataError, match="cannot read"):
        read_journal(tmp_path / "none.jsonl")
    assert ranker_outcomes.is_closer("omega") and not ranker_outcomes.is_closer("rw [h]")
