"""Corpora: resumable, complete, with graphs; LeanDojo's file is read too."""

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import pytest

from data import corpus
from data.errors import BadRecordError

LISTING = corpus.Listing(
    ["A", "B"],
    [[], ["A", "Elsewhere"]],
    [("b.two", "theorem", 1), ("a.one", "definition", 0), ("a.inst", "instance", 0)],
)


def records(names: Sequence[str]) -> list[corpus.Row]:
    return [
        {
            "name": n,
            "signature": " : True",
            "elaborates": n != "a.inst" or None,
            "error": None,
            "uses": ["a.one", "True"],
            "key": "0",
        }
        for n in names
    ]


def test_a_built_corpus_has_every_constant_in_module_order(tmp_path: Path) -> None:
    built = corpus.build(tmp_path, LISTING, records, chunk=2)
    rows = list(corpus.read(tmp_path))
    assert [r["name"] for r in rows] == ["a.inst", "a.one", "b.two"]
    assert [r["module"] for r in rows] == ["A", "A", "B"]
    assert built.by_kind == {"theorem": 1, "definition": 1, "instance": 1}
    assert (built.checked, built.elaborate_again) == (2, 2)
    assert "2 of 2 signatures" in (tmp_path / "README.md").read_text("utf-8")


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked: list[str] = []

    def breaking(names: Sequence[str]) -> list[corpus.Row]:
        if "b.two" in names:
            raise RuntimeError("killed")
        return records(names)

    with pytest.raises(RuntimeError):
        corpus.build(tmp_path, LISTING, breaking, chunk=2)

    def counting(names: Sequence[str]) -> list[corpus.Row]:
        asked.extend(names)
        return records(names)

    corpus.build(tmp_path, LISTING, counting, chunk=2)
    assert asked == ["b.two"]


def test_a_folder_of_another_library_is_refused(tmp_path: Path) -> None:
    corpus.build(tmp_path, LISTING, records)
    with pytest.raises(BadRecordError, match="another library"):
        corpus.build(tmp_path, corpus.Listing(["C"], [[]], [("c", "theorem", 0)]), records)


def test_the_graphs_point_at_what_is_needed(tmp_path: Path) -> None:
    corpus.build(tmp_path, LISTING, records)
    assert list(nx.read_graphml(tmp_path / "imports.graphml").edges) == [("B", "A")]
    edges = set(nx.read_graphml(tmp_path / "dependencies.graphml.gz").edges)
    assert edges == {("b.two", "a.one"), ("a.inst", "a.one")}


def test_leandojos_corpus_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    premise = {
        "full_name": "N.t",
        "code": "theorem N.t : True",
        "start": [1, 1],
        "end": [1, 9],
        "kind": "commanddeclaration",
    }
    path.write_text(
        json.dumps({"path": "Mathlib/N.lean", "imports": [], "premises": [premise]}) + "\n", "utf-8"
    )
    (row,) = corpus.read(path)
    assert (row["name"], row["module"], row["signature"]) == ("N.t", "Mathlib.N", "theorem N.t : True")


def test_a_file_that_is_no_corpus_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"path": 3}\n', "utf-8")
    with pytest.raises(BadRecordError, match=r"corpus\.jsonl"):
        list(corpus.read(path))


def test_leandojos_benchmark_is_read_from_its_source_distribution(tmp_path: Path) -> None:
    premises = [
        {"full_name": "N.t", "code": "@[simp, to_additive N.s] theorem N.t : True", "kind": "to_additive"},
        {"full_name": "N.f", "code": "protected def N.f := 1", "kind": "commanddeclaration"},
        {"full_name": None, "code": "", "kind": "commanddeclaration"},
    ]
    lines = [
        {"path": ".lake/packages/lean4/src/lean/Init/A.lean", "imports": [], "premises": []},
        {"path": "Mathlib/N.lean", "imports": [".lake/packages/lean4/src/lean/Init/A.lean"], "premises": premises},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    source = tmp_path / "lean_dojo.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        member = tarfile.TarInfo("lean_dojo/leandojo_benchmark_4/corpus.jsonl")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    built = corpus.take(tmp_path / "out", source)
    rows = list(corpus.read(tmp_path / "out"))
    assert [(r["name"], r["kind"], r["attributes"]) for r in rows] == [
        ("N.t", "theorem", ["simp", "to_additive"]),
        ("N.f", "definition", []),
    ]
    assert built.rows == 2
    assert list(nx.read_graphml(tmp_path / "out" / "imports.graphml").edges) == [("Mathlib.N", "Init.A")]


def test_a_native_export_is_read_with_what_it_tells(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    line = {"name": "M.t", "module": "M", "statement": "∀ n, n = n", "statement_uses": ["Eq"], "proof_uses": ["rfl"]}
    path.write_text(json.dumps(line) + "\n", "utf-8")
    (row,) = corpus.read(path)
    assert (row["signature"], row["uses"], row["value_uses"]) == (" : ∀ n, n = n", ["Eq"], ["rfl"])
    path.write_text(json.dumps(line) + '\n{"name": "M.u"}\n', "utf-8")
    with pytest.raises(BadRecordError, match=r"export\.jsonl:2"):
        list(corpus.read(path))


def test_lines_of_the_lean_exporter_are_read(tmp_path: Path) -> None:
    """The keys are those that lean_project/Proofsmith/Export.lean writes."""
    exporter = (Path(__file__).resolve().parents[2] / "lean_project" / "Proofsmith" / "Export.lean").read_text("utf-8")
    line = {"name": "N.t", "module": "N", "statement": "True ∧ True", "statement_uses": ["And"], "proof_uses": ["And.intro"]}
    assert all(f'("{key}", ' in exporter for key in line)
    path = tmp_path / "exported.jsonl"
    path.write_text(json.dumps(line) + "\n", "utf-8")
    (row,) = corpus.read(path)
    assert (row["kind"], row["signature"]) == ("theorem", " : True ∧ True")
    assert (row["uses"], row["value_uses"]) == (["And"], ["And.intro"])
    assert set(row) == set(corpus.SCHEMA.names)
