"""Easier examples first, by grades of each source's own, as a function of seed and step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prover.corpus.traces import SCHEMA
from prover.errors import DataError
from prover.training.batches import CurriculumBatches, competence
from prover.training.examples import MUTANT_GRADES, mutant_grade, ranks, read


@dataclass(frozen=True)
class One:
    number: int
    length: int = 1


ALL = [One(i) for i in range(100)]
GRADES = [(i * 37 % 100) / 100 for i in range(100)]


def test_ranks_compare_within_a_source_and_the_unknown_is_in_the_middle() -> None:
    assert ranks([3.0, 1.0, None, 2.0, 1.0]) == [0.875, 0.25, 0.5, 0.625, 0.25]
    assert ranks([None, None]) == [0.5, 0.5] and ranks([]) == []
    assert [mutant_grade(g) for g in ("rfl", "hard", None)] == [0.0, len(MUTANT_GRADES) - 1.0, None]


def test_competence_rises_to_everything_at_half_of_the_run() -> None:
    shares = [competence(step, 100) for step in range(100)]
    assert shares[0] == pytest.approx(0.1) and shares == sorted(shares) and shares[49] < 1 and shares[50:] == [1.0] * 50
    assert competence(25, 100) == pytest.approx((0.01 + 0.99 / 2) ** 0.5)


def test_batches_come_from_the_easiest_share_and_are_the_same_in_any_order_of_asking() -> None:
    batches = CurriculumBatches(ALL, 8, 7, GRADES, 40)
    asked = [batches[step] for step in range(40)]
    for step, batch in enumerate(asked[:20]):
        bound = max(8, -int(-competence(step, 40) * 100 // 1))
        easiest = set(sorted(range(100), key=lambda i: (GRADES[i], i))[: bound + 1])
        assert {e.number for e in batch} <= easiest and len({e.number for e in batch}) == 8
    again = CurriculumBatches(ALL, 8, 7, GRADES, 40)
    assert [again[step] for step in reversed(range(40))] == asked[::-1]
    assert CurriculumBatches(ALL, 8, 8, GRADES, 40)[3] != asked[3]
    later = [e.number for batch in asked[20:32] for e in batch]
    assert len(later) == len(set(later)) == 96  # an epoch through everything


def row(step: int, name: str) -> dict[str, Any]:
    return {
        "full_name": name, "statement": f"theorem {name} : p", "step": step, "state_before": f"⊢ {name}{step}", "tactic": "simp",
        "annotated_tactic": "simp", "state_after": "", "premises": [], "origin": "search", "split": "train",
    }  # fmt: skip


def test_longer_proofs_are_harder_in_traces_and_in_leandojos_file(tmp_path: Path) -> None:
    rows = [row(0, "a"), row(1, "a"), row(2, "a"), row(0, "b")]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "steps-00000.parquet")
    assert [(e.name, e.difficulty, e.grade) for e in read([tmp_path], "sft").items] == [("a", 3, 0.625)] * 3 + [("b", 1, 0.125)]
    assert [(e.name, e.difficulty, e.grade) for e in read([tmp_path], "pretrain").items] == [("a", 3, 0.75), ("b", 1, 0.25)]
    step = {"tactic": "simp", "state_before": "⊢ p", "state_after": "no goals"}
    path = tmp_path / "train.json"
    theorems = [{"full_name": name, "traced_tactics": [step] * count} for name, count in (("a", 2), ("b", 1))]
    path.write_text(json.dumps(theorems))
    assert [e.difficulty for e in read([path], "sft").items] == [2, 2, 1]


def test_lines_may_say_their_grade(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"state": "a", "tactic": "b", "grade": 2}\n{"state": "c", "tactic": "d"}\n{"text": "e", "grade": 1}')
    assert [(e.difficulty, e.grade) for e in read([path], "sft").items] == [(2.0, 0.5), (None, 0.5)]
    path.write_text('{"state": "a", "tactic": "b", "grade": "hard"}')
    with pytest.raises(DataError, match="could not convert string to float: 'hard'"):
        read([path], "sft")


def test_a_run_with_a_curriculum_goes_on_exactly(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")
    pytest.importorskip("transformers", reason="the extra `neural` (torch, transformers) is not installed")
    from prover.training.loop import train
    from prover.training.settings import TrainSettings

    torch.set_num_threads(1)
    path = tmp_path / "pairs.jsonl"
    lines = [{"state": f"⊢ {i} = {i}", "tactic": "rfl" if i % 2 else "simp", "grade": i} for i in range(30)]
    path.write_text("\n".join(map(json.dumps, lines)))
    settings = TrainSettings(size="toy", steps=8, batch=4, context=64, warmup=2, every=2, curriculum=True)

    def stop(step: int) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([path], tmp_path / "a", settings, on_step=stop)
    for name in ("a", "b"):
        train([path], tmp_path / name, settings)
    a, b = ((tmp_path / name / "model" / "model.safetensors").read_bytes() for name in "ab")
    assert a == b and json.loads((tmp_path / "a" / "settings.json").read_text())["curriculum"] is True
