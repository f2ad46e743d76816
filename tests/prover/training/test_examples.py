"""What can be read as training data, and that nothing held out gets into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.splits import split_of
from prover.corpus.traces import SCHEMA
from prover.errors import DataError
from prover.training.examples import Example, read

SOME = [f"Foo.lemma_{chr(97 + i % 26)}{i}x" for i in range(1000)]
NAMES = {side: next(name for name in SOME if split_of(name) == side) for side in ("train", "test")}


def trace_row(step: int, state: str, tactic: str, name: str = NAMES["train"]) -> dict[str, Any]:
    return {
        "full_name": name, "statement": f"theorem {name} : p", "step": step, "state_before": state, "tactic": tactic,
        "annotated_tactic": tactic, "state_after": "", "premises": [], "origin": "search", "split": split_of(name),
    }  # fmt: skip


def test_leandojos_file_gives_pairs_with_our_own_sides(tmp_path: Path) -> None:
    theorems = [
        {"full_name": name, "traced_tactics": [{"tactic": " simp ", "state_before": f"⊢ {side}", "state_after": "no goals"}]}
        for side, name in NAMES.items()
    ]
    path = tmp_path / "train.json"
    path.write_text(json.dumps(theorems), "utf-8")
    found = read([path], "sft")
    assert found.items == [Example(NAMES[s], f"⊢ {s}", "simp", s) for s in ("train", "test")]
    assert [e.prompt for e in found.side("train", None)] == ["⊢ train"]
    assert len(found.hashes[str(path)]) == 64


def test_traces_give_pairs_for_tactics_and_whole_proofs_for_pretraining(tmp_path: Path) -> None:
    rows = [trace_row(0, "⊢ p", "induction n with\n| zero => simp"), trace_row(1, "⊢ q", "omega"), trace_row(0, "⊢ r", "rfl")]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "steps-00000.parquet")
    assert [(e.prompt, e.target) for e in read([tmp_path], "sft").items] == [
        ("⊢ p", "induction n with\n| zero => simp"), ("⊢ q", "omega"), ("⊢ r", "rfl")
    ]  # fmt: skip
    assert [e.target for e in read([tmp_path], "pretrain").items] == [
        f"theorem {NAMES['train']} : p := by\n  induction n with\n  | zero => simp\n  omega",
        f"theorem {NAMES['train']} : p := by\n  rfl",
    ]


def test_names_of_generated_theorems_are_not_learnt(tmp_path: Path) -> None:
    rows = [trace_row(0, "⊢ p", "have this := @m_Nat_le_0123456789 n"), trace_row(1, "⊢ q", "exact Foo.m_x this")]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "steps-00000.parquet")
    assert [e.prompt for e in read([tmp_path], "sft").items] == ["⊢ q"]


def test_the_sample_is_fixed_and_has_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    lines = [{"state": f"⊢ {i % 20}", "tactic": "simp"} for i in range(40)]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    found = read([path], "sft")
    assert len(found.side("train", None)) == 20
    assert found.side("train", 5) == found.side("train", None)[:5]


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps({"state": "s : String\n⊢ s = \"a\u2028b\"", "tactic": "rfl"}, ensure_ascii=False) + "\n", "utf-8")
    assert [e.target for e in read([path], "sft").side("train", None)] == ["rfl"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", '{"state": "⊢ p"}', "line 1 has neither state and tactic nor text"),
        ("x.json", '[{"name": "t"}]', "it has no traced_tactics"),
        ("x.json", '[{"full_name": "t", "traced_tactics": [{"tactic": "simp"}]}]', "the column 'state_before' is missing"),
        ("x.json", "[", "cannot be read as training data"),
        ("x.txt", "", "is no training data"),
        ("x.jsonl", '{"text": "theorem t : True := trivial"}', "no state-tactic pairs in"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read([path], "sft")
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"full_name": ["t"], "state_before": ["⊢ p"]}), tmp_path / "steps-00000.parquet")
    with pytest.raises(DataError, match="lacks the column tactic, statement, split; make it with `proofsmith trace`"):
        read([tmp_path], "sft")
    with pytest.raises(DataError, match="there is no file or folder"):
        read([tmp_path / "none"], "sft")
