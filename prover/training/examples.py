"""Training data: state-tactic pairs and theorem texts from what Proofsmith and LeanDojo write.

    train.json           LeanDojo Benchmark 4 (pip download --no-binary :all: --no-deps lean-dojo==4.20.0), pairs
    folder of traces     steps-*.parquet of `proofsmith trace`, pairs and texts
    mutation run         shards of `proofsmith mutate`, texts (trace them for pairs)
    corpus.parquet       of `proofsmith corpus`, texts
    file.jsonl           {"state", "tactic"} or {"text"} a line, and "name" where there is one

A theorem's side of the split is that of the whole project (`data.splits`): what is on the library benchmark's valid or test side
is never trained on, whatever file it comes from; examples of the valid side are what training is measured on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.library_bench import in_hash_order
from data.mutation import shards
from data.splits import TRAIN, side_of, split_of
from prover.errors import DataError
from prover.training.grades import MIDDLE, mutant_grade, ranks

PAIR_COLUMNS = ("full_name", "state_before", "tactic")
OF_A_MUTANT = re.compile(r"(?<![\w.])m_\w+_[0-9a-f]{10}(?![\w.])")
"""The name of a generated theorem: no search will have it."""


@dataclass(frozen=True)
class Example:
    """A pair (`prompt` a state, `target` a tactic), or a text (`prompt` empty).

    `difficulty` is as the source has it, None when unknown; `grade` its rank there, 0 to 1 (`prover.training.curriculum`).
    """

    name: str
    prompt: str
    target: str
    split: str
    difficulty: float | None = field(default=None, compare=False)
    grade: float = field(default=MIDDLE, compare=False)


@dataclass
class Examples:
    """What was read: pairs or texts, the hash of each source, and what is to be said about it."""

    items: list[Example] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def side(self, split: str, limit: int | None) -> list[Example]:
        """The different examples of a side in a fixed order, at most `limit`: a sample by hash."""
        unique = {f"{e.prompt}\0{e.target}": e for e in self.items if e.split == split}
        return [unique[key] for key in in_hash_order(unique)[:limit]]


def read(paths: Iterable[Path], stage: str) -> Examples:
    """The examples of a stage, sft or pretrain, in all sources.

    Raises DataError for a source that is none of the known, lacks a column or cannot be read, or when nothing is found.
    """
    found = Examples()
    for path in paths:
        reader, files = _reader(path)
        found.hashes[str(path)] = _hash(files)
        try:
            items = [e for e in reader() if bool(e.prompt) == (stage == "sft")]
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise DataError(f"{path} cannot be read as training data: {_said(error)}") from error
        found.items += [replace(e, grade=g) for e, g in zip(items, ranks([e.difficulty for e in items]), strict=True)]
        found.notes.append(f"{path}: {len(items)} examples")
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


def _lines(path: Path) -> Iterator[Example]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        record = json.loads(line)
        if not isinstance(record, dict) or not ({"state", "tactic"} <= record.keys() or "text" in record):
            raise ValueError(f"line {number} has neither state and tactic nor text")
        name = str(record.get("name", ""))
        split = side_of(record) if name else TRAIN
        grade = float(record["grade"]) if record.get("grade") is not None else None
        if "text" in record:
            yield Example(name, "", str(record["text"]), split, grade)
        else:
            yield Example(name, str(record["state"]), str(record["tactic"]), split, grade)


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
