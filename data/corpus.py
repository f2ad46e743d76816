"""The corpus: every theorem, definition and instance of a library as a row, and its graphs.

Built from an embedded Lean by a callable that gives records for names; the same rows are read from LeanDojo's
`corpus.jsonl` (Yang et al., arXiv 2306.15626, appendix A) and from what `lean_project`'s exporter writes.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import BadRecordError
from data.splits import split_of

Row = dict[str, Any]
CHUNK = 500
ABOUT = (
    "The library is Lean's own (Apache-2.0). Docstrings and proofs are not part of the package it is read from."
)
SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("module", pa.string(), nullable=False),
        pa.field("module_order", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("attributes", pa.list_(pa.string())),
        pa.field("signature", pa.string()),
        pa.field("elaborates", pa.bool_()),
        pa.field("problem", pa.string()),
        pa.field("type", pa.string()),
        pa.field("uses", pa.list_(pa.string())),
        pa.field("value_uses", pa.list_(pa.string())),
        pa.field("docstring", pa.string()),
        pa.field("key", pa.string()),
        pa.field("size", pa.int32()),
        pa.field("split", pa.string()),
    ],
    metadata={
        "proofsmith.kind": "corpus",
        "signature": "universes, binders and type as they stand behind `theorem name`",
        "elaborates": "whether the signature, elaborated, is the same statement again; null: not tried",
        "problem": "why there is no signature, or why it does not read back",
        "type": (
            "the type as an S-expression: #n bound variables, λ and ∀ with [] for instance and {} for "
            "implicit binders; null when huge"
        ),
        "uses": "constants in the type",
        "value_uses": "constants in the value, where the library exports it (theorems: never)",
        "docstring": "null where the package does not carry it",
        "key": "equal for statements that differ in names of variables, order of hypotheses, universes",
    },
)


@dataclass(frozen=True)
class Listing:
    """What a library holds: modules in import order, what each imports, and (name, kind, module's index)."""

    modules: list[str]
    imports: list[list[str]]
    constants: list[tuple[str, str, int]]


@dataclass(frozen=True)
class Built:
    """What a build came to: rows by kind, and what was skipped, each with its reason."""

    rows: int
    by_kind: dict[str, int]
    checked: int
    elaborate_again: int
    problems: tuple[str, ...]


def build(
    out: Path,
    listing: Listing,
    records: Callable[[Sequence[str]], list[Row]],
    on_chunk: Callable[[int, int], None] = lambda done, total: None,
    chunk: int = CHUNK,
    about: str = ABOUT,
) -> Built:
    """Writes `parts/`, then `corpus.parquet`, `graphs` and the card; goes on where an earlier build stopped.

    Args:
        out: the folder.
        listing: what there is.
        records: gives the records of some names; may be called from this thread only.
        on_chunk: told after each chunk how many constants are done, and of how many.
        chunk: constants in a part.
        about: where the rows come from, for the card.

    Raises:
        BadRecordError: the folder holds a build of another library.
    """
    parts = out / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    _same_library(out, listing)
    ordered = sorted(listing.constants, key=lambda c: (c[2], c[0]))
    pieces = [ordered[at : at + chunk] for at in range(0, len(ordered), chunk)]
    for number, piece in enumerate(pieces):
        path = parts / f"part-{number:05}.parquet"
        if not _whole(path, len(piece)):
            rows = [
                _row(c, raw, listing) for c, raw in zip(piece, records([c[0] for c in piece]), strict=True)
            ]
            _write(pa.Table.from_pylist(rows, schema=SCHEMA), path)
        on_chunk(min(len(ordered), (number + 1) * chunk), len(ordered))
    whole = pa.concat_tables([pq.read_table(parts / f"part-{n:05}.parquet") for n in range(len(pieces))])
    _write(whole, out / "corpus.parquet")
    built = _count(whole)
    nx.write_graphml(import_graph(listing), out / "imports.graphml")
    nx.write_graphml(dependency_graph(rows_of(whole)), out / "dependencies.graphml.gz")
    (out / "README.md").write_text(card(built, listing, about), "utf-8")
    return built


def import_graph(listing: Listing) -> nx.DiGraph:
    """Modules; an edge goes from a module to one that it imports."""
    graph = nx.DiGraph()
    for order, module in enumerate(listing.modules):
        graph.add_node(module, order=order)
    for module, imported in zip(listing.modules, listing.imports, strict=True):
        graph.add_edges_from((module, other) for other in imported if other in graph)
    return graph


def dependency_graph(rows: Iterable[Row]) -> nx.DiGraph:
    """Constants of the corpus; an edge goes from one to a constant that its type, or its exported value,
    mentions.
    """
    graph = nx.DiGraph()
    listed = list(rows)
    for row in listed:
        graph.add_node(row["name"], kind=row["kind"], module=row["module"])
    for row in listed:
        for used in {*(row["uses"] or ()), *(row["value_uses"] or ())}:
            if used in graph and used != row["name"]:
                graph.add_edge(row["name"], used)
    return graph


def read(path: Path) -> Iterator[Row]:
    """Rows of a corpus: our Parquet file or the folder that holds it, LeanDojo's `corpus.jsonl`, or the lines of
    `Proofsmith.exportBelow` (lean_project/Proofsmith/Export.lean).
    """
    if path.is_dir():
        path = path / "corpus.parquet"
    if path.suffix == ".jsonl":
        yield from _lines(path)
        return
    try:
        yield from rows_of(pq.read_table(path))
    except (OSError, pa.ArrowException) as error:
        raise BadRecordError(f"{path} cannot be read as a corpus: {error}") from error


def rows_of(table: pa.Table) -> Iterator[Row]:
    """A table's rows."""
    for batch in table.to_batches(max_chunksize=2000):
        yield from batch.to_pylist()


def card(built: Built, listing: Listing, about: str = ABOUT) -> str:
    """The card of a built corpus."""
    kinds = "\n".join(f"| {kind} | {n} |" for kind, n in sorted(built.by_kind.items()))
    columns = "\n".join(f"| `{f.name}` | {f.type} |" for f in SCHEMA)
    checked = (
        f"{built.elaborate_again} of {built.checked} signatures that were tried"
        if built.checked
        else "not tried"
    )
    return (
        f"# Corpus of {len(listing.modules)} modules\n\n| kind | rows |\n|---|---|\n{kinds}\n\n"
        f"Signatures that elaborate to the same statement again: {checked}.\n"
        f"{about}\n\n"
        f"| column | type |\n|---|---|\n{columns}\n\n"
        "`imports.graphml` and `dependencies.graphml.gz` are networkx graphs; edges go to what is needed.\n"
        "`split` is the side of the theorem's family, see `data/splits.py`; `valid` and `test` are "
        "held out.\n"
    )


def _same_library(out: Path, listing: Listing) -> None:
    path = out / "listing.json"
    facts = {
        "modules": len(listing.modules),
        "constants": len(listing.constants),
        "last": listing.modules[-1:],
    }
    if path.exists() and json.loads(path.read_text("utf-8")) != facts:
        raise BadRecordError(f"{out} holds a corpus of another library; give another folder")
    path.write_text(json.dumps(facts), "utf-8")


def _whole(path: Path, rows: int) -> bool:
    try:
        return bool(pq.read_metadata(path).num_rows == rows)
    except (OSError, pa.ArrowException):
        return False


def _write(table: pa.Table, path: Path) -> None:
    scratch = path.with_suffix(".tmp")
    try:
        pq.write_table(table, scratch, compression="zstd")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def _row(constant: tuple[str, str, int], raw: Row, listing: Listing) -> Row:
    name, kind, module = constant
    if raw["name"] != name:
        raise BadRecordError(f"asked for {name}, got {raw['name']}")
    return {
        "name": name,
        "module": listing.modules[module] if module >= 0 else "",
        "module_order": module,
        "kind": kind,
        "attributes": raw.get("attributes", []),
        "signature": raw.get("signature"),
        "elaborates": raw.get("elaborates"),
        "problem": raw.get("error"),
        "type": raw.get("type"),
        "uses": raw.get("uses", []),
        "value_uses": raw.get("value_uses", []),
        "docstring": raw.get("docstring"),
        "key": raw.get("key"),
        "size": raw.get("size"),
        "split": split_of(name),
    }


def _count(whole: pa.Table) -> Built:
    kinds: Counter[str] = Counter(whole.column("kind").to_pylist())
    tried = [e for e in whole.column("elaborates").to_pylist() if e is not None]
    problems = [
        f"{name}: {problem}"
        for name, problem in zip(
            whole.column("name").to_pylist(), whole.column("problem").to_pylist(), strict=True
        )
        if problem
    ]
    return Built(whole.num_rows, dict(kinds), len(tried), sum(tried), tuple(problems))


def _lines(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8") as lines:
            for order, line in enumerate(lines):
                entry = json.loads(line)
                yield from _exported(entry) if "statement" in entry else _leandojo(entry, order)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = "neither LeanDojo's corpus.jsonl nor what lean_project's exporter writes"
        raise BadRecordError(f"{path} is {what}: {error}") from error


def _leandojo(entry: Row, order: int) -> Iterator[Row]:
    """A file of LeanDojo's, with what it declares."""
    for premise in entry["premises"]:
        yield {
            **_unknown(premise["full_name"]),
            "module": entry["path"].removesuffix(".lean").replace("/", "."),
            "module_order": order,
            "kind": premise["kind"].removeprefix("commanddeclaration") or "unknown",
            "signature": premise["code"],
        }


def _exported(entry: Row) -> Iterator[Row]:
    """A theorem; its statement is the whole type, so nothing stands in front of the colon."""
    yield {
        **_unknown(entry["name"]),
        "module": entry["module"],
        "kind": "theorem",
        "signature": f": {entry['statement']}",
        "uses": entry["statement_uses"],
        "value_uses": entry["proof_uses"],
    }


def _unknown(name: str) -> Row:
    empty: Row = {field.name: None for field in SCHEMA}
    lists: Row = {"attributes": [], "uses": [], "value_uses": []}
    return empty | lists | {"name": name, "module_order": -1, "split": split_of(name)}
