"""Jobs in their database: what is known after the server was lost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from prover.errors import ConfigError, LeanCrashedError
from prover.server.guard import Refused
from prover.server.jobs import Jobs, Live


def fail(request: Mapping[str, Any], _: Live) -> dict[str, Any]:
    return {"status": "failed", "reason": request["text"]}


def finished(jobs: Jobs) -> None:
    end = time.monotonic() + 20
    while any(jobs.counts.values()):
        assert time.monotonic() < end
        time.sleep(0.01)


def lose(folder: Path, tries: int) -> None:
    """What a killed server leaves: a job that runs."""
    with sqlite3.connect(folder / "jobs.sqlite") as database:
        database.execute("UPDATE job SET status = 'running', result = NULL, tries = ?", (tries,))
    database.close()


def test_a_job_of_a_killed_server_is_taken_up_once_more_and_then_given_up(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, fail, 1, 4)
    name = jobs.add({"text": "a"})["id"]
    finished(jobs)
    jobs.stop(1)
    lose(tmp_path, 1)
    jobs = Jobs(tmp_path, fail, 1, 4)
    finished(jobs)
    assert jobs.get(name)["result"]["reason"] == "a"
    jobs.stop(1)
    lose(tmp_path, 2)
    jobs = Jobs(tmp_path, fail, 1, 4)
    assert jobs.get(name)["status"] == "error" and "lost 2 times" in jobs.get(name)["result"]["reason"]
    jobs.stop(1)


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, fail, 1, 4)
    with pytest.raises(ConfigError, match="another server uses"):
        Jobs(tmp_path, fail, 1, 4)
    jobs.stop(1)
    Jobs(tmp_path, fail, 1, 4).stop(1)


def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(ConfigError, match="cannot be used"):
            Jobs(tmp_path, fail, 1, 4)
    assert (tmp_path / "jobs.sqlite").read_bytes().startswith(b"no database")


def test_an_error_of_one_job_does_not_end_the_others(tmp_path: Path) -> None:
    def work(request: Mapping[str, Any], _: Live) -> dict[str, Any]:
        if request["text"] == "lean":
            raise LeanCrashedError("Lean is gone")
        raise ValueError("a bug")

    jobs = Jobs(tmp_path, work, 1, 4)
    names = [jobs.add({"text": text})["id"] for text in ("lean", "bug", "lean")]
    finished(jobs)
    reasons = [jobs.get(name)["result"]["reason"] for name in names]
    assert reasons == ["Lean is gone", "internal error: ValueError: a bug", "Lean is gone"]
    jobs.stop(1)


def test_only_the_last_finished_jobs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prover.server.jobs.KEPT", 3)
    jobs = Jobs(tmp_path, fail, 1, 20)
    names = [jobs.add({"text": str(i)})["id"] for i in range(8)]
    finished(jobs)
    assert [job["id"] for job in jobs.recent(10)] == names[:-4:-1]
    with pytest.raises(Refused, match="there is no job"):
        jobs.get(names[0])
    jobs.stop(1)
