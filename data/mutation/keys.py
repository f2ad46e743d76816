"""A set of 64-bit keys in a memory-mapped file: constant memory however many theorems a run has.

Open addressing with linear probing over slots of eight bytes, at most 60 % of them used; a table that fills
up is written anew with twice as many. So a key costs between 13 and 27 bytes of disk, and memory only as far
as the system keeps the file's pages. The file can be made again from the shards, so it is not kept over
runs.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable
from pathlib import Path

SLOT = 8
FIRST_SLOTS = 1 << 16
FULL = 0.6
MIX = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


class KeySet:
    """Keys are integers below 2**64. Use as a context manager, or `close`; the file goes with it."""

    def __init__(self, path: Path, keys: Iterable[int] = ()) -> None:
        self._path = path
        self._count = 0
        self._open(FIRST_SLOTS)
        for key in keys:
            self.add(key)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: int) -> bool:
        return bool(self._slots[self._place(key or MASK)])

    def add(self, key: int) -> bool:
        """Adds a key; false when it was there."""
        key = key or MASK  # an empty slot is 0
        at = self._place(key)
        if self._slots[at]:
            return False
        self._slots[at] = key
        self._count += 1
        if self._count > FULL * self._size:
            self._grow()
        return True

    @property
    def disk_bytes(self) -> int:
        """Size of the file."""
        return self._size * SLOT

    def close(self) -> None:
        """Gives the file back."""
        self._release()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> KeySet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self, key: int) -> int:
        """The slot that holds the key, or the empty one where it would go."""
        slots, last = self._slots, self._size - 1
        at = ((key * MIX) & MASK) >> 20 & last
        while (there := slots[at]) and there != key:
            at = (at + 1) & last
        return at

    def _open(self, size: int) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        with self._path.open("w+b") as file:
            os.truncate(file.fileno(), size * SLOT)
            self._map = mmap.mmap(file.fileno(), size * SLOT)
        self._size = size
        self._slots = memoryview(self._map).cast("Q")

    def _release(self) -> None:
        self._slots.release()
        self._map.close()

    def _grow(self) -> None:
        old_map, old_slots = self._map, self._slots
        self._path.unlink()  # the mapping keeps what it holds until it is closed
        self._open(self._size * 2)
        for key in old_slots:
            if key:
                self._slots[self._place(key)] = key
        old_slots.release()
        old_map.close()
