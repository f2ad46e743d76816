"""Training of the premise selector, on a made-up benchmark where one lemma serves wherever its word stands."""

from __future__ import annotations

import json
import random
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from data.mutation import shards
from data.mutation.records import Mutant
from data.splits import split_of
from prover.errors import DataError
from prover.policy.premises.model import load_model
from prover.policy.premises.selector import Selector

pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")

from prover.training.selector import held_out, memory_of, other_examples, state_of, train_selector

WORDS = [a + b for a in ("bar", "fen", "gol", "hud", "kim") for b in ("dra", "lis", "mon", "pex")]


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "leandojo_benchmark_4"
    (folder / "random").mkdir(parents=True)
    premises = [
        {"full_name": f"{w}_rule", "start": [i, 1], "end": [i, 60], "code": f"theorem {w}_rule : {w} x = x", "kind": "lemma"}
        for i, w in enumerate(WORDS, start=1)
    ]
    rows = [{"path": "A.lean", "imports": [], "premises": premises}, {"path": "B.lean", "imports": ["A.lean"], "premises": []}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    drawn = random.Random(0)
    theorems = []
    for number in range(200):
        i = drawn.randrange(len(WORDS))
        other = drawn.choice(WORDS)
        name = f"{WORDS[i]}_rule"
        annotated = [f"rw [{name}]", [{"full_name": name, "def_path": "A.lean", "def_pos": [i + 1, 9]}]]
        step = {"state_before": f"h : {other} y = y\n⊢ {WORDS[i]} x = x", "tactic": annotated[0], "annotated_tactic": annotated}
        place = {"file_path": "B.lean", "full_name": f"t{number}", "start": [number + 1, 1], "end": [number + 1, 9]}
        theorems.append({**place, "traced_tactics": [step]})
    (folder / "random" / "train.json").write_text(json.dumps(theorems), "utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(benchmark: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "selector.npz"
    train_selector(benchmark, "random", out, None, 40, 20.0, 8, 0, lambda text: None)
    return out


def test_what_is_written_ranks_the_lemma_that_serves_first(trained: Path) -> None:
    model = load_model(trained)
    names = [f"{w}_rule" for w in WORDS]
    selector = Selector(names, [f"{n} : {w} x = x" for n, w in zip(names, WORDS, strict=True)], ["A"] * len(WORDS), model)
    first = [selector.rank(f"h : {WORDS[i - 1]} y = y\n⊢ {w} x = x", 3)[0][0] for i, w in enumerate(WORDS)]
    assert sum(a == b for a, b in enumerate(first)) >= 0.9 * len(WORDS)


def test_the_same_seed_gives_the_same_model(benchmark: Path, trained: Path, tmp_path: Path) -> None:
    train_selector(benchmark, "random", tmp_path / "again.npz", None, 40, 20.0, 8, 0, lambda text: None)
    one, two = load_model(trained), load_model(tmp_path / "again.npz")
    assert np.array_equal(one.goal_vectors, two.goal_vectors)
    assert all(np.array_equal(one.layers[k], two.layers[k]) for k in one.layers)


def test_no_examples_hold_nothing_out_and_leave_an_empty_memory() -> None:
    assert held_out([], 0) == set()
    assert list(memory_of([], [], None).premises) == []


def test_something_else_than_the_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pip download"):
        train_selector(tmp_path / "nothing.tar.gz", "random", tmp_path / "x.npz", None, 1, 1.0, 8, 0, lambda text: None)


def test_a_mutants_statement_is_a_goal() -> None:
    text = "m_rw_01.{u} {α : Type u} (xs ys : List α) (h : (n : Nat) → xs = ys ∧ n = n) : xs.length = ys.length"
    assert state_of(text) == "α : Type u\nxs ys : List α\nh : (n : Nat) → xs = ys ∧ n = n\n⊢ xs.length = ys.length"


def test_mutants_and_pairs_teach_what_they_name_on_the_train_side_alone(
    benchmark: Path, tmp_path: Path
) -> None:
    held = next(w for w in ascii_lowercase if split_of(w) != "train")
    learnt = next(w for w in ascii_lowercase if split_of(w) == "train")
    pairs = tmp_path / "own.jsonl"
    rows = [(learnt, "rw [bardra_rule]"), (held, "rw [barlis_rule]"), (learnt, "simp [unknown_rule]")]
    pairs.write_text("".join(json.dumps({"name": n, "state": "⊢ zig x = x", "tactic": t}) + "\n" for n, t in rows), "utf-8")
    run = tmp_path / "mutants"
    fields = dict.fromkeys(("operator", "direction", "place", "proof", "context", "key", "head", "name"), "")
    numbers = {"round": 1, "size": 1, "parent_size": 1, "hypotheses": 0}
    for number, split in enumerate(("train", "valid")):
        named = {"lemma": WORDS[number] + "_rule", "parent": WORDS[2 + number] + "_rule", "root": "r", "split": split}
        mutant = Mutant(**fields, **numbers, **named, statement="m (n : Nat) : zag n = n")
        shards.write(run, number, [mutant], {})
    (run / shards.PLAN).write_text("{}", "utf-8")
    names = {f"{w}_rule": i for i, w in enumerate(WORDS)}
    found = other_examples([pairs, run], names)
    assert [e.premises for e in found] == [(0,), (0, 2)] and WORDS[0] == "bardra"
    out = tmp_path / "also.npz"
    train_selector(benchmark, "random", out, None, 40, 20.0, 8, 0, lambda text: None, [pairs, run])
    assert load_model(out).about["others"] == 2
