"""The progress bar of a mutation run, on stderr."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from prover.mutation.host import MutationSettings
from prover.mutation.totals import Totals
from prover.printable import tell

LINE_EVERY_S = 15.0


class MutationBar:
    """A bar on a terminal, a line every fifteen seconds elsewhere: theorems, rate, yield, time left."""

    def __init__(self, settings: MutationSettings, quiet: bool = False) -> None:
        self._settings = settings
        self._live = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._last = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
            disable=not self._live,
        )
        self._task = self._progress.add_task("reading the library", total=1.0)

    def __enter__(self) -> MutationBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, totals: Totals) -> None:
        """Shows where the run is."""
        part = done_part(self._settings, totals)
        left = f"{totals.wall_s * (1 - part) / part / 60:.0f} min left" if part > 0.01 else "…"
        share = f"{totals.accepted / totals.built:.0%}" if totals.built else "–"
        said = (
            f"{totals.accepted} theorems, {totals.per_core_hour:.0f} a core-hour, {share} of variants "
            f"accepted, {left}"
        )
        self._progress.update(self._task, completed=part, description=said)
        if not self._live and not self._quiet and time.monotonic() - self._last > LINE_EVERY_S:
            self._last = time.monotonic()
            tell(f"[{part:4.0%}] {said}")


def done_part(settings: MutationSettings, totals: Totals) -> float:
    """How much of the run is done, by the limit that is nearest."""
    parts = [totals.chunks / totals.chunks_total if totals.chunks_total else 0.0]
    if settings.limit_core_hours:
        parts.append(totals.core_s / (settings.limit_core_hours * 3600))
    if settings.limit_theorems:
        parts.append(totals.accepted / settings.limit_theorems)
    return min(1.0, max(parts))
