"""Which of LeanDojo's pairs stay: premises known, tactic parsed by the real Lean, short, each once."""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prover.errors import DataError
from prover.training import usable


def benchmark(path: Path, steps: list[tuple[str, str, list[str]]]) -> Path:
    traced = [
        {"state_before": state, "tactic": tactic, "annotated_tactic": [tactic, [{"full_name": p} for p in premises]]}
        for state, tactic, premises in steps
    ]
    path.write_text(json.dumps([{"full_name": "T.one", "traced_tactics": traced}]), "utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.parquet"
    pq.write_table(pa.table({"name": ["Nat.add_comm"]}), path)
    return path


def test_keeps_what_is_known_short_and_parsed(tmp_path: Path, corpus: Path) -> None:
    source = benchmark(tmp_path / "train.json", [
        ("n : ℕ\n⊢ n = n", "rw [Nat.add_comm]", ["Nat.add_comm"]),
        ("n : ℕ\n⊢ n = n", "rw [Nat.add_comm]", ["Nat.add_comm"]),
        ("⊢ P", "rw [Finset.sum_comm]", ["Finset.sum_comm"]),
        ("⊢ P", "nlinarith [h]", []),
        ("⊢ Q", "exact fun x => x", []),
        ("⊢ " + "x" * usable.LONGEST_STATE, "simp", []),
    ])  # fmt: skip
    out = tmp_path / "out.jsonl"
    assert usable.main([str(source), str(corpus), str(out)]) == 0
    kept = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(k["state"], k["tactic"]) for k in kept] == [
        ("n : Nat\n⊢ n = n", "rw [Nat.add_comm]"),
        ("⊢ Q", "exact fun x => x"),
    ]
    assert {k["name"] for k in kept} == {"T.one"}


def test_counts_each_sieve(tmp_path: Path, corpus: Path) -> None:
    source = benchmark(tmp_path / "train.json", [("⊢ P", "simp", []), ("⊢ P", "rw [A.b]", ["A.b"])])
    counts: Counter[str] = Counter()
    assert len(usable.pairs_with_premises(source, corpus, counts)) == 1
    assert counts == {"pairs": 2, "premises known": 1, "short and different": 1, "naming a premise": 0}


def test_a_sample_of_those_that_name_nothing(tmp_path: Path, corpus: Path) -> None:
    steps = [(f"⊢ P{i}", "simp", list[str]()) for i in range(10)]
    source = benchmark(tmp_path / "train.json", [*steps, ("⊢ Q", "rw [Nat.add_comm]", ["Nat.add_comm"])])
    some = usable.pairs_with_premises(source, corpus, Counter(), others=3)
    assert [p["state"] for p in some].count("⊢ Q") == 1
    assert len(some) == 4
    assert some == usable.pairs_with_premises(source, corpus, Counter(), others=3)


@pytest.mark.parametrize("text", ["not json", '[{"full_name": "a"}]', '[{"traced_tactics": [{}]}]'])
def test_another_file_is_one_line(tmp_path: Path, corpus: Path, text: str) -> None:
    source = tmp_path / "train.json"
    source.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"train\.json is no train\.json of LeanDojo"):
        usable.pairs_with_premises(source, corpus, Counter())


def test_no_corpus_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = benchmark(tmp_path / "train.json", [])
    assert usable.main([str(source), str(tmp_path / "none.parquet"), str(tmp_path / "out")]) != 0
    assert "proofsmith corpus build" in capsys.readouterr().err
