"""Which pairs a search gives: only what an audited proof decided, nothing held out, nothing that was not tried."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from data.splits import split_of
from prover.errors import DataError
from prover.training.examples import PER_STATE, pairs_of_tree, read_pairs

SOME = [f"Foo.lemma_{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(676)]
NAMES = {side: next(name for name in SOME if split_of(name) == side) for side in ("train", "valid", "test")}


def node(id: int, status: str = "closed", expanded: int | None = 1) -> dict[str, Any]:
    return {"id": id, "state": f"⊢ {id}", "status": status, "depth": 0, "priority": 0.0, "expanded": expanded}


def edge(parent: int, tactic: str, status: str, children: tuple[int, ...] = (), log_prob: float = -1.0) -> dict[str, Any]:
    return {
        "id": 0, "parent": parent, "children": list(children), "tactic": tactic, "log_prob": log_prob, "proposer": "p",
        "status": status, "error": None,
    }  # fmt: skip


TREE = {
    "root": 0,
    "nodes": [node(0), node(1), node(2), node(3, "open"), node(4, "open", None), node(5)],
    "edges": [
        edge(0, "norm_num", "failed", log_prob=-0.5),
        edge(0, "cases h", "open", (3,), -2.0),  # worked on in vain
        edge(0, "exact?", "open", (4,)),  # never looked at
        edge(0, "constructor", "closed", (2, 5)),
        edge(0, "refine ⟨?_, ?_⟩", "closed", (2, 5), -0.1),
        edge(0, "simp", "failed", log_prob=-3.0),
        edge(2, "rfl", "closed"),
        edge(5, "skip; omega", "failed"),
        edge(5, "omega", "closed"),
        edge(3, "simp", "failed"),
    ],
}


def test_chosen_is_the_proofs_tactic_and_rejected_what_failed_or_was_worked_on_in_vain() -> None:
    assert list(pairs_of_tree(TREE)) == [
        ("⊢ 0", "constructor", "norm_num"),
        ("⊢ 0", "constructor", "cases h"),
        ("⊢ 0", "constructor", "simp"),
        ("⊢ 5", "omega", "skip; omega"),
    ]


def test_the_smallest_proof_of_the_tree_is_followed_and_cycles_are_none() -> None:
    edges = [edge(0, "rw [h]", "closed", (1,)), edge(0, "ring", "failed"), edge(1, "rw [← h]", "closed", (0,)),
             edge(1, "simp", "closed"), edge(1, "aesop", "failed"), edge(0, "omega", "closed")]  # fmt: skip
    tree = {"root": 0, "nodes": [node(0), node(1)], "edges": edges}
    assert list(pairs_of_tree(tree)) == [("⊢ 0", "omega", "ring")]
    assert list(pairs_of_tree({**tree, "edges": [edge(0, "simp", "failed")]})) == []


def test_of_many_rejected_the_likeliest_stay() -> None:
    worse = [edge(0, f"t{i}", "failed", log_prob=-float(i)) for i in range(9)]
    found = list(pairs_of_tree({"root": 0, "nodes": [node(0)], "edges": [edge(0, "rfl", "closed"), *worse]}))
    assert [p[2] for p in found] == [f"t{i}" for i in range(PER_STATE)]


def write_run(folder: Path, records: list[dict[str, Any]]) -> Path:
    (folder / "trees").mkdir(parents=True)
    (folder / "results.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    for record in records:
        run = folder / f"run-{record['run']}" if "run" in record else folder
        (run / "trees").mkdir(parents=True, exist_ok=True)
        (run / "trees" / f"{hashlib.sha256(record['id'].encode()).hexdigest()[:16]}.json").write_text(json.dumps(TREE), "utf-8")
    return folder


def result(name: str, status: str = "proved", **more: Any) -> dict[str, Any]:
    return {"id": f"f.lean:{name}", "name": name, "status": status, "expansions": 3, **more}


def test_a_run_gives_pairs_of_its_audited_theorems_on_their_sides(tmp_path: Path) -> None:
    records = [result(name) for name in NAMES.values()] + [result("unproved_one", "failed")]
    found = read_pairs([write_run(tmp_path / "run", records)])
    assert [(p.name, p.split) for p in found.items[::4]] == [(name, side) for side, name in NAMES.items()]
    assert {p.name for p in found.side("train", None)} == {NAMES["train"]} and len(found.side("train", None)) == 4
    assert found.side("train", 2) == found.side("train", None)[:2]


def test_a_run_on_a_held_out_set_is_held_out_whatever_its_theorems_are_called(tmp_path: Path) -> None:
    records = [result(NAMES["train"], split="test"), result(SOME[3], split="valid", run=2)]
    assert [p.split for p in read_pairs([write_run(tmp_path / "run", records)]).items] == ["test"] * 4 + ["valid"] * 4


def test_other_trees_are_other_data(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [result(NAMES["train"])])
    before = read_pairs([run]).hashes
    (tree,) = (run / "trees").iterdir()
    tree.write_text(json.dumps({**TREE, "edges": TREE["edges"][:-1]}), "utf-8")
    assert read_pairs([run]).hashes != before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", '{"state": "⊢ p", "tactic": "simp"}', "line 1 lacks chosen, rejected"),
        ("x.jsonl", '{"state": "⊢ p", "chosen": "simp", "rejected": 3}', "line 1 lacks rejected"),
        ("x.jsonl", '{"state": "⊢ p", "chosen": "simp", "rejected": "simp "}', "the same tactic as chosen and as rejected"),
        ("x.jsonl", "{", "cannot be read as preference pairs"),
        ("x.jsonl", "", "no preference pairs in"),
        ("x.json", "[]", "holds no preference pairs; give a .jsonl file"),
    ],
)
def test_what_holds_no_pairs_is_said_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_pairs([path])
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="is no run of prove or eval"):
        read_pairs([tmp_path])
    with pytest.raises(DataError, match="there is no file or folder"):
        read_pairs([tmp_path / "none.jsonl"])
