"""The same inputs, budgets in expansions and one worker: the same proofs and trees; more workers: the same verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prover.agent import SearchSettings
from prover.batch_item import LAST_RESORT_S, TACTIC_TIMEOUT_S, BatchSettings
from prover.cli import prove
from prover.cli.main import build_parser
from prover.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
FILE = """theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
theorem c (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length := by sorry
"""
TIMES = {"seconds", "lean_seconds"}


def run(file: Path, out: Path, workers: int, hash_seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Records without times, and trees by file name."""
    subprocess.run(
        [
            sys.executable, "-m", "prover.cli.main", "prove", str(file), "--out", str(out), "--timeout", "0",
            "--max-expansions", "2", "--heartbeats", "20000", "--workers", str(workers), "--quiet",
        ],
        cwd=ROOT, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)},
    )  # fmt: skip
    records = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    trees = {p.name: json.loads(p.read_text("utf-8")) for p in (out / "trees").iterdir()}
    return [{k: v for k, v in r.items() if k not in TIMES} for r in records], trees


def test_the_same_inputs_give_the_same_proofs_and_trees(tmp_path: Path) -> None:
    file = tmp_path / "file.lean"
    file.write_text(FILE, "utf-8")
    first, first_trees = run(file, tmp_path / "first", 1, 1)
    again, again_trees = run(file, tmp_path / "again", 1, 2)
    assert first == again
    assert first_trees == again_trees
    both, _ = run(file, tmp_path / "both", 2, 3)
    assert [(r["id"], r["status"]) for r in both] == [(r["id"], r["status"]) for r in first]


def test_seconds_limit_a_tactic_only_where_they_limit_the_theorem() -> None:
    assert BatchSettings(SearchSettings(timeout_s=60)).tactic_seconds == TACTIC_TIMEOUT_S
    assert BatchSettings(SearchSettings(timeout_s=None, max_expansions=5)).tactic_seconds == LAST_RESORT_S
    assert BatchSettings(SearchSettings(timeout_s=None), tactic_timeout_s=2.0).tactic_seconds == 2.0


def test_a_search_without_any_limit_is_refused() -> None:
    args = build_parser().parse_args(["prove", "x.lean", "--timeout", "0"])
    with pytest.raises(ConfigError, match="--max-expansions"):
        prove.run(args)
