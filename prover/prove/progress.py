"""The progress bar of a batch, on stderr."""

from __future__ import annotations

import sys
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


class ProgressBar:
    """A `prover.prove.batch.Watcher`: a bar on a terminal, a line a theorem elsewhere; both on stderr."""

    def __init__(self, total: int, known: Mapping[str, Mapping[str, Any]], quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._counts: Counter[str] = Counter(str(r["status"]) for r in known.values())
        self._running: set[str] = set()
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
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, item: Item) -> None:
        """A theorem is being worked on."""
        self._running.add(item.target.name)
        self._describe()

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """A theorem is done: one line, and the bar moves."""
        self._running.discard(item.target.name)
        self._counts[record["status"]] += 1
        self._done += 1
        said = {"proved": "proved    ", "failed": "not proved", "error": "error     "}[record["status"]]
        why = f"  ({record['reason']})" if record["status"] == "error" else ""
        line = f"{said} {record['name']}  {record['seconds']:.1f} s, {record['expansions']} expansions{why}"
        count = "" if self._live else f"[{self._done}/{self._total}] "
        self._progress.console.print(printable(count + line), markup=False, emoji=False, soft_wrap=True)
        self._progress.advance(self._task)
        self._describe()

    def _describe(self) -> None:
        counts = self._counts
        self._progress.update(
            self._task,
            description=f"{counts['proved']} proved, {counts['failed'] + counts['error']} not, {len(self._running)} running",
        )
