from __future__ import annotations

import pytest

from prover.lean.context import FileContext
from prover.policy.base import NEEDS, Mixture, names_itself, runs
from prover.policy.closers import Closers
from tests.prover.policy.views import view

EVERYTHING = frozenset().union(*(modules for _, modules in NEEDS))
NOTHING = frozenset({"Init.Core"})


@pytest.mark.parametrize("tactic", ["grind", "cases xs; grind", "grind +splitImp", "omega", "simp_all; omega", "bv_omega"])
def test_what_misses_its_lemmas_does_not_run(tactic: str) -> None:
    assert not runs(tactic, NOTHING)
    assert runs(tactic, EVERYTHING)
    assert runs(tactic, None)


@pytest.mark.parametrize("tactic", ["simp", "apply Nat.omega_nat", "exact grinding", "rw [foo.grind]", "rfl"])
def test_only_the_tactics_own_words_count(tactic: str) -> None:
    assert runs(tactic, NOTHING)


def test_the_mixture_offers_only_what_runs_and_uses_the_room() -> None:
    def offered(imported: frozenset[str] | None) -> list[str]:
        seen = view("n = m", "n m : Nat", file_context=FileContext(imported=imported))
        return [p.tactic for p in Mixture([(Closers(), 1.0)], width=4).propose(seen)]

    assert "omega" in offered(None)
    assert offered(NOTHING) == ["rfl", "assumption", "simp", "simp_all"]


def test_a_theorem_is_not_cited_in_its_own_proof() -> None:
    assert names_itself("simp only [ISize.le_iff_toInt_le] at *", "ISize.le_iff_toInt_le")
    assert not names_itself("simp [ISize.le_iff_toInt_le_of]", "ISize.le_iff_toInt_le")
    assert not names_itself("simp [Foo.le_iff]", "le_iff")
    assert not names_itself("omega", "")
