"""Sources of theorems about programs: which files count, what a record must have, what identifies a source."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from data import programs

GOOD: dict[str, Any] = {"set": "s", "name": "a", "text": "theorem a : 1 + 1 = 2 := by sorry\n"}


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records), "utf-8")
    return path


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = lines(tmp_path / "s.jsonl", GOOD)
    assert programs.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "2 is not JSON"),
        ("[]", "2 lacks set, name, text"),
        ({**GOOD, "name": " "}, "2 has an empty name"),
        ({**GOOD, "name": "b", "text": "theorem b : True := trivial"}, "the text of b has no theorem with"),
        (GOOD, "2: a was there before, at"),
    ],
)
def test_a_bad_record_is_named_with_its_line(tmp_path: Path, bad: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r"s\.jsonl:2") as error:
        programs.read(lines(tmp_path / "s.jsonl", GOOD, bad))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "before",
    ["-- a\n", "/- a /- nested /- twice -/ -/ b -/\n", "/- of - and / -/ -- b\nimport Init\n", "import Init\n/- a -/\n", ""],
)
def test_the_line_against_automatic_names_stands_behind_the_header(tmp_path: Path, before: str) -> None:
    behind = "/-- says /- what -/ -/\n" + GOOD["text"]
    [found] = programs.read(lines(tmp_path / "s.jsonl", {**GOOD, "text": before + behind}))
    assert found.text == f"{before}set_option autoImplicit false\n\n{behind}"


def test_a_record_of_minicodeprops_loses_its_import_and_keeps_automatic_names(tmp_path: Path) -> None:
    record = {
        "full_name": "p",
        "prop_defn": "theorem p (xs : List α) : xs = xs := by sorry",
        "deps": "import Mathlib\n\ndef f := 1",
    }
    [found] = programs.read(lines(tmp_path / "bench.jsonl", record))
    assert (found.set, found.name, found.waiting) == ("minicodeprops", "p", 1)
    assert "Mathlib" not in found.text
    assert found.text.startswith("set_option autoImplicit true")


def test_a_given_proof_of_verina_is_taken_out(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "verina_basic_1"
    folder.mkdir(parents=True)
    (folder / "task.lean").write_text(
        "-- !benchmark @start proof_aux\ntheorem key : True := trivial\n-- !benchmark @end proof_aux\n"
        "theorem t : True := by\n  -- !benchmark @start proof\n  exact key\n  -- !benchmark @end proof\n"
    )
    (folder / "other.lean").write_text("theorem u : True := by sorry")
    [found] = programs.read(tmp_path)
    assert found.name == "verina_basic_1"
    assert "key" not in found.text
    assert found.text.rstrip().endswith(":= by\n  sorry")


def test_a_folder_of_lean_files_names_them_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "A.lean").write_text("theorem a : True := by sorry\ntheorem b : True := sorry\n")
    (tmp_path / ".lake").mkdir()
    (tmp_path / ".lake" / "B.lean").write_text("theorem a : True := by sorry")
    [found] = programs.read(tmp_path, "mine")
    assert (found.set, found.name, found.waiting) == ("mine", "sub/A", 2)


def test_a_source_without_programs_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no programs"):
        programs.read(tmp_path)
    with pytest.raises(ValueError, match=r"neither a \.jsonl nor a \.lean nor"):
        programs.read(lines(tmp_path / "x.txt", "hello"))
