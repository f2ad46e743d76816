"""Shards: whole or not there, and what is damaged is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import BadRecordError
from data.mutation import records, shards
from data.mutation.records import Mutant
from data.splits import split_of

MUTANT = records.read(
    {
        "name": "m_x_0",
        "root": "Nat.add_comm",
        "parent": "Nat.add_comm",
        "round": 1,
        "operator": "rw",
        "direction": "→",
        "place": "conclusion",
        "lemma": "Nat.mul_one",
        "statement": "m_x_0 (n : Nat) : n = n",
        "proof": "have this := 1\nexact this",
        "context": "",
        "key": "00ff",
        "size": 3,
        "parent_size": 3,
        "head": "Eq",
        "hypotheses": 1,
        "unknown": 1,
    }
)


def named(name: str) -> Mutant:
    return replace(MUTANT, name=name)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    shards.write(tmp_path, 3, [named("a"), named("b")], {"built": 5})
    assert [m.name for m in shards.mutants(tmp_path)] == ["a", "b"]
    done, wrong = shards.finished(tmp_path)
    assert [(s.number, s.stats["rows"], s.stats["built"]) for s in done] == [(3, 2, 5)]
    assert wrong == []
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_damaged_shard_is_named_and_made_again(tmp_path: Path) -> None:
    shards.write(tmp_path, 0, [named("a")], {})
    shards.write(tmp_path, 1, [named("b")], {})
    shards.parquet_path(tmp_path, 1).write_bytes(b"PAR1 no")
    done, wrong = shards.finished(tmp_path)
    assert [s.number for s in done] == [0]
    assert len(wrong) == 1
    assert "part-00001.parquet" in wrong[0]
    problems: list[str] = []
    assert [m.name for m in shards.mutants(tmp_path, problems)] == ["a"]
    assert len(problems) == 1
    with pytest.raises(BadRecordError, match=r"part-00001\.parquet"):
        list(shards.mutants(tmp_path))


def test_theorems_without_their_count_are_not_done(tmp_path: Path) -> None:
    shards.write(tmp_path, 0, [named("a")], {})
    (tmp_path / "shards" / "part-00000.json").unlink()
    assert shards.finished(tmp_path) == ([], [])


def test_a_full_disk_leaves_nothing_of_a_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.mutation.shards.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        shards.write(tmp_path, 0, [named("a")], {})
    assert list((tmp_path / "shards").iterdir()) == []


def test_a_mutant_has_the_side_of_its_root() -> None:
    assert MUTANT.split == split_of("Nat.add_comm")


def test_the_text_stands_behind_its_ancestors() -> None:
    child = replace(MUTANT, context="theorem p : True := trivial\n")
    assert child.standalone.startswith(
        "theorem p : True := trivial\ntheorem m_x_0 (n : Nat) : n = n := by\n  have this := 1\n"
    )


def test_a_record_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BadRecordError, match="no record of a mutant"):
        records.read({"name": "x"})
