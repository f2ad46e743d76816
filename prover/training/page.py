"""Pages without scripts: of a training run (loss and pass@N over the steps), and of expert iteration (proof rate by round)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from prover.prove.report.page import write_template

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 260, 56, 110, 12, 28
NAME_HEIGHT = 14
"""Names at the ends of lines stand at least so far apart."""
COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea")
KEPT, DROPPED = "#059669", "#9aa5b1"
TEMPLATE = "training.html.j2"
Part = dict[str, Any]
"""A part of a page: `heading`, and what it has of `chart`, `rows` (the first has the heads), `said`, `names`."""


def write_page(out: Path, about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes `report.html` to a run's folder.

    Args:
        out: the folder.
        about: settings, hashes and sizes.
        rows: the measured steps.
    """
    drawn = [(heading, {k: _column(rows, n) for k, n in names.items()}) for heading, names in charts(about, rows)]
    parts = [_lines(heading, lines) for heading, lines in drawn if any(lines.values()) or not rows]
    write_template(out / "report.html", TEMPLATE, title=f"Training: {out.name}", parts=parts, facts=about)


def charts(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, str]]]:
    """The charts of a stage: heading, and the metric that each line shows."""
    passes = {k: k for k in (rows[-1] if rows else {}) if k.startswith("pass@")}
    match about.get("stage"):
        case "dpo":
            return [
                ("Loss: −log σ of the margin", {"training": "loss", "held out": "valid_loss"}),
                ("Accuracy: share of pairs whose chosen tactic is preferred",
                 {"training": "accuracy", "held out": "valid_accuracy", "likelier at all": "valid_ranked"}),
                ("Margin: implicit reward, chosen less rejected", {"training": "margin", "held out": "valid_margin"}),
                ("Log-probability of the chosen tactic, held out", {"log p": "valid_chosen"}),
            ]  # fmt: skip
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


class _Chart:
    """Lines and points over steps or rounds, as SVG; x from 0 to `last`, y from `bottom` to `top`."""

    def __init__(self, last: float, bottom: float, top: float) -> None:
        self._last, self._bottom, self._span = last or 1, bottom, top - bottom or 1.0
        self._parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="none" font-size="12">']

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a value stands."""
        down = HEIGHT - BOTTOM - (y - self._bottom) / self._span * (HEIGHT - BOTTOM - TOP)
        return LEFT + x / self._last * (WIDTH - LEFT - RIGHT), down

    def text(self, x: float, y: float, said: str, colour: str = "currentColor") -> None:
        """Words; x and y in the picture."""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(said)}</text>')

    def level(self, value: float, said: str) -> None:
        """A line across, with its value."""
        x, y = self.place(0, value)
        stroke = '<line x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}" stroke="#9aa5b1" stroke-width=".5"/>'
        self._parts.append(stroke.format(x, y, WIDTH - RIGHT, y))
        self.text(4, y + 4, said)

    def line(self, points: Iterable[tuple[float, float]], colour: str, width: float = 2) -> None:
        """A line through points."""
        places = " ".join("{:.1f},{:.1f}".format(*self.place(x, y)) for x, y in points)
        self._parts.append(f'<polyline points="{places}" stroke="{colour}" stroke-width="{width}"/>')

    def point(self, x: float, y: float, colour: str) -> tuple[float, float]:
        """A dot; returns where it is."""
        at = across, down = self.place(x, y)
        self._parts.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>')
        return at

    def whole(self) -> str:
        """The picture."""
        return "".join([*self._parts, "</svg>"])


def _lines(heading: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> Part:
    """Lines over steps, with the name of each at its end; a sentence when there is nothing to draw."""
    points = [p for line in series.values() for p in line]
    if not points:
        return {"heading": heading, "said": "Nothing is measured yet."}
    last, bottom, top = max(x for x, _ in points), min(0.0, *(y for _, y in points)), max(0.0, *(y for _, y in points))
    chart = _Chart(last, bottom, top)
    for value in (bottom, 0.0 if bottom < 0 < top else (bottom + top) / 2, top):
        chart.level(value, f"{value:.3g}")
    chart.text(LEFT, HEIGHT - 6, "0")
    chart.text(WIDTH - 150, HEIGHT - 6, f"step {last:g}")
    drawn = [(name, line, COLOURS[number % len(COLOURS)]) for number, (name, line) in enumerate(series.items()) if line]
    below = 0.0
    for name, line, colour in sorted(drawn, key=lambda d: -d[1][-1][1]):
        chart.line(line, colour)
        right, down = chart.point(*line[-1], colour)
        below = max(down + 4, below + NAME_HEIGHT)
        chart.text(right + 8, below, name, colour)
    return {"heading": heading, "chart": chart.whole()}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(r["step"]), float(r[name])) for r in rows if name in r]


def write_history(out: Path, history: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Writes `history.html` to a run's folder; `history` and `settings` as `prover.training.improve` keeps them."""
    measured = [(r["round"], r["held_out"], bool(r["kept"])) for r in history["rounds"] if "held_out" in r]
    points = [(0, history["first"], True), *measured]
    chart = _rates(points, len(history["rounds"]))
    said = (
        "A model is kept when it proves more held-out theorems than the kept one at the same budget. "
        "Green: the kept policy; grey: a model that was dropped. Bars: 95 % (Wilson)."
    )
    parts: list[Part] = [
        {"heading": "Held-out theorems proved, by round", "chart": chart, "said": said},
        {"heading": "Rounds", "rows": _table(history)},
    ]
    if several := [(n, f["pass_at_k"]) for n, f, _ in points if "pass_at_k" in f]:
        heads = ["Round", *(f"pass@{p['k']}" for p in several[0][1])]
        rows = [[n or "before", *(f"{100 * p['rate']:.1f} %" for p in curve)] for n, curve in several]
        parts.append({"heading": "pass@N, held out", "rows": [heads, *rows]})
    for r in history["rounds"]:
        names = [*(f"+ {name}" for name in r.get("gained", ())), *(f"− {name}" for name in r.get("lost", ()))]
        parts.append({"heading": f"Round {r['round']}", "said": r["why"], "names": names})
    write_template(out / "history.html", TEMPLATE, title=f"Expert iteration: {out.name}", parts=parts, facts=settings)


def _rates(points: Sequence[tuple[int, Mapping[str, Any], bool]], rounds: int) -> str:
    """The kept policy's rate as a line of steps, and every measured rate with its interval."""
    last = max(1, rounds, *(n for n, _, _ in points))
    chart = _Chart(last, 0.0, 1.0)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        chart.level(share, f"{100 * share:.0f} %")
    kept = {n: f["rate"] for n, f, k in points if k}
    level = [kept[max(n for n in kept if n <= number)] for number in range(last + 1)]
    chart.line(enumerate(level), KEPT)
    for number, figures, is_kept in points:
        colour = KEPT if is_kept else DROPPED
        chart.line([(number, bound) for bound in figures["wilson"]], colour, 1)
        x, y = chart.point(number, figures["rate"], colour)
        chart.text(x + 7, y - 6, str(figures["proved"]))
    for number in range(last + 1):
        chart.text(chart.place(number, 0)[0] - 6, HEIGHT - 10, str(number or "before"))
    return chart.whole()


def _table(history: Mapping[str, Any]) -> list[tuple[str, ...]]:
    first = history["first"]
    rows: list[tuple[str, ...]] = [
        ("Round", "Proofs found", "New pairs", "Training set", "Held out", "Gained", "Lost", "p", "Lean s", ""),
        ("before", "", "", "", f"{first['proved']} of {first['total']}", "", "", "", f"{first['lean_seconds']:.0f}", ""),
    ]
    for r in history["rounds"]:
        held = r.get("held_out")
        rows.append((
            str(r["round"]), f"{r['search']['proved']} of {r['search']['total']}", str(r["new_pairs"]), str(r["training_set"]),
            f"{held['proved']} of {held['total']}" if held else "–", str(len(r.get("gained", ()))), str(len(r.get("lost", ()))),
            f"{r['p']:.2g}" if "p" in r else "–", f"{held['lean_seconds']:.0f}" if held else "–",
            "kept" if r["kept"] else "dropped",
        ))  # fmt: skip
    return rows
