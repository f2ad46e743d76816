"""The plan of a mutation run's folder: what is to be made, from which roots in which order. Written once; a
run that goes on keeps to it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.mutation import shards
from data.splits import split_of
from prover.errors import DataError, StorageError
from prover.mutation.host import LIBRARY, ChunkWorker, MutationSettings, usable
from prover.prove.claim import Claim


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
    out: Path,
    settings: MutationSettings,
    benchmark: Collection[int],
    new_worker: Callable[[MutationSettings], ChunkWorker],
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
            f"{name} is not a theorem of the library that can be mutated; it is skipped"
            for name in wanted
            if name not in known
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
