"""Where a start goes: the embedded Lean's host by its parts, and a command in the shell to its first audited proof."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import psutil

from prover.lean.embedded.process import LeanProcess
from prover.lean.embedded.protocol import Json

REPEATS = 3
TIMEOUT_S = 120
STATEMENT = "theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length"
CHECKED = "theorem t (a b : Nat) : a + b = b + a := by omega"


def start() -> dict[str, Any]:
    """Medians of three.

    `host_start` has a row for each part of the host's start and for what comes after: seconds by the clock, seconds of
    processor time in all threads, resident MB at its end. `first_reply` is the host from nothing to its first reply.
    """
    runs = [_host() for _ in range(REPEATS)]
    parts = [_median([run[i] for run in runs]) for i in range(len(runs[0]))]
    return {"host_start": parts, "warm_start_s": round(statistics.median(_command_s() for _ in range(REPEATS)), 2)}


def _host() -> list[Json]:
    began = time.monotonic()
    process = LeanProcess()
    try:
        rows = [
            {"part": row["part"], "wall_s": row["wall_ms"] / 1000, "cpu_s": row["cpu_ms"] / 1000, "rss_mb": row["rss_mb"]}
            for row in process.start_parts
        ]
        wall, cpu = time.monotonic() - began, _cpu_s(process)
        rows.append({"part": "first_reply", "wall_s": wall, "cpu_s": cpu, "rss_mb": process.memory_used_mb()})
        state = 0
        for part in ("import_init", "first_proof"):
            began, before = time.monotonic(), _cpu_s(process)
            if part == "import_init":
                state = process.request("import", TIMEOUT_S, modules=["Init"])["state"]
            else:
                process.request("elaborate", TIMEOUT_S, state=state, text=CHECKED)
            wall, cpu = time.monotonic() - began, _cpu_s(process) - before
            rows.append({"part": part, "wall_s": wall, "cpu_s": cpu, "rss_mb": process.memory_used_mb()})
        return rows
    finally:
        process.kill()


def _cpu_s(process: LeanProcess) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def _median(rows: list[Json]) -> Json:
    figures = {key: round(statistics.median(row[key] for row in rows), 3) for key in ("wall_s", "cpu_s", "rss_mb")}
    return {"part": rows[0]["part"], **figures}


def _command_s() -> float:
    """From a command in the shell to its first audited proof, packages in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        command = [sys.executable, "-m", "prover.cli.main", "prove", "--statement", STATEMENT, "--out", folder, "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began
