"""What `proofsmith bench` measures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from prover.agent import SearchSettings
from prover.batch import BatchSettings, run_batch
from prover.lean import source
from prover.lean.worker import LeanWorker
from prover.policy.builtin import builtin_policy
from prover.run import collect, from_statement, read_items

STATEMENT = "theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length"
LADDER = "theorem ladder (a b c : Nat) (h : a < b) (k : b < c) : a + 1 < c + 1 ∧ a ≠ c"
PREFIX = "constructor\nhave := Nat.lt_trans h k"
REPEATS = 40


def start() -> dict[str, Any]:
    """From a command in the shell to its first audited proof, packages in the cache: median of three, in seconds."""
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            subprocess.run(
                [sys.executable, "-m", "prover.cli.main", "prove", "--statement", STATEMENT, "--out", folder, "--quiet"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.monotonic() - began)
    return {"warm_start_s": round(statistics.median(seconds), 2)}


def batch() -> dict[str, Any]:
    """Part of the Lean processes' wall time, first to last request of a batch, that is spent inside Lean."""
    folder = Path(str(files("data") / "starter"))
    inputs = collect([folder / "list.lean", folder / "nat.lean"])
    workers = os.cpu_count() or 1
    settings = BatchSettings(search=SearchSettings(timeout_s=20), workers=workers)
    worker = LeanWorker(settings.memory_mb)
    items, _, _ = read_items(worker, inputs)
    began = time.monotonic()
    records, usage = run_batch(items, builtin_policy(), settings, first_worker=worker)
    steps = sum(r["tactics_run"] for r in records.values())
    return {
        "batch_theorems": len(records),
        "batch_proved": sum(r["status"] == "proved" for r in records.values()),
        "batch_seconds": round(time.monotonic() - began, 1),
        "batch_workers": workers,
        "tactics_per_second": round(steps / (time.monotonic() - began), 1),
        "inside_lean": round(usage.inside_s / usage.span_s, 3) if usage.span_s else None,
    }


def step() -> dict[str, Any]:
    """A step on a two-tactic prefix against the same tactic elaborated alone, medians in milliseconds."""
    from prover.lean.embedded import EmbeddedDojo

    with LeanWorker() as worker:
        reading = source.read(worker, from_statement(LADDER).text)
        dojo = EmbeddedDojo(reading.targets[0], worker)
        alone, stepped = [], []
        with dojo as (opened, state):
            first, second = PREFIX.splitlines()
            left = opened.parts(opened.run_tac(state, first))[0]
            after = opened.run_tac(left, second)
            for _ in range(REPEATS):
                began = time.perf_counter()
                opened.run_tac(state, "simp_all")
                middle = time.perf_counter()
                opened.run_tac(after, "simp_all")
                alone.append((middle - began) * 1000)
                stepped.append((time.perf_counter() - middle) * 1000)
    a, s = statistics.median(alone), statistics.median(stepped)
    return {"tactic_alone_ms": round(a, 2), "step_on_prefix_ms": round(s, 2), "step_ratio": round(s / a, 2)}
