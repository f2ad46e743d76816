"""What comes from Lean files, or from the names of files, cannot do anything to a terminal."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.cli.main import main
from prover.printable import json_line, printable, show, tell
from prover.prove.item import Item
from prover.prove.progress import ProgressBar

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "a\x1b[2J\x1b]0;x\x07\u202egnp\u2066\rproved\n[bold]b[/bold]:smile:\x9b31m\x00\u200b\ud800"
MAY_PRINT = {"prover/printable.py", "prover/cli/reference.py", "prover/prove/premises.py"}
"""The one place; the writer of docs/cli.md; and a line of numbers that is written over."""


def harmless(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


@given(st.text(st.characters()))
def test_everything_that_cannot_be_seen_is_escaped_and_nothing_else(text: str) -> None:
    assert printable(text).isprintable()
    if text.isprintable():
        assert printable(text) == text


@given(st.recursive(st.text(st.characters()), lambda inner: st.dictionaries(st.text(st.characters()), inner, max_size=3)))
def test_json_keeps_its_meaning_and_shows_nothing_hidden(value: Any) -> None:
    assert json_line(value).isprintable() and json.loads(json_line(value)) == value
    assert harmless(json_line(value, 2)) and json.loads(json_line(value, 2)) == value


def test_symbols_of_lean_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show("⊢ ∀ x ∈ ℕ, «ein Name» ↦ 数学 · ⟨a₁, b⟩")
    tell("two\nlines", lines=True)
    tell("one\nline")
    shown = capsys.readouterr()
    assert shown.out == "⊢ ∀ x ∈ ℕ, «ein Name» ↦ 数学 · ⟨a₁, b⟩\n" and shown.err == "two\nlines\none\\nline\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_theorem_s_name_cannot_forge_a_line_of_progress(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setenv("TERM", "dumb")
    item = cast(Item, SimpleNamespace(target=SimpleNamespace(name=HOSTILE), auto_bound=()))
    record = {"status": "error", "name": HOSTILE, "reason": HOSTILE, "seconds": 1.0, "expansions": 2}
    with ProgressBar(1, {}) as bar:
        bar.started(item)
        bar.finished(item, record)
    (line,) = [text for text in stderr.getvalue().splitlines() if "expansions" in text]
    for piece in ("\\x1b[2J\\x1b]0;x\\x07", "\\u202egnp", "\\rproved\\n", "[bold]b[/bold]:smile:", "\\x9b31m"):
        assert line.count(piece) == 2, line
    assert not {"\x07", "\u202e", "\x9b"} & set(stderr.getvalue()) and "\x1b[2J\x1b]" not in stderr.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ["prove", "folder\x1b[2J\u202e.lean"],
        ["check", "sub\x9bmission.lean", "--against", "t\rarget.lean"],
        ["eval", "compare", "run\x1b[2J", "other\u202e"],
    ],
)
def test_names_of_files_come_out_escaped(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        assert main(arguments) == 2
    except SystemExit:
        pytest.fail("the command line itself was refused")
    shown = capsys.readouterr()
    assert shown.err.startswith("proofsmith: ") and shown.err.count("\n") == 1
    assert harmless(shown.err) and harmless(shown.out)


def test_no_other_module_prints() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "prover").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert found == MAY_PRINT
