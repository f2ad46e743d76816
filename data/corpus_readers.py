"""Corpora of others, as rows of ours: LeanDojo's `corpus.jsonl`, LeanDojo Benchmark 4 (the folder, or
lean-dojo's source distribution that holds it), and what `lean_project`'s exporter writes.

LeanDojo: Yang et al., arXiv 2306.15626, appendix A. What a source does not tell is null or empty.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import BadRecordError
from data.splits import split_of

Row = dict[str, Any]
BENCHMARK = "leandojo_benchmark_4"
CORPUS = "corpus.jsonl"
KEYWORD = re.compile(
    r"(?:@\[[^\]]*\]\s*|(?:private|protected|noncomputable|nonrec|unsafe|scoped|local|to_additive)\s+)*"
    r"(theorem|lemma|def|abbrev|instance|structure|class|inductive|axiom|opaque)\b"
)
ATTRIBUTES = re.compile(r"@\[([^\]]*)\]")
KIND_OF = {"lemma": "theorem", "abbrev": "definition", "def": "definition"}


def rows(path: Path) -> Iterator[Row]:
    """Rows of a corpus that is not ours. Raises BadRecordError, with the file and line, for anything else."""
    with _lines(path) as (lines, name):
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                reader: Callable[[Row, int], Iterator[Row]] = _leandojo if "premises" in record else _export
                yield from reader(record, number - 1)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadRecordError(
                    f"{name}:{number} is a line neither of LeanDojo's {CORPUS} nor of the exporter: {error!r}"
                ) from error


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Modules of a LeanDojo corpus, each with what it imports; nothing for an export."""
    with _lines(path) as (lines, _):
        for line in lines:
            record = json.loads(line)
            if "premises" in record:
                yield _module(record["path"]), [_module(p) for p in record["imports"]]


@contextmanager
def _lines(path: Path) -> Iterator[tuple[Iterable[str], str]]:
    if path.is_dir():
        inner = path / BENCHMARK if (path / BENCHMARK).is_dir() else path
        path = inner / CORPUS
    try:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                member = next((m for m in archive if m.name.endswith(f"/{BENCHMARK}/{CORPUS}")), None)
                raw = archive.extractfile(member) if member is not None else None
                if raw is None:
                    raise BadRecordError(f"{path} does not hold {BENCHMARK}/{CORPUS}")
                yield io.TextIOWrapper(raw, encoding="utf-8"), f"{path.name}/{CORPUS}"
        else:
            with path.open(encoding="utf-8") as lines:
                yield lines, str(path)
    except (OSError, UnicodeDecodeError, tarfile.TarError) as error:
        raise BadRecordError(f"{path} cannot be read as a corpus: {error}") from error


def _module(path: str) -> str:
    """`.lake/packages/lean4/src/lean/Init/Core.lean` and `Mathlib/A.lean` as names of modules."""
    for root in ("/src/lean/", ".lake/packages/"):
        if root in path:
            path = path.split(root, 1)[1]
            path = path if root == "/src/lean/" else path.split("/", 1)[-1]
            break
    return path.removesuffix(".lean").replace("/", ".")


def _leandojo(record: Row, order: int) -> Iterator[Row]:
    module = _module(record["path"])
    for premise in record["premises"]:
        if not premise["full_name"]:
            continue
        code = premise["code"]
        found = KEYWORD.match(code)
        kind = found.group(1) if found else premise["kind"].removeprefix("commanddeclaration") or "unknown"
        said = ATTRIBUTES.match(code.lstrip())
        yield {
            **_empty(premise["full_name"], module, order),
            "kind": KIND_OF.get(kind, kind),
            "attributes": [a.strip().split()[0] for a in said.group(1).split(",") if a.strip()] if said else [],
            "signature": code,
        }


def _export(record: Row, order: int) -> Iterator[Row]:
    yield {
        **_empty(record["name"], record["module"], order),
        "kind": record.get("kind", "theorem"),
        "attributes": record.get("attributes", []),
        "signature": f" : {record['statement']}",
        "uses": record["statement_uses"],
        "value_uses": record["proof_uses"],
        "docstring": record.get("docstring"),
    }


def _empty(name: str, module: str, order: int) -> Row:
    return {
        "name": name,
        "module": module,
        "module_order": order,
        "kind": "",
        "attributes": [],
        "signature": None,
        "elaborates": None,
        "problem": None,
        "type": None,
        "uses": [],
        "value_uses": [],
        "docstring": None,
        "key": None,
        "size": None,
        "split": split_of(name),
    }
