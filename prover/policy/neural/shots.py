"""Few-shot prompts for base models: examples of a state and its tactic, then the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Shot(NamedTuple):
    """An example."""

    state: str
    tactic: str


LLEMMA_SHOTS = (
    Shot(
        "α : Type u_1\nr : α → α → Prop\ninst✝¹ : DecidableEq α\ninst✝ : IsIrrefl α r\n"
        "⊢ CutExpand r ≤ InvImage (Finsupp.Lex (rᶜ ⊓ fun x x_1 => x ≠ x_1) fun x x_1 => x < x_1) ↑toFinsupp",
        "rintro s t ⟨u, a, hr, he⟩",
    ),
    Shot(
        "ι : Type u_1\nI✝ J✝ : Box ι\nx y : ι → ℝ\nI J : WithBot (Box ι)\n⊢ ↑I = ↑J ↔ I = J",
        "simp only [Subset.antisymm_iff, ← le_antisymm_iff, withBotCoe_subset_iff]",
    ),
    Shot("m n : ℕ\nh : Nat.coprime m n\n⊢ Nat.gcd m n = 1", "rw [← h.gcd_eq_one]"),
)
"""The three steps of Mathlib with which Llemma was measured (Azerbayev et al., arXiv 2310.10631;
wellecks/llemma_formal2formal, proofsearch.py)."""

CORE_SHOTS = (
    Shot("p q : Prop\nh : p ∧ q\n⊢ q ∧ p", "exact ⟨h.2, h.1⟩"),
    Shot("n m : Nat\nh : n < m\n⊢ n + 1 ≤ m", "omega"),
    Shot("α : Type\nxs ys : List α\n⊢ (xs ++ ys).length = ys.length + xs.length", "simp [Nat.add_comm]"),
    Shot("n : Nat\n⊢ 0 + n = n", "induction n with\n| zero => rfl\n| succ n ih => omega"),
)
"""Steps that need nothing but Lean's own library, for a base model beside the embedded Lean."""


def few_shot(state: str, shots: Sequence[Shot]) -> str:
    """The prompt of Llemma's evaluation: every state and every tactic stands between lines of three dashes."""
    parts = ["Given the Lean 4 tactic state, suggest a next tactic.\nHere are some examples:\n\n"]
    parts += [f"Tactic state:\n---\n{s.state}\n---\nNext tactic:\n---\n{s.tactic}\n---\n\n" for s in shots]
    parts.append(f"Tactic state:\n---\n{state}\n---\nNext tactic:\n---")
    return "".join(parts)
