"""The library benchmark, made with the Lean at hand.

A theorem belongs to it when its signature, as Lean prints it, elaborates to the identical type in an
environment that holds only the imports of its module. Many do not: those about definitions of their own
module, above all. They are skipped and counted. What was made is kept in the user's cache, by Lean version.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from data.library_bench import Theorem, dump, in_hash_order, load, split_of
from prover.errors import ConfigError, DataError, LeanProcessError
from prover.evaluation.datasets import TEST_WARNING, DataSet, Problem
from prover.lean.embedded.package import cache_dir
from prover.lean.embedded.worker import LeanWorker
from prover.printable import tell
from prover.prove.folder import write_atomically

FORMAT = 1
"""Raised when the making changes, so that an old cache is not used."""
ROOTS = ("Init", "Std")
TRIES = 2
"""Candidates tried at a time for each theorem of a sample; mostly enough, since more than half elaborate."""


def library(worker: LeanWorker, root: str, split: str, size: int | None) -> DataSet:
    """The library benchmark's split as a data set.

    Args:
        worker: the Lean whose library it is.
        root: Init or Std.
        split: train, valid or test.
        size: a fixed sample of so many; None for the whole split.

    Raises ConfigError for another root, LeanProcessError when Lean cannot be had.
    """
    if root not in ROOTS:
        raise ConfigError(f"there is no library {root!r} here; the embedded Lean has {' and '.join(ROOTS)}")
    key = hashlib.sha256(f"{FORMAT} {worker.lean}".encode()).hexdigest()[:12]
    path = cache_dir() / "benchmarks" / f"{root}-{split}-{size or 'all'}-{key}.jsonl"
    facts_path = path.with_suffix(".json")
    theorems, facts = _cached(path, facts_path)
    if theorems is None:
        theorems, facts = make(worker, root, split, size)
        write_atomically(path, dump(theorems))
        write_atomically(facts_path, json.dumps(facts))
    text = dump(theorems)
    problems = tuple(Problem(t.name, _file(t), t.area) for t in theorems)
    skipped = facts["skipped"]
    reasons = ", ".join(f"{why}: {n}" for why, n in sorted(skipped.items()))
    notes = [
        f"{facts['candidates']} theorems of {root} in this split; {facts['tried']} tried in hash order, "
        f"{sum(skipped.values())} skipped ({reasons}), "
        f"{len(theorems)} taken"
    ]
    if split == "test":
        notes.append(TEST_WARNING)
    return DataSet(
        f"library {root}",
        split,
        f"{root} of Lean {worker.lean}",
        hashlib.sha256(text.encode()).hexdigest(),
        problems,
        {_file(t): t.lean for t in theorems},
        tuple(notes),
        facts,
    )


def made_library(root: str, split: str, size: int | None) -> DataSet:
    """See `library`: with the embedded Lean, whichever Lean is evaluated on it then."""
    with LeanWorker() as worker:
        return library(worker, root, split, size)


def make(worker: LeanWorker, root: str, split: str, size: int | None) -> tuple[list[Theorem], dict[str, Any]]:
    """Finds the split's theorems and keeps those whose statements can be told again.

    Returns them in the order of their modules, and counts: candidates, tried, skipped by reason.
    """
    modules = [m for m in worker.request("modules", state=worker.base_state((root,)))["modules"] if _under(m["name"], root)]
    imports = {m["name"]: tuple(m["imports"]) for m in modules}
    home = {name: m["name"] for m in modules for name in m["theorems"]}
    candidates = in_hash_order(n for n in home if split_of(n) == split)
    position = {m["name"]: i for i, m in enumerate(modules)}
    skipped: Counter[str] = Counter()
    found: dict[str, Theorem] = {}
    tried: list[str] = []
    step = TRIES * size if size is not None else max(1, len(candidates))
    while len(tried) < len(candidates) and (size is None or len(found) < size):
        batch = candidates[len(tried) : len(tried) + step]
        for number, name in enumerate(sorted(batch, key=lambda n: (position[home[n]], n)), start=len(tried) + 1):
            result = _theorem(worker, root, name, home[name], imports[home[name]])
            if isinstance(result, str):
                skipped[result] += 1
            else:
                found[name] = result
            if number % 250 == 0:
                tell(f"making the benchmark: {number} statements tried")
            worker.recycle_if_big()
        tried += batch
    # `tried` is in hash order: its first ones that can be told again are the sample.
    chosen = [found[n] for n in tried if n in found][:size]
    chosen.sort(key=lambda t: (position[t.module], t.name))
    return chosen, {"candidates": len(candidates), "tried": len(tried), "skipped": dict(skipped)}


def _theorem(worker: LeanWorker, root: str, name: str, module: str, imports: tuple[str, ...]) -> Theorem | str:
    """The theorem, or why it is skipped."""
    if not imports:
        return "its module imports nothing"
    try:
        whole = worker.base_state((root,))
        signature = worker.request("library", state=whole, names=[name])["signatures"][0]
        if signature is None:
            return "its signature cannot be printed"
        theorem = Theorem(name, module, imports, signature)
        targets = worker.read(theorem.lean).targets
        if len(targets) != 1 or targets[0].name != name:
            return "its signature does not parse"
        if targets[0].problem is not None:
            return "its signature does not elaborate"
        again, _ = worker.elaborated(targets[0].file)
        if not worker.request("same_types", a=again, b=worker.base_state((root,)), names=[name])["same"][0]:
            return "another type"
    except (LeanProcessError, DataError):
        return "Lean refused or was lost"
    return theorem


def _cached(path: Path, facts_path: Path) -> tuple[list[Theorem] | None, dict[str, Any]]:
    try:
        return load(path.read_text("utf-8")), json.loads(facts_path.read_text("utf-8"))
    except (OSError, ValueError):
        return None, {}


def _file(theorem: Theorem) -> str:
    """A file name for a theorem: nothing of its name but a hash, since names may hold anything."""
    return f"{hashlib.sha256(theorem.name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.lean"


def _under(module: str, root: str) -> bool:
    return module == root or module.startswith(f"{root}.")
