"""A goal as text becomes a theorem; prompts become questions."""

from __future__ import annotations

import pytest

from prover.server.foreign import DIMENSIONS, Question, Turns, answer, encode_text, read_prompt
from prover.server.state_text import as_theorem, at_last_line, first_goal


def statement(state: str) -> str:
    made = as_theorem(state)
    assert made is not None
    assert made.text.split("\n")[made.line - 1][made.column :] == "sorry"
    return " ".join(made.text.split())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("⊢ True", "theorem proofsmith_goal : True := by sorry"),
        (
            "n✝ m : Nat\nh : m ≤ n✝\n⊢ m < n✝ + 1",
            "theorem proofsmith_goal : ∀ (n m : Nat), ∀ (h : m ≤ n), m < n + 1 := by intro _ m h sorry",
        ),
        (
            "case inl\nα : Type u_1\ninst✝¹ : DecidableEq α\ninst✝ : BEq α\n⊢ (fun (x : α) => x) = id\n\ncase inr\n⊢ False",
            "theorem proofsmith_goal.{u_1} : ∀ (α : Type u_1), ∀ [inst_dagger1 : DecidableEq α], ∀ [inst_dagger2 : BEq α], "
            "(fun (x : α) => x) = id := by intro α _ _ sorry",
        ),
        (
            "x : Nat := 2 + 3\nβ : Type (max u v)\nh : ∀ y,\n  y < x\n⊢ x = 5",
            "theorem proofsmith_goal.{u, v} : let x : Nat := 2 + 3; ∀ (β : Type (max u v)), ∀ (h : ∀ y, y < x), x = 5 := by "
            "intro x β h sorry",
        ),
    ],
)  # fmt: skip
def test_a_goal_becomes_a_theorem_with_the_same_names(state: str, expected: str) -> None:
    assert statement(state) == f"set_option autoImplicit false in {expected}"


@pytest.mark.parametrize("state", ["", "no goals", "a line without a colon\n⊢ p", "x : Nat", "⊢ " + "p" * 200_000])
def test_what_is_no_goal_is_not_made_into_one(state: str) -> None:
    assert as_theorem(state) is None


def test_hypotheses_after_the_target_are_another_goals() -> None:
    read = first_goal("p : Prop\n⊢ p\n\nq : Prop\n⊢ q")
    assert read is not None and [local.names for local in read[0]] == [("p",)] and read[1] == "p"


def test_a_context_ends_where_the_tactic_is_wanted() -> None:
    assert at_last_line("theorem t : p := by\n  ").line == 2 and at_last_line("theorem t : p := by\n  ").column == 2


INSTRUCTION = (
    "/- Your task is to generate the next tactic in the proof. -/\n"
    "[CTX]\ntheorem t : p := by\n  \n[/CTX]\n[STATE]\n⊢ p\n[/STATE]\n"
)
FEW = "Tactic state:\n---\n⊢ a\n---\nNext tactic:\n---\nrfl\n---\n\nTactic state:\n---\n⊢ b\n---\nNext tactic:\n---\nsimp"
FENCED = (
    "The file contents up to the current tactic are as follows:\n\n```lean4\ntheorem t : p := by\n```\n\n"
    "The current proof state is as follows:\n⊢ p\n\nYour task is to generate the next tactic in the proof.\n"
)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (INSTRUCTION + "[TAC]\n", Question("theorem t : p := by\n  ", "⊢ p")),
        (INSTRUCTION + "[TAC]\nrw", Question("theorem t : p := by\n  ", "⊢ p", "rw")),
        (INSTRUCTION + "[THOUGHTS]\n", Question("theorem t : p := by\n  ", "⊢ p")),
        (FEW, Question("", "⊢ b", "simp")),
        (FENCED, Question("theorem t : p := by", "⊢ p", markdown=True, continued=False)),
        (
            "Your task is to generate the proof.\n[CTX]\ntheorem t : p := by\n  \n[/CTX]\n[PROOF]",
            Question("theorem t : p := by\n  ", "", whole_proof=True),
        ),
        ("theorem t : p := by\n  ", Question("theorem t : p := by\n  ", "")),
    ],
)
def test_prompts_of_llmlean_are_read_back(prompt: str, expected: Question) -> None:
    assert read_prompt(prompt) == expected


def test_a_bare_file_asks_for_a_proof_where_the_answer_would_end_as_one() -> None:
    assert read_prompt("theorem t : p := by\n", ["[/PROOF]", "</think>"]).whole_proof
    assert not read_prompt("theorem t : p := by\n", ["[/TAC]"]).whole_proof


def test_answers_have_the_form_that_llmlean_reads() -> None:
    assert answer(read_prompt(INSTRUCTION + "[TAC]\nrw"), "rw [h]") == " [h]"
    assert answer(read_prompt(FENCED), "rw [h]") == "```lean4\nrw [h]\n```"


def test_a_question_asked_again_gets_the_next_answer_and_is_worked_out_once() -> None:
    now, asked = [0.0], []
    turns, question = Turns(lambda: now[0]), Question("", "⊢ p")

    def ask(_: Question) -> list[str]:
        asked.append(now[0])
        return ["a", "b"]

    def once(first: bool = False) -> str:
        return turns.next(question, turns.remembered(question, ask), first)

    assert [once(), once(first=True), once(), once()] == ["a", "a", "b", "a"]
    now[0] = 61.0
    assert once() == "a" and asked == [0.0, 61.0]
    assert turns.next(question, []) == ""


def test_texts_that_share_words_are_near_each_other() -> None:
    def near(a: str, b: str) -> float:
        return sum(x * y for x, y in zip(encode_text(a), encode_text(b), strict=True))

    assert len(encode_text("")) == DIMENSIONS and near("n : Nat ⊢ n = n", "n : Nat ⊢ n = n") == pytest.approx(1.0)
    goal = "xs ys : List α ⊢ (xs ++ ys).length = xs.length + ys.length"
    fits = near(goal, "List.length_append : (xs ++ ys).length = xs.length + ys.length")
    assert fits > 2 * near(goal, "Nat.gcd_comm : gcd m n = gcd n m")
