"""Commands found in a file's text: the same as Lean finds, on our files, and not misled by comments and strings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.lean import answers, commands
from prover.lean.embedded.worker import LeanWorker

ROOT = Path(__file__).resolve().parents[3]
STARTER = sorted((ROOT / "data" / "starter").glob("*.lean"))


@pytest.fixture(scope="module")
def lean() -> Iterator[LeanWorker]:
    with LeanWorker() as worker:
        yield worker


@pytest.mark.parametrize("path", STARTER, ids=lambda p: p.stem)
def test_the_text_gives_the_same_declarations_as_lean(path: Path, lean: LeanWorker) -> None:
    text = path.read_text("utf-8")
    parsed = lean.header(text, path)
    modules, body_start = commands.header(text)
    assert ("Init", *(m for m in modules if m != "Init")) == parsed.modules

    def facts(found: list[answers.Command]) -> list[tuple[object, ...]]:
        return [
            (c.start, c.end, c.declaration, c.id, c.namespace, c.keyword, c.sorries)
            + ((c.value, c.body) if c.declaration == "theorem" else ())
            for c in found
            if c.declaration is not None
        ]

    assert facts(commands.split(text, body_start)) == facts(lean.commands(parsed))


def names(text: str) -> list[str | None]:
    return [c.id for c in commands.split(text, commands.header(text)[1]) if c.declaration is not None]


@pytest.mark.parametrize(
    "text",
    [
        "-- theorem no : True := sorry\ntheorem yes : True := by sorry",
        "/- theorem no /- nested -/ : True -/ theorem yes : True := by sorry",
        'def s := "\ntheorem no : True := by sorry\n"\ntheorem yes : s = s := by sorry'.replace("def s", "def yes0"),
        "theorem yes : '\"' = '\"' := by sorry -- \"",
        "@[simp]\n/-- doc: theorem no -/\nprotected\ntheorem yes : True := by sorry",
        "open Nat in\nset_option maxHeartbeats 400000 in\ntheorem yes : True := by sorry",
    ],
)
def test_comments_strings_and_prefixes_do_not_mislead(text: str) -> None:
    found = [n for n in names(text) if n != "yes0"]
    assert found == ["yes"]
    last = commands.split(text, 0)[-1]
    assert last.sorries == 1 and last.body is not None


def test_scopes_are_followed() -> None:
    text = (
        "namespace A.B\nsection C\ntheorem a : True := sorry\nend C\nend B\ntheorem b : True := sorry\nend A\n"
        "mutual\ndef x := 1\nend\nnoncomputable section\ntheorem c : True := sorry\nend\n"
    )
    found = {c.id: c.namespace for c in commands.split(text, 0) if c.declaration == "theorem"}
    assert found == {"a": "A.B", "b": "A", "c": ""}


def test_messages_go_to_the_command_that_they_are_about() -> None:
    text = "theorem a : True := sorry\n\ntheorem b : False := sorry\n"
    at = text.index("False")
    found = commands.split(text, 0, [answers.Message("error", "no", at, at + 5)])
    assert [len(c.errors) for c in found] == [0, 1]


def test_imports_are_read_in_all_their_forms() -> None:
    text = "module\n/- import No -/\npublic import A.B\nimport all C -- import D\nmeta import E\n\nopen A\n"
    modules, end = commands.header(text)
    assert modules == ("A.B", "C", "E")
    assert text.encode()[end:].decode().strip() in ("open A", "-- import D\nmeta import E\n\nopen A")
