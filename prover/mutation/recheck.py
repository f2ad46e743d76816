"""Holds theorems of a mutation run against a fresh Lean process: text in, the kernel's word out."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from data.mutation import negatives, shards
from data.mutation.records import Mutant
from prover.errors import DataError
from prover.lean.embedded.worker import LeanWorker
from prover.mutation.host import LIBRARY, PATIENT_S

T = TypeVar("T")
NEGATIVES_SHARE = 10
"""For so many theorems, one false neighbour is checked."""


@dataclass(frozen=True)
class Recheck:
    """What a fresh process says about theorems of a run; `negatives` are refutations among the checked."""

    checked: int
    negatives: int
    failures: tuple[str, ...]
    seconds: float


def recheck(out: Path, sample: int, seed: int) -> Recheck:
    """Elaborates a random sample of a run's theorems, and of its refutations, from their text in a new
    process, and has its kernel check them again.

    Raises:
        DataError: the folder holds no theorems.
    """
    problems: list[str] = []
    rng = random.Random(seed)
    chosen = drawn(shards.mutants(out, problems), sample, rng)
    refuted = drawn(negatives.negatives(out, problems), -(-sample // NEGATIVES_SHARE), rng)
    if not chosen:
        raise DataError(f"{out} holds no theorems")
    failures = list(problems)
    modules = _modules(out)
    began = time.monotonic()
    texts = [(m.name, m.standalone) for m in chosen]
    texts += [(n.denial.split()[0].split(".{")[0], n.text) for n in refuted]
    with LeanWorker(import_timeout_s=PATIENT_S) as worker:
        for name, text in texts:
            worker.recycle_if_big()
            why = text_verdict(worker, name, text, modules)
            if why is not None:
                failures.append(f"{name}: {why}")
    return Recheck(len(chosen), len(refuted), tuple(failures), time.monotonic() - began)


def drawn(of: Iterable[T], size: int, rng: random.Random) -> list[T]:
    """So many of them at random, in one pass and constant memory (reservoir sampling)."""
    kept: list[T] = []
    for seen, one in enumerate(of):
        if len(kept) < size:
            kept.append(one)
        elif (at := rng.randrange(seen + 1)) < size:
            kept[at] = one
    return kept


def _modules(out: Path) -> tuple[str, ...]:
    try:
        return tuple(json.loads((out / shards.PLAN).read_text("utf-8")).get("imported", LIBRARY))
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{out / shards.PLAN} is damaged: {error}") from error


def verdict(worker: LeanWorker, mutant: Mutant, modules: tuple[str, ...] = LIBRARY) -> str | None:
    """Why a theorem does not hold up when its text is elaborated behind the bare imports; None: it does."""
    return text_verdict(worker, mutant.name, mutant.standalone, modules)


def text_verdict(worker: LeanWorker, name: str, text: str, modules: tuple[str, ...] = LIBRARY) -> str | None:
    """The same for any text that declares a theorem of that name."""
    base = worker.base_state(modules)
    done = worker.request("elaborate", PATIENT_S, state=base, text=text)
    state = done["state"]
    try:
        errors = [m["text"] for c in done["commands"] for m in c["messages"] if m["severity"] == "error"]
        if errors:
            return str(errors[0]).splitlines()[0]
        facts = worker.request("constants", PATIENT_S, state=state, base=base)["constants"]
        own = {fact["name"]: fact for fact in facts}
        if own.get(name, {}).get("kind") != "theorem":
            return "no theorem of that name came of it"
        if any(fact["kind"] == "axiom" or "sorryAx" in fact["uses"] for fact in facts):
            return "it rests on an axiom of its own"
        replayed = worker.request("replay", PATIENT_S, state=state, base=base, names=[fact["name"] for fact in facts])
        error = replayed["error"]
        return None if error is None else str(error)
    finally:
        worker.request("release", states=[state])
