"""docs/leaderboard.md: a row a milestone, made from a run folder, never by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.evaluation.folder import FORMAT, read_summary
from prover.prove.folder import write_atomically

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
        f"{base['portfolio']} (best single: {base['best_single']['tactic']} {base['best_single']['proved']})"
        if base
        else "",
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
        raise DataError(
            f"{run} is not a finished run of `proofsmith eval`; the leaderboard takes nothing else"
        )
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
