"""The default model says only names that are there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prover.policy.names import Names, NamesByModule
from prover.policy.neural import default
from prover.policy.neural.generator import Sampling
from prover.policy.neural.grounded import fits
from prover.policy.neural.presets import own_prompt
from tests.prover.policy.views import OWN, view

LIBRARY = Names.of(
    ["Nat", "Nat.add_comm", "Nat.add_assoc", "Nat.le_of_lt", "List", "List.map", "List.map_map", "and_comm", "Iff.symm"]
)
SEEN = view("n + m = m + n", "n m : Nat", "h : n ≤ m", "hx : n < m", file_context=OWN)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rw [Nat.add_comm]", True),
        ("rw [Nat.add_commute]", False),
        ("rw [Nat.add_comm, ← Nat.add_assoc] at h", True),
        ("simp [Nat.add_comm, power]", True),
        ("simp [power_zero, Tree.node]", True),
        ("simp [powers]", False),
        ("exact h.trans hx.le", True),
        ("exact hh", False),
        ("exact Nat.le_of_lt hx", True),
        ("exact (Nat.le_of_lt hx).symm", True),
        ("exact and_comm.mp h", True),
        ("exact Nat.symm", False),
        ("obtain ⟨k, hk⟩ := h", True),
        ("obtain ⟨k, hk⟩ := k", True),
        ("have h2 : n = m := hz", False),
        ("intro x hy", True),
        ("cases n <;> simp", True),
        ("cases x <;> simp", False),
        ("cases h with k hk", True),
        ("induction l", False),
        ("induction n with | zero => rfl | succ k ih => simp [ih]", True),
        ("induction n with | zero => rfl | succ k ih => simp [hi]", False),
        ("fun x => x", True),
        ("refine fun x => y", False),
        ("intro something", False),
        ("exact .symm h", True),
        ("exact", False),
        ("rw [", False),
        ("rw [Nat.add_comm", False),
        ("have this", False),
        ("simp at", False),
        ("apply Nat.", False),
        ("constructor <;>", False),
        ("rfl", True),
        ("omega", True),
    ],
)
def test_a_whole_tactic_says_known_names_and_is_complete(text: str, wanted: bool) -> None:
    assert fits(SEEN, LIBRARY)(text, True) is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("r", True),
        ("rw [Nat.a", True),
        ("rw [Nat.b", False),
        ("rw [Nat.add_comm, Li", True),
        ("rw [Nat.add_commute, Li", False),
        ("exact Nat.", True),
        ("exact Not.", False),
        ("exact h.wh", True),
        ("exact pow", True),
        ("exact Tree.no", True),
        ("intro x", True),
    ],
)
def test_a_text_under_way_can_still_become_one(text: str, wanted: bool) -> None:
    assert fits(SEEN, LIBRARY)(text, False) is wanted


def test_inside_a_theorem_its_own_namespaces_are_open() -> None:
    inside = replace(SEEN, theorem="List.map_twice")
    assert fits(inside, LIBRARY)("rw [map_map]", True) and not fits(SEEN, LIBRARY)("rw [map_map]", True)
    assert fits(inside, LIBRARY)("rw [map_m", False)


def test_names_are_those_of_the_imported_modules() -> None:
    known = NamesByModule({"A": ["a.b"], "B": ["a.c", "b"]})
    assert known.of(None).ordered == ("a.b", "a.c", "b")
    only = known.of(frozenset({"A"}))
    assert "a.b" in only and "a.c" not in only and "a" not in only
    assert only.begins("a.") and not only.begins("b")


def test_beam_search_is_held_to_the_names() -> None:
    folder = default.model_folder()
    assert folder is not None, "a model ships"
    generator = default.load(folder).generator
    prompt = own_prompt("xs ys : List Nat\n⊢ (xs ++ ys).length = xs.length + ys.length")
    free = generator.complete(prompt, Sampling(16, max_tokens=24))
    fitting = fits(view("(xs ++ ys).length = xs.length + ys.length", "xs ys : List Nat"), LIBRARY)
    held = generator.complete(prompt, Sampling(16, max_tokens=24, fits=fitting))
    assert not all(fitting(c.text, True) for c in free), "without the names it says others"
    assert len(held) == 16 and all(fitting(c.text, True) for c in held)
    both = {c.text: c.log_prob for c in free if fitting(c.text, True)}
    again = {c.text: c.log_prob for c in held if c.text in both}
    assert both and again == pytest.approx(both, abs=1e-3), "what both say is as likely"


def test_the_default_proposer_asks_for_the_names_of_what_is_imported() -> None:
    asked: list[frozenset[str] | None] = []

    class Known:
        def names(self, imported: frozenset[str] | None = None) -> Names | None:
            asked.append(imported)
            return LIBRARY if imported else None

    folder = default.model_folder()
    assert folder is not None
    proposer = default.load(folder).proposer(first_stage=0, names=Known())
    some = frozenset({"Init.Core"})
    goal = view("n + m = m + n", "n m : Nat", file_context=replace(OWN, imported=some))
    fitting = fits(goal, LIBRARY)
    assert all(fitting(o.tactic, True) for o in proposer.propose(goal))
    free = list(proposer.propose(view("n + m = m + n", "n m : Nat")))
    assert asked == [some, None] and not all(fitting(o.tactic, True) for o in free)
