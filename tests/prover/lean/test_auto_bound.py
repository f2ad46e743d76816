"""Files are read as Lean reads them: names that no one declares are bound, and told. A statement of the user's binds none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prover.audit.embedded import Auditor
from prover.cli.main import main
from prover.lean.embedded.worker import LeanWorker
from prover.prove.run import Input, from_statement, read_items

BOUND = {
    "theorem a (xs : List α) : xs ++ [] = xs := by sorry": ("α",),
    "theorem b (f : α → β) (g : β → γ) (xs : List α) : (xs.map f).map g = xs.map (g ∘ f) := by sorry": ("α", "β", "γ"),
    "theorem c (n : Natt) : n = n := by sorry": ("Natt",),
    "theorem d [BEq κ] (m : List (κ × Nat')) : m.length = m.length := by sorry": ("κ", "Nat'"),
    "example (h : p ∧ q) : q ∧ p := ⟨by sorry, h.1⟩": ("p", "q"),
    "variable {α : Type} in\ntheorem e (xs : List α) : xs.length = xs.length := by sorry": (),
    "theorem f (n : Nat) : n + 0 = n := by sorry": (),
}


@pytest.mark.parametrize("text", BOUND)
def test_what_a_file_binds_automatically_is_named(lean_worker: LeanWorker, text: str) -> None:
    items, _, notes = read_items(lean_worker, [Input("f.lean", f"{text}\n")], holes=True)
    assert [(i.target.problem, i.auto_bound) for i in items] == [(None, BOUND[text])]
    said = f"{items[0].target.name}: {', '.join(BOUND[text])} bound automatically (autoImplicit)"
    assert notes == [said] * bool(BOUND[text])


@pytest.mark.parametrize("text", [t for t, names in BOUND.items() if names])
@pytest.mark.parametrize("strict", ["statement", "file"])
def test_a_statement_and_a_strict_file_bind_nothing(lean_worker: LeanWorker, text: str, strict: str) -> None:
    given = from_statement(text) if strict == "statement" else Input("f.lean", f"set_option autoImplicit false\n\n{text}\n")
    items, _, _ = read_items(lean_worker, [given])
    assert all(i.target.problem is not None and "identifier" in i.target.problem for i in items)
    assert not any(i.auto_bound for i in items)


@pytest.mark.parametrize(
    ("text", "proof", "accepted"),
    [
        ("theorem a (xs : List α) : xs ++ [] = xs := by sorry\n", "simp", True),
        ("theorem a (xs ys : List α) : xs ++ ys = ys ++ xs := by sorry\n", "simp", False),
        ("theorem a (h : p ∧ q) : q ∧ p := by sorry\n", "exact ⟨h.2, h.1⟩", True),
        ("theorem a (x y : α) : x = y := by sorry\n", "exact (rfl : (x : Unit) = y)", False),
    ],
)
def test_the_audit_reads_the_file_as_the_search_does(lean_worker: LeanWorker, text: str, proof: str, accepted: bool) -> None:
    assert Auditor(lean_worker).audit_proof(lean_worker.read(text).targets[0], proof).accepted is accepted


def test_it_is_told_on_the_live_line_in_the_summary_and_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.lean"
    file.write_text("\n".join(t for t in BOUND if t.startswith("theorem a")) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["prove", str(file), "--out", str(out), "--workers", "1", "--max-expansions", "3"]) == 0
    said = "a: α bound automatically (autoImplicit)"
    err = capsys.readouterr().err
    assert "(α bound automatically)" in err and said in err
    assert said in json.loads((out / "summary.json").read_text("utf-8"))["notes"]
    assert json.loads((out / "results.jsonl").read_text("utf-8"))["auto_bound"] == ["α"]
    assert "Bound automatically" in (out / "report.html").read_text("utf-8")
