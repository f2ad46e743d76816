"""Answers and disproofs: open definitions are filled and shown, restated questions are remarked, negations are told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prover.audit.embedded import Auditor, TheoremVerdict
from prover.lean.embedded.worker import LeanWorker

SQUARE = "def answer : Nat := sorry\ntheorem t : answer * answer = 49 := sorry\n"
SUM = """\
def s : Nat → Nat
  | 0 => 0
  | n + 1 => s n + (n + 1)
def answer (n : Nat) : Nat := sorry
theorem t (n : Nat) : s n = answer n := sorry
"""
BELOW = "theorem t (n : Nat) : n < 5 := sorry\n"
NO = "fun h => absurd (h 5) (by decide)"
UNIVERSES = "theorem t.{u} (α : Type u) (a b : α) : a = b := sorry"


@pytest.fixture(scope="module")
def worker() -> Iterator[LeanWorker]:
    with LeanWorker() as worker:
        yield worker


def judged(worker: LeanWorker, target: str, submission: str, allow_disproof: bool = False) -> TheoremVerdict:
    return Auditor(worker).audit_files(target, submission, allow_disproof=allow_disproof)[-1]


@pytest.mark.parametrize(
    ("target", "value", "proof", "shown", "remark"),
    [
        (SQUARE, "7", "rfl", "7", None),
        (SQUARE, "3 + 4", "rfl", "3 + 4", None),
        (SUM, "n * (n + 1) / 2", None, "fun n => n * (n + 1) / 2", None),
        (SUM, "s n", "rfl", "fun n => s n", "in the question's own words (s)"),
    ],
)
def test_the_value_of_an_open_definition_is_shown_and_a_restated_question_remarked(
    worker: LeanWorker, target: str, value: str, proof: str | None, shown: str | None, remark: str | None
) -> None:
    if proof is None:
        proof = """by
  have h : 2 * s n = n * (n + 1) := by
    induction n with
    | zero => rfl
    | succ n ih => simp only [s, Nat.mul_add, ih]; grind
  unfold answer; omega"""
    submission = target.replace("sorry", value, 1).replace("sorry", proof, 1)
    verdict = judged(worker, target, submission)
    assert verdict.accepted, verdict
    (answer,) = verdict.answers
    assert shown is None or answer.value == shown
    assert (remark is None and answer.remark is None) or (remark or "-") in (answer.remark or "")


@pytest.mark.parametrize(
    ("value", "remark"), [("False", None), ("∀ n : Nat, n < 5", "neither True nor False")]
)
def test_a_statement_for_an_answer_is_remarked(worker: LeanWorker, value: str, remark: str | None) -> None:
    target = "def answer : Prop := sorry\ntheorem t : answer ↔ ∀ n : Nat, n < 5 := sorry\n"
    proof = "Iff.rfl" if remark else f"⟨False.elim, {NO}⟩"
    verdict = judged(worker, target, target.replace("sorry", value, 1).replace("sorry", proof, 1))
    assert verdict.accepted and (remark or "") in (verdict.answers[0].remark or "")


def test_a_described_answer_is_remarked(worker: LeanWorker) -> None:
    value = "Classical.choose (⟨7, rfl⟩ : ∃ n : Nat, n * n = 49)"
    spec = "Classical.choose_spec (⟨7, rfl⟩ : ∃ n : Nat, n * n = 49)"
    submission = f"noncomputable def answer : Nat := {value}\ntheorem t : answer * answer = 49 := {spec}"
    verdict = judged(worker, SQUARE, submission)
    assert verdict.accepted and "described" in (verdict.answers[0].remark or "")


def test_notation_of_the_submission_does_not_show_one_value_as_another(worker: LeanWorker) -> None:
    submission = "def five : Nat := 7\nnotation \"5\" => five\n"
    submission += "def answer : Nat := five\ntheorem t : answer * answer = 49 := rfl"
    assert judged(worker, SQUARE, submission).answers[0].value == "five"


@pytest.mark.parametrize(
    ("target", "submission", "allowed"),
    [
        (BELOW, f"theorem t.disproof : ¬ ∀ n : Nat, n < 5 := {NO}", False),
        (BELOW, f"theorem t.disproof : (∀ n : Nat, n < 5) → False := {NO}", False),
        (BELOW, f"theorem t : ¬ ∀ n : Nat, n < 5 := {NO}", True),
        (BELOW, f"theorem t (n : Nat) : n < 5 := sorry\ntheorem t.disproof : ¬ ∀ n : Nat, n < 5 := {NO}", False),
        (
            UNIVERSES,
            "theorem t.disproof.{v} : ¬ ∀ (α : Type v) (a b : α), a = b :=\n"
            "  fun h => nomatch ULift.up.inj (h (ULift Bool) ⟨true⟩ ⟨false⟩)",
            False,
        ),
    ],
)
def test_a_proof_of_the_negation_is_a_disproof(worker: LeanWorker, target: str, submission: str, allowed: bool) -> None:
    verdict = judged(worker, target, submission, allowed)
    assert (verdict.accepted, verdict.category) == (False, "disproved"), verdict
