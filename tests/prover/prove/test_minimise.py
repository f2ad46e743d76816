"""Making accepted proofs smaller."""

from __future__ import annotations

from prover.prove.script import minimise
from search.types import ProofTree as T


def test_a_needless_step_is_dropped() -> None:
    tree = T("intro h", (T("skip", (T("omega"),)),))
    needed = T("intro h", (T("omega"),))
    assert minimise(tree, lambda t: t == needed) == needed


def test_a_closing_tactic_replaces_the_whole_branch_when_it_can() -> None:
    tree = T("cases b", (T("simp", (T("grind"),)), T("grind")))
    assert minimise(tree, lambda t: t == T("grind")) == T("grind")


def test_nothing_changes_without_the_audits_word() -> None:
    tree = T("intro h", (T("simp", (T("omega"),)),))
    assert minimise(tree, lambda t: False) == tree


def test_equal_branches_are_written_once() -> None:
    tree = T("cases b", (T("simp_all"), T("simp_all")))
    assert minimise(tree, lambda t: "<;>" in t.tactic) == T("cases b <;> simp_all")


def test_no_more_audits_than_allowed() -> None:
    asked: list[T] = []

    def refuse(tree: T) -> bool:
        asked.append(tree)
        return False

    deep = T("omega")
    for i in range(30):
        deep = T(f"step {i}", (deep,))
    minimise(deep, refuse, max_attempts=7)
    assert len(asked) == 7


def test_each_smaller_proof_is_asked_about_once() -> None:
    asked: list[T] = []

    def refuse(tree: T) -> bool:
        asked.append(tree)
        return False

    minimise(T("a", (T("b", (T("c"),)),)), refuse)
    assert len(asked) == len(set(asked))
