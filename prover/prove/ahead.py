"""Files that are written, and elaborated once more, while theorems of other files are still searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

from prover.prove.batch import Watcher
from prover.prove.item import Item, settle_dependencies

Written: TypeAlias = tuple[Path, list[str]]
"""A file's path, and what is wrong with it."""
Records: TypeAlias = dict[str, dict[str, Any]]


class FilesAhead:
    """A watcher that has a file written, in a thread, once its last theorem is settled.

    Files of which a declaration has several places are left for the end: the places are judged together first.

    Args:
        watcher: is told everything, too.
        items: all theorems.
        known: the records of earlier runs.
        write: writes a file, given its name and its theorems' records, dependencies settled.
    """

    def __init__(
        self, watcher: Watcher, items: Sequence[Item], known: Mapping[str, Mapping[str, Any]],
        write: Callable[[str, Records], Written],
    ) -> None:  # fmt: skip
        self._watcher, self._write = watcher, write
        self._items: dict[str, list[Item]] = {}
        for item in items:
            self._items.setdefault(item.file, []).append(item)
        self._records: Records = {item.id: dict(known[item.id]) for item in items if item.id in known}
        self._left = Counter(item.file for item in items if item.id not in known)
        self._threads = ThreadPoolExecutor(1, "files")
        self._begun: dict[str, tuple[Records, Future[Written]]] = {}

    def started(self, item: Item) -> None:
        """See `Watcher`."""
        self._watcher.started(item)

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """See `Watcher`; begins to write the file when this was its last theorem."""
        self._watcher.finished(item, record)
        self._records[item.id] = dict(record)
        self._left[item.file] -= 1
        of_file = self._items[item.file]
        if self._left[item.file] == 0 and not any(i.target.others for i in of_file):
            records = settle_dependencies({i.id: self._records[i.id] for i in of_file})
            self._begun[item.file] = records, self._threads.submit(self._write, item.file, records)

    def estimated(self, said: str) -> None:
        """See `Watcher`."""
        self._watcher.estimated(said)

    def written(self, file: str, records: Mapping[str, Mapping[str, Any]]) -> Written | None:
        """What came of a file that was written with just these proofs; None for any other. Raises what its writing raised."""
        if file not in self._begun:
            return None
        used, future = self._begun[file]
        found = future.result()
        same = all(records[key][part] == record[part] for key, record in used.items() for part in ("status", "proof"))
        return found if same else None

    def close(self) -> None:
        """Waits for the file that is being written, and begins no other."""
        self._threads.shutdown(wait=True, cancel_futures=True)
