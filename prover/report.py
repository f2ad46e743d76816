"""The HTML page of a run: one file that needs nothing else, neither a server nor the network.

Text from Lean and from users is untrusted. Outside scripts it passes through jinja2's autoescape; inside it
is JSON with `<`, `>`, `&` and the line separators escaped, which our script shows as text nodes only. A
Content Security Policy with the hashes of our one script and one style sheet forbids everything else.
Characters that cannot be seen, or that turn the writing around them, are shown by their number: ⟨U+202E⟩.

A searched tree is drawn in the browser when its theorem is opened. Large ones are pruned here, and the page
says so.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import json
import math
import os
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

TEMPLATES = Path(__file__).with_name("templates")
STATUS_WORDS = {"proved": "proved", "failed": "not proved", "error": "error"}
MAX_TREES_MB = 24
CHART = {"left": 58, "right": 466, "top": 22, "bottom": 214, "width": 480, "height": 262}
UNSEEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
UNSAFE_IN_SCRIPT = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


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
    page = render(summary, results, trees)
    out.mkdir(parents=True, exist_ok=True)
    unfinished = out / f".report.html.{secrets.token_hex(8)}"
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, out / "report.html")
    finally:
        unfinished.unlink(missing_ok=True)
    return out / "report.html"


def render(
    summary: Mapping[str, Any], results: Sequence[Mapping[str, Any]], trees: Mapping[str, Mapping[str, Any]]
) -> str:
    """The page as a string without surrogates; arguments as in `write_report`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {"duration": duration, "count": count}
    script = "\n".join((TEMPLATES / name).read_text("utf-8") for name in ("tree.js", "report.js"))
    style = (TEMPLATES / "report.css").read_text("utf-8")
    ids = [str(result.get("id", number)) for number, result in enumerate(results)]
    found = Counter(str(result.get("status")) for result in results)
    counts = {status: int(_number(summary.get(status)) or found[status]) for status in STATUS_WORDS}
    total = max(int(_number(summary.get("total")) or len(results)), sum(counts.values()))
    times = [_number(result.get("seconds")) for result in results if result.get("status") == "proved"]
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


def visible(text: str) -> str:
    """`text` with every character that cannot be seen, or that reorders others, replaced by its number."""

    def mark(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"⟨byte {code - 0xDC00:02X}⟩" if 0xDC80 <= code <= 0xDCFF else f"⟨U+{code:04X}⟩"

    return UNSEEN.sub(mark, text.replace("\r\n", "\n"))


def script_json(value: object) -> str:
    """`value` as JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE_IN_SCRIPT.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def duration(seconds: object) -> str:
    """0.42 s, 12.3 s, 60 s, 2 min 05 s, 1 h 03 min."""
    number = _number(seconds)
    if number is None:
        return "–"
    if number < 99.95:
        places = 0 if number and number.is_integer() else 2 if number < 9.995 else 1
        return f"{number:.{places}f} s"
    whole = round(number)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(value: object, one: str = "", many: str = "") -> str:
    """12,345 tactics; – for what is no number."""
    number = _number(value)
    if number is None:
        return "–"
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}" if one else f"{number:,.0f}"


# Trees


@dataclass(frozen=True)
class Limits:
    """How much of one tree is put into the page: nodes, failed tactics a node, characters a text."""

    nodes: int
    failures: int
    state_chars: int
    error_chars: int


LIMITS = (Limits(400, 40, 4000, 600), Limits(120, 12, 1500, 240), Limits(30, 4, 600, 120))


def fit(trees: Sequence[Mapping[str, Any] | None]) -> list[str | None]:
    """Each tree pruned, as JSON; the largest pruned more until all together take about MAX_TREES_MB."""
    pictures = [_picture(tree, LIMITS[0]) for tree in trees]
    most = MAX_TREES_MB * 1_000_000
    size = sum(len(picture or "") for picture in pictures)
    for limits in LIMITS[1:]:
        for index, tree in enumerate(trees):
            before = len(pictures[index] or "")
            if size > most and before > most / len(trees):
                pictures[index] = _picture(tree, limits)
                size += len(pictures[index] or "") - before
    return pictures


def _picture(tree: Mapping[str, Any] | None, limits: Limits) -> str | None:
    picture = prune(tree, limits) if tree else None
    return script_json(picture) if picture else None


def prune(tree: Mapping[str, Any], limits: Limits) -> dict[str, Any] | None:
    """What the page draws of a tree, or None when it has no root.

    Grown from the root by tactics: those of the proof first, then the one that leads to the best priority. A
    node belongs to the tactic that first brings it in, so the order of `edges` makes a tree of a graph that
    has cycles. Texts are numbers into `strings`. Edges to nodes that the tree does not have are ignored.
    """
    nodes = {node["id"]: node for node in tree.get("nodes", ())}
    root = tree.get("root")
    if root not in nodes:
        return None
    proof = proof_edges(tree)
    failed: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    drawable: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for edge in tree.get("edges", ()):
        dead = edge.get("status") == "failed" and not edge.get("children")
        if edge["parent"] in nodes and all(child in nodes for child in edge.get("children", ())):
            (failed if dead else drawable)[edge["parent"]].append(edge)

    def urgency(edge: Mapping[str, Any]) -> float:
        priorities = (_number(nodes[child].get("priority")) for child in edge.get("children", ()))
        return max((-math.inf if one is None else one for one in priorities), default=math.inf)

    places = {root: 0}
    kept: list[Mapping[str, Any]] = []
    drawn: Counter[Any] = Counter()
    heap: list[tuple[bool, float, int, Mapping[str, Any]]] = []
    arrived, pushed = [root], 0
    while arrived or heap:
        for edge in (edge for node in arrived for edge in drawable[node]):
            in_proof = edge["id"] == proof.get(edge["parent"])
            heapq.heappush(heap, (not in_proof, -urgency(edge), pushed, edge))
            pushed += 1
        arrived = []
        if not heap:
            break
        edge = heapq.heappop(heap)[-1]
        new = [child for child in dict.fromkeys(edge.get("children", ())) if child not in places]
        if len(places) + len(new) <= limits.nodes:
            places |= {child: len(places) + place for place, child in enumerate(new)}
            kept.append(edge)
            drawn[edge["parent"]] += 1
            arrived = new

    strings: dict[str, int] = {}

    def text(value: object, limit: int) -> int:
        whole = "" if value is None else str(value)
        cut = len(whole) - limit
        short = whole if cut <= 0 else f"{whole[:limit]}… ({cut:,} more characters)"
        return strings.setdefault(short, len(strings))

    def tactic(edge: Mapping[str, Any]) -> dict[str, Any]:
        drawn_edge = {
            "tactic": text(edge.get("tactic"), limits.state_chars),
            "proposer": text(edge.get("proposer"), 100),
            "log_prob": _number(edge.get("log_prob")),
        }
        error = edge.get("error")
        return drawn_edge if error is None else drawn_edge | {"error": text(error, limits.error_chars)}

    reached = _on_proof(tree, proof)
    return {
        "nodes": [
            {
                "id": name,
                "status": nodes[name].get("status"),
                **{key: _number(nodes[name].get(key)) for key in ("depth", "priority", "expanded")},
                "state": text(nodes[name].get("state"), limits.state_chars),
                "failures": [tactic(edge) for edge in failed[name][: limits.failures]],
                "more_failures": max(0, len(failed[name]) - limits.failures),
                "more_edges": len(drawable[name]) - drawn[name],
                "proof": name in reached,
            }
            for name in places
        ],
        "edges": [
            {
                **tactic(edge),
                "parent": places[edge["parent"]],
                "children": [places[child] for child in edge.get("children", ())],
                "status": edge.get("status"),
                "proof": edge["parent"] in reached and edge["id"] == proof.get(edge["parent"]),
            }
            for edge in kept
        ],
        "left_out": len(nodes) - len(places),
        "total": len(nodes),
        "strings": list(strings),
    }


def proof_edges(tree: Mapping[str, Any]) -> dict[Any, Any]:
    """For each proved node the edge with the least deep proof; following them never goes in a circle."""
    waiting = [edge for edge in tree.get("edges", ()) if edge.get("status") == "proved"]
    chosen: dict[Any, Any] = {}
    while waiting:
        ready = [edge for edge in waiting if all(child in chosen for child in edge.get("children", ()))]
        if not ready:
            break
        for edge in ready:
            chosen.setdefault(edge["parent"], edge["id"])
        waiting = [edge for edge in waiting if edge["parent"] not in chosen]
    return chosen


def _on_proof(tree: Mapping[str, Any], proof: Mapping[Any, Any]) -> set[Any]:
    children = {edge["id"]: edge.get("children", ()) for edge in tree.get("edges", ())}
    reached: set[Any] = set()
    work = [tree["root"]]
    while work:
        node = work.pop()
        if node in proof and node not in reached:
            reached.add(node)
            work.extend(children[proof[node]])
    return reached


# Parts of the page


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
        "seconds": _number(result.get("seconds")),
        "expansions": _number(result.get("expansions")),
    }


def _detail(result: Mapping[str, Any]) -> dict[str, Any]:
    closed_by = result.get("closed_by") or {}
    axioms = result.get("axioms") or []
    proved = result.get("status") == "proved"
    lean = _number(result.get("lean_seconds"))
    time = duration(result.get("seconds"))
    expansions, tactics = result.get("expansions"), result.get("tactics_run")
    facts = [
        ("Time", time if lean is None else f"{time}, of it {duration(lean)} in Lean"),
        ("Search", f"{count(expansions, 'expansion')}, {count(tactics, 'tactic')} run"),
        ("Axioms", ", ".join(map(str, axioms)) or "none" if proved else ""),
        ("Goals closed by", ", ".join(f"{who} ({times})" for who, times in closed_by.items())),
    ]
    return {
        "statement": result.get("statement"),
        "proof": result.get("proof"),
        "reason": result.get("reason"),
        "status": result.get("status"),
        "facts": [fact for fact in facts if fact[1]],
    }


def _closers(results: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for result in results:
        if result.get("status") == "proved":
            totals.update(result.get("closed_by") or {})
    ranked = totals.most_common()
    rest = sum(number for _, number in ranked[8:])
    return ranked[:8] + ([("all others", rest)] if rest else [])


def _limit(summary: Mapping[str, Any]) -> float | None:
    return _number((summary.get("budget") or {}).get("timeout_s"))


def _moment(value: object) -> str:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif (number := _number(value)) is not None:
            moment = datetime.fromtimestamp(number, UTC)
        else:
            return ""
    except (ValueError, OverflowError, OSError):
        return str(value)
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _number(value: object) -> float | None:
    """`value` as a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
