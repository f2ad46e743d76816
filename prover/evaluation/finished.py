"""The folder of an evaluation: whose it is; reading a finished one, comparing two, and the row of docs/leaderboard.md."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prover.errors import ConfigError, DataError
from prover.evaluation.datasets import DataSet
from prover.evaluation.statistics import mcnemar
from prover.prove.folder import json_lines, tree_path_of, write_atomically

FORMAT = "proofsmith-eval 1"
FILE = Path("docs/leaderboard.md")
HEAD = """\
# Leaderboard

One row a milestone, appended by `proofsmith eval leaderboard RUN --note TEXT`, never by hand. The rate is
proved of total, with its 95 % interval; a statement that does not elaborate or could not start counts as not
proved. Rates of different data set hashes, budgets or machines are not comparable.

"""
COLUMNS = (
    "date", "data set", "sha-256", "proved / elaborated / total", "rate", "pass@k", "single-tactic portfolio",
    "budget", "seed", "commit", "Lean", "hardware", "command", "note",
)  # fmt: skip
HEADER = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"


def check_folder(out: Path, dataset: DataSet, fresh: bool) -> None:
    """Raises ConfigError when the folder belongs to something else, before anything is written to it.

    `--fresh` replaces an earlier evaluation of the same benchmark only.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is not a folder; choose another with --out")
    if (out / "summary.json").is_file():
        earlier = read_summary(out)
        if earlier.get("benchmark") != dataset.title or earlier.get("split") != dataset.split:
            raise ConfigError(
                f"{out} holds a run of {earlier.get('title') or 'something else'}, not of {dataset.label}; "
                "choose another folder with --out"
            )
        if not fresh and earlier.get("sample_sha256") != dataset.sample_sha256:
            raise ConfigError(
                f"{out} holds a run of another copy or sample of {dataset.label}; "
                "choose another folder with --out, or begin anew with --fresh"
            )
    elif any(out.iterdir()) and not (out / "journal.sqlite").exists():
        raise ConfigError(f"{out} is not empty and holds no run; choose another folder with --out")


def forget(out: Path) -> None:
    """Removes what an earlier evaluation left, so that no page of it stands beside a half of the new one."""
    for name in ("summary.json", "eval.html", "report.html"):
        (out / name).unlink(missing_ok=True)
    for name in ("proofs", "trees"):
        shutil.rmtree(out / name, ignore_errors=True)


def read_summary(folder: Path) -> dict[str, Any]:
    """A run folder's summary. Raises DataError when it has none that can be read."""
    path = folder / "summary.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{folder} is not the folder of a finished run: cannot read {path.name} ({error.strerror})") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a run's summary")
    return found


def read_results(folder: Path) -> list[dict[str, Any]]:
    """A run folder's records. Raises DataError when they cannot be read, or lack a field."""
    path = folder / "results.jsonl"
    records = []
    for number, record in json_lines(path):
        missing = [key for key in ("id", "name", "status") if not isinstance(record.get(key), str)]
        if missing:
            raise DataError(f"{path}:{number} is not a result: {missing[0]} is missing")
        records.append(dict(record))
    return records


def tree_of(out: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The searched tree of a record; None when it cannot be read."""
    try:
        tree: dict[str, Any] = json.loads(tree_path_of(out, record).read_bytes())
    except (OSError, ValueError):
        return None
    return tree


@dataclass(frozen=True)
class Comparison:
    """Theorems that only B proves (`gained`), only A (`lost`), both; McNemar's exact two-sided p."""

    a: str
    b: str
    benchmark: str
    total: int
    proved_a: int
    proved_b: int
    both: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    p: float
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        net = len(self.gained) - len(self.lost)
        text = [
            f"{self.benchmark}: {self.total} statements",
            f"A {self.a}: {self.proved_a} proved",
            f"B {self.b}: {self.proved_b} proved ({net:+d})",
            f"both {self.both}, gained {len(self.gained)}, lost {len(self.lost)}; McNemar's exact p = {self.p:.3g}",
        ]
        text += [f"differs: {d}" for d in self.differences]
        text += [f"  + {name}" for name in self.gained]
        text += [f"  - {name}" for name in self.lost]
        return text


def compare(a: Path, b: Path) -> Comparison:
    """Compares two run folders. Raises DataError unless both are finished and of one data set and sample."""
    summaries = [read_summary(folder) for folder in (a, b)]
    for folder, summary in zip((a, b), summaries, strict=True):
        if summary.get("format") != FORMAT:
            raise DataError(f"{folder} is not a run of `proofsmith eval` (its format is {summary.get('format')!r})")
    first, second = summaries
    for key, what in (
        ("benchmark", "benchmarks"),
        ("split", "splits"),
        ("sample_sha256", "copies or samples"),
        ("runs", "numbers of runs"),
    ):
        if first.get(key) != second.get(key):
            raise DataError(
                f"{a} and {b} are of different {what} "
                f"({_short(first.get(key))} and {_short(second.get(key))}); compare like with like"
            )
    proved = []
    for folder, summary in zip((a, b), summaries, strict=True):
        records = {r["id"]: r["status"] == "proved" for r in read_results(folder)}
        if len(records) != summary.get("total"):
            raise DataError(f"{folder} has {len(records)} results, but its summary counts {summary.get('total')}")
        proved.append(records)
    if proved[0].keys() != proved[1].keys():
        raise DataError(f"{a} and {b} have results of different theorems")
    gained = tuple(n for n in proved[0] if proved[1][n] and not proved[0][n])
    lost = tuple(n for n in proved[0] if proved[0][n] and not proved[1][n])
    return Comparison(
        str(a),
        str(b),
        str(first.get("title")),
        len(proved[0]),
        sum(proved[0].values()),
        sum(proved[1].values()),
        sum(proved[0][n] and proved[1][n] for n in proved[0]),
        gained,
        lost,
        mcnemar(len(gained), len(lost)),
        tuple(
            f"{key}: {_short(first.get(key))} and {_short(second.get(key))}"
            for key in ("budget", "critic", "commit", "code_sha256", "lean", "seed", "temperature", "hardware")
            if first.get(key) != second.get(key)
        ),
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def row(summary: Mapping[str, Any], note: str) -> str:
    """A line of the table."""
    low, high = summary["wilson"]
    budget = summary["budget"]
    limits = [f"{budget['timeout_s']:g} s"] if budget.get("timeout_s") is not None else []
    limits += [f"{budget['lean_s']:g} s in Lean"] if budget.get("lean_s") is not None else []
    limits += [f"{budget['max_expansions']} expansions"] if budget.get("max_expansions") is not None else []
    base = summary.get("baseline")
    curve = summary.get("pass_at_k") or []
    last = f"pass@{curve[-1]['k']} {100 * curve[-1]['rate']:.1f} %" if len(curve) > 1 else ""
    first = f"pass@1 {100 * curve[0]['rate']:.1f} %, " if last else ""
    noise = f", noise {summary['temperature']:g}" if summary.get("temperature") else ""
    cells = (
        str(summary["started"])[:10],
        summary["title"],
        f"`{summary['dataset_sha256'][:12]}`",
        f"{summary['proved']} / {summary['elaborated']} / {summary['total']}",
        f"{100 * summary['rate']:.1f} % ({100 * low:.1f} to {100 * high:.1f})",
        first + last,
        f"{base['portfolio']} (best single: {base['best_single']['tactic']} {base['best_single']['proved']})" if base else "",
        " and ".join(limits) or "none",
        f"{summary['seed']}{noise}",
        f"`{summary['commit'] or 'none'}`, code `{summary['code_sha256'][:8]}`",
        str(summary["lean"]),
        f"{summary['hardware']}; {summary['workers']} workers",
        f"`{summary['command']}`",
        note,
    )
    return "| " + " | ".join(_cell(c) for c in cells) + " |\n"


def append(run: Path, note: str, file: Path) -> str:
    """Appends the run's row; makes the file when it is not there. Returns the row.

    Raises DataError when the folder is not a finished evaluation, the file is not a leaderboard, or has the
    row already.
    """
    summary = read_summary(run)
    if summary.get("format") != FORMAT:
        raise DataError(f"{run} is not a finished run of `proofsmith eval`; the leaderboard takes nothing else")
    try:
        line = row(summary, note)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{run / 'summary.json'} lacks what a row needs: {error}") from error
    try:
        text = file.read_text("utf-8") if file.exists() else HEAD + HEADER
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {file}: {error}") from error
    if HEADER not in text:
        raise DataError(f"{file} has no table of the leaderboard's columns; name another with --file")
    if line in text:
        raise DataError(f"{file} has this row already")
    write_atomically(file, text.rstrip("\n") + "\n" + line)
    return line


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
