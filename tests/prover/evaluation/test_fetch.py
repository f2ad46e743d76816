"""Data sets named by a URL."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from prover.errors import DataError
from prover.evaluation.datasets import local


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFSMITH_CACHE", str(tmp_path / "cache"))


def test_a_path_stays_a_path() -> None:
    assert local("set.jsonl") == Path("set.jsonl")


def test_a_file_is_fetched_once_and_anew_only_when_asked(tmp_path: Path) -> None:
    source = tmp_path / "set.jsonl"
    source.write_text("one\n", "utf-8")
    url = source.as_uri()
    assert local(url).read_text("utf-8") == "one\n"
    source.write_text("two\n", "utf-8")
    assert local(url).read_text("utf-8") == "one\n"
    assert local(url, fresh=True).read_text("utf-8") == "two\n"


def test_a_repository_is_cloned(tmp_path: Path) -> None:
    repository = tmp_path / "made" / "miniF2F.git"
    repository.mkdir(parents=True)
    (repository / "Valid.lean").write_text("theorem t : True := by sorry\n", "utf-8")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    found = local(repository.as_uri())
    assert found.name == "miniF2F"
    assert (found / "Valid.lean").exists()


@pytest.mark.parametrize("name", ["nothing.jsonl", "nothing.git"])
def test_what_cannot_be_fetched_is_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="--source") as error:
        local((tmp_path / name).as_uri())
    assert "\n" not in str(error.value)
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
