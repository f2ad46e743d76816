"""`proofsmith prove` on real Lean, killed, interrupted and started again: nothing lost, doubled or searched twice."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
FILE = """theorem a (n : Nat) : n + 0 = n := by sorry
theorem b (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
theorem c (n : Nat) : n = n + 1 := by sorry
theorem d (xs : List Nat) : xs ++ [] = xs := by sorry
"""
EASY_TO_REFUTE = "theorem c (n : Nat) : n = n + 1"
ENDLESS = (
    "theorem c (f g : Nat → Nat) (h : ∀ n, f (g (f n)) = g n * f n + n) (k : ∀ m n, g (m + n) ≤ f m + g (f n)) "
    "(xs ys : List Nat) : (xs.map f).length + f (g 3) = (ys.map g).length + g (f 4)"
)
TIMES = {"seconds", "lean_seconds", "policy_seconds", "over_s"}
OF_THE_RUN = {"seconds", "started", "resumed", "lean_processes_lost", "command", "commit"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "file.lean"
    path.write_text(FILE)
    return path


def start(source: Path, out: Path, expansions: int = 2) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable, "-m", "prover.cli.main", "prove", str(source), "--out", str(out), "--timeout", "0",
            "--max-expansions", str(expansions), "--heartbeats", "20000", "--workers", "1",
        ],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=can_be_interrupted,
    )  # fmt: skip


def can_be_interrupted() -> None:
    """A shell has what it starts in the background ignore SIGINT, and that is inherited; the tests may run so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A test that fails must not leave its run behind."""
    yield
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "prover.cli.main" in " ".join(child.cmdline()):
                child.kill()
                child.wait()


def run(source: Path, out: Path) -> tuple[int, str, str]:
    process = start(source, out)
    stdout, stderr = process.communicate(timeout=280)
    return process.returncode, stdout, stderr


def noted(out: Path) -> int:
    """Results in the journal."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{out}/journal.sqlite?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM result").fetchone()[0])
    except sqlite3.Error:
        return 0


def wait_until(happens: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 200
    while not happens():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)


def said(stderr: str) -> list[str]:
    """What the command said at its end."""
    return [line for line in stderr.splitlines() if line.startswith("proofsmith:")]


def hosts_of(pid: int) -> list[psutil.Process]:
    return [p for p in psutil.Process(pid).children(recursive=True) if "node" in p.name()]


def all_gone(processes: list[psutil.Process], within_s: float) -> bool:
    return not psutil.wait_procs(processes, timeout=within_s)[1]


def results(out: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


def summary(out: Path) -> dict[str, object]:
    found = json.loads((out / "summary.json").read_text("utf-8"))
    found["cost"] = {k: v for k, v in found["cost"].items() if not k.endswith("seconds")}
    return {k: v for k, v in found.items() if k not in OF_THE_RUN}


def report(out: Path) -> str:
    """The page without times and what is drawn from them."""
    page = re.sub(r"<svg.*?</svg>", "", (out / "report.html").read_text("utf-8"), flags=re.DOTALL)
    page = page.replace(str(out), "OUT")
    return re.sub(r"\d+(\.\d+)?( ?m?s\b)|\d{4}-\d\d-\d\d[ T][\d:]+|\"(lean_)?seconds\":[\d.]+|[\d.]+", "#", page)


def test_a_run_that_was_killed_again_and_again_ends_like_an_unbroken_one(source: Path, tmp_path: Path) -> None:
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    code, _, _ = run(source, unbroken)
    assert code == 1  # c is false
    for number, enough in enumerate((0, 2)):
        process = start(source, broken)
        lines_file = broken / "results.jsonl"
        wait_until(partial(lambda wanted, file: noted(broken) >= wanted and file.exists(), enough, lines_file), process)
        time.sleep(0.4 * number)
        hosts = hosts_of(process.pid)
        process.kill()
        process.communicate()
        assert all_gone(hosts, 20), "a Lean process outlived the run that started it"
        with (broken / "results.jsonl").open("a") as lines:
            lines.write('{"id": "half a li')
    before = noted(broken)
    assert before >= 2
    code, _, progress = run(source, broken)
    assert code == 1
    searched = [line for line in progress.splitlines() if line.startswith("[") and " expansions" in line]
    assert len(searched) == 4 - before, "something was searched again"
    assert results(broken) == results(unbroken)
    assert summary(broken) == summary(unbroken)
    assert report(broken) == report(unbroken)
    assert (broken / "proofs" / "file.lean").read_text() == (unbroken / "proofs" / "file.lean").read_text()


def test_ctrl_c_ends_within_seconds_with_one_line_and_what_was_proved_is_kept(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    source.write_text(FILE.replace(EASY_TO_REFUTE, ENDLESS))
    process = start(source, out, 100_000)
    wait_until(lambda: noted(out) >= 2, process)
    second = subprocess.run(
        [sys.executable, "-m", "prover.cli.main", "prove", str(source), "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert second.returncode == 2
    assert len(said(second.stderr)) == 1 and "another run is using" in said(second.stderr)[0]
    hosts = hosts_of(process.pid)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 10
    assert "Traceback" not in stderr
    assert said(stderr) == ["proofsmith: interrupted; what was finished before is kept."]
    assert all_gone(hosts, 5)
    assert noted(out) == 2
