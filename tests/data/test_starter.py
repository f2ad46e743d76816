"""The starter theorems as text: what can be told without a Lean."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

FOLDER = Path(str(files("data") / "starter"))
FILES = sorted(FOLDER.glob("*.lean"))
HEADER = "/-\nCopyright (c) 2026 The Proofsmith authors. Released under MIT license.\n-/\n\n/-! # "
COLUMNS = 100

THEOREM = re.compile(r"^theorem (?P<name>\S+).*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
SCOPE = re.compile(
    r"^(?:namespace (?P<opened>\S+)$|end (?P<closed>\S+)$|theorem (?P<name>\S+))", re.MULTILINE
)
DEFINITION = re.compile(
    r"^(?:def|abbrev|structure|inductive|class|local notation|local infix)\b", re.MULTILINE
)
FORBIDDEN = re.compile(r"^(?:import|axiom|opaque|unsafe|macro|elab|run_cmd|#)", re.MULTILINE)

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def theorems(text: str) -> list[re.Match[str]]:
    return list(THEOREM.finditer(text))


def full_names(text: str) -> list[str]:
    """Every theorem's name with the namespaces that it stands in."""
    spaces: list[str] = []
    names = []
    for match in SCOPE.finditer(text):
        if match["opened"]:
            spaces.append(match["opened"])
        elif match["name"]:
            names.append(".".join([*spaces, match["name"]]))
        elif spaces and match["closed"] == spaces[-1]:
            spaces.pop()
    assert not spaces, f"not closed: {spaces}"
    return names


def test_every_area_has_its_file() -> None:
    areas = {"logic", "nat", "int", "bool", "list", "option", "bitvec", "definitions", "stories", "context"}
    assert {path.stem for path in FILES} == areas


def test_there_are_at_least_a_hundred_theorems() -> None:
    assert sum(len(theorems(text_of(path))) for path in FILES) >= 100


@each_file
def test_every_proof_is_left_open(path: Path) -> None:
    text = text_of(path)
    found = theorems(text)
    assert found
    for match in found:
        assert match[0].rstrip().endswith(":= by\n  sorry"), match["name"]
    assert len(re.findall(r"\bsorry\b", text)) == len(found)


def test_no_name_is_given_twice() -> None:
    counts = Counter(name for path in FILES for name in full_names(text_of(path)))
    assert [name for name, count in counts.items() if count > 1] == []


@each_file
def test_theorem_names_are_snake_case(path: Path) -> None:
    # A word in camelCase is the name of a definition: `size_mirror`, `length_toList`.
    for match in theorems(text_of(path)):
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*(_[a-z0-9][A-Za-z0-9]*)+", match["name"]), match["name"]


@each_file
def test_a_file_begins_with_copyright_and_title(path: Path) -> None:
    assert text_of(path).startswith(HEADER)


@each_file
def test_lines_stay_within_the_columns(path: Path) -> None:
    text = text_of(path)
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert "\t" not in text
    for number, line in enumerate(text.splitlines(), start=1):
        assert len(line) <= COLUMNS, f"{path.name}:{number}"
        assert line == line.rstrip(), f"{path.name}:{number}"


@each_file
def test_a_definition_has_a_docstring(path: Path) -> None:
    text = text_of(path)
    for match in DEFINITION.finditer(text):
        before = text[: match.start()].splitlines()
        while before[-1].startswith("@["):
            before.pop()
        assert before[-1].endswith("-/"), match[0] + text[match.end() :].splitlines()[0]


@each_file
def test_nothing_is_needed_but_the_core_library(path: Path) -> None:
    assert FORBIDDEN.findall(text_of(path)) == []
