"""A place is a place: every `sorry` is seen, and proved where it stands, in whatever declaration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.cli.main import main
from prover.prove.theorem import SearchSettings
from prover.server.answers import applied
from prover.server.session import Session

MAGMA = "class Magma (α : Type) where\n  op : α → α → α\n  comm : ∀ a b, op a b = op b a\n\n"
PLACES = {
    "a field of an instance": MAGMA + "instance : Magma Nat where\n  op a b := a + b\n  comm a b := by sorry\n",
    "the proof part of a def": "def above (n : Nat) : { m : Nat // n ≤ m } := ⟨n, by sorry⟩\n",
    "an abbrev": "abbrev pick : { n : Nat // 3 < n } := ⟨5, sorry⟩\n",
    "decreasing_by": "def f (n : Nat) : Nat := if h : n ≤ 1 then 0 else f (n / 2) + 1\ntermination_by n\ndecreasing_by sorry\n",
    "after refine": "theorem ex : ∃ n : Nat, 3 < n ∧ n < 5 := by\n  refine ⟨4, ?_⟩; sorry\n",
    "a have": "theorem t (p q : Prop) (h : p ∧ q) : q := by\n  have k : q := by sorry\n  exact k\n",
    "a where clause": "theorem wh (n : Nat) : n + 0 = n := go n\nwhere\n  go (m : Nat) : m + 0 = m := by sorry\n",
    "a nested by": "theorem n (p q : Prop) (hp : p) (hq : q) : q ∧ p := by\n  exact ⟨by exact (by sorry), by assumption⟩\n",
    "behind a comment": "theorem c (a b : Nat) : a + b = b + a := by\n  -- by arithmetic\n  sorry\n",
    "behind a long comment": "theorem c2 (a b : Nat) : a + b = b + a := /- why -/ by /- how -/ sorry\n",
    "several clauses of a where": (
        "theorem both (n : Nat) : n + 0 = n ∧ 0 + n = n := ⟨left n, right n⟩\nwhere\n"
        "  left (k : Nat) : k + 0 = k := by sorry\n  right (k : Nat) : 0 + k = k := by\n    sorry\n"
    ),
    "several fields, all of them propositions": (
        "class Lawful (α : Type) (op : α → α → α) : Prop where\n  comm : ∀ a b, op a b = op b a\n"
        "  assoc : ∀ a b c, op (op a b) c = op a (op b c)\n\n"
        "instance : Lawful Bool xor where\n  comm a b := by sorry\n  assoc a b c := by\n    cases a\n    · sorry\n    · sorry\n\n"
    ),
    "a named instance": MAGMA.replace("Magma", "Band") + "instance joined : Band Bool := ⟨or, fun a b => sorry⟩\n",
    "several": "theorem s (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  constructor\n  · sorry -- one\n  -- two\n  · sorry\n",
}
SETTINGS = SearchSettings(timeout_s=None, max_expansions=5)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(workers=1, tactic_s=100) as session:
        yield session


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES.keys())
def test_prove_it_works_at_every_place(session: Session, text: str) -> None:
    document = session.document(text, wait_s=300)
    (waiting,) = document.waiting
    assert isinstance(session.place_to_prove(text, waiting.places[0]), type(waiting.places[0]))
    proof = session.prove_waiting(text, waiting, SETTINGS)
    assert proof.status == "proved", proof
    assert proof.edit is not None
    after = applied(text, [proof.edit])
    assert not session.document(after).waiting and not session.document(after).errors
    assert all(line.strip() in after for line in text.splitlines() if "sorry" not in line)


@pytest.mark.parametrize(
    "text",
    ["def d : Nat := sorry\n", "theorem dep : ∃ n : Nat, n = 3 := ⟨sorry, by sorry⟩\n", "instance : Inhabited Nat := ⟨sorry⟩\n"],
)
def test_what_stands_for_data_is_left_alone(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.lean"
    file.write_text(text, encoding="utf-8")
    assert main(["prove", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 2
    assert "stands for data" in capsys.readouterr().err


def test_prove_fills_each_place_and_keeps_what_is_there(tmp_path: Path) -> None:
    """Places of one declaration count when they are proved together; one that resists leaves the others filled."""
    text = "\n".join(PLACES.values()) + "\ntheorem half (p q : Prop) (h : p) : p ∧ q := by\n  constructor\n  · sorry\n  · sorry\n"
    file = tmp_path / "a.lean"
    file.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["prove", str(file), "--out", str(out), "--workers", "1", "--timeout", "20", "--max-expansions", "3"]) == 1
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert {r["name"].split(":")[0] for r in rows if r["status"] != "proved"} == {"half"}
    assert {"Magma", "joined"} & {r["name"].split(":")[0] for r in rows} == {"joined"}, "an instance by its name"
    assert any(r["name"].startswith("instance_") for r in rows), "or by its line"
    written = (out / "proofs" / "a.lean").read_text("utf-8")
    assert written.count("sorry") == 1 and "-- by arithmetic" in written and "-- one" in written
    assert main(["prove", str(file), "--no-holes", "--out", str(tmp_path / "o"), "--max-expansions", "1"]) == 2
