"""Preference pairs: at the same state, a tactic that led to a proof and one that did not.

    run folder     of `proofsmith prove` or `eval`: results.jsonl and trees/
    file.jsonl     {"state", "chosen", "rejected"} a line, "name" and "grade" where there is one

From a search: only theorems whose proof the audit accepted. At every state of the smallest proof in the tree, `chosen` is the
proof's tactic, `rejected` each tactic that failed there, and each that left something which the search then worked on in
vain; at most `PER_STATE`, those that the policy held for likeliest. What was never looked at is no evidence and makes no
pair. Held-out sides of the split are never learnt; a run of
`eval` on a valid or test set lies on that side as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data.library_bench import in_hash_order
from data.splits import TRAIN, side_of, split_of
from prover.errors import DataError
from prover.prove.folder import tree_path
from prover.training.grades import MIDDLE, ranks
from prover.training.outcomes import first_edges

PER_STATE = 4
COLUMNS = ("state", "chosen", "rejected")


@dataclass(frozen=True)
class Pair:
    """Two tactics for a state, the better one first; `difficulty` and `grade` as of `prover.training.examples.Example`."""

    name: str
    state: str
    chosen: str
    rejected: str
    split: str
    difficulty: float | None = field(default=None, compare=False)
    grade: float = field(default=MIDDLE, compare=False)


@dataclass
class Pairs:
    """What was read, the hash of each source, what is to be said about it."""

    items: list[Pair] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def side(self, split: str, limit: int | None) -> list[Pair]:
        """The different pairs of a side in a fixed order, at most `limit`: a sample by hash."""
        unique = {f"{p.state}\0{p.chosen}\0{p.rejected}": p for p in self.items if p.split == split}
        return [unique[key] for key in in_hash_order(unique)[:limit]]


def read_pairs(paths: Sequence[Path]) -> Pairs:
    """The pairs in all sources. Raises DataError for a source that is none or lacks a column, and when there are no pairs."""
    found = Pairs()
    for path in paths:
        try:
            items, found.hashes[str(path)] = _run(path) if path.is_dir() else _lines(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]
            raise DataError(f"{path} cannot be read as preference pairs: {said}") from error
        found.items += [replace(p, grade=g) for p, g in zip(items, ranks([p.difficulty for p in items]), strict=True)]
        found.notes.append(f"{path}: {len(items)} pairs")
    if not found.items:
        raise DataError(
            f"no preference pairs in {', '.join(map(str, paths))}: they come from theorems that are proved, at states where "
            "another tactic failed"
        )
    return found


def _lines(path: Path) -> tuple[list[Pair], str]:
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}")
    if path.suffix != ".jsonl":
        raise DataError(f"{path} holds no preference pairs; give a .jsonl file, or the folder of a run of prove or eval")
    content = path.read_bytes()
    found = []
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        record = json.loads(line)
        missing = [c for c in COLUMNS if not isinstance(record, dict) or not isinstance(record.get(c), str)]
        if missing:
            raise ValueError(f"line {number} lacks {', '.join(missing)}")
        name = str(record.get("name", ""))
        state, chosen, rejected = (record[c].strip() for c in COLUMNS)
        if chosen == rejected:
            raise ValueError(f"line {number} has the same tactic as chosen and as rejected")
        grade = float(record["grade"]) if record.get("grade") is not None else None
        found.append(Pair(name, state, chosen, rejected, split_of(name) if name else TRAIN, grade))
    return found, hashlib.sha256(content).hexdigest()


def _run(folder: Path) -> tuple[list[Pair], str]:
    results = folder / "results.jsonl"
    if not results.is_file():
        raise DataError(f"{folder} is no run of prove or eval: it has no results.jsonl")
    content = results.read_bytes()
    whole = hashlib.sha256(content)
    found: list[Pair] = []
    for line in content.decode("utf-8").splitlines():
        record = json.loads(line)
        if record["status"] != "proved":
            continue
        # Of several runs of `eval`, the one that counts.
        path = tree_path(folder / f"run-{record['run']}" if "run" in record else folder, record["id"])
        if not path.is_file():
            continue
        text = path.read_bytes()
        whole.update(hashlib.sha256(text).digest())
        name = record["name"]
        split = side_of(record)
        hard = record.get("expansions")
        found += [Pair(name, *p, split, None if hard is None else float(hard)) for p in pairs_of_tree(json.loads(text))]
    return found, whole.hexdigest()


def pairs_of_tree(tree: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """State, chosen and rejected tactic, from a search graph in the schema of docs/architecture.md; none when it has no proof."""
    nodes = {n["id"]: n for n in tree["nodes"]}
    edges: dict[int, list[Any]] = defaultdict(list)
    for edge in tree["edges"]:
        edges[edge["parent"]].append(edge)
    best = first_edges(tree)
    waiting, done = [tree["root"]] if tree["root"] in best else [], set()
    while waiting:
        node = waiting.pop()
        done.add(node)
        tried, (_, proof) = edges[node], best[node]
        waiting += [c for c in reversed(proof["children"]) if c not in done]
        worse = {e["tactic"].strip(): e for e in sorted(tried, key=lambda e: e["log_prob"]) if _in_vain(e, nodes)}
        good = {e["tactic"].strip() for e in tried if e["status"] == "closed"}
        likeliest = sorted(worse.items(), key=lambda item: (-item[1]["log_prob"], item[0]))
        chosen = proof["tactic"].strip()
        for rejected in [tactic for tactic, _ in likeliest if tactic not in good][:PER_STATE]:
            yield nodes[node]["state"], chosen, rejected


def _in_vain(edge: Mapping[str, Any], nodes: Mapping[int, Any]) -> bool:
    looked_at = any(nodes[c]["expanded"] is not None for c in edge["children"])
    return edge["status"] == "failed" or (edge["status"] == "open" and looked_at)
