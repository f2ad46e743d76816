"""`proofsmith serve` as a process: its options, its address, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import httpx
import pytest

from prover.cli.main import main
from prover.server.jobs import Jobs, Live

TEXT = "theorem t (n : Nat) : n + 0 = n := by\n  sorry\n"
get, post = partial(httpx.get, timeout=60), partial(httpx.post, timeout=60)


def start(folder: Path, *options: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "prover.cli.main", "serve", "--port", "0", "--cold", "--runs", str(folder), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), **environment},
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_told_to_end_it_keeps_the_search_under_way_for_the_next_server(tmp_path: Path) -> None:
    process, address = start(tmp_path, "--grace", "0.2")
    assert get(f"{address}health").json()["status"] == "ok"
    job = post(f"{address}v1/prove", json={"text": TEXT}).json()["id"]
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0 and "Traceback" not in said and "stopping" in said
    ended = threading.Event()

    def work(request: object, _: Live) -> dict[str, str]:
        ended.set()
        return {"status": "failed"}

    jobs = Jobs(tmp_path / "server", work, 1, 4)
    assert ended.wait(30) or jobs.get(job)["status"] == "proved"
    jobs.stop(1)


def test_for_other_machines_it_needs_a_token(tmp_path: Path) -> None:
    process, address = start(tmp_path, "--host", "0.0.0.0")
    plain, _, token = address.partition("#token=")
    at = plain.replace("0.0.0.0", "127.0.0.1")
    assert len(token) >= 16 and get(f"{at}v1/status").status_code == 401
    assert get(f"{at}v1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0 and token in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--port", "70000"], "--port is 70000"),
        (["--workers", "0"], "--workers is 0"),
        (["--searches", "3"], "leave a worker"),
        (["--max-body", "0"], "--max-body"),
        (["--token-file", "nowhere"], "cannot read the token"),
        (["--host", "no.such.host.invalid"], "cannot listen"),
    ],
)
def test_an_impossible_option_is_one_line(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--cold", *options]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_a_short_token_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFSMITH_TOKEN", "short")
    assert main(["serve", "--cold"]) == 2
    assert "at least 16" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--cold"], ["--spares", "0"]])
def test_it_says_when_it_is_ready_and_where(tmp_path: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "prover.cli.main", "serve", "--port", "0", "--no-daemon", "--workers", "1"]
    command += ["--runs", str(tmp_path)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().strip()
        lines = iter(process.stderr.readline, "")
        assert any(line.startswith(f"ready: {address}") for line in lines)
        lean = get(f"{address}health").json()
        assert lean["ready"] == (options != ["--cold"]) and lean["lean"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 0
