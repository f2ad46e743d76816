"""Each preset asks exactly as its model's authors do; sources are in prover/policy/neural/presets.py."""

from __future__ import annotations

import pytest

from prover.errors import ConfigError
from prover.lean.context import FileContext
from prover.policy.base import GoalText, View
from prover.policy.neural.generator import Completion, Message, cut
from prover.policy.neural.presets import ENCODER_DECODER, PRESETS, augmented, preset_for, preset_named
from prover.policy.premises import Premise

STATE = "case inl\np q : Prop\nthis : True\nh : p\n⊢ p ∨ q\n\ncase inr\np q : Prop\nh : q\n⊢ p ∨ q"
VIEW = View(STATE, (GoalText((), "p ∨ q"),), FileContext(), theorem="or_self'", before=("intro h", "cases h"))


def test_reprover_reads_the_state_alone_and_its_marks_are_taken_out() -> None:
    preset = PRESETS["reprover"]
    assert preset.ask(VIEW) == STATE
    assert (preset.architecture, preset.stop, preset.score, preset.premises) == (ENCODER_DECODER, (), "sum", 0)
    assert preset.tactic(Completion("rw [<a>Nat.add_comm</a>, h]", -1.0, 9)) == "rw [Nat.add_comm, h]"


def test_reprover_with_retrieval_has_the_best_premise_nearest_to_the_state_and_leaves_out_what_does_not_fit() -> None:
    found = [Premise("A.best", "A.best (n : Nat) : n = n", 2.0), Premise("B.long", "B.long : " + "x" * 3000, 1.5),
             Premise("C.next", "C.next : True", 1.0)]  # fmt: skip
    assert PRESETS["reprover-retrieval"].premises == 100
    assert PRESETS["reprover-retrieval"].ask(VIEW, found) == (
        f"theorem <a>C.next</a> : True\n\ntheorem <a>A.best</a> (n : Nat) : n = n\n\n{STATE}"
    )
    assert augmented("⊢ p", found, 10) == "⊢ p"


def test_internlm_names_the_theorem_and_what_was_done_before() -> None:
    preset = PRESETS["internlm2.5-step-prover"]
    assert preset.ask(VIEW) == (
        "<|im_start|>user\n---\nNAME: or_self'\n\n---\nPROOF_BEFORE: intro h\ncases h\n\n"
        f"---\nSTATE_BEFORE: {STATE}\n\n---\nTACTIC: <|im_end|>\n<|im_start|>assistant\n"
    )
    assert (preset.stop, preset.max_tokens) == (("<|im_end|>",), 256)
    assert preset.log_prob(Completion("exact h", -6.0, 3)) == -2.0


def test_bfs_prover_v1_puts_three_colons_after_the_state_and_scores_the_whole_tactic() -> None:
    preset = PRESETS["bfs-prover-v1"]
    assert preset.ask(VIEW) == f"{STATE}:::"
    assert preset.log_prob(Completion("exact h", -6.0, 3)) == -6.0
    assert preset.tactic(Completion(f"{STATE}::: exact h\n", -1.0, 3)) == "exact h"


def test_bfs_prover_v2_sees_the_first_goal_without_case_and_trivial_facts_and_scores_by_token() -> None:
    preset = PRESETS["bfs-prover-v2"]
    assert preset.ask(VIEW) == "p q : Prop\nh : p\n⊢ p ∨ q:::"
    assert preset.log_prob(Completion("exact h", -6.0, 3)) == -2.0


def test_llemma_gets_three_examples_between_dashes() -> None:
    preset = PRESETS["llemma-7b"]
    prompt = preset.ask(VIEW)
    assert isinstance(prompt, str)
    head = "Given the Lean 4 tactic state, suggest a next tactic.\nHere are some examples:\n\n"
    assert prompt.startswith(f"{head}Tactic state:\n---\nα : Type u_1\n")
    assert prompt.endswith(
        "---\nm n : ℕ\nh : Nat.coprime m n\n⊢ Nat.gcd m n = 1\n---\nNext tactic:\n---\nrw [← h.gcd_eq_one]\n---\n\n"
        f"Tactic state:\n---\n{STATE}\n---\nNext tactic:\n---"
    )
    assert (prompt.count("Next tactic:"), preset.stop, preset.score) == (4, ("---",), "mean")


def test_ours_and_the_general_ones() -> None:
    assert PRESETS["proofsmith"].ask(VIEW) == f"<|state|>{STATE}<|tactic|>"
    assert str(PRESETS["few-shot"].ask(VIEW)).endswith(f"Tactic state:\n---\n{STATE}\n---\nNext tactic:\n---")
    system, user = PRESETS["chat"].ask(VIEW)
    assert isinstance(system, Message) and isinstance(user, Message)
    assert (system.role, user.role) == ("system", "user") and STATE in user.content
    assert PRESETS["chat"].tactic(Completion("```lean\nsimp\n```\n", -1.0, 3)) == "simp"


@pytest.mark.parametrize(
    ("model", "preset"),
    [
        ("kaiyuy/leandojo-lean4-tacgen-byt5-small", "reprover"),
        ("/models/bfs-prover-v2-7b", "bfs-prover-v2"),
        ("EleutherAI/llemma_7b", "llemma-7b"),
        ("internlm/internlm2_5-step-prover/", "internlm2.5-step-prover"),
    ],
)
def test_a_published_model_is_known_by_its_name(model: str, preset: str) -> None:
    found = preset_for(model)
    assert found is not None and found.name == preset


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    assert preset_for("somebody/else") is None
    with pytest.raises(ConfigError, match=r"no preset 'gpt'; there are proofsmith, reprover"):
        preset_named("gpt")


def test_what_stands_behind_a_stop_string_does_not_count() -> None:
    found = cut("simp\n---\nmore", [0, 4, 5, 8, 9], [-1.0, -0.5, -0.25, -7.0, -7.0], ("---",))
    assert found == Completion("simp\n", -1.75, 3)
    assert cut("simp", [0], [-1.0], ("---",)) == Completion("simp", -1.0, 1)
