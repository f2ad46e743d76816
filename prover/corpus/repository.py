"""A repository that LeanDojo traced, in the columns of our corpus and of our steps.

Writes `corpus.parquet` with its graphs (`data/corpus.py`), `steps-NNNNN.parquet` (`prover/corpus/traces.py`) and
`statistics.json`.
The steps of each file are a part of their own in `parts/`; an interrupted run goes on behind the last part.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lean_dojo
import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

from data import corpus
from data.splits import split_of
from prover.corpus.traces import SCHEMA, SHARD_ROWS, write_table
from prover.errors import DataError
from prover.lean.leandojo import traced

ORIGIN = "traced"


@dataclass(frozen=True)
class Progress:
    """How far it is: files done, of how many, and what they gave."""

    files: int
    total: int
    theorems: int
    steps: int


def write(
    out: Path,
    source: traced.Source,
    load: Callable[[], lean_dojo.TracedRepo],
    with_dependencies: bool = False,
    on_file: Callable[[Progress], None] = lambda progress: None,
    problems: list[str] | None = None,
) -> dict[str, Any]:
    """Writes a traced repository down; what LeanDojo does not understand is left out and named in `problems`.

    Args:
        out: the folder.
        source: what is traced; a folder belongs to one commit of one repository.
        load: traces the repository, or loads it; not called when the folder is complete.
        with_dependencies: write the traced packages' theorems down, too.
        on_file: told after each file.
        problems: what was left out, in lines for people.

    Returns:
        The statistics.
    """
    named = [] if problems is None else problems
    done = _begin(out, source, with_dependencies)
    if done is not None:
        return done
    repo = load()
    files = traced.own_files(repo, with_dependencies)
    if not files:
        raise DataError(f"LeanDojo traced no file of {source.url}; what it and Lean said stands above")
    counts: Counter[str] = Counter()
    parts = out / "parts"
    parts.mkdir(exist_ok=True)
    for number, file in enumerate(files):
        part = parts / f"steps-{number:05}.parquet"
        known = _known(part, file)
        if known is None:
            known = _write_part(part, file)
        counts.update(known["counts"])
        named += known["problems"]
        on_file(Progress(number + 1, len(files), counts["theorems"], counts["steps"]))
    shards = _merge(out, [parts / f"steps-{n:05}.parquet" for n in range(len(files))])
    built = _corpus(out, source, repo, files, named)
    statistics = {
        "source": asdict(source), "lean": str(repo.repo.lean_version), "lean_dojo": lean_dojo.__version__,
        "files": len(files), "declarations": built.rows, **built.by_kind, "theorems": counts["theorems"],
        "with_tactics": counts["with_tactics"], "steps": counts["steps"], "shards": shards, "left_out": len(named),
    }  # fmt: skip
    _write_json(out / "statistics.json", {**statistics, "problems": named})
    return statistics


def _begin(out: Path, source: traced.Source, with_dependencies: bool) -> dict[str, Any] | None:
    """Claims the folder for the source; the statistics when everything is there."""
    out.mkdir(parents=True, exist_ok=True)
    claim, path = {**asdict(source), "with_dependencies": with_dependencies}, out / "source.json"
    if path.exists():
        try:
            found = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise DataError(f"{path} cannot be read: {error}; give another folder") from error
        if found != claim:
            raise DataError(f"{out} holds what was traced of {found.get('url')}@{found.get('commit')}; give another folder")
    else:
        _write_json(path, claim)
    try:
        statistics: dict[str, Any] = json.loads((out / "statistics.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    del statistics["problems"]
    return statistics


def _write_part(path: Path, file: lean_dojo.TracedFile) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    problems: list[str] = []
    try:
        theorems = file.get_traced_theorems()
    except traced.NOT_READ as error:
        theorems = []
        problems.append(f"{file.path}: its theorems are left out: {_words(error)}")
    for theorem in theorems:
        name = theorem.theorem.full_name
        try:
            found = traced.steps(theorem)
        except traced.NOT_READ as error:
            problems.append(f"{file.path}: {name} is left out: {_words(error)}")
            continue
        counts["theorems"] += 1
        counts["with_tactics"] += bool(found)
        counts["steps"] += len(found)
        rows += [{**step, "origin": ORIGIN, "split": split_of(name)} for step in found]
    known = {"file": str(file.path), "counts": dict(counts), "problems": problems}
    schema = SCHEMA.with_metadata({"proofsmith.part": json.dumps(known)})
    write_table(path, pa.Table.from_pylist(rows, schema=schema))
    return known


def _known(path: Path, file: lean_dojo.TracedFile) -> dict[str, Any] | None:
    """What an earlier run wrote of the file; None when it did not, or did not finish."""
    try:
        found: dict[str, Any] = json.loads((pq.read_schema(path).metadata or {})[b"proofsmith.part"])
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
    return found if found.get("file") == str(file.path) else None


def _merge(out: Path, parts: Iterable[Path]) -> int:
    waiting: list[pa.Table] = []
    shards = 0
    for part in parts:
        waiting.append(pq.read_table(part).replace_schema_metadata(None))
        if sum(t.num_rows for t in waiting) >= SHARD_ROWS:
            write_table(out / f"steps-{shards:05}.parquet", pa.concat_tables(waiting))
            shards, waiting = shards + 1, []
    if any(t.num_rows for t in waiting) or shards == 0:
        write_table(out / f"steps-{shards:05}.parquet", pa.concat_tables(waiting))
        shards += 1
    return shards


def _corpus(
    out: Path, source: traced.Source, repo: lean_dojo.TracedRepo, files: Sequence[lean_dojo.TracedFile], problems: list[str]
) -> corpus.Built:
    """The declarations as rows of the corpus; modules stand behind what they import."""
    by_module = {traced.module_of(f.path): f for f in files}
    graph = nx.DiGraph()
    graph.add_nodes_from(by_module)
    for module, file in by_module.items():
        imported = (traced.module_of(path) for _, path in file.get_direct_dependencies(repo.repo))
        graph.add_edges_from((other, module) for other in sorted(imported) if other in by_module)
    modules = list(nx.lexicographical_topological_sort(graph))
    rows: dict[str, dict[str, Any]] = {}
    constants = []
    for place, module in enumerate(modules):
        try:
            found = list(traced.declarations(by_module[module]))
        except traced.NOT_READ as error:
            problems.append(f"{by_module[module].path}: its declarations are left out: {_words(error)}")
            continue
        for row in found:
            if rows.setdefault(row["name"], row) is row:  # a private name may come again in another file
                constants.append((row["name"], row["kind"], place))
    listing = corpus.Listing(modules, [sorted(graph.predecessors(m)) for m in modules], constants)
    about = f"Traced from {source.url} at {source.commit} by LeanDojo {lean_dojo.__version__}; its licence is the repository's."
    return corpus.build(out, listing, lambda names: [rows[name] for name in names], about=about)


def _words(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else f"LeanDojo's {type(error).__name__}"


def _write_json(path: Path, value: dict[str, Any]) -> None:
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")
    os.replace(scratch, path)
