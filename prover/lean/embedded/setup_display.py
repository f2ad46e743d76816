"""What `proofsmith setup` shows on stderr: bars in a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prover.printable import tell


class SetupDisplay:
    """Lines and progress on stderr; `quiet` shows nothing at all."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def line(self, text: str) -> None:
        """Writes one line."""
        if not self.quiet:
            tell(text)

    @contextmanager
    def phase(self, label: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Shows a phase while the block runs; gives a function that takes the number of bytes done so far."""
        if self.quiet:
            yield lambda done: None
        elif not sys.stderr.isatty():
            started = time.monotonic()
            self.line(f"{label} ({total_bytes / 1e6:.0f} MB) …")
            yield lambda done: None
            self.line(f"{label}: done in {time.monotonic() - started:.0f} s")
        else:
            with _bar(label, total_bytes) as update:
                yield update


@contextmanager
def _bar(label: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=total_bytes)
        yield lambda done: progress.update(task, completed=min(done, total_bytes))
        progress.update(task, completed=total_bytes)
