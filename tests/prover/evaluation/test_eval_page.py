"""The page of an evaluation."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prover.evaluation.report import failures, rate_by_budget, strata, write_eval_page


def render(summary: dict[str, Any], records: list[dict[str, Any]]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return write_eval_page(Path(folder), summary, records).read_text("utf-8")


def load(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    records = [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]
    return json.loads((folder / "summary.json").read_text("utf-8")), records


def test_the_page_needs_nothing_else_and_runs_nothing(make_run: Callable[..., Path]) -> None:
    page = render(*load(make_run("a", "p q", "r")))
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "2</strong> of 3 statements proved" in page


def test_text_of_data_sets_cannot_become_markup(make_run: Callable[..., Path]) -> None:
    summary, records = load(make_run("a", "p", "q"))
    records[0] |= {"name": "<b>x</b>\u202e", "id": '"><script>', "area": "<i>"}
    records[1]["reason"] = "<img src=x>"
    page = render(summary | {"title": "<u>"}, records)
    for hostile in ("<b>x", "<script", "<i>", "<img", "<u>", "\u202e"):
        assert hostile not in page


def test_a_run_without_a_proof_has_a_page(make_run: Callable[..., Path]) -> None:
    assert "0</strong> of 2 statements proved" in render(*load(make_run("a", "", "p q")))


def test_rates_by_budget_end_at_what_was_proved(make_run: Callable[..., Path]) -> None:
    _, records = load(make_run("a", "p q r", "s"))
    for record, spent in zip(records, (1, 3, 40, 90), strict=True):
        record["expansions"] = spent
    assert rate_by_budget(records, "expansions") == [(1, 1), (2, 1), (5, 2), (10, 2), (20, 2), (50, 3)]


def test_failures_that_differ_in_numbers_only_are_one_group(make_run: Callable[..., Path]) -> None:
    _, records = load(make_run("a", "p", "q r s"))
    records[1]["reason"], records[2]["reason"], records[3]["reason"] = (
        "line 3: bad",
        "line 14: bad",
        "unknown h₁",
    )
    assert failures(records) == [("line …: bad", ["q", "r"]), ("unknown h₁", ["s"])]


def test_strata_count_every_statement_of_theirs(make_run: Callable[..., Path]) -> None:
    _, records = load(make_run("a", "p", "q r"))
    records[2] |= {"area": "Other", "elaborated": False}
    (title, rows), *rest = strata(records)
    assert title == "Area"
    assert [(name, proved, elaborated, total) for name, proved, elaborated, total, _ in rows] == [
        ("Area", 1, 2, 2),
        ("Other", 0, 0, 1),
    ]
    assert rest == []


def test_repeated_runs_show_pass_at_k_and_how_often_each_was_proved(make_run: Callable[..., Path]) -> None:
    summary, records = load(make_run("a", "p", "q"))
    curve = [{"k": 1, "rate": 0.25, "interval": [0.1, 0.4]}, {"k": 2, "rate": 0.5, "interval": [0.2, 0.8]}]
    page = render(summary | {"runs": 2, "pass_at_k": curve}, [r | {"runs": 2} for r in records])
    assert "pass@k over 2 seeded runs" in page
    assert "25.0 %" in page
    assert "20.0 % to 80.0 %" in page
    assert "1 of 2" in page
