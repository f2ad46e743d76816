"""The page of a training run: loss and pass@N over the steps, settings, data hashes. One HTML file, no scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from prover.prove.folder import write_atomically

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
    facts = "".join(f"<tr><th>{escape(str(k))}</th><td>{escape(_shown(v))}</td></tr>" for k, v in about.items())
    drawn = [(heading, {k: _column(rows, n) for k, n in names.items()}) for heading, names in charts(about, rows)]
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Training: {escape(out.name)}</title><style>{STYLE}</style>'
        f"<h1>Training: {escape(out.name)}</h1>"
        + "".join(f"<h2>{escape(heading)}</h2>{chart(lines)}" for heading, lines in drawn if any(lines.values()) or not rows)
        + f"<h2>Settings and data</h2><table>{facts}</table></html>\n"
    )
    write_atomically(out / "report.html", text)


def charts(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, str]]]:
    """The charts of a stage: heading, and the metric that each line shows."""
    passes = {k: k for k in (rows[-1] if rows else {}) if k.startswith("pass@")}
    match about.get("stage"):
        case "dpo":
            return [
                ("Loss: −log σ of the margin", {"training": "loss", "held out": "valid_loss"}),
                (
                    "Accuracy: share of pairs whose chosen tactic is preferred",
                    {"training": "accuracy", "held out": "valid_accuracy", "likelier at all": "valid_ranked"},
                ),
                ("Margin: implicit reward, chosen less rejected", {"training": "margin", "held out": "valid_margin"}),
                ("Log-probability of the chosen tactic, held out", {"log p": "valid_chosen"}),
            ]
        case "grpo":
            return [
                ("Mean reward: share of rollouts whose proof the audit accepted", {"training": "reward", "held out": "pass@1"}),
                ("Share of held-out theorems proved by one of N rollouts, by checkpoint", passes),
                ("Share of groups with one reward only (no gradient)", {"dead": "dead", "never": "never", "always": "always"}),
                ("Divergence from the model at the start, nats a token", {"KL": "kl"}),
                ("Loss", {"training": "loss"}),
            ]
    return [
        (f"Loss: {about.get('loss')} in training, −log p of a target held out", {"training": "loss", "held out": "valid_loss"}),
        ("Chance that N draws hit the recorded tactic, by checkpoint", passes),
    ]


def chart(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines over steps as SVG, with the name of each at its end; a sentence when there is nothing to draw."""
    points = [p for line in series.values() for p in line]
    if not points:
        return "<p>Nothing is measured yet.</p>"
    last = max(x for x, _ in points) or 1
    bottom = min(0.0, *(y for _, y in points))
    span = max(0.0, *(y for _, y in points)) - bottom or 1.0

    def place(x: float, y: float) -> str:
        down = HEIGHT - BOTTOM - (y - bottom) / span * (HEIGHT - BOTTOM - 12)
        return f"{LEFT + x / last * (WIDTH - LEFT - 110):.1f},{down:.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="none" font-size="12">']
    middle = 0.0 if bottom < 0 < bottom + span else bottom + span / 2
    for value in (bottom, middle, bottom + span):
        x, y = place(0, value).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - 110}" y2="{y}" stroke="#9aa5b1" stroke-width=".5"/>')
        parts.append(f'<text x="4" y="{float(y) + 4:.1f}" fill="currentColor">{value:.3g}</text>')
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
