"""Where tactics can go in a text, and what the text looks like with them there."""

from __future__ import annotations

import pytest

from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.holes import NoPlace, hole_at

FINISHED = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  constructor\n  · exact h.2\n  · sorry\n"
TERM = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p :=\n  ⟨by sorry, sorry⟩\n"
CASES = "theorem a (n : Nat) : n + 0 = n := by\n  induction n with\n  | zero => simp; done\n  | succ n ih =>\n\n#check 1\n"
COMMENT = "theorem a (p : Prop) (h : p) : p := by\n  have k := h -- why 𝔸\n\n  sorry\n"
BARE = "/-- 𝔸 -/\ntheorem a : ∀ n : Nat, n = n := by\n  intro n\n  \ntheorem b : True := trivial\n"
BROKEN = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  constructor\n  · \n  · exact h.1\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "written", "goal"),
    [
        pytest.param(FINISHED, 3, 5, "  · exact h.2\n  · T\n    U", "case right", id="a sorry behind a bullet"),
        pytest.param(FINISHED, 2, 6, "  · T\n    U\n  · sorry", "case left", id="a tactic behind a bullet"),
        pytest.param(FINISHED, 1, 0, ":= by\n  T\n  U\n  · exact", "⊢ q ∧ p", id="the margin of a tactic's line"),
        pytest.param(FINISHED, 0, 48, ":= by\n  T\n  U\n  constructor", "⊢ q ∧ p", id="behind a by"),
        pytest.param(TERM, 1, 6, "⟨by\n    T\n    U, sorry⟩", "⊢ q", id="a sorry behind by on its line"),
        pytest.param(TERM, 1, 13, "⟨by sorry, (by\n    T\n    U)⟩", "⊢ p", id="a term"),
        pytest.param(CASES, 3, 16, "| succ n ih =>\n    T\n    U", "case succ", id="an empty alternative"),
        pytest.param(CASES, 1, 4, ":= by\n  T\n  U\n  induction", "⊢ n + 0 = n", id="in front of a block"),
        pytest.param(COMMENT, 1, 20, "-- why 𝔸\n  T\n  U\n\n  sorry", "k : p", id="behind a comment"),
        pytest.param(COMMENT, 2, 0, "-- why 𝔸\n  T\n  U\n  sorry", "k : p", id="an empty line"),
        pytest.param(BARE, 3, 2, "  intro n\n  T\n  U", "n : Nat", id="an unfinished proof"),
        pytest.param(BROKEN, 2, 4, "  · T\n    U\n  · exact", "case left", id="a bullet that does not parse"),
    ],
)
def test_tactics_go_where_the_cursor_is(
    lean_worker: LeanWorker, text: str, line: int, column: int, written: str, goal: str
) -> None:
    file = lean_worker.header(text)
    hole = hole_at(lean_worker, file, line, column)
    assert written in hole.command("T\nU")
    with Dojo(hole, lean_worker) as (_, state):
        assert goal in state.pp


@pytest.mark.parametrize(("text", "line", "column"), [(FINISHED, 0, 3), (FINISHED, 40, 0), (BARE, 4, 20), ("\n\n", 1, 0)])
def test_no_place_is_said_in_words(lean_worker: LeanWorker, text: str, line: int, column: int) -> None:
    with pytest.raises(NoPlace):
        hole_at(lean_worker, lean_worker.header(text), line, column)


def test_what_stands_in_front_is_told_without_its_insides(lean_worker: LeanWorker) -> None:
    hole = hole_at(lean_worker, lean_worker.header(FINISHED), 3, 5)
    assert hole.passed == ("constructor", "· exact h.2")
    assert (hole.name, hole.others) == ("a", 0)
