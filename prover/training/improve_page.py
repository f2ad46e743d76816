"""The page of expert iteration: held-out proof rate by round, what was gained and lost, the training set. No scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from prover.prove.folder import write_atomically
from prover.training.page import STYLE

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 240, 48, 34, 14
KEPT, DROPPED = "#059669", "#9aa5b1"


def write_history(out: Path, history: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Writes `history.html` to a run's folder; `history` and `settings` as `prover.training.improve` keeps them."""
    facts = "".join(f"<tr><th>{escape(str(k))}</th><td>{escape(_shown(v))}</td></tr>" for k, v in settings.items())
    name = escape(out.name)
    write_atomically(
        out / "history.html",
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Expert iteration: {name}</title><style>{STYLE}</style>'
        f"<h1>Expert iteration: {name}</h1><h2>Held-out theorems proved, by round</h2>{_chart(history)}"
        "<p>A model is kept when it proves more held-out theorems than the kept one at the same budget.</p>"
        f"<h2>Rounds</h2>{_table(history)}{_passes(history)}{_changes(history['rounds'])}"
        f"<h2>Settings</h2><table>{facts}</table></html>\n",
    )


def _points(history: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any], bool]]:
    """Round, figures, and whether it is the kept policy's."""
    measured = [(r["round"], r["held_out"], bool(r["kept"])) for r in history["rounds"] if "held_out" in r]
    return [(0, history["first"], True), *measured]


def _chart(history: Mapping[str, Any]) -> str:
    points = _points(history)
    last = max(1, *(n for n, _, _ in points), len(history["rounds"]))

    def place(number: float, rate: float) -> tuple[float, float]:
        return LEFT + number / last * (WIDTH - LEFT - 40), HEIGHT - BOTTOM - rate * (HEIGHT - BOTTOM - TOP)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="proof rate by round" fill="none" font-size="12">']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(0, share)
        parts.append(f'<line x1="{x}" y1="{y:.1f}" x2="{WIDTH - 40}" y2="{y:.1f}" stroke="#9aa5b1" stroke-width=".5"/>')
        parts.append(f'<text x="4" y="{y + 4:.1f}" fill="currentColor">{100 * share:.0f} %</text>')
    line, level = [], history["first"]["rate"]
    rates = {n: f["rate"] for n, f, kept in points if kept}
    for number in range(last + 1):
        level = rates.get(number, level)
        line.append("{:.1f},{:.1f}".format(*place(number, level)))
    parts.append(f'<polyline points="{" ".join(line)}" stroke="{KEPT}" stroke-width="2"/>')
    for number, figures, kept in points:
        x, y = place(number, figures["rate"])
        low, high = (place(number, bound)[1] for bound in figures["wilson"])
        colour = KEPT if kept else DROPPED
        parts.append(f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" stroke="{colour}"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 7:.1f}" y="{y - 6:.1f}" fill="currentColor">{figures["proved"]}</text>')
    for number in range(last + 1):
        x = place(number, 0)[0]
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle" fill="currentColor">{number or "before"}</text>')
    return "".join([*parts, "</svg>", "<p>Green: the kept policy; grey: a model that was dropped. Bars: 95 % (Wilson).</p>"])


def _table(history: Mapping[str, Any]) -> str:
    heads = ("Round", "Proofs found", "New pairs", "Training set", "Held out", "Gained", "Lost", "p", "Lean s", "")
    first = history["first"]
    rows = [("before", "", "", "", f"{first['proved']} of {first['total']}", "", "", "", f"{first['lean_seconds']:.0f}", "")]
    for r in history["rounds"]:
        held = r.get("held_out")
        rows.append((
            str(r["round"]), f"{r['search']['proved']} of {r['search']['total']}", str(r["new_pairs"]), str(r["training_set"]),
            f"{held['proved']} of {held['total']}" if held else "–", str(len(r.get("gained", ()))), str(len(r.get("lost", ()))),
            f"{r['p']:.2g}" if "p" in r else "–", f"{held['lean_seconds']:.0f}" if held else "–",
            "kept" if r["kept"] else "dropped",
        ))  # fmt: skip
    return f"<table>{_row('th', heads)}{''.join(_row('td', row) for row in rows)}</table>"


def _passes(history: Mapping[str, Any]) -> str:
    measured = [(n, f["pass_at_k"]) for n, f, _ in _points(history) if "pass_at_k" in f]
    if not measured:
        return ""
    heads = ["Round", *(f"pass@{p['k']}" for p in measured[0][1])]
    rows = "".join(_row("td", [str(n or "before"), *(f"{100 * p['rate']:.1f} %" for p in curve)]) for n, curve in measured)
    return f"<h2>pass@N, held out</h2><table>{_row('th', heads)}{rows}</table>"


def _changes(rounds: Sequence[Mapping[str, Any]]) -> str:
    found = []
    for r in rounds:
        named = [f"+ {name}" for name in r.get("gained", ())] + [f"− {name}" for name in r.get("lost", ())]
        listed = "".join(f"<li>{escape(name)}</li>" for name in named)
        found.append(f"<h3>Round {r['round']}</h3><p>{escape(r['why'])}</p>" + (f"<ul>{listed}</ul>" if listed else ""))
    return "".join(found)


def _row(kind: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"


def _shown(value: Any) -> str:
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
