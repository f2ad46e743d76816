"""The plan of a mutation run's folder: what is to be made, from which roots in which order. Written once; a
run that goes on keeps to it. And where the run is: its counts, and its progress bar.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from data.mutation import shards
from data.splits import split_of
from prover.errors import DataError, StorageError
from prover.mutation.host import LIBRARY, ChunkWorker, MutationSettings, usable
from prover.printable import tell
from prover.prove.claim import Claim

LINE_EVERY_S = 15.0
COUNTED = ("built", "attempted", "proposed", "duplicates", "benchmark", "negatives", "negatives_tried")


@dataclass
class Totals:
    """Counts of a run so far; `core_s` is processor time."""

    accepted: int = 0
    built: int = 0
    attempted: int = 0
    proposed: int = 0
    duplicates: int = 0
    benchmark: int = 0
    negatives: int = 0
    negatives_tried: int = 0
    chunks: int = 0
    chunks_total: int = 0
    unwritten: int = 0
    unknown_modules: int = 0
    core_s: float = 0.0
    wall_s: float = 0.0
    by_operator: Counter[str] = field(default_factory=Counter)
    per_operator: dict[str, Counter[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    @property
    def per_core_hour(self) -> float:
        """Accepted theorems an hour of processor time."""
        return self.accepted / self.core_s * 3600 if self.core_s else 0.0

    def add(self, stats: Mapping[str, Any]) -> None:
        """Adds what a shard's file says."""
        self.accepted += stats["rows"]
        for key in COUNTED:
            setattr(self, key, getattr(self, key) + stats.get(key, 0))
        self.chunks += 1
        self.by_operator.update(stats.get("by_operator", {}))
        for name, counts in stats.get("per_operator", {}).items():
            self.per_operator.setdefault(name, Counter()).update(counts)

    def summary(self) -> dict[str, Any]:
        """For `summary.json`."""
        return {
            "accepted": self.accepted,
            **{key: getattr(self, key) for key in COUNTED},
            "yield_of_built": _part(self.accepted, self.built),
            "yield_of_attempted": _part(self.accepted, self.attempted),
            "yields": {
                name: {**counts, "yield_of_built": _part(counts["accepted"], counts["built"])}
                for name, counts in self.per_operator.items()
            },
            "core_s": round(self.core_s, 1),
            "wall_s": round(self.wall_s, 1),
            "verified_per_core_hour": round(self.per_core_hour),
            "by_operator": dict(self.by_operator),
            "chunks": self.chunks,
            "chunks_total": self.chunks_total,
            "unwritten_shards": self.unwritten,
            "unknown_modules": self.unknown_modules,
            "lost": self.lost,
        }


def _part(n: int, of: int) -> float | None:
    return round(n / of, 4) if of else None


@dataclass(frozen=True)
class Plan:
    """`settings` name the modules that can be imported; `first` is the worker that listed the roots, if one
    was needed; `problems` is what was skipped, each with its reason.
    """

    settings: MutationSettings
    chunks: list[list[str]]
    unknown_modules: int
    first: ChunkWorker | None
    problems: tuple[str, ...]


def prepare(
    out: Path, settings: MutationSettings, benchmark: Collection[int], new_worker: Callable[[MutationSettings], ChunkWorker]
) -> Plan:
    """Reads the folder's plan, or makes and writes one.

    Raises:
        ConfigError: the folder holds a run with other settings.
        DataError: the plan is damaged, no module can be imported, or there is no root.
        StorageError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out} cannot be made: {error.strerror}; give another --out") from error
    path = out / shards.PLAN
    asked = {**settings.plan, "benchmark": _digest(benchmark)}
    problems: list[str] = []
    first: ChunkWorker | None = None
    if path.exists():
        known = _known(out, asked)
        settings = replace(settings, modules=tuple(known["imported"]))
    else:
        if settings.modules != LIBRARY:
            modules, problems = usable(settings.modules)
            settings = replace(settings, modules=modules)
        first = new_worker(settings)
        try:
            roots = _chosen(settings, first.roots(), problems)
            known = {**asked, "imported": list(settings.modules), "order": roots}
            _write(path, json.dumps(known, ensure_ascii=False))
        except BaseException:
            first.close()
            raise
    order, size = known["order"], settings.chunk_roots
    chunks = [order[at : at + size] for at in range(0, len(order), size)]
    return Plan(settings, chunks, len(asked["modules"]) - len(settings.modules), first, tuple(problems))


def order_of(roots: Iterable[str], seed: int) -> list[str]:
    """The roots in the order in which they are worked on."""
    ordered = sorted(roots)
    random.Random(seed).shuffle(ordered)
    return ordered


def _known(out: Path, asked: dict[str, Any]) -> dict[str, Any]:
    claim = Claim(out, "run", shards.PLAN)
    known = claim.settings() or {}
    if not {"order", "imported"} <= known.keys():
        raise DataError(f"{out / shards.PLAN} is damaged; give another --out")
    claim.compare({key: known.get(key) for key in asked}, asked)
    return known


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error.strerror}; make room and try again") from error


def _chosen(settings: MutationSettings, available: list[str], problems: list[str]) -> list[str]:
    wanted = settings.roots
    if wanted is not None:
        known = set(available)
        problems += [
            f"{name} is not a theorem of the library that can be mutated; it is skipped" for name in wanted if name not in known
        ]
        available = [name for name in wanted if name in known]
    if settings.split is not None:
        available = [name for name in available if split_of(name) == settings.split]
    if not available:
        raise DataError("there is no root theorem to start from")
    return order_of(available, settings.seed)


def _digest(keys: Iterable[int]) -> str:
    """Tells one set of benchmarks from another."""
    return hashlib.sha256(" ".join(f"{key:x}" for key in sorted(keys)).encode()).hexdigest()[:16]


class MutationBar:
    """Progress on stderr: a bar on a terminal, a line every fifteen seconds elsewhere: theorems, rate, yield, time left."""

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
        said = f"{totals.accepted} theorems, {totals.per_core_hour:.0f} a core-hour, {share} of variants accepted, {left}"
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
