"""Proof trees as text."""

from __future__ import annotations

from prover.prove.script import script
from search.types import ProofTree as T


def test_a_chain_is_one_tactic_a_line() -> None:
    assert script(T("intro h", (T("simp", (T("omega"),)),))) == "intro h\nsimp\nomega"


def test_branches_without_names_get_bullets() -> None:
    tree = T("constructor", (T("rfl"), T("simp", (T("omega"),))))
    assert script(tree) == "constructor\n· rfl\n· simp\n  omega"


def test_named_alternatives_take_their_proofs_in_place_of_holes() -> None:
    tree = T("induction n with | zero => ?_ | succ n ih => ?_", (T("rfl"), T("simp", (T("exact ih"),))))
    assert script(tree) == "induction n with\n| zero => rfl\n| succ n ih =>\n  simp\n  exact ih"


def test_alternatives_that_do_not_match_the_branches_stay_as_they_are() -> None:
    tree = T("cases h with | inl h => ?_ | inr h => exact h.elim", (T("rfl"), T("simp")))
    assert script(tree) == "cases h with | inl h => ?_ | inr h => exact h.elim\n· rfl\n· simp"


def test_branches_within_branches_are_indented_further() -> None:
    inner = T("cases b", (T("rfl"), T("constructor", (T("simp"), T("omega")))))
    assert script(T("cases a", (inner, T("rfl")))) == (
        "cases a\n· cases b\n  · rfl\n  · constructor\n    · simp\n    · omega\n· rfl"
    )


def test_a_tactic_of_several_lines_keeps_its_shape_inside_a_branch() -> None:
    tree = T("constructor", (T("calc a\n  _ = b := h"), T("rfl")))
    assert script(tree) == "constructor\n· calc a\n    _ = b := h\n· rfl"
