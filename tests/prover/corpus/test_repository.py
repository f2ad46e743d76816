"""A repository that LeanDojo traces, as a corpus: its real `trace`, a played toolchain (tests/standins/traced.py)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lean_dojo
import pyarrow.parquet as pq
import pytest
from lean_dojo.data_extraction import cache as dojo_cache

from data import corpus
from prover.cli.main import main
from prover.corpus import traces
from prover.errors import ConfigError
from prover.lean.embedded.worker import LeanWorker
from prover.lean.leandojo import traced
from tests.standins.server import StandIn, standing_in
from tests.standins.traced import STATES, make_repository

# LeanDojo leaves the files open that it reads, and forks for its progress bar.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def server(lean_worker: LeanWorker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with standing_in(tmp_path_factory.mktemp("traced"), lean_worker) as server:
        server.version = (4, 20, 0)
        yield server
        assert server.faults == []


@pytest.fixture(scope="module", autouse=True)
def without_github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """LeanDojo's cache in a folder of the tests, and no question to GitHub, which it asks for Lean's own commit."""
    kept = dojo_cache.cache.cache_dir
    asked = lean_dojo.LeanGitRepo.get_dependencies
    object.__setattr__(dojo_cache.cache, "cache_dir", tmp_path_factory.mktemp("cache"))
    lean_dojo.LeanGitRepo.get_dependencies = lambda self, path=None: {}
    yield
    lean_dojo.LeanGitRepo.get_dependencies = asked
    object.__setattr__(dojo_cache.cache, "cache_dir", kept)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("repository") / "small")


@pytest.fixture(scope="module")
def written(server: StandIn, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "traced"
    assert main(["trace", "--repo", str(repository), "--out", str(out), "--quiet"]) == 0
    return out


def steps(out: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(out.glob("steps-*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_steps_are_those_that_lean_showed_leandojo(written: Path) -> None:
    rows = steps(written)
    assert pq.read_schema(written / "steps-00000.parquet").equals(traces.SCHEMA)
    assert {r["tactic"]: (r["state_before"], r["state_after"]) for r in rows} == STATES
    assert [(r["full_name"], r["step"]) for r in rows] == [
        ("Small.twice_zero", 0), ("Small.swap", 0), ("Small.swap", 1), ("Small.swap", 2), ("twice_one", 0),
    ]  # fmt: skip
    last = rows[3]
    assert last["annotated_tactic"] == "exact <a>And.left</a> h"
    assert last["premises"] == ["And.left"]
    assert last["statement"] == "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p"
    assert {r["origin"] for r in rows} == {"traced"}


def test_declarations_are_rows_of_the_corpus(written: Path) -> None:
    rows = {row["name"]: row for row in corpus.read(written)}
    assert list(rows) == ["Small.swap", "Small.term", "Small.twice", "Small.twice_zero", "twice_one"]
    assert rows["Small.twice"]["kind"] == "definition"
    assert (rows["Small.twice"]["signature"], rows["Small.twice"]["docstring"]) == ("(n : Nat) : Nat", "Twice a number.")
    assert rows["Small.twice_zero"]["signature"] == ": twice 0 = 0"
    assert (rows["Small.twice_zero"]["uses"], rows["Small.swap"]["value_uses"]) == (["Small.twice"], ["And.left"])
    assert rows["twice_one"]["module"] == "Small.Uses"
    assert rows["Small.swap"]["module_order"] < rows["twice_one"]["module_order"], "what is imported stands in front"
    assert corpus.dependency_graph(rows.values()).has_edge("twice_one", "Small.twice")
    assert "Traced from" in (written / "README.md").read_text("utf-8")


def test_statistics_name_source_and_versions(written: Path, repository: Path) -> None:
    found = json.loads((written / "statistics.json").read_text("utf-8"))
    assert (found["lean"], found["lean_dojo"], found["source"]["url"]) == ("v4.20.0", "4.20.0", str(repository))
    assert (found["files"], found["theorems"], found["with_tactics"], found["steps"]) == (2, 4, 3, 5)
    assert found["problems"] == []


def test_a_traced_commit_is_not_traced_again_and_a_whole_folder_is_not_read_again(
    written: Path, server: StandIn, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.calls.clear()
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "again"), "--quiet"]) == 0
    assert server.calls == []
    first = json.loads(capsys.readouterr().out)
    assert steps(tmp_path / "again") == steps(written)
    monkeypatch.setattr(traced, "traced_repo", lambda *_: pytest.fail("it was loaded"))
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "again")]) == 0
    assert json.loads(capsys.readouterr().out) == first


def test_an_interrupted_run_goes_on_behind_its_last_part(
    written: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = traced.steps
    asked: list[str] = []

    def interrupted(theorem: lean_dojo.TracedTheorem) -> list[dict[str, Any]]:
        asked.append(theorem.theorem.full_name)
        if theorem.theorem.full_name == "twice_one" and len(asked) < 5:
            raise KeyboardInterrupt
        return real(theorem)

    monkeypatch.setattr(traced, "steps", interrupted)
    arguments = ["trace", "--repo", str(repository), "--out", str(tmp_path / "out"), "--quiet"]
    assert main(arguments) == 130
    assert main(arguments) == 0
    assert asked == ["Small.twice_zero", "Small.swap", "Small.term", "twice_one", "twice_one"]
    assert steps(tmp_path / "out") == steps(written)


def test_what_leandojo_does_not_understand_is_left_out_and_named(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = lean_dojo.TracedTheorem.get_traced_tactics

    def failing(self: lean_dojo.TracedTheorem, atomic_only: bool = False) -> list[lean_dojo.TracedTactic]:
        assert self.theorem.full_name != "Small.swap"
        return real(self, atomic_only)

    monkeypatch.setattr(lean_dojo.TracedTheorem, "get_traced_tactics", failing)
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    told = capsys.readouterr()
    assert "Small/Basic.lean: Small.swap is left out" in told.err
    assert (json.loads(told.out)["theorems"], json.loads(told.out)["left_out"]) == (3, 1)


def test_a_theorem_is_proved_through_leandojos_own_dojo(
    written: Path, server: StandIn, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    opened: list[type] = []
    real = lean_dojo.Dojo.__enter__
    monkeypatch.setattr(lean_dojo.Dojo, "__enter__", lambda self: opened.append(type(self)) or real(self))
    out = tmp_path / "out"
    limits = ["--timeout", "120", "--tactic-timeout", "30", "--max-expansions", "1", "--workers", "1", "--quiet"]
    names = ["--theorem", "Small.swap", "--theorem", "Small.term"]
    assert main(["prove", "--repo", str(repository), *names, "--out", str(out), *limits]) == 0
    records = {r["name"]: r for r in map(json.loads, (out / "results.jsonl").read_text("utf-8").splitlines())}
    assert {name: r["status"] for name, r in records.items()} == {"Small.swap": "proved", "Small.term": "proved"}
    assert opened == [lean_dojo.Dojo] * len(opened) and len(opened) >= 2
    proved = (out / "proofs" / "Small" / "Basic.lean").read_text("utf-8")
    assert "rfl -- both sides are the same" in proved and "exact And.left h" not in proved
    assert not list(dojo_cache.cache.cache_dir.glob("*/small/Small/Basic?*.lean")), "LeanDojo's files are removed"
    assert main(["prove", "--repo", str(repository), "--theorem", "swap", "--out", str(out)]) == 2
    assert "has no theorem swap; full names" in capsys.readouterr().err


def test_a_folder_holds_one_source(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = make_repository(tmp_path / "other")
    assert main(["trace", "--repo", str(other), "--out", str(written)]) == 2
    assert "give another folder" in capsys.readouterr().err


# ---------------------------------------------------------------------- what cannot be traced


def test_without_a_toolchain_one_line_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    repository = make_repository(tmp_path / "fresh")
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "out")]) == 3
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("proofsmith:")]
    assert len(said) == 1 and "is not traced yet, and cannot be: elan: not on PATH" in said[0] and "elan-init.sh" in said[0]


def test_a_build_that_fails_is_named_with_its_command(
    server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = make_repository(tmp_path / "unbuildable")
    server.build_ends_with = 1
    try:
        assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "out")]) == 3
    finally:
        server.build_ends_with = 0
    assert "`lake build` ended with exit code 1" in capsys.readouterr().err


def test_no_answer_from_github_is_said_in_words(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from requests import ConnectionError as NoConnection

    def offline(self: lean_dojo.LeanGitRepo, path: Path | None = None) -> dict[str, Any]:
        raise NoConnection("Failed to resolve 'api.github.com'")

    monkeypatch.setattr(lean_dojo.LeanGitRepo, "get_dependencies", offline)
    repository = make_repository(tmp_path / "offline")
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "out")]) == 3
    assert "no answer from the network (GitHub's name cannot be resolved)" in capsys.readouterr().err


def test_a_github_token_is_used_where_github_is_asked_and_nowhere_else(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lean_dojo.data_extraction import lean

    monkeypatch.setattr(lean, "GITHUB", lean.GITHUB)

    def refused(self: lean_dojo.LeanGitRepo, path: Path | None = None) -> dict[str, Any]:
        raise lean.GithubException(401, {"message": f"Bad credentials {lean.GITHUB.requester.auth.token}"})

    monkeypatch.setattr(lean_dojo.LeanGitRepo, "get_dependencies", refused)
    monkeypatch.setenv("GITHUB_ACCESS_TOKEN", "xyz")
    repository = make_repository(tmp_path / "refused")
    assert main(["trace", "--repo", str(repository), "--out", str(tmp_path / "out")]) == 3
    assert "GitHub refused (401)" in capsys.readouterr().err
    assert os.environ["GITHUB_ACCESS_TOKEN"] == "xyz" and lean.GITHUB.requester.auth.token == "xyz"
    main(["prove", str(tmp_path / "nowhere.lean")])
    assert "GITHUB_ACCESS_TOKEN" not in os.environ


def test_a_repository_is_named_rightly_or_it_is_said_what_is_wrong(repository: Path, tmp_path: Path) -> None:
    head = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    assert traced.parse_source(str(repository)) == traced.Source(str(repository), head)
    assert traced.parse_source(f"{repository}@{head[:8]}").commit == head
    assert traced.parse_source("https://github.com/a/b.git@v1") == traced.Source("https://github.com/a/b", "v1")
    assert traced.parse_source("git@github.com:a/b@v1") == traced.Source("git@github.com:a/b", "v1")
    for text, says in (
        ("https://github.com/a/b", "which commit"),
        (str(tmp_path / "nowhere"), "no such folder"),
        (str(tmp_path), "not the top of a git repository"),
        (f"{repository}@v9", "no commit v9"),
    ):
        with pytest.raises(ConfigError, match=says):
            traced.parse_source(text)


@pytest.mark.parametrize(
    "arguments", [["--out", "o"], ["x", "--repo", "y", "--out", "o"], ["x", "--deps", "--out", "o"]]
)
def test_folders_and_a_repository_exclude_each_other(arguments: list[str]) -> None:
    assert main(["trace", *arguments]) == 2


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("Small/Basic.lean", "Small.Basic"),
        (".lake/packages/mathlib/Mathlib/Order/Basic.lean", "Mathlib.Order.Basic"),
        (".lake/packages/lean4/src/lean/Init/Prelude.lean", "Init.Prelude"),
        (".lake/packages/lean4/src/lean/lake/Lake/Build.lean", "Lake.Build"),
    ],
)
def test_modules_are_read_off_paths(path: str, module: str) -> None:
    assert traced.module_of(Path(path)) == module
