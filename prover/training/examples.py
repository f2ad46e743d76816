"""Training data: state-tactic pairs and theorem texts from what Proofsmith and LeanDojo write.

    train.json           LeanDojo Benchmark 4 (pip download --no-binary :all: --no-deps lean-dojo==4.20.0), pairs
    folder of traces     steps-*.parquet of `proofsmith trace`, pairs and texts
    mutation run         shards of `proofsmith mutate`, texts (trace them for pairs)
    corpus.parquet       of `proofsmith corpus`, texts
    file.jsonl           {"state", "tactic"} or {"text"} a line, and "name" and "grade" where there are such

and preference pairs, for dpo, from run folders of `prove` and `eval`, or from JSON lines with state, chosen and rejected.

A theorem's side of the split is that of the whole project (`data.splits`): what is on the library benchmark's valid or test side
is never trained on, whatever file it comes from; examples of the valid side are what training is measured on.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from data.library_bench import in_hash_order
from data.mutation import shards
from data.splits import TRAIN, side_of, split_of
from prover.errors import DataError
from prover.prove.folder import tree_path_of
from prover.training.outcomes import first_edges

MIDDLE = 0.5
MUTANT_GRADES = ("rfl", "decide", "simp", "omega", "simp_all", "grind", "exact?", "hard")
PAIR_COLUMNS = ("full_name", "state_before", "tactic")
OF_A_MUTANT = re.compile(r"(?<![\w.])m_\w+_[0-9a-f]{10}(?![\w.])")
"""The name of a generated theorem: no search will have it."""
PER_STATE = 4
COLUMNS = ("state", "chosen", "rejected")


def mutant_grade(grade: str | None) -> float | None:
    """A mutant's grade as a number; None where it was not tried."""
    return float(MUTANT_GRADES.index(grade)) if grade in MUTANT_GRADES else None


def ranks(grades: Sequence[float | None]) -> list[float]:
    """Grades of one source as shares from 0 (easiest) to 1: of the graded, those below and half of those alike."""
    known = sorted(g for g in grades if g is not None)
    return [
        MIDDLE if g is None else (bisect.bisect_left(known, g) + bisect.bisect_right(known, g)) / 2 / len(known) for g in grades
    ]


@dataclass(frozen=True)
class Example:
    """A pair (`prompt` a state, `target` a tactic), or a text (`prompt` empty).

    `difficulty` is as the source has it, None when unknown; `grade` its rank there, 0 to 1 (`prover.training.batches`).
    """

    name: str
    prompt: str
    target: str
    split: str
    difficulty: float | None = field(default=None, compare=False)
    grade: float = field(default=MIDDLE, compare=False)

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.prompt}\0{self.target}"


E = TypeVar("E", Example, "Pair")


@dataclass
class Read(Generic[E]):
    """What was read, the hash of each source, and what is to be said about it."""

    items: list[E] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, path: Path, items: Sequence[E], digest: str, what: str) -> None:
        """Takes over a source's items, each with its grade."""
        grades = ranks([e.difficulty for e in items])
        self.items += [replace(e, grade=g) for e, g in zip(items, grades, strict=True)]
        self.hashes[str(path)] = digest
        self.notes.append(f"{path}: {len(items)} {what}")

    def side(self, split: str, limit: int | None) -> list[E]:
        """The different items of a side in a fixed order, at most `limit`: a sample by hash."""
        unique = {e.key: e for e in self.items if e.split == split}
        return [unique[key] for key in in_hash_order(unique)[:limit]]


def read(paths: Iterable[Path], stage: str) -> Read[Example]:
    """The examples of a stage, sft or pretrain, in all sources.

    Raises DataError for a source that is none of the known, lacks a column or cannot be read, or when nothing is found.
    """
    found: Read[Example] = Read()
    for path in paths:
        reader, files = _reader(path)
        try:
            items = [e for e in reader() if bool(e.prompt) == (stage == "sft")]
            found.add(path, items, _hash(files), "examples")
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise DataError(f"{path} cannot be read as training data: {_said(error)}") from error
    if not found.items:
        kind = "state-tactic pairs" if stage == "sft" else "theorem texts"
        raise DataError(f"no {kind} in {', '.join(map(str, paths))}; see docs/model.md for what can be read")
    return found


def _reader(path: Path) -> tuple[Callable[[], Iterator[Example]], list[Path]]:
    if path.is_dir():
        steps = sorted(path.glob("steps-*.parquet"))
        if steps:
            return lambda: _traces(steps), steps
        if (path / shards.PLAN).exists():
            return lambda: _mutants(path), sorted((path / shards.FOLDER).glob("part-*.parquet"))
        raise DataError(f"{path} is neither a folder of traces nor a mutation run")
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}")
    readers: dict[str, Callable[[], Iterator[Example]]] = {
        ".json": lambda: _leandojo(path), ".jsonl": lambda: _lines(path), ".parquet": lambda: _corpus(path),
    }  # fmt: skip
    if path.suffix not in readers:
        raise DataError(f"{path} is no training data; give a .json, .jsonl or .parquet file, or a folder of traces or mutants")
    return readers[path.suffix], [path]


def _leandojo(path: Path) -> Iterator[Example]:
    for theorem in json.loads(path.read_bytes()):
        if not isinstance(theorem, dict) or "traced_tactics" not in theorem:
            raise ValueError("it has no traced_tactics; give train.json of LeanDojo Benchmark 4")
        name = theorem["full_name"]
        steps = theorem["traced_tactics"]
        for step in steps:
            yield Example(name, step["state_before"], step["tactic"].strip(), split_of(name), len(steps))


def _traces(files: list[Path]) -> Iterator[Example]:
    for file in files:
        table = pq.read_table(file)
        missing = [c for c in (*PAIR_COLUMNS, "statement", "split") if c not in table.column_names]
        if missing:
            raise ValueError(f"{file.name} lacks the column {', '.join(missing)}; make it with `proofsmith trace`")
        proof: list[dict[str, Any]] = []
        for row in table.to_pylist():
            if row["step"] == 0 and proof:
                yield from _traced(proof)
                proof = []
            proof.append(row)
        if proof:
            yield from _traced(proof)


def _traced(proof: list[dict[str, Any]]) -> Iterator[Example]:
    """The pairs of a proof, and its text."""
    for row in proof:
        if not OF_A_MUTANT.search(row["tactic"]):
            yield Example(row["full_name"], row["state_before"], row["tactic"], row["split"], len(proof))
    first = proof[0]
    text = first["statement"] + " := by\n" + _indented(row["tactic"] for row in proof)
    yield Example(first["full_name"], "", text, first["split"], len(proof))


def _mutants(folder: Path) -> Iterator[Example]:
    for mutant in shards.mutants(folder):
        text = f"theorem {mutant.statement} := by\n{_indented(mutant.proof.splitlines())}"
        yield Example(mutant.name, "", text, mutant.split, mutant_grade(mutant.grade))


def _corpus(path: Path) -> Iterator[Example]:
    table = pq.read_table(path)
    missing = [c for c in ("name", "kind", "signature", "split") if c not in table.column_names]
    if missing:
        raise ValueError(f"it lacks the column {', '.join(missing)}; make it with `proofsmith corpus`")
    for row in table.select(["name", "kind", "signature", "split"]).to_pylist():
        if row["kind"] == "theorem" and row["signature"]:
            yield Example(row["name"], "", f"theorem {row['name']}{_space(row['signature'])}", row["split"])


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines, with their numbers. Raises ValueError with the number of a line that is none."""
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line:  # what stands behind the last line end
            continue
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError(f"line {number} is no object")
        yield number, record


def _graded(record: dict[str, Any]) -> float | None:
    return float(record["grade"]) if record.get("grade") is not None else None


def _lines(path: Path) -> Iterator[Example]:
    for number, record in _records(path):
        name = str(record.get("name", ""))
        split = side_of(record) if name else TRAIN
        if "text" in record:
            yield Example(name, "", str(record["text"]), split, _graded(record))
        elif {"state", "tactic"} <= record.keys():
            yield Example(name, str(record["state"]), str(record["tactic"]), split, _graded(record))
        else:
            raise ValueError(f"line {number} has neither state and tactic nor text")


def _indented(lines: Iterable[str]) -> str:
    return "\n".join("  " + line for block in lines for line in block.splitlines())


def _space(signature: str) -> str:
    return signature if signature.startswith((" ", ".{", "\n")) else " " + signature


def _hash(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the column {error} is missing"
    return " ".join(str(error).split())[:200] or type(error).__name__


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

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.state}\0{self.chosen}\0{self.rejected}"


# Preference pairs: at the same state, a tactic that led to a proof and one that did not. From a search only theorems count whose
# proof the audit accepted. At every state of the smallest proof in the tree `chosen` is the proof's tactic, `rejected` each
# tactic that failed there, and each that left something which the search then worked on in vain; at most PER_STATE, those that
# the policy held for likeliest. What was never looked at is no evidence. A run of `eval` on a valid set lies on that side.


def read_pairs(paths: Sequence[Path]) -> Read[Pair]:
    """The pairs in all sources. Raises DataError for a source that is none or lacks a column, and when there are no pairs."""
    found: Read[Pair] = Read()
    for path in paths:
        try:
            items, digest = _run(path) if path.is_dir() else _chosen_and_rejected(path)
            found.add(path, items, digest, "pairs")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} cannot be read as preference pairs: {_said(error)}") from error
    if not found.items:
        raise DataError(
            f"no preference pairs in {', '.join(map(str, paths))}: they come from theorems that are proved, at states where "
            "another tactic failed"
        )
    return found


def _chosen_and_rejected(path: Path) -> tuple[list[Pair], str]:
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}")
    if path.suffix != ".jsonl":
        raise DataError(f"{path} holds no preference pairs; give a .jsonl file, or the folder of a run of prove or eval")
    found = []
    for number, record in _records(path):
        missing = [c for c in COLUMNS if not isinstance(record.get(c), str)]
        if missing:
            raise ValueError(f"line {number} lacks {', '.join(missing)}")
        name = str(record.get("name", ""))
        state, chosen, rejected = (record[c].strip() for c in COLUMNS)
        if chosen == rejected:
            raise ValueError(f"line {number} has the same tactic as chosen and as rejected")
        found.append(Pair(name, state, chosen, rejected, split_of(name) if name else TRAIN, _graded(record)))
    return found, _hash([path])


def _run(folder: Path) -> tuple[list[Pair], str]:
    results = folder / "results.jsonl"
    if not results.is_file():
        raise DataError(f"{folder} is no run of prove or eval: it has no results.jsonl")
    content = results.read_bytes()
    whole = hashlib.sha256(content)
    found: list[Pair] = []
    for line in filter(None, content.decode("utf-8").split("\n")):  # other line ends stand inside texts
        record = json.loads(line)
        if record["status"] != "proved":
            continue
        path = tree_path_of(folder, record)
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
