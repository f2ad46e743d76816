"""The critic: what it learns from search graphs, how it is measured, and that it joins the search."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.splits import split_of
from prover.audit.outcome import Candidate
from prover.cli.main import main
from prover.errors import ConfigError, DataError, PolicyError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import View
from prover.policy.critic import BUCKETS, CLASSES, FILE, FORMAT, MARK, SIZES, StateCritic, features, guess_of, load, size_class
from prover.prove.folder import json_text, tree_path, write_atomically
from prover.prove.theorem import SearchSettings, find_candidate
from prover.training.critic import area_under_curve, fit, measure, spearman, train_critic
from prover.training.critic import encode as encode_rows
from prover.training.outcomes import Outcome, outcomes_of, read_runs, smallest_proofs
from search.types import Proposal


def node(number: int, state: str, status: str, expanded: int | None, visits: int = 1) -> dict[str, Any]:
    return {
        "id": number, "state": state, "status": status, "depth": 0, "priority": 0.0, "expanded": expanded,
        "visits": visits if expanded is not None else 0,
    }  # fmt: skip


def edge(number: int, parent: int, children: Sequence[int], tactic: str, status: str, visit: int = 0) -> dict[str, Any]:
    return {
        "id": number, "parent": parent, "children": list(children), "tactic": tactic, "log_prob": -1.0, "proposer": "t",
        "visit": visit, "status": status, "error": None,
    }  # fmt: skip


TREE = {
    "root": 0,
    "nodes": [
        node(0, "⊢ root", "closed", 1), node(1, "⊢ left", "closed", 2, 2), node(2, "⊢ right", "closed", 4, 2),
        node(3, "⊢ dead", "failed", 3), node(4, "⊢ never looked at", "open", None),
    ],
    "edges": [
        edge(0, 0, [1, 2], "constructor", "closed"), edge(1, 0, [3], "exfalso", "failed"), edge(2, 0, [4], "skip", "open"),
        edge(3, 1, [], "simp", "closed"), edge(4, 2, [], "rfl", "failed"), edge(5, 2, [0], "circle", "closed", 1),
        edge(6, 2, [], "omega", "closed", 1),
    ],
}  # fmt: skip


def test_distances_are_those_of_the_smallest_proof() -> None:
    assert smallest_proofs(TREE) == {0: 3, 1: 1, 2: 1}


def test_only_states_that_a_search_looked_into_count_once_a_visit() -> None:
    rows = {(r.text, r.stage): (r.depth, r.tactics) for r in outcomes_of(TREE, "train", "f")}
    assert rows == {
        ("⊢ root", 0): (0, 3), ("⊢ left", 0): (1, 1), ("⊢ left", 1): (1, None), ("⊢ right", 0): (1, 1),
        ("⊢ right", 1): (1, 1), ("⊢ dead", 0): (1, None),
    }  # fmt: skip


def run_folder(path: Path, names: Sequence[str], chance: random.Random) -> Path:
    """Searches in which goals with `+` have a proof, those with `*` none."""
    records = []
    for name in names:
        nodes = [node(0, f"n : Nat\n⊢ {name} n = n", "open", 1)]
        edges = []
        for number in range(1, 9):
            easy = chance.random() < 0.5
            text = f"n m : Nat\nh : n < m\n⊢ n {'+' if easy else '*'} {chance.randrange(50)} < m"
            nodes.append(node(number, text, "closed" if easy else "failed", number + 1))
            edges.append(edge(len(edges), 0, [number], f"t{number}", "closed" if easy else "failed"))
            if easy:
                edges.append(edge(len(edges), number, [], "omega", "closed"))
        write_atomically(tree_path(path, name), json_text({"root": 0, "nodes": nodes, "edges": edges}))
        records.append({"id": name, "name": name, "status": "failed"})
    write_atomically(path / "results.jsonl", "".join(json_text(r) + "\n" for r in records))
    return path


def names_of(split: str, count: int) -> list[str]:
    found = (f"claim{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(5000))
    return [n for n in found if split_of(n) == split][:count]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = names_of("train", 20) + names_of("valid", 8) + names_of("test", 8)
    return run_folder(tmp_path_factory.mktemp("critic") / "run", names, random.Random(0))


@pytest.fixture(scope="module")
def trained(searched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "critic"
    train_critic([searched], out)
    return out


def test_it_learns_what_can_be_learnt_and_says_so_on_held_out_states(trained: Path) -> None:
    about = json.loads((trained / "metrics.json").read_text("utf-8"))
    mine, base = about["figures"]["critic"], about["figures"]["depth alone"]
    assert mine["auc"] > 0.99 and base["auc"] < 0.7
    assert mine["log_loss"] < 0.3 < base["log_loss"]
    critic = load(trained)
    given = "a b : Nat\nh : a < b\n"
    assert critic.value(f"{given}⊢ a + 3 < b", 1, 0) > 0.7 > 0.3 > critic.value(f"{given}⊢ a * 3 < b", 1, 0)
    assert critic.about["penalty"] == about["penalty"]


def test_held_out_theorems_are_never_learnt(searched: Path) -> None:
    found = read_runs([searched])
    sides = {s: {r.family for r in found.side(s)} for s in ("train", "valid", "test")}
    assert all(sides.values()) and not sides["train"] & (sides["valid"] | sides["test"])
    without = [r for r in found.rows if r.split == "train"]
    assert {r.text for r in found.side("train")} == {r.text for r in without}


def test_what_a_data_set_holds_out_is_not_learnt_whatever_it_is_called(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", names_of("train", 6), random.Random(0))
    results = run / "results.jsonl"
    records = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    assert {r.split for r in read_runs([run]).rows} == {"train"}
    results.write_text("".join(json_text({**r, "split": "test"}) + "\n" for r in records))
    assert {r.split for r in read_runs([run]).rows} == {"test"}


def test_the_same_runs_give_the_same_critic(searched: Path, trained: Path, tmp_path: Path) -> None:
    train_critic([searched], tmp_path / "again")
    assert (tmp_path / "again" / FILE).read_bytes() == (trained / FILE).read_bytes()


def test_the_gradient_is_that_of_the_loss() -> None:
    outcomes = [Outcome(f"⊢ {w}", i % 3, 0, i % 2 or None, "train", "f") for i, w in enumerate("abcdefgh")]
    rows = encode_rows(outcomes)
    weights, bias = fit(rows, 1e-6)
    best = -sum(
        math.log(guess_of(np.array(weights[p].T @ w + bias, np.float32)).proved if o.tactics else
                 1 - guess_of(np.array(weights[p].T @ w + bias, np.float32)).proved)
        for o in outcomes for p, w in [features(o.text, o.depth, o.stage)]
    )  # fmt: skip
    assert best / len(outcomes) < 0.05, "eight states with words of their own are learnt by heart"


def test_features_know_no_names_of_variables() -> None:
    one, other = features("x y : Nat\nh : x < y\n⊢ x ≤ y", 1, 0), features("k l : Nat\nhk : k < l\n⊢ k ≤ l", 1, 0)
    assert set(one[0]) == set(other[0]) and max(one[0]) < BUCKETS
    assert set(one[0]) != set(features("x y : Nat\nh : x < y\n⊢ y ≤ x ∨ p", 1, 0)[0])


@pytest.mark.parametrize("text", ["", "⊢", "no turnstile", "case a\n⊢ p\n\ncase b\n⊢ q", "h✝ : \ud800\n⊢ x", "x" * 50_000])
def test_every_text_has_a_value(trained: Path, text: str) -> None:
    assert 0 <= load(trained).value(text, 0, 3) <= 1


def test_classes_cover_all_sizes() -> None:
    assert [size_class(n) for n in (1, 2, 3, 4, 5, 40, None)] == [0, 1, 2, 2, 3, 3, 4]
    assert [size_class(s) for s in SIZES] == list(range(CLASSES - 1))
    sure = np.full(CLASSES, -50, np.float32)
    sure[0] = 50
    assert guess_of(sure).value == pytest.approx(1) and guess_of(sure[::-1].copy()).value == pytest.approx(0)


def test_figures_are_those_of_their_definitions() -> None:
    chance, proved = np.array([0.9, 0.8, 0.8, 0.1]), np.array([True, False, True, False])
    assert area_under_curve(chance, proved) == pytest.approx(3.5 / 4)
    assert area_under_curve(chance, np.array([True] * 4)) is None
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 5])) == pytest.approx(-0.2)
    assert spearman(np.array([1.0, 1]), np.array([1.0, 2])) is None
    guesses = [guess_of(np.array([math.log(p), -50, -50, -50, math.log(1 - p)], np.float32)) for p in (0.75, 0.75, 0.75, 0.75)]
    outcomes = [Outcome("⊢ p", 0, 0, t, "valid", "f") for t in (1, 1, None, None)]
    found = measure(outcomes, guesses)
    assert found["calibration_error"] == pytest.approx(0.25, abs=1e-3)
    assert found["log_loss"] == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2, abs=1e-3)
    assert measure([], []) == {
        "states": 0, "proved": 0, "auc": None, "log_loss": None, "calibration_error": None, "rank_correlation": None, "bins": [],
    }  # fmt: skip


class Guided:
    """Offers a long way and a short one; the long one looks likelier."""

    def propose(self, view: View) -> list[Proposal]:
        target = view.goals[0].target
        if "∨" in target:
            return [Proposal("right", -0.1), Proposal("left", -1.0)]
        if target == "p":
            return [Proposal("exact h", -0.1)]
        return [Proposal(f"rw [show q = (q ∧ {'True ∧ ' * i}True) by simp]", -0.1) for i in range(2)]


class LikesP:
    sha256 = "0" * 64

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def value(self, text: str, depth: int, stage: int) -> float:
        self.asked.append((text, depth, stage))
        return 1.0 if text.endswith("⊢ p") else 0.01


def test_a_critic_turns_the_search_around_in_real_lean(lean_worker: LeanWorker) -> None:
    text = "theorem either (p q : Prop) (h : p) : p ∨ q := by sorry\n"
    target = lean_worker.read(text).targets[0]

    def attempt(**critic: Any) -> Any:
        settings = SearchSettings(timeout_s=None, max_expansions=12, **critic)
        return find_candidate(Dojo(target, lean_worker), Guided(), settings, minimised=False)

    critic = LikesP()
    plain, guided, weightless = attempt(), attempt(critic=critic, critic_weight=1.0), attempt(critic=LikesP())
    assert isinstance(guided, Candidate) and guided.effort.expansions == 2
    assert plain.effort.expansions > 2 and weightless.effort.expansions == plain.effort.expansions
    assert ("p q : Prop\nh : p\n⊢ p ∨ q", 0, 0) in critic.asked and ("case h\np q : Prop\nh : p\n⊢ p", 1, 0) in critic.asked


def test_commands_with_a_critic_end_to_end(searched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "critic"
    assert main(["critic", str(searched), "--out", str(out), "--quiet"]) == 0
    assert "AUC, proved against unproved: 1.000 (depth alone: " in capsys.readouterr().out
    file = tmp_path / "a.lean"
    file.write_text("theorem t (a b : Nat) (h : a < b) : a + 1 ≤ b := by sorry\n", "utf-8")
    budget = ["--max-expansions", "4", "--timeout", "0", "--workers", "1", "--quiet"]
    command = ["prove", str(file), "--out", str(tmp_path / "run"), *budget]
    assert main([*command, "--critic", str(out)]) == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["critic"] == {"sha256": load(out).sha256, "weight": 1.0}
    assert main(command) == 2  # a run with a critic is no run without
    assert "critic.weight: 1.0 there, nothing now" in capsys.readouterr().err
    assert main([*command, "--critic", str(out), "--critic-weight", "0.5"]) == 2
    assert "critic.weight: 1.0 there, 0.5 now" in capsys.readouterr().err


def test_impossible_options_are_one_line(searched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / FILE).write_bytes(b"not a critic")
    cases = [
        (["prove", "x.lean", "--critic", str(tmp_path / "none")], 3, "there is no critic at"),
        (["prove", "x.lean", "--critic", str(tmp_path / "bad")], 3, "cannot be read as a critic"),
        (["prove", "x.lean", "--critic-weight", "2"], 2, "needs --critic"),
        (["eval", "starter", "--critic", str(tmp_path / "bad"), "--critic-weight", "0"], 2, "above 0"),
        (["prove", "-i", "x.lean:1", "--critic", str(tmp_path / "bad")], 2, "without a critic"),
        (["critic", str(tmp_path / "none"), "--out", str(tmp_path / "c")], 2, "no run of"),
        (["critic", str(searched), "--out", str(searched)], 2, "not empty and holds no critic"),
    ]
    for command, code, said in cases:
        assert main(command) == code
        error = capsys.readouterr().err.strip()
        assert said in error and error.count("\n") == 0, command


def test_what_is_no_critic_is_refused(trained: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    content = (trained / FILE).read_bytes()
    for name, broken in {"cut": content[:-100], "empty": b""}.items():
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(PolicyError, match="cannot be read"):
            load(tmp_path / name)
    zeros = {"weights": np.zeros((BUCKETS, CLASSES), np.float32), "bias": np.zeros(CLASSES, np.float32)}
    made = {MARK: json.dumps({"format": FORMAT})}
    for name, tensors, metadata, said in (
        ("other", zeros, {MARK: '{"format": "x"}'}, "has format 'x'"),
        ("foreign", zeros, {"format": "pt"}, "has format None"),
        ("shape", zeros | {"bias": np.zeros(2, np.float32)}, made, "other weights"),
        ("nan", zeros | {"bias": np.full(CLASSES, np.nan, np.float32)}, made, "no numbers"),
    ):
        save_file(tensors, tmp_path / name, metadata)
        with pytest.raises(PolicyError, match=said):
            load(tmp_path / name)
    assert isinstance(load(trained / FILE), StateCritic)


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", names_of("train", 1), random.Random(0))
    with pytest.raises(DataError, match="too few for a critic"):
        train_critic([run], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    for tree in (run / "trees").iterdir():
        tree.write_text('{"nodes": 3}', "utf-8")
    with pytest.raises(DataError, match="no search graphs"):
        train_critic([run], tmp_path / "out")


def test_a_critic_is_not_overwritten_unasked(searched: Path, trained: Path) -> None:
    before = (trained / FILE).read_bytes()
    with pytest.raises(ConfigError, match="holds a critic already"):
        train_critic([searched], trained)
    assert (trained / FILE).read_bytes() == before
