"""A prefix is completed, whatever it is: what is answered begins with it, and Lean has run it."""

from __future__ import annotations

import pytest

from prover.server.completion import Prefix
from prover.server.service import Service
from prover.server.state_text import as_theorem

GIVEN = "p q : Prop\nhp : p\nhq : q\n⊢ p"
BOTH = "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q"
CHAIN = "a b c : Nat\nh : a = b\nk : b = c\n⊢ a = c"
SPLIT = "p q : Prop\nh : p ∨ q\n⊢ q ∨ p"
SOME = "n : Nat\nh : 0 < n\n⊢ ∃ m, n = m + 1"
LENGTH = "xs ys : List Nat\n⊢ (xs ++ ys).length = ys.length + xs.length"
SUM = "a b : Nat\nf : Nat → Nat\nh : f a = b\n⊢ f a + 0 = b"

CASES = [
    (GIVEN, "exact ", "hp"), (BOTH, "exact ⟨hp, ", "hq⟩"), (CHAIN, "exact h.trans ", "k"), (BOTH, "exact ⟨", "⟩"),
    (BOTH, "refine ⟨?_, ", "hq⟩"), (SOME, "refine ⟨", "⟩"), (SPLIT, "refine ", ""),
    (CHAIN, "rw [", "h"), (CHAIN, "rw [h, ", "k]"), (LENGTH, "rw [", "List.length_append]"), (SUM, "simp [", "h]"),
    (GIVEN, "· ", "assumption"), (CHAIN, "· ", ""), (SUM, "· ", ""),
    (BOTH, "have : ", ":= by"), (LENGTH, "have h : ", ":= by"), (SOME, "have key : ", ":= by"),
    (SOME, "obtain ⟨k, hk⟩ : ", ":= by"), (SPLIT, "by_cases h0 : ", ""), (BOTH, "show ", "p ∧ q"),
    (BOTH, "constructor <;> ", "assumption"), (SPLIT, "cases h <;> ", ""), (SOME, "cases n <;> ", ""),
    (BOTH, "constructor; ", ""), (SPLIT, "cas", "cases"), (LENGTH, "induction ", "xs"),
    (BOTH, "have h : p := by\n  ", "assumption"), (BOTH, "constructor\n· exact hp\n· ", "assumption"),
    (SPLIT, "cases h with\n| inl h => ", "| _ => ?_"),
    (SPLIT, "cases h with\n| inl h => exact Or.inr h\n| inr h =>\n  ", "\n  "),
    (CHAIN, "calc a = b := h\n  _ = ", "_ = c := by"), (CHAIN, "calc a = ", "b := by"), (CHAIN, "subst h\nrw [", "k]"),
    ("n : Nat\n⊢ n ≤ n + 2", "calc n ≤ n + 1 := by omega\n  _ ≤ ", "n + 2 := by"),
    ("⊢ ∀ p : Prop, p → p", "intro p hp\nexact ", "hp"), (BOTH, "exact ⟨hp, by\n  ", "⟩"),
    ("n : Nat\n⊢ 0 + n = n", "induction n with\n| zero => rfl\n| succ n ih => ", "=> "),
    ("a b : Nat\n⊢ a + b = b + a", "by_cases h : a = b\n· subst h\n  ", ""),
]  # fmt: skip


@pytest.mark.parametrize(("state", "prefix", "holds"), CASES)
def test_what_stands_is_continued_and_the_whole_is_checked(
    lean_service: Service, state: str, prefix: str, holds: str
) -> None:
    reply = lean_service.offers(state, "", prefix, 8, 60.0, lambda: False)
    assert reply.checked and reply.suggestions
    assert all(s.tactic.startswith(prefix) for s in reply.suggestions)
    assert any(holds in s.tactic for s in reply.suggestions), [s.tactic for s in reply.suggestions]
    closing = next((s.tactic for s in reply.suggestions if s.closes), None)
    if closing is not None:
        stated = as_theorem(state)
        assert stated is not None
        whole = stated.text.replace("  sorry\n", "  " + closing.replace("\n", "\n  ") + "\n")
        assert not [d for d in lean_service.session.document(whole).diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    "prefix",
    [
        "exact hq", "rw [hp, hq, ", "no_such_tactic ", "exact ⟨⟨⟨", "have : (", "· · ·", "intro x\nexact ",
        "cases hp with\n| foo => ", "calc p = q := rfl\n  _ = ",
    ],
)  # fmt: skip
def test_a_prefix_that_leads_nowhere_gets_nothing_or_what_lean_takes(lean_service: Service, prefix: str) -> None:
    reply = lean_service.offers(GIVEN, "", prefix, 8, 20.0, lambda: False)
    assert reply.checked and all(s.tactic.startswith(prefix) for s in reply.suggestions)


@pytest.mark.parametrize(
    ("text", "base", "fragment", "closing"),
    [
        ("exact ", "exact ", "", ""), ("rw [h, Nat.ad", "rw [h, ", "Nat.ad", "]"), ("exact ⟨f (g x", "exact ⟨f (g ", "x", ")⟩"),
        ("constructor <;> sim", "constructor <;> ", "sim", ""), ("have h : p ∧ ", "have h : p ∧ ", "", ""),
    ],
)  # fmt: skip
def test_a_prefix_is_taken_apart(text: str, base: str, fragment: str, closing: str) -> None:
    prefix = Prefix.of(text)
    assert (prefix.base, prefix.fragment, prefix.closing) == (base, fragment, closing)
