"""The same inputs, budgets in expansions and one worker: the same proofs and trees; more workers: the same verdicts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prover.cli import prove
from prover.cli.main import build_parser
from prover.errors import ConfigError
from prover.prove.item import LAST_RESORT_S, TACTIC_TIMEOUT_S, BatchSettings
from prover.prove.theorem import SearchSettings

ROOT = Path(__file__).resolve().parents[3]
STARTER = ROOT / "data" / "starter"
SEVERAL = {"list": ("filter_both_ways_length", "length_le_sum_of_pos", "foldl_add_start"), "nat": ("dvd_mixed_sum",)}
"""Starter theorems whose proofs take three or four expansions, and one that is not found in four."""
EXPANSIONS = 4
TIMES = {"seconds", "lean_seconds", "policy_seconds"}


def statements() -> str:
    """The chosen theorems, as their files have them."""
    found = []
    for file, names in SEVERAL.items():
        text = (STARTER / f"{file}.lean").read_text("utf-8")
        found += [re.search(rf"theorem {name}\b.*?sorry\n", text, re.DOTALL) for name in names]
    return "\n".join(match[0] for match in found if match is not None)


def run(file: Path, out: Path, workers: int, hash_seed: int) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Records without times, and the bytes of the files with proofs and of the trees."""
    subprocess.run(
        [
            sys.executable, "-m", "prover.cli.main", "prove", str(file), "--out", str(out), "--timeout", "0",
            "--max-expansions", str(EXPANSIONS), "--workers", str(workers), "--quiet",
        ],
        cwd=ROOT, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)},
    )  # fmt: skip
    records = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    written = [p for folder in ("proofs", "trees") for p in sorted((out / folder).rglob("*.*"))]
    without_times = [{k: v for k, v in r.items() if k not in TIMES} for r in records]
    return without_times, {str(p.relative_to(out)): p.read_bytes() for p in written}


def test_the_same_inputs_give_the_same_proofs_and_trees(tmp_path: Path) -> None:
    file = tmp_path / "file.lean"
    file.write_text(statements(), "utf-8")
    first, files = run(file, tmp_path / "first", 1, 1)
    assert [r["status"] for r in first] == ["proved", "proved", "failed", "proved"]
    assert sum(r["expansions"] > 1 for r in first) >= 3, "searches that are over at once show nothing"
    assert len(files) == 1 + len(first), "a file with proofs, a tree for each theorem"
    again, files_again = run(file, tmp_path / "again", 1, 2)
    assert first == again
    assert files == files_again
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
