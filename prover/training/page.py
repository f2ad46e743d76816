"""The page of a training run: loss and pass@N over the steps, settings, data hashes. One HTML file, no scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from prover.journal import write_atomically

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 260, 56, 28
NAME_HEIGHT = 14
"""Names at the ends of lines stand at least so far apart."""
COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea")
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1f2933;background:#fff}"
    "table{border-collapse:collapse}td,th{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #ddd;"
    "overflow-wrap:anywhere}svg{width:100%;height:auto}"
    "@media(prefers-color-scheme:dark){body{color:#e4e7eb;background:#15191e}td,th{border-color:#3a424c}}"
)


def write_page(out: Path, about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes `report.html` to a run's folder.

    Args:
        out: the folder.
        about: settings, hashes and sizes.
        rows: the measured steps.
    """
    losses = {"training": _column(rows, "loss"), "held out": _column(rows, "valid_loss")}
    passes = {k: _column(rows, k) for k in (rows[-1] if rows else {}) if k.startswith("pass@")}
    facts = "".join(f"<tr><th>{escape(str(k))}</th><td>{escape(_shown(v))}</td></tr>" for k, v in about.items())
    heading = f"Loss: {escape(str(about.get('loss')))} in training, −log p of a target held out"
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Training: {escape(out.name)}</title><style>{STYLE}</style>'
        f"<h1>Training: {escape(out.name)}</h1><h2>{heading}</h2>{chart(losses)}"
        + (f"<h2>Chance that N draws hit the recorded tactic, by checkpoint</h2>{chart(passes)}" if passes else "")
        + f"<h2>Settings and data</h2><table>{facts}</table></html>\n"
    )
    write_atomically(out / "report.html", text)


def chart(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines over steps as SVG, with the name of each at its end; a sentence when there is nothing to draw."""
    points = [p for line in series.values() for p in line]
    if not points:
        return "<p>Nothing is measured yet.</p>"
    last = max(x for x, _ in points) or 1
    top = max(y for _, y in points) or 1

    def place(x: float, y: float) -> str:
        return f"{LEFT + x / last * (WIDTH - LEFT - 110):.1f},{HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - 12):.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="none" font-size="12">']
    for share in (0.0, 0.5, 1.0):
        x, y = place(0, share * top).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - 110}" y2="{y}" stroke="#9aa5b1" stroke-width=".5"/>')
        parts.append(f'<text x="4" y="{float(y) + 4:.1f}" fill="currentColor">{share * top:.3g}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}" fill="currentColor">0</text>')
    parts.append(f'<text x="{WIDTH - 150}" y="{HEIGHT - 6}" fill="currentColor">step {last:g}</text>')
    below = 0.0
    drawn = [(name, line, COLOURS[number % len(COLOURS)]) for number, (name, line) in enumerate(series.items()) if line]
    for name, line, colour in sorted(drawn, key=lambda d: -d[1][-1][1]):
        parts.append(f'<polyline points="{" ".join(place(x, y) for x, y in line)}" stroke="{colour}" stroke-width="2"/>')
        right, down = (float(number) for number in place(*line[-1]).split(","))
        parts.append(f'<circle cx="{right:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>')
        below = max(down + 4, below + NAME_HEIGHT)
        parts.append(f'<text x="{right + 8:.1f}" y="{below:.1f}" fill="{colour}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(r["step"]), float(r[name])) for r in rows if name in r]


def _shown(value: Any) -> str:
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
