"""What is accepted as a data set, and what identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import minif2f as records
from prover.errors import DataError
from prover.evaluation.datasets import TEST_WARNING, minif2f, sample

GOOD: dict[str, Any] = {
    "name": "t1",
    "split": "valid",
    "header": "import Mathlib",
    "statement": "theorem t1 : 1 + 1 = 2 := by sorry",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def call(*lines: Any) -> Path:
        path = tmp_path / "set.jsonl"
        path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), "utf-8")
        return path

    return call


def test_the_hash_is_that_of_the_files_bytes(write: Callable[..., Path]) -> None:
    path = write(GOOD)
    assert minif2f(path, "valid").sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"statement": None}, "2 lacks statement"),
        ({"name": " "}, "2 has an empty name"),
        ({"split": "train"}, "2 is of the split 'train'"),
        ({"name": "t1"}, "2: t1 was there before, at"),
        ({"statement": "theorem t2 : 1 + 1 = 2 := by rfl"}, "2: t2 does not end in `:= by sorry`"),
    ],
)
def test_a_bad_record_is_named_with_its_line(
    write: Callable[..., Path], change: dict[str, Any], said: str
) -> None:
    bad = {**GOOD, "name": "t2", "statement": GOOD["statement"].replace("t1", "t2"), **change}
    with pytest.raises(DataError, match=r"set\.jsonl:") as error:
        minif2f(write(GOOD, bad), "valid")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("line", ["{", "[]", "7"])
def test_a_line_that_is_no_record_is_named(write: Callable[..., Path], line: str) -> None:
    with pytest.raises(DataError, match=r"set\.jsonl:2 "):
        minif2f(write(GOOD, line), "valid")


def test_a_source_without_the_split_says_what_it_has(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"no statements of the split test .it has: valid."):
        minif2f(write(GOOD), "test")


def test_a_source_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        minif2f(tmp_path / "nothing.jsonl", "valid")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        minif2f(tmp_path / "bytes.jsonl", "valid")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no Lean file"):
        minif2f(tmp_path / "empty", "valid")


def test_the_test_split_says_that_it_is_not_for_tuning(write: Callable[..., Path]) -> None:
    assert TEST_WARNING in minif2f(write({**GOOD, "split": "test"}), "test").notes


@pytest.mark.parametrize("layout", ["one file a theorem", "one file a split"])
def test_a_clone_gives_the_statements_of_its_files(tmp_path: Path, layout: str) -> None:
    head = "import Mathlib\n\nset_option maxHeartbeats 0\n\n"
    one, two = (f"theorem {n} (x : ℕ) :\n  x = x := by sorry" for n in ("a_1", "b_2"))
    folder = tmp_path / "MiniF2F"
    if layout == "one file a theorem":
        (folder / "Valid").mkdir(parents=True)
        (folder / "Valid" / "a_1.lean").write_text(head + one, "utf-8")
        (folder / "Valid" / "b_2.lean").write_text(head + two, "utf-8")
        (folder / "Test.lean").write_text("import MiniF2F.Valid.a_1\n", "utf-8")
    else:
        folder.mkdir()
        (folder / "Valid.lean").write_text(f"{head}{one}\n\n{two}\n", "utf-8")
    found = minif2f(tmp_path, "valid")
    assert [p.name for p in found.problems] == ["a_1", "b_2"]
    assert one in found.texts["a_1.lean"]
    assert "Mathlib" not in found.texts["a_1.lean"]


def test_a_known_defect_is_reported_only_where_the_copy_has_it() -> None:
    def statement(text: str) -> records.Statement:
        return records.Statement(
            "mathd_numbertheory_618", "test", "", f"theorem mathd_numbertheory_618 {text} := by sorry"
        )

    assert records.known_bad([statement("(n : ℕ) : 41 ≤ n")])
    assert not records.known_bad([statement("(n : ℕ) (hn : n > 0) : 41 ≤ n")])


def test_a_limit_takes_the_same_statements_whatever_the_order(write: Callable[..., Path]) -> None:
    lines = [
        {**GOOD, "name": f"t{i}", "statement": f"theorem t{i} : {i} = {i} := by sorry"} for i in range(20)
    ]
    forward = minif2f(write(*lines), "valid").limited(5)
    backward = minif2f(write(*reversed(lines)), "valid").limited(5)
    assert {p.name for p in forward.problems} == {p.name for p in backward.problems}
    assert forward.sample_sha256 == backward.sample_sha256
    assert len(forward.problems) == len(forward.texts) == 5


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    names = [f"t{i}" for i in range(50)]
    assert set(sample(names, 5)) < set(sample(names, 20))
