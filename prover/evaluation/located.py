"""The theorems of a data set, found by Lean in the data set's texts."""

from __future__ import annotations

import re

from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.evaluation.datasets import ONLY, DataSet, Problem
from prover.lean.engine import Engine
from prover.lean.source import LeanFile, Reading, Target
from prover.prove.item import Item


def locate(worker: Engine, dataset: DataSet) -> tuple[list[Item], dict[str, Reading]]:
    """An item for every problem, in order; one that Lean cannot read has a target that says why."""
    readings: dict[str, Reading] = {}
    broken: dict[str, str] = {}
    for name in dict.fromkeys(p.file for p in dataset.problems):
        for attempt in (1, 2):
            try:
                readings[name] = worker.read(dataset.texts[name])
                break
            except LeanSetupError:
                raise
            except DataError as error:
                broken[name] = str(error)
                break
            except LeanProcessError as error:
                if attempt == 2:
                    broken[name] = f"Lean was lost while it read the statement: {error}"
        worker.recycle_if_big()
    targets = {(name, t.name): t for name, reading in readings.items() for t in reading.targets}
    items = []
    for problem in dataset.problems:
        target = _of(problem, readings, targets) or _missing(problem, dataset, readings, broken)
        items.append(Item(problem.name, target, problem.file))
    return items, readings


def _of(
    problem: Problem, readings: dict[str, Reading], targets: dict[tuple[str, str], Target]
) -> Target | None:
    if problem.theorem != ONLY:
        return targets.get((problem.file, problem.theorem or problem.name))
    waiting = readings[problem.file].targets if problem.file in readings else ()
    return waiting[0] if len(waiting) == 1 else None


def _missing(
    problem: Problem, dataset: DataSet, readings: dict[str, Reading], broken: dict[str, str]
) -> Target:
    """A target for a problem whose statement Lean could not even parse."""
    text = dataset.texts[problem.file]
    reading = readings.get(problem.file)
    notes = reading.notes if reading is not None else ()
    wanted = r"\S+" if problem.theorem == ONLY else re.escape(problem.theorem or problem.name)
    said = notes[0].replace("<statement>:", "line ") if notes else "it has no such theorem"
    why = broken.get(problem.file) or f"its statement does not elaborate: {said}"
    found = re.search(rf"\btheorem\s+{wanted}(?!\S)(?s:.*)", text)
    stated = text[found.start() :].rstrip() if found else text
    start = len(text[: found.start()].encode("utf-8", "surrogatepass")) if found else 0
    proof = start + len(re.sub(r":=\s*(?:by\s+)?sorry\Z", "", stated).encode("utf-8", "surrogatepass"))
    end = start + len(stated.encode("utf-8", "surrogatepass"))
    return Target(LeanFile(text, (), 0), 0, problem.name, start, end, (proof, end), why)
