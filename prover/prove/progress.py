"""The progress bar of a batch, on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from prover.printable import printable
from prover.prove.item import Item

SILENCE_S = 5.0
"""Where no bar moves, a line is written at least so often."""
MOST_NAMED = 4
"""Of the theorems under way, paused ones of a batch with a deadline included, the last that were begun are named."""


class ProgressBar:
    """A `prover.prove.batch.Watcher`: a bar on a terminal; elsewhere a line a theorem, and what is under way; all on stderr."""

    def __init__(self, total: int, known: Mapping[str, Mapping[str, Any]], quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._counts: Counter[str] = Counter(str(r["status"]) for r in known.values())
        self._running: dict[str, float] = {}
        self._began = self._said = time.monotonic()
        self._over = threading.Event()
        self._saying = threading.Thread(target=self._go_on_saying, name="progress", daemon=True)
        self._total = total
        self._done = len(known)
        self._live = sys.stderr.isatty() and not quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._progress.add_task("proving", total=total, completed=self._done)

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        if not self._live and not self._console.quiet:
            self._saying.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._saying.is_alive():
            self._saying.join()
        self._progress.stop()

    def _go_on_saying(self) -> None:
        """Where no bar moves: a line on what is under way, when nothing was said for SILENCE_S."""
        while not self._over.wait(max(0.2, SILENCE_S - (time.monotonic() - self._said))):
            now = time.monotonic()
            running = dict(self._running)
            if now - self._said >= SILENCE_S and running:
                newest = list(running.items())[-MOST_NAMED:]
                at = ", ".join(f"{name} {now - began:.0f} s" for name, began in newest)
                at += f", and {more} more" if (more := len(running) - len(newest)) else ""
                self._say(f"[{self._done}/{self._total}] {now - self._began:.0f} s: at {at}")

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        self._progress.console.print(printable(line), markup=False, emoji=False, soft_wrap=True)

    def started(self, item: Item) -> None:
        """A theorem is being worked on."""
        self._running[item.target.name] = time.monotonic()
        self._describe()

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """A theorem is done: one line, and the bar moves."""
        self._running.pop(item.target.name, None)
        self._counts[record["status"]] += 1
        self._done += 1
        given = record["status"] == "proved" and record.get("depends_on")
        words = {"proved": "proved    ", "failed": "not proved", "error": "error     ", "refuted": "refuted   "}
        said = "found     " if given else words[record["status"]]
        reason = f"it uses {', '.join(record['depends_on'])}, not proved so far" if given else record["reason"]
        why = f"  ({reason})" if reason else ""
        why += "  (vacuous: its hypotheses contradict each other)" if record.get("vacuous") else ""
        why += f"  ({', '.join(item.auto_bound)} bound automatically)" if item.auto_bound else ""
        line = f"{said} {record['name']}  {record['seconds']:.1f} s, {record['expansions']} expansions{why}"
        count = "" if self._live else f"[{self._done}/{self._total}] "
        self._say(count + line)
        self._progress.advance(self._task)
        self._describe()

    def estimated(self, said: str) -> None:
        """What is to be expected of the theorems that are left."""
        self._say(f"estimate: {said}")

    def _describe(self) -> None:
        counts = self._counts
        self._progress.update(
            self._task,
            description=f"{counts['proved']} proved, {self._done - counts['proved']} not, {len(self._running)} running",
        )
