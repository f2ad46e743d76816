"""`proofsmith prove`, from the command line to the written files, in real Lean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prover.cli.main import main

MIXED = """import Init

namespace Shelf

def double (n : Nat) : Nat := n + n

theorem easy (n : Nat) : double n = 2 * n := by
  sorry

  theorem indented (p q : Prop) (h : p ∧ q) :
      q ∧ p := sorry

theorem «wrong one» (n : Nat) : n = n + 1 := by sorry

theorem broken : undefined.thing = 3 := by sorry

end Shelf
"""


def records(out: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    return {record["name"]: record for record in lines}


@pytest.fixture(scope="module")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, Path]:
    folder = tmp_path_factory.mktemp("mixed")
    source = folder / "Mixed.lean"
    source.write_text(MIXED, encoding="utf-8")
    out = folder / "out"
    options = ["--out", str(out), "--max-expansions", "2", "--workers", "1", "--lean", "embedded", "--quiet"]
    return main(["prove", str(source), *options]), source, out


def test_exit_code_is_2_when_a_statement_does_not_elaborate(mixed_run: tuple[int, Path, Path]) -> None:
    assert mixed_run[0] == 2


def test_each_theorem_has_a_line_with_its_verdict(mixed_run: tuple[int, Path, Path]) -> None:
    found = records(mixed_run[2])
    assert {name: r["status"] for name, r in found.items()} == {
        "Shelf.easy": "proved",
        "Shelf.indented": "proved",
        "Shelf.«wrong one»": "refuted",
        "Shelf.broken": "error",
    }
    for record in found.values():
        assert {"name", "file", "status", "proof", "seconds", "expansions"} <= record.keys()
    assert "undefined.thing" in found["Shelf.broken"]["reason"]


def test_proofs_stand_in_place_of_sorry_and_the_rest_is_untouched(mixed_run: tuple[int, Path, Path]) -> None:
    _, source, out = mixed_run
    written = (out / "proofs" / "Mixed.lean").read_text(encoding="utf-8")
    assert source.read_text(encoding="utf-8") == MIXED, "the input is never written over"
    assert written.count("sorry") == 2
    assert "theorem «wrong one» (n : Nat) : n = n + 1 := by sorry" in written
    proof = records(out)["Shelf.indented"]["proof"].splitlines()
    assert f"      q ∧ p := by\n    {proof[0]}" in written
    before, _, after = MIXED.partition("theorem easy (n : Nat) : double n = 2 * n := by\n  sorry")
    assert written.startswith(before) and after


def test_the_report_and_the_totals_are_written(mixed_run: tuple[int, Path, Path]) -> None:
    out = mixed_run[2]
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (summary["total"], summary["proved"], summary["refuted"], summary["error"]) == (4, 2, 1, 1)
    assert "«wrong one»" in (out / "report.html").read_text(encoding="utf-8")


def test_the_same_command_again_searches_nothing(
    mixed_run: tuple[int, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, source, out = mixed_run
    before = records(out)

    def searched(*_: object, **__: object) -> None:
        raise AssertionError("a theorem with a verdict was searched again")

    monkeypatch.setattr("prover.prove.batch.attempt_item", searched)
    options = ["--out", str(out), "--max-expansions", "2", "--workers", "1", "--lean", "embedded", "--quiet"]
    assert main(["prove", str(source), *options]) == 2
    assert records(out) == before


def test_a_statement_is_proved_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statement = "theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length"
    assert main(["prove", "--statement", statement, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith(f"{statement} := by\n  ")


def test_an_import_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Needs.lean"
    path.write_text("import Mathlib\n\ntheorem t : 1 + 1 = 2 := by sorry\n", encoding="utf-8")
    assert main(["prove", str(path), "--out", str(tmp_path / "out"), "--lean", "embedded", "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "Mathlib" in said and "native" in said and "Traceback" not in said


def test_a_file_without_a_theorem_to_prove_is_told_with_leans_first_error_and_leaves_the_folder_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.lean"
    path.write_text("theorem a (n : Nat : n = n := by sorry\n", encoding="utf-8")
    arguments = ["prove", str(path), "--out", str(tmp_path / "out"), "--quiet"]
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "nothing to prove" in said and "broken.lean:1: unexpected token ':'; expected ')'" in said
    path.write_text("theorem a (n : Nat) : n = n := by sorry\n", encoding="utf-8")
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [("--search", "nope", "choose from"), ("--deadline", "soon", "not a number"), ("--deadline", "nan", "not a number")],
)
def test_an_option_that_cannot_be_read_ends_in_one_line(
    option: str, value: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prove", "--statement", "1 = 1", option, value])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and says in said and len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--statement"),
        (["x.lean", "--statement", "1 = 1"], "one of the three"),
        (["no/such.lean"], "no/such.lean"),
        (["--statement", "   "], "empty"),
        (["--statement", "1 = 1", "--workers", "0"], "--workers"),
        (["--statement", "1 = 1", "--deadline", "5"], "--deadline is 5 s; give at least 10"),
        (["--statement", "1 = 1", "--deadline", "60", "--ray", "local"], "leave out it or --ray"),
        (["-i", "--statement", "1 = 1", "--deadline", "60"], "leave out --deadline"),
        (["-i", "--statement", "1 = 1", "--patience", "60"], "leave out --deadline and --patience"),
        (["--statement", "1 = 1", "--patience", "60", "--ray", "local"], "leave out it or --ray"),
        (["--statement", "1 = 1", "--timeout", "0"], "with --max-expansions, --deadline or --patience"),
    ],
)
def test_bad_arguments_end_in_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", *arguments, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.strip().splitlines()) == 1
