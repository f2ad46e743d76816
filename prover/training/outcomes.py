"""What became of the states of finished searches: the data that a critic learns from.

Taken from the search graphs in run folders of `proofsmith prove` and `eval` (`trees/`, schema in docs/architecture.md).
A closed state counts with the number of tactics of the smallest proof below it, an expanded one that was never closed as one
without a proof, each once a visit; what no search has looked into says nothing and is left out. A search that ended before it
came back to a state leaves some of them without a proof by chance: the critic learns what this prover finds, not what is true.

A theorem's side goes with all its states (`data.splits.side_of`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from data.splits import family, side_of
from prover.errors import DataError
from prover.prove.folder import tree_path

MOST_STATES = 200
"""Of one theorem at most so many states, those whose hashes are lowest: no hopeless search outweighs a hundred short ones."""


class Outcome(NamedTuple):
    """A state and what became of it.

    `depth` is the number of tactics before it and `stage` how often it was expanded before, as the search knows them; `tactics`
    those of the smallest proof that this visit or a later one began, None when there is none.
    """

    text: str
    depth: int
    stage: int
    tactics: int | None
    split: str
    family: str


@dataclass
class Outcomes:
    """What was read; `hashes` of each run's results, `notes` on what is to be said."""

    rows: list[Outcome] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    theorems: int = 0

    def side(self, split: str) -> list[Outcome]:
        """The different states of a side; one that several searches met counts once, with its smallest proof."""
        best: dict[tuple[str, int], Outcome] = {}
        for row in self.rows:
            if row.split != split:
                continue
            known = best.get((row.text, row.stage))
            if known is None or _better(row, known):
                best[(row.text, row.stage)] = row
        return list(best.values())


def _better(a: Outcome, b: Outcome) -> bool:
    return a.tactics is not None and (b.tactics is None or a.tactics < b.tactics)


def read_runs(folders: Iterable[Path]) -> Outcomes:
    """The outcomes in run folders; a folder of repeated runs counts with all of them.

    Raises DataError for what is no run folder, and when no search graph is found in any.
    """
    found = Outcomes()
    given = list(folders)
    for folder in given:
        singles = sorted(folder.glob("run-*[0-9]")) or [folder]
        for single in singles:
            _read(single, found)
    if not found.theorems:
        raise DataError(f"no search graphs in {', '.join(map(str, given))}; give folders of `proofsmith prove` or `eval`")
    return found


def _read(folder: Path, found: Outcomes) -> None:
    path = folder / "results.jsonl"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{folder} is no run of prove or eval: cannot read {path.name} ({error.strerror})") from error
    whole = hashlib.sha256(content)
    skipped = 0
    before = len(found.rows)
    for line in filter(None, content.decode("utf-8", "replace").split("\n")):
        try:
            record = json.loads(line)
            key, name = str(record["id"]), str(record["name"])
            tree = json.loads(tree_path(folder, key).read_bytes())
            rows = outcomes_of(tree, side_of(record), family(name))
        except FileNotFoundError:
            continue  # it never started: there is nothing to learn
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            skipped += 1
            continue
        whole.update(json.dumps(rows).encode())
        found.theorems += 1
        found.rows += rows
    found.hashes[str(folder)] = whole.hexdigest()
    damaged = f", {skipped} search graphs cannot be read and are left out" if skipped else ""
    found.notes.append(f"{folder}: {len(found.rows) - before} states{damaged}")


def outcomes_of(tree: Mapping[str, Any], split: str, family_: str) -> list[Outcome]:
    """The states of a search graph that say something. Raises KeyError, TypeError or IndexError when it is no search graph."""
    depths = _depths(tree)
    sizes = smallest_proofs(tree)
    ways: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for edge in tree["edges"]:
        if edge["status"] == "closed" and all(child in sizes for child in edge["children"]):
            ways[edge["parent"]].append((edge["visit"], 1 + sum(sizes[child] for child in edge["children"])))
    rows = []
    for node in tree["nodes"]:
        for stage in range(node["visits"] if node["id"] in depths else 0):
            size = min((size for visit, size in ways[node["id"]] if visit >= stage), default=None)
            rows.append(Outcome(str(node["state"]), depths[node["id"]], stage, size, split, family_))
    if len(rows) > MOST_STATES:
        rows.sort(key=lambda row: hashlib.sha256(f"{row.stage} {row.text}".encode("utf-8", "replace")).digest())
    return rows[:MOST_STATES]


def smallest_proofs(tree: Mapping[str, Any]) -> dict[int, int]:
    """Tactics of the smallest proof below each closed state, by its id."""
    return {state: size for state, (size, _) in first_edges(tree).items()}


def first_edges(tree: Mapping[str, Any]) -> dict[int, tuple[int, Mapping[str, Any]]]:
    """For each closed state the tactics of its smallest proof, and the edge that begins it; the first of several."""
    best: dict[int, tuple[int, Mapping[str, Any]]] = {}
    closed = [edge for edge in tree["edges"] if edge["status"] == "closed"]
    changed = True
    while changed:  # the graph may have circles; each turn settles at least the smallest that is still open
        changed = False
        for edge in closed:
            if all(child in best for child in edge["children"]):
                size = 1 + sum(best[child][0] for child in edge["children"])
                if edge["parent"] not in best or size < best[edge["parent"]][0]:
                    best[edge["parent"]], changed = (size, edge), True
    return best


def _depths(tree: Mapping[str, Any]) -> dict[int, int]:
    """Tactics before each state, along the edge that found it."""
    depths = {tree["root"]: 0}
    for edge in tree["edges"]:
        if edge["parent"] in depths:
            for child in edge["children"]:
                depths.setdefault(child, depths[edge["parent"]] + 1)
    return depths


def summary(rows: Iterable[Outcome]) -> dict[str, int]:
    """How many states there are, by outcome."""
    counted = Counter("unproved" if row.tactics is None else "proved" for row in rows)
    return {"states": sum(counted.values()), "proved": counted["proved"], "unproved": counted["unproved"]}
