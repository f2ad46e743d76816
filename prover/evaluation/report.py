"""The page of an evaluation: one self-contained file beside report.html, which has the searched trees.

No script: charts are drawn here, as SVG. Text from Lean and from data sets is untrusted and passes through
jinja2's autoescape and `prover.prove.report.text.visible`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prover.evaluation.statistics import wilson
from prover.prove.report.page import STATUS_WORDS, chart, write_template

BUDGETS = (
    ("seconds", "Seconds", "seconds for the theorem"),
    ("expansions", "Expansions", "expansions; each asks the policy once"),
    ("lean_seconds", "Lean seconds", "seconds inside Lean's tactics"),
    ("tactics_run", "Tactics", "tactics run"),
)
STEPS = {
    "seconds": (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300),
    "lean_seconds": (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300),
    "expansions": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    "tactics_run": (10, 30, 100, 300, 1000, 3000, 10000),
}
SHOWN_REASONS = 20
NUMBER = re.compile(r"(?<![\w'])\d+(?:\.\d+)?(?!\w)")


def write_eval_page(out: Path, summary: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `out / "eval.html"` and returns its path; `summary` and `records` as the evaluation writes them."""
    total = len(records)
    return write_template(
        out / "eval.html",
        "eval.html.j2",
        ("report.css", "eval.css"),
        run=summary,
        total=total,
        wilson=wilson(int(summary["proved"]), total),
        budgets=[b for key, title, unit in BUDGETS if (b := _budget(records, key, title, unit)) is not None],
        strata=strata(records),
        closers=closers(records),
        failures=failures(records),
        rows=[_row(r) for r in records],
        several=int(summary.get("runs") or 1) > 1,
        has_baseline=summary.get("baseline") is not None,
    )


def rate_by_budget(records: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, int]]:
    """How many are proved within each step of a budget; exact, as no search looks ahead at its budget."""
    spent = [float(r.get(key) or 0) for r in records if r.get("status") == "proved"]
    most = max(spent, default=0.0)
    steps = [step for step in STEPS[key] if step < most]
    last = next((step for step in STEPS[key] if step >= most), most)
    return [(step, sum(s <= step for s in spent)) for step in (*steps, last)]


def strata(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, int, int, int, tuple[float, float]]]]]:
    """By area and by difficulty: name, proved, elaborated, total, interval."""
    tables = []
    for key, title in (("area", "Area"), ("difficulty", "Difficulty: closed by single tactics")):
        names = sorted({str(r[key]) for r in records if r.get(key)})
        rows = []
        for name in names:
            group = [r for r in records if r.get(key) == name]
            proved = sum(r["status"] == "proved" for r in group)
            elaborated = sum(bool(r.get("elaborated")) for r in group)
            rows.append((name, proved, elaborated, len(group), wilson(proved, len(group))))
        if rows:
            tables.append((title, rows))
    return tables


def closers(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """Proposer, the goals that its tactics closed in proofs, and the number of these theorems."""
    goals: Counter[str] = Counter()
    theorems: Counter[str] = Counter()
    for record in records:
        if record.get("status") == "proved":
            by = record.get("closed_by") or {}
            goals.update(by)
            theorems.update(by.keys())
    return [(name, number, theorems[name]) for name, number in goals.most_common()]


def failures(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Why theorems are not proved, commonest first; reasons that differ in numbers only are one."""
    groups: dict[str, list[str]] = {}
    for record in records:
        if record.get("status") != "proved":
            reason = str(record.get("reason") or "no reason given").splitlines()[0]
            groups.setdefault(NUMBER.sub("…", reason), []).append(str(record["name"]))
    ranked = sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))
    rest = [name for _, names in ranked[SHOWN_REASONS:] for name in names]
    return ranked[:SHOWN_REASONS] + ([("other reasons", rest)] if rest else [])


def _budget(records: Sequence[Mapping[str, Any]], key: str, title: str, unit: str) -> dict[str, Any] | None:
    spent = sorted(float(r.get(key) or 0) for r in records if r.get("status") == "proved")
    drawn = chart(spent, len(records), None)
    return None if drawn is None else {"title": title, "unit": unit, "chart": drawn, "steps": rate_by_budget(records, key)}


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    status = str(record.get("status"))
    return {
        **record,
        "link": "report.html#t-" + quote(str(record["id"]), safe="", errors="surrogatepass"),
        "word": STATUS_WORDS.get(status, status) if record.get("elaborated", True) else "does not elaborate",
    }
