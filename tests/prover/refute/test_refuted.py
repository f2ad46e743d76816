"""False theorems through a whole run: refuted with an audited disproof, whatever they are called and whatever they tempt to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prover.cli.main import main
from prover.errors import EXIT_NOT_PROVED
from prover.lean.embedded.worker import LeanWorker

TEXT = """\
set_option autoImplicit true
namespace Own
inductive Nat where
  | Z
  | S (n : Nat)
def add : Nat → Nat → Nat
  | .Z, y => y
  | .S x, y => .S (add x y)
theorem false_own (x y : Nat) : add x y = x := by sorry
end Own
theorem fine (n : Nat) : n + 0 = n := by sorry
@[simp] theorem tempting (n : Nat) : n = 0 := by sorry
theorem wrong_list (xs ys : List α) : (xs ++ ys).reverse = xs.reverse ++ ys.reverse := by sorry
theorem vacuous (n : Nat) (h : n < 3) (g : 5 < n) : n = 100 := by sorry
example (p q : Prop) (h : p ∨ q) : p := by sorry
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refuted")
    (folder / "F.lean").write_text(TEXT, "utf-8")
    arguments = ["prove", str(folder / "F.lean"), "--out", str(folder / "run"), "--workers", "1", "--quiet"]
    assert main([*arguments, "--policy", "symbolic", "--max-expansions", "5", "--timeout", "60"]) == EXIT_NOT_PROVED
    return folder / "run"


def records(out: Path) -> dict[str, dict[str, Any]]:
    return {r["name"]: r for r in map(json.loads, (out / "results.jsonl").read_text("utf-8").splitlines())}


def test_false_theorems_are_refuted_and_true_ones_proved(out: Path) -> None:
    assert {name: r["status"] for name, r in records(out).items()} == {
        "Own.false_own": "refuted", "fine": "proved", "tempting": "refuted", "wrong_list": "refuted", "vacuous": "proved",
        "example_15": "refuted",
    }  # fmt: skip
    assert json.loads((out / "summary.json").read_text("utf-8"))["refuted"] == 4


def test_a_disproof_does_not_rest_on_the_theorem_that_it_refutes(out: Path) -> None:
    disproof = records(out)["tempting"]["disproof"]
    assert disproof["values"] == {"n": "1"}
    assert disproof["axioms"] == []
    assert "tempting.disproof : ¬ type_of%" in disproof["statement"]


def test_the_written_disproofs_elaborate_without_error(out: Path, lean_worker: LeanWorker) -> None:
    files = sorted((out / "disproofs").iterdir())
    assert len(files) == 4
    for file in files:
        commands = lean_worker.commands(lean_worker.header(file.read_text("utf-8")))
        assert not any(c.errors for c in commands)
        assert commands[-1].sorries == 0


def test_contradictory_hypotheses_and_automatic_names_are_told(out: Path) -> None:
    assert records(out)["vacuous"]["vacuous"]
    notes = json.loads((out / "summary.json").read_text("utf-8"))["notes"]
    assert "vacuous is vacuous: its hypotheses contradict each other" in notes
    assert "wrong_list: α bound automatically (autoImplicit)" in notes
