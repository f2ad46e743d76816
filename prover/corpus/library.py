"""Reads the imported library of the embedded Lean into a corpus (`data.corpus`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from data import corpus
from data.errors import BadRecordError
from prover.errors import DataError, LeanProcessError
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import LeanWorker
from prover.mutation.host import LIBRARY

RECORDS_TIMEOUT_S = 900.0
SLICE = 125


class _Reader:
    def __init__(self, modules: tuple[str, ...]) -> None:
        self.modules = modules
        self.worker = LeanWorker()
        self._pid = -1
        self._state = -1

    def state(self) -> int:
        self.worker.recycle_if_big()
        if not self.worker.alive or self._pid != self.worker.process.pid:
            self._pid = self.worker.process.pid
            try:
                self._state = self.worker.request("import", 300.0, modules=list(self.modules))["state"]
            except RequestRefused as error:
                raise DataError(
                    f"cannot import {', '.join(self.modules)}: {error}; the embedded Lean has Init, Std, Lean"
                ) from error
        return self._state

    def records(self, names: Sequence[str], check: bool) -> list[corpus.Row]:
        try:
            reply = self.worker.request("corpus", RECORDS_TIMEOUT_S, state=self.state(), names=list(names), check=check)
            rows: list[corpus.Row] = reply["records"]
            return rows
        except LeanProcessError as error:
            if len(names) == 1:
                return [{"name": names[0], "error": f"reading it ended the process: {error}"}]
            half = len(names) // 2
            return self.records(names[:half], check) + self.records(names[half:], check)


def build(
    out: Path,
    modules: tuple[str, ...] = LIBRARY,
    check_share: float = 0.02,
    workers: int = 1,
    on_chunk: Callable[[int, int], None] = lambda done, total: None,
) -> corpus.Built:
    """Builds the corpus of some modules and all that they import.

    Args:
        out: the folder.
        modules: what to import.
        check_share: part of the signatures that are elaborated again and compared, chosen by hash of the
            name.
        workers: Lean processes.
        on_chunk: progress, see `data.corpus.build`.

    Raises:
        DataError: a module that is not there, a folder with another corpus.
    """
    readers = [_Reader(modules) for _ in range(workers)]
    free: SimpleQueue[_Reader] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def slice_of(names: Sequence[str]) -> list[corpus.Row]:
        reader = free.get()
        try:
            chosen = [name for name in names if _share(name) < check_share]
            rows = {row["name"]: row for row in reader.records(chosen, True)} if chosen else {}
            rest = [name for name in names if name not in rows]
            rows |= {row["name"]: row for row in reader.records(rest, False)} if rest else {}
            return [rows[name] for name in names]
        finally:
            free.put(reader)

    def records(names: Sequence[str]) -> list[corpus.Row]:
        slices = [names[at : at + SLICE] for at in range(0, len(names), SLICE)]
        return [row for rows in pool.map(slice_of, slices) for row in rows]

    try:
        raw = readers[0].worker.request("corpus_list", 300.0, state=readers[0].state())
        listing = corpus.Listing(raw["modules"], raw["imports"], [(c[0], c[1], c[2]) for c in raw["constants"]])
        with ThreadPoolExecutor(workers) as pool:
            return corpus.build(out, listing, records, on_chunk)
    except BadRecordError as error:
        raise DataError(str(error)) from error
    finally:
        for reader in readers:
            reader.worker.close()


def _share(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
