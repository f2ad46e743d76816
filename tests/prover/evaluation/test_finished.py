"""Paired comparison of two runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prover.errors import DataError
from prover.evaluation.finished import COLUMNS, FILE, HEADER, append, compare


def test_gained_lost_and_both_are_by_theorem(make_run: Callable[..., Path]) -> None:
    found = compare(make_run("a", "p q r", "s t"), make_run("b", "q r s t", "p"))
    assert (found.gained, found.lost, found.both, found.total) == (("s", "t"), ("p",), 2, 5)
    assert (found.proved_a, found.proved_b, found.p) == (3, 4, 1.0)


def test_what_differs_besides_the_outcome_is_said(make_run: Callable[..., Path]) -> None:
    found = compare(make_run("a", "p", "q"), make_run("b", "p", "q", commit="def"))
    assert found.differences == ("commit: abc and def",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"benchmark": "starter"}, "different benchmarks"),
        ({"split": "test"}, "different splits"),
        ({"sample_sha256": "x"}, "different copies or samples"),
        ({"runs": 8}, "different numbers of runs"),
        ({"format": "other"}, "not a run of `proofsmith eval`"),
        ({"total": 7}, "its summary counts 7"),
    ],
)
def test_runs_that_cannot_be_paired_are_refused(
    make_run: Callable[..., Path], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        compare(make_run("a", "p", "q"), make_run("b", "p", "q", **change))


def test_a_folder_without_a_finished_run_is_refused(make_run: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not the folder of a finished run"):
        compare(make_run("a", "p", "q"), tmp_path)


def test_a_damaged_line_is_named(make_run: Callable[..., Path]) -> None:
    bad = make_run("b", "p", "q")
    (bad / "results.jsonl").write_text('{"id": "p"}\n', "utf-8")
    with pytest.raises(DataError, match=r"results\.jsonl:1 is not a result: name is missing"):
        compare(make_run("a", "p", "q"), bad)


ROOT = Path(__file__).resolve().parents[3]


def test_a_row_has_a_cell_for_each_column_and_says_counts_of_total(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / "board.md"
    row = append(make_run("a", "p q", "r s"), "first\nmilestone | here", file)
    cells = row.replace("\\|", "¦").strip().strip("|").split("|")
    assert len(cells) == len(COLUMNS)
    assert "2 / 4 / 4" in row
    assert "first milestone \\| here" in row
    assert file.read_text("utf-8").endswith(HEADER + row)


def test_rows_are_appended_and_never_doubled(make_run: Callable[..., Path], tmp_path: Path) -> None:
    file = tmp_path / "board.md"
    run = make_run("a", "p", "q")
    first, second = append(run, "one", file), append(run, "two", file)
    assert file.read_text("utf-8").endswith(first + second)
    with pytest.raises(DataError, match="this row already"):
        append(run, "one", file)


def test_only_evaluations_get_a_row(make_run: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a finished run"):
        append(make_run("a", "p", "q", format=None), "note", tmp_path / "board.md")
    assert not (tmp_path / "board.md").exists()


def test_another_file_is_left_alone(make_run: Callable[..., Path], tmp_path: Path) -> None:
    file = tmp_path / "readme.md"
    file.write_text("# Read me\n", "utf-8")
    with pytest.raises(DataError, match="no table"):
        append(make_run("a", "p", "q"), "note", file)
    assert file.read_text("utf-8") == "# Read me\n"


def test_the_projects_leaderboard_has_the_columns() -> None:
    assert HEADER in (ROOT / FILE).read_text("utf-8")
