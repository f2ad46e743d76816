"""The leaderboard's rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from prover.errors import DataError
from prover.evaluation.leaderboard import COLUMNS, FILE, HEADER, append

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
