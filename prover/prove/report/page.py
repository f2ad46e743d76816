"""The HTML page of a run: one file that needs nothing else, neither a server nor the network.

Text from Lean and from users is untrusted. Outside scripts it passes through jinja2's autoescape; inside it
is JSON with `<`, `>`, `&` and the line separators escaped, which our script shows as text nodes only. A
Content Security Policy with the hashes of our one script and one style sheet forbids everything else.
Characters that cannot be seen, or that turn the writing around them, are shown by their number: ⟨U+202E⟩.

A searched tree is drawn in the browser when its theorem is opened. Large ones are pruned (tree.py), and the
page says so.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from prover.prove.folder import write_atomically
from prover.prove.item import GRACE_S
from prover.prove.report.text import count, duration, finite, script_json, visible
from prover.prove.report.tree import fit

TEMPLATES = Path(__file__).parents[2] / "templates"
STATUS_WORDS = {"proved": "proved", "refuted": "refuted", "failed": "not proved", "error": "error"}
CHART = {"left": 58, "right": 466, "top": 22, "bottom": 214, "width": 480, "height": 262}


def write_report(
    out: Path,
    summary: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
    trees: Mapping[str, Mapping[str, Any]],
) -> Path:
    """Write `out / "report.html"`, whole or not at all, and return its path.

    `summary` describes the run (`title`, `command`, `lean`, `started`, `seconds`, `budget`, …; what is
    missing is left out), `results` are the lines of `results.jsonl`, `trees` are search trees by the `id` of
    their result, in the schema of docs/architecture.md. Raises `OSError` when the folder cannot be written;
    an older report is then still there. It does not check that a proof is one: it shows what it is told.
    """
    write_atomically(out / "report.html", render(summary, results, trees))
    return out / "report.html"


def page_environment() -> jinja2.Environment:
    """The templates of this folder: text is escaped and made visible, `duration`, `count` and `percent` are filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {"duration": duration, "count": count, "percent": percent}
    return environment


def percent(rate: object) -> str:
    """0.1234 as 12.3 %."""
    return f"{100 * float(rate):.1f} %" if isinstance(rate, int | float) else "–"


def write_template(path: Path, template: str, styles: Sequence[str] = (), **values: Any) -> Path:
    """Writes a page without scripts, whole or not at all, and returns its path.

    Args:
        path: the file.
        template: its name in the templates' folder; gets `values`, `style` and `style_hash`.
        styles: names of style sheets there.
    """
    style = "\n".join((TEMPLATES / name).read_text("utf-8") for name in styles)
    page = page_environment().get_template(template).render(style=style, style_hash=_hash(style), **values)
    write_atomically(path, page)
    return path


def render(summary: Mapping[str, Any], results: Sequence[Mapping[str, Any]], trees: Mapping[str, Mapping[str, Any]]) -> str:
    """The page as a string without surrogates; arguments as in `write_report`."""
    environment = page_environment()
    script = "\n".join((TEMPLATES / name).read_text("utf-8") for name in ("tree.js", "report.js"))
    style = (TEMPLATES / "report.css").read_text("utf-8")
    ids = [str(result.get("id", number)) for number, result in enumerate(results)]
    found = Counter(str(result.get("status")) for result in results)
    counts = {status: int(finite(summary.get(status)) or found[status]) for status in STATUS_WORDS}
    total = max(int(finite(summary.get("total")) or len(results)), sum(counts.values()))
    times = [finite(result.get("seconds")) for result in results if result.get("status") == "proved"]
    return environment.get_template("report.html.j2").render(
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        run=summary,
        started=_moment(summary.get("started")),
        total=total,
        counts=[(status, word, counts[status]) for status, word in STATUS_WORDS.items()],
        chart=chart(sorted(time for time in times if time is not None), total, _limit(summary)),
        closers=_closers(results),
        rows=[_row(name, result) for name, result in zip(ids, results, strict=True)],
        details=[script_json(_detail(result)) for result in results],
        pictures=fit([trees.get(name) for name in ids]),
    )


def chart(seconds: Sequence[float], total: int, limit_s: float | None) -> dict[str, Any] | None:
    """The proof-rate curve: how many theorems were proved within t seconds each, t on a logarithmic axis.

    `seconds` are those of the proved theorems, ascending. None when there are none.
    """
    if not seconds:
        return None
    first = 10.0 ** math.floor(math.log10(max(seconds[0], 0.01)) + 1e-9)
    last = max(seconds[-1], limit_s or 0, first * 10)
    scale = [step * first * 10.0**decade for decade in range(9) for step in (1, 2, 5)]
    ticks = [tick for tick in scale if tick <= last * 1.0001]
    if len(ticks) > 7:
        ticks = ticks[::3]
    step = next(s for power in range(9) for s in (10**power, 2 * 10**power, 5 * 10**power) if total <= 6 * s)

    def x(value: float) -> float:
        part = math.log(max(value, first) / first) / math.log(last / first)
        return round(CHART["left"] + part * (CHART["right"] - CHART["left"]), 1)

    def y(value: float) -> float:
        return round(CHART["bottom"] - value / total * (CHART["bottom"] - CHART["top"]), 1)

    line = f"M{CHART['left']} {y(0)}"
    for place, value in enumerate(seconds, 1):
        line += f"H{x(value)}V{y(place)}"
    return {
        **CHART,
        "line": f"{line}H{CHART['right']}",
        "xs": [(x(tick), f"{tick:g}") for tick in ticks],
        "ys": [(y(tick), tick) for tick in range(0, total + 1, step)],
        "total": total,
        "median": seconds[(len(seconds) - 1) // 2],
        "slowest": seconds[-1],
        "limit": limit_s,
    }


def _row(name: str, result: Mapping[str, Any]) -> dict[str, Any]:
    status = result.get("status") if result.get("status") in STATUS_WORDS else "error"
    return {
        "fragment": "t-" + quote(name, safe="", errors="surrogatepass"),
        "status": status,
        "word": STATUS_WORDS[str(status)],
        "name": str(result.get("name") or name),
        "file": str(result.get("file") or ""),
        "seconds": finite(result.get("seconds")),
        "expansions": finite(result.get("expansions")),
    }


def _detail(result: Mapping[str, Any]) -> dict[str, Any]:
    closed_by = result.get("closed_by") or {}
    axioms = result.get("axioms") or []
    premises = result.get("premises") or {}
    proved = result.get("status") == "proved"
    disproof = result.get("disproof") or {}
    lean = finite(result.get("lean_seconds"))
    time = duration(result.get("seconds"))
    expansions, tactics = result.get("expansions"), result.get("tactics_run")
    facts = [
        ("Time", time if lean is None else f"{time}, of it {duration(lean)} in Lean"),
        ("Search", f"{count(expansions, 'expansion')}, {count(tactics, 'tactic')} run"),
        ("Policy", _policy(result)),
        ("Past its budget", duration(over) if (over := finite(result.get("over_s")) or 0.0) > GRACE_S else ""),
        ("Bound automatically", ", ".join(map(str, result.get("auto_bound") or []))),
        ("Axioms", ", ".join(map(str, axioms)) or "none" if proved else ""),
        ("Premises (rank)", ", ".join(f"{name} ({rank or '–'})" for name, rank in premises.items())),
        ("Vacuous", "its hypotheses contradict each other" if result.get("vacuous") else ""),
        ("False at", ", ".join(f"{name} = {value}" for name, value in (disproof.get("values") or {}).items())),
        ("Goals closed by", ", ".join(f"{who} ({times})" for who, times in closed_by.items())),
    ]
    return {
        "statement": result.get("statement"),
        "proof": result.get("proof") or (f"{disproof['statement']} := by\n  {disproof['proof']}" if disproof else None),
        "reason": result.get("reason"),
        "status": result.get("status"),
        "facts": [fact for fact in facts if fact[1]],
    }


def _policy(result: Mapping[str, Any]) -> str:
    calls, tokens = finite(result.get("policy_calls")), finite(result.get("policy_tokens"))
    if not calls:
        return ""
    words = f", {count(int(tokens), 'token')} written" if tokens else ""
    return f"{count(int(calls), 'call')}, {duration(result.get('policy_seconds'))}{words}"


def _closers(results: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for result in results:
        if result.get("status") == "proved":
            totals.update(result.get("closed_by") or {})
    ranked = totals.most_common()
    rest = sum(number for _, number in ranked[8:])
    return ranked[:8] + ([("all others", rest)] if rest else [])


def _limit(summary: Mapping[str, Any]) -> float | None:
    return finite((summary.get("budget") or {}).get("timeout_s"))


def _moment(value: object) -> str:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif (number := finite(value)) is not None:
            moment = datetime.fromtimestamp(number, UTC)
        else:
            return ""
    except (ValueError, OverflowError, OSError):
        return str(value)
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
