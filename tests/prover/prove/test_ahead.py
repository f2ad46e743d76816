"""A file is written as soon as its theorems are settled, with their proofs and no others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prover.errors import StorageError
from prover.lean.commands import split
from prover.lean.targets import LeanFile, Target, reading_of
from prover.prove.ahead import FilesAhead, Records, Written
from prover.prove.batch import SILENT
from prover.prove.item import Item

TEXT = "theorem a : 1 = 1 := by sorry\ntheorem b : 2 = 2 := by sorry\n"


def items_of(*files: str) -> list[Item]:
    found = reading_of(LeanFile(TEXT, ("Init",), 0), split(TEXT, 0)).targets
    return [Item(f"{file}:{t.name}", t, file) for file in files for t in found]


def record(item: Item, status: str = "proved", proof: str | None = "rfl", *, uses: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": item.id, "name": item.target.name, "file": item.file, "status": status, "proof": proof, "depends_on": list(uses),
        "reason": None,
    }  # fmt: skip


class OneOfTwo(Target):
    """One of two places of a declaration."""

    others = property(lambda self: 1)


class Writes:
    """Notes what is written."""

    def __init__(self, fault: Callable[[], None] = lambda: None) -> None:
        self.seen: dict[str, Records] = {}
        self.wrote = threading.Event()
        self._fault = fault

    def __call__(self, file: str, records: Records) -> Written:
        self._fault()
        self.seen[file] = records
        self.wrote.set()
        return Path(file), []


def test_a_file_is_written_while_another_is_still_searched() -> None:
    items, write = items_of("x.lean", "y.lean"), Writes()
    ahead = FilesAhead(SILENT, items, {}, write)
    ahead.finished(items[2], record(items[2]))
    ahead.finished(items[0], record(items[0], uses=("b",)))
    assert not write.wrote.wait(0.05), "no file is complete"
    ahead.finished(items[1], record(items[1], "failed", None))
    assert write.wrote.wait(5.0)
    assert [r["status"] for r in write.seen["x.lean"].values()] == ["failed", "failed"], "a proof from what is not proved"
    settled = {i.id: record(i) for i in items} | write.seen["x.lean"]
    assert ahead.written("x.lean", settled) == (Path("x.lean"), [])
    assert ahead.written("y.lean", settled) is None
    assert ahead.written("x.lean", settled | {items[1].id: record(items[1])}) is None, "it is to have another proof"
    ahead.close()


def test_the_last_theorem_of_a_run_that_goes_on_completes_its_file() -> None:
    items, write = items_of("x.lean"), Writes()
    ahead = FilesAhead(SILENT, items, {items[0].id: record(items[0])}, write)
    ahead.finished(items[1], record(items[1]))
    assert write.wrote.wait(5.0) and len(write.seen["x.lean"]) == 2
    ahead.close()


def test_a_file_whose_places_are_judged_together_is_left_for_the_end() -> None:
    items, write = items_of("x.lean"), Writes()
    items = [replace(i, target=OneOfTwo(**vars(i.target))) for i in items]
    ahead = FilesAhead(SILENT, items, {}, write)
    for item in items:
        ahead.finished(item, record(item))
    ahead.close()
    assert write.seen == {} and ahead.written("x.lean", {i.id: record(i) for i in items}) is None


def test_a_disk_that_takes_no_file_is_told_at_the_end() -> None:
    def full() -> None:
        raise StorageError("the disk is full")

    items = items_of("x.lean")
    ahead = FilesAhead(SILENT, items, {}, Writes(full))
    for item in items:
        ahead.finished(item, record(item))
    with pytest.raises(StorageError, match="full"):
        ahead.written("x.lean", {i.id: record(i) for i in items})
    ahead.close()
