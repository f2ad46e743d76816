"""`proofsmith eval`: what is refused, and one evaluation in real Lean from the command line to its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.cli.main import main
from prover.errors import EXIT_DONE, EXIT_USAGE

STATEMENTS = {
    "add_zero_twice": "theorem add_zero_twice (n : ℕ) : n + 0 + 0 = n := by sorry",
    "two_steps": "theorem two_steps (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry",
    "false_claim": "theorem false_claim (n : ℤ) : n = n + 1 := by sorry",
    "needs_mathlib": "theorem needs_mathlib (x : ℝ) : x = x := by sorry",
    "does_not_parse": "theorem does_not_parse : ∑ k ∈ S, k = 2 := by sorry",
}


def write_set(path: Path, names: list[str]) -> Path:
    records = [
        {"name": n, "split": "valid", "header": "import Mathlib", "statement": STATEMENTS[n]} for n in names
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished evaluation of the statements, with baseline, by one Lean and an auditor."""
    base = tmp_path_factory.mktemp("eval")
    source = write_set(base / "set.jsonl", list(STATEMENTS))
    arguments = [
        "eval",
        "minif2f",
        "--split",
        "valid",
        "--source",
        str(source),
        "--out",
        str(base / "run"),
        "--baseline",
    ]
    assert (
        main([*arguments, "--workers", "1", "--max-expansions", "3", "--timeout", "20", "--quiet"])
        == EXIT_DONE
    )
    yield base


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


def results(folder: Path) -> dict[str, dict[str, Any]]:
    return {r["name"]: r for r in map(json.loads, (folder / "results.jsonl").read_text("utf-8").splitlines())}


def test_the_denominator_is_every_statement(folder: Path) -> None:
    found = summary(folder / "run")
    assert (found["proved"], found["elaborated"], found["total"]) == (2, 3, 5)
    assert found["rate"] == 0.4
    assert found["refuted"] + found["error"] == 3


def test_a_statement_that_cannot_start_has_a_record_that_says_why(folder: Path) -> None:
    found = results(folder / "run")
    assert list(found) == list(STATEMENTS)
    assert "Unknown identifier `ℝ`" in found["needs_mathlib"]["reason"]
    assert found["does_not_parse"]["reason"].startswith("its statement does not elaborate: line ")
    assert not found["needs_mathlib"]["elaborated"]
    assert not found["does_not_parse"]["elaborated"]
    assert found["false_claim"]["status"] == "refuted"


def test_a_summary_says_how_it_came_about(folder: Path) -> None:
    found = summary(folder / "run")
    for key in (
        "dataset_sha256",
        "sample_sha256",
        "command",
        "commit",
        "lean",
        "seed",
        "budget",
        "hardware",
        "wilson",
        "known_bad",
    ):
        assert key in found
    assert found["budget"] == {"timeout_s": 20.0, "max_expansions": 3}
    assert found["lean"].startswith("4.")


def test_the_baseline_tries_each_tactic_by_itself(folder: Path) -> None:
    base = summary(folder / "run")["baseline"]
    assert base["tactics"]["omega"] == 1
    assert base["tactics"]["grind"] == 2
    assert base["portfolio"] == 2
    assert base["best_single"]["tactic"] == "grind"
    found = results(folder / "run")
    assert found["add_zero_twice"]["difficulty"] == "one tactic"
    assert found["false_claim"]["difficulty"] == "neither"


def test_the_pages_are_there_and_linked(folder: Path) -> None:
    page = (folder / "run" / "eval.html").read_text("utf-8")
    for name in STATEMENTS:
        assert f'href="report.html#t-{name}"' in page
        assert f'id="t-{name}"' in (folder / "run" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert (folder / "run" / "proofs" / "two_steps.lean").read_text("utf-8").count("sorry") == 0


def test_a_finished_run_is_gone_on_with_and_not_run_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = results(folder / "run")
    arguments = [
        "eval",
        "minif2f",
        "--split",
        "valid",
        "--source",
        str(folder / "set.jsonl"),
        "--out",
        str(folder / "run"),
    ]
    options = ["--workers", "1", "--max-expansions", "3", "--timeout", "20", "--quiet", "--json"]
    assert main([*arguments, *options]) == EXIT_DONE
    printed = json.loads(capsys.readouterr().out)
    assert printed["resumed"] == 5
    assert {n: r["seconds"] for n, r in results(folder / "run").items()} == {
        n: r["seconds"] for n, r in before.items()
    }


def test_a_folder_of_another_data_set_is_refused_and_left_as_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.read_bytes() for p in (folder / "run").iterdir() if p.is_file() and p.name != ".lock"}
    other = write_set(folder / "other.jsonl", ["two_steps"])
    arguments = [
        "eval",
        "minif2f",
        "--split",
        "valid",
        "--source",
        str(other),
        "--out",
        str(folder / "run"),
        "--quiet",
    ]
    assert main(arguments) == EXIT_USAGE
    assert "another copy or sample of miniF2F valid" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in before} == before


def test_a_run_of_another_benchmark_is_refused_even_with_fresh(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "run"
    other.mkdir()
    (other / "summary.json").write_text('{"title": "starter", "benchmark": "starter", "split": ""}', "utf-8")
    arguments = [
        "eval",
        "minif2f",
        "--split",
        "valid",
        "--source",
        str(folder / "set.jsonl"),
        "--out",
        str(other),
    ]
    assert main([*arguments, "--fresh", "--quiet"]) == EXIT_USAGE
    assert "holds a run of starter, not of miniF2F valid" in capsys.readouterr().err
    assert [p.name for p in other.iterdir()] == ["summary.json"]


def test_compare_and_leaderboard_work_on_the_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(folder / "run")
    assert main(["eval", "compare", run, run]) == EXIT_DONE
    assert "both 2, gained 0, lost 0; McNemar's exact p = 1" in capsys.readouterr().out
    assert (
        main(["eval", "leaderboard", run, "--note", "a test", "--file", str(folder / "board.md")])
        == EXIT_DONE
    )
    assert "2 / 3 / 5" in (folder / "board.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["minif2f", "--split", "train", "--source", "SET"], "there is no split 'train' of miniF2F"),
        (["minif2f", "--split", "test", "--source", "SET"], "no statements of the split test"),
        (["minif2f", "--split", "valid", "--source", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["library", "--split", "dev"], "there is no split 'dev' of the library benchmark"),
        (["library", "--root", "Mathlib"], "there is no library 'Mathlib' here"),
        (["minif2f", "--split", "valid", "--source", "SET", "--limit", "0"], "--limit is 0"),
        (
            ["minif2f", "--split", "valid", "--source", "SET", "--runs", "2", "--temperature", "0"],
            "2 times the same run",
        ),
        (["compare", "nowhere", "nowhere"], "not the folder of a finished run"),
        (
            ["contamination", "--benchmark", "SET", "--corpus", "SET", "--threshold", "2"],
            "--threshold is 2.0",
        ),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_set(tmp_path / "set.jsonl", ["two_steps"])
    assert main(["eval", *(str(source) if a == "SET" else a for a in arguments)]) == EXIT_USAGE
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["set.jsonl"]


def test_runs_with_a_seed_are_counted_by_pass_at_k(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make_source: Callable[[], Path]
) -> None:
    arguments = [
        "eval",
        "minif2f",
        "--split",
        "valid",
        "--source",
        str(make_source()),
        "--out",
        str(tmp_path / "run"),
    ]
    assert (
        main([*arguments, "--runs", "2", "--workers", "1", "--max-expansions", "2", "--quiet", "--json"])
        == EXIT_DONE
    )
    found = json.loads(capsys.readouterr().out)
    assert [p["k"] for p in found["pass_at_k"]] == [1, 2]
    assert found["temperature"] > 0
    assert results(tmp_path / "run")["two_steps"]["runs"] == 2
    assert (tmp_path / "run" / "run-2" / "results.jsonl").exists()


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[[], Path]:
    return lambda: write_set(tmp_path / "set.jsonl", ["two_steps", "needs_mathlib"])
