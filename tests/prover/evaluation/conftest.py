"""Run folders as an evaluation leaves them, made without Lean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prover.evaluation.finished import FORMAT
from prover.evaluation.runner import counts, pass_curve

MakeRun = Callable[..., Path]


def result(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "file": f"{name}.lean",
        "line": 1,
        "statement": f"theorem {name} : True",
        "status": status,
        "proof": "trivial" if status == "proved" else None,
        "reason": None if status == "proved" else "out of time",
        "seconds": 1.5,
        "lean_seconds": 1.0,
        "expansions": 3,
        "tactics_run": 40,
        "closed_by": {},
        "elaborated": True,
        "area": "Area",
        "split": "valid",
        "runs": 1,
        "proved_runs": int(status == "proved"),
        **more,
    }


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run: the names of what is proved and of what is not, and changes to the summary."""

    def call(folder: str, proved: str, failed: str, **changes: Any) -> Path:
        records = [result(n, "proved") for n in proved.split()] + [
            result(n, "failed") for n in failed.split()
        ]
        summary = {
            "format": FORMAT,
            "title": "miniF2F valid",
            "benchmark": "miniF2F",
            "split": "valid",
            "source": "v.jsonl",
            "dataset_sha256": "d" * 64,
            "sample_sha256": "s" * 64,
            **counts(records),
            "known_bad": {},
            "runs": 1,
            "seed": 0,
            "temperature": 0.0,
            "budget": {"timeout_s": 60.0, "max_expansions": None},
            "pass_at_k": pass_curve(records, 1, 0),
            "baseline": None,
            "command": "proofsmith eval minif2f | less",
            "commit": "abc",
            "code_sha256": "c" * 16,
            "lean": "4.28.0",
            "proofsmith": "0",
            "python": "3.11",
            "hardware": "a machine",
            "workers": 2,
            "started": "2026-11-21 10:00:00",
            "seconds": 9.0,
            "notes": [],
            **changes,
        }
        path = tmp_path / folder
        path.mkdir()
        (path / "summary.json").write_text(json.dumps(summary), "utf-8")
        (path / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
        return path

    return call
