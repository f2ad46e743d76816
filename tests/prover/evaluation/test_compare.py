"""Paired comparison of two runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prover.errors import DataError
from prover.evaluation.compare import compare


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
