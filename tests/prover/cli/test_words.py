"""What is said last is said first: messages, reasons, exit codes; and `prove --check`."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from prover.cli.main import main
from prover.lean.targets import LeanFile, first_line, import_error
from prover.prove.progress import ProgressBar


@pytest.mark.parametrize(
    ("message", "culprit"),
    [
        ("failed to synthesize instance of type class\n  HAdd Foo Foo Bar\n\nHint: …", "HAdd Foo Foo Bar"),
        ("omega could not prove the goal:\na possible counterexample may satisfy\n  a ≥ 3", "a ≥ 3"),
        ("Type mismatch\n  h\nhas type\n  p\nbut is expected to have type\n  q", "expected to have type q"),
        ("unsolved goals\nn : Nat\n⊢ n = 0", "⊢ n = 0"),
    ],
)
def test_a_message_keeps_what_names_the_culprit(message: str, culprit: str) -> None:
    assert culprit in first_line(message) and "\n" not in first_line(message)


@pytest.mark.parametrize("message", ["Unknown identifier `x`\n\nNote: more", "unexpected token", ""])
def test_a_message_that_tells_it_at_once_stays_short(message: str) -> None:
    assert first_line(message) == message.split("\n")[0]


@pytest.mark.parametrize("module", ["No.Such.Module", "Mathlib", "Mathlib.Tactic.Ring"])
def test_a_missing_import_is_named_in_full(module: str) -> None:
    class Refused(Exception):
        kind = "import"

    said = f"unknown module prefix '{module.split('.')[0]}'\n\nNo directory"
    assert f"it imports {module}, which" in str(import_error(LeanFile("", ("Init", module), 0), Refused(said)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"status": "proved", "reason": None, "depends_on": ["lemma1"]}, "it uses lemma1"),
        ({"status": "failed", "reason": "out of time", "depends_on": []}, "not proved t  1.0 s, 2 expansions  (out of time)"),
        ({"status": "proved", "reason": None, "depends_on": []}, "proved     t"),
    ],
)
def test_the_live_line_says_what_the_result_says(record: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Target:
        name = "t"

    class Item:
        target = Target()
        auto_bound = ()

    with ProgressBar(1, {}) as bar:
        bar.finished(Item(), {"name": "t", "seconds": 1.0, "expansions": 2, **record})  # type: ignore[arg-type]
    assert said in capsys.readouterr().err


def test_of_many_paused_theorems_the_last_begun_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("prover.prove.progress.SILENCE_S", 0.05)
    with ProgressBar(9, {}) as bar:
        for number in range(9):
            bar.started(SimpleNamespace(target=SimpleNamespace(name=f"t{number}")))  # type: ignore[arg-type]
        time.sleep(1.0)
    said = capsys.readouterr().err
    assert "t5 " in said and "t8 " in said and "t4 " not in said and "and 5 more" in said


GOOD = "theorem a : 1 = 1 := by sorry\n\ntheorem b (p : Prop) (h : p) : p ∧ p := by\n  constructor\n  · sorry\n  · exact h\n"
BROKEN = "theorem c (x : Missing.T) : x = x := by sorry\n"


@pytest.mark.parametrize(
    ("text", "code", "lines"),
    [(GOOD, 0, ["f.lean:1: a", "f.lean:3: b"]), (BROKEN, 2, ["f.lean:1: c: its statement"]), ("def d := 1\n", 0, [])],
)
def test_prove_check_lists_targets_and_errors_and_searches_nothing(
    text: str, code: int, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.lean"
    file.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["prove", str(file), "--check", "--out", str(out)]) == code
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(lines) and all(s.startswith(w) for s, w in zip(said, lines, strict=True))
    assert not out.exists()


@pytest.mark.parametrize("statement", ["theorem t (x : Missing) : x = x", "1 + = 2", "theorem t : 1 = \"a\""])
def test_a_statement_that_does_not_elaborate_is_bad_input(statement: str, tmp_path: Path) -> None:
    assert main(["prove", "--statement", statement, "--out", str(tmp_path / "o"), "--workers", "1"]) == 2
