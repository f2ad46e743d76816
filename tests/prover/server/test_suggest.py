"""Suggestions differ: what leads to the same state is one offer, and different ideas stand first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prover.server.session import Session
from prover.server.suggest import Suggestion, idea, ranked, unnamed

SLOT = """inductive Slot (α : Type) where
  | empty : Slot α
  | full (a : α) : Slot α

def Slot.map {α β : Type} (f : α → β) : Slot α → Slot β
  | .empty => .empty
  | .full a => .full (f a)

theorem map_id : ∀ {α : Type} (x : Slot α), x.map (fun a => a) = x := by
  sorry
"""
LIGHT = """inductive Light where
  | red | green

def Light.next : Light → Light
  | .red => .green
  | .green => .red

theorem twice : ∀ l : Light, l.next.next = l ∧ l.next ≠ l := by
  sorry
"""
OR = "theorem o (p q r : Prop) (h : p ∨ q) (g : p → r) (k : q → r ∧ r) : r ∧ (q ∨ p) := by\n  sorry\n"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(workers=1, audit=False, tactic_s=100) as session:
        yield session


@pytest.mark.parametrize(("text", "wanted"), [(SLOT, "cases"), (LIGHT, "cases"), (OR, "constructor")])
def test_a_list_has_different_ideas_and_no_offer_twice(session: Session, text: str, wanted: str) -> None:
    _, found = session.suggest_at(text, text.count("\n") - 1, 2, wait_s=300, timeout_s=100)
    left = [tuple(map(unnamed, s.goals_after)) for s in found if not s.closes]
    assert len(left) == len(set(left))
    ideas = {idea(line) for s in found for line in s.tactic.splitlines()}
    assert any(s.closes for s in found) or ideas & {wanted, "rcases", "rintro"}, ideas
    first = [idea(s.tactic) for s in found[: len({idea(s.tactic) for s in found})] if not s.closes]
    assert len(set(first)) >= len(first) - 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m : Type\n⊢ ∀ (x : S m), f x = x", "x : Type\n⊢ ∀ (x_1 : S x), f x_1 = x_1"),
        ("case a\np : Prop\nh : p\n⊢ p", "p : Prop\nh₂ : p\n⊢ p"),
        ("n : Nat\nh✝ : n = 0\n⊢ ∀ k < n, k = 0", "m : Nat\nh : m = 0\n⊢ ∀ j < m, j = 0"),
        ("l : Light\n⊢ l.next = l", "m : Light\n⊢ m.next = m"),
        ("⊢ (fun a => a) = id", "⊢ (fun b => b) = id"),
    ],
)
def test_goals_that_differ_in_names_alone_are_the_same(one: str, other: str) -> None:
    assert unnamed(one) == unnamed(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a b : Nat\n⊢ a < b", "a b : Nat\n⊢ b < a"), ("n : Nat\n⊢ n = 0", "n : Nat\n⊢ n = 1"), ("h : p\n⊢ p", "⊢ p")],
)
def test_other_goals_stay_apart(one: str, other: str) -> None:
    assert unnamed(one) != unnamed(other)


def test_the_first_of_each_idea_stands_before_the_second_of_any() -> None:
    found = [Suggestion(t, ("⊢ p",) * n, n == 0, w, "") for t, n, w in (
        ("intro x", 1, -0.1), ("intro y", 1, -0.2), ("simp", 0, -3.0), ("cases h", 2, -2.0), ("rw [k]", 1, -1.0))]  # fmt: skip
    assert [s.tactic for s in ranked(found, 1)] == ["simp", "intro x", "rw [k]", "cases h", "intro y"]
