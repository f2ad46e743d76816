"""Past batches: the folders that `proofsmith prove` and `proofsmith eval` wrote, as the page lists them."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any

from prover.server.guard import Refused

REPORT = "report.html"
MAX_SUMMARY_BYTES = 2_000_000
MAX_LISTED = 500
TICKET_S = 600.0
SHOWN = ("title", "command", "lean", "commit", "started", "seconds", "workers", "total", "proved", "refuted", "failed", "error")


class Runs:
    """The run folders directly below `folder`. Symbolic links are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tickets: dict[str, tuple[str, float]] = {}

    def known(self) -> list[dict[str, Any]]:
        """What is known of each run, the latest first."""
        found = []
        try:
            folders = [f for f in self._folder.iterdir() if f.is_dir() and not f.is_symlink()]
        except OSError:
            return []
        for folder in folders:
            summary = _summary(folder)
            if summary is not None:
                facts = {key: summary.get(key) for key in SHOWN}
                found.append({"name": folder.name, **facts, "report": _plain_file(folder / REPORT)})
        found.sort(key=lambda run: str(run["started"] or ""), reverse=True)
        return found[:MAX_LISTED]

    def results(self, name: str) -> list[dict[str, Any]]:
        """The theorems of a run, as lines of results.jsonl have them. Raises Refused (404)."""
        path = self._run(name) / "results.jsonl"
        if not _plain_file(path):
            raise Refused(404, f"the run {name!r} has no results.jsonl")
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def ticket(self, name: str) -> str:
        """Lets a browser open the report by its address for ten minutes, where a token cannot be sent. Raises Refused (404)."""
        self.report(name)
        now = time.monotonic()
        self._tickets = {t: (n, end) for t, (n, end) in self._tickets.items() if end > now}
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = (name, now + TICKET_S)
        return ticket

    def admits(self, ticket: str, name: str) -> bool:
        """Whether the ticket is for this run's report and still good."""
        known, end = self._tickets.get(ticket, ("", 0.0))
        return known == name and end > time.monotonic()

    def report(self, name: str) -> Path:
        """The report's file. Raises Refused (404)."""
        path = self._run(name) / REPORT
        if not _plain_file(path):
            raise Refused(404, f"the run {name!r} has no {REPORT}")
        return path

    def _run(self, name: str) -> Path:
        # Compared with what is there, never joined blindly: a name cannot lead out of the folder.
        try:
            known = {f.name for f in self._folder.iterdir() if f.is_dir() and not f.is_symlink()}
        except OSError:
            known = set()
        if name not in known:
            raise Refused(404, f"there is no run {name[:80]!r}")
        return self._folder / name


def _plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _summary(folder: Path) -> dict[str, Any] | None:
    path = folder / "summary.json"
    try:
        if not _plain_file(path) or path.stat().st_size > MAX_SUMMARY_BYTES:
            return None
        summary = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and "total" in summary else None
