"""The model as one more proposer of the mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from prover.errors import PolicyError
from prover.lean.context import FileContext
from prover.policy.base import Failed, GoalText, Health, Hypothesis, Mixture, Offer, View, noting_faults
from prover.policy.neural.generator import Completion, Prompt, PromptTooLongError, Sampling
from prover.policy.neural.presets import PRESETS
from prover.policy.neural.proposer import NeuralProposer
from prover.policy.premises import PremiseIndex

VIEW = View("n : Nat\n⊢ n + 0 = n", (GoalText((Hypothesis("n", "Nat"),), "n + 0 = n"),), FileContext())


@dataclass
class Scripted:
    """A generator that answers from a list."""

    answers: list[Sequence[Completion] | PolicyError]
    asked: list[tuple[Prompt, Sampling]] = field(default_factory=list)

    def complete(self, prompt: Prompt, sampling: Sampling) -> Sequence[Completion]:
        self.asked.append((prompt, sampling))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, PolicyError):
            raise answer
        return answer


def proposer(*answers: Sequence[Completion] | PolicyError, **options: object) -> tuple[NeuralProposer, Scripted, list[str]]:
    scripted = Scripted(list(answers))
    said: list[str] = []
    return NeuralProposer(scripted, PRESETS["bfs-prover-v2"], say=said.append, **options), scripted, said  # type: ignore[arg-type]


def test_each_tactic_is_offered_once_with_the_best_of_its_scores() -> None:
    made, _, _ = proposer([Completion(" simp\n", -4.0, 2), Completion("simp", -1.0, 2), Completion("", -0.1, 1),
                           Completion("exact h✝", -0.1, 1), Completion("rfl", 0.5, 1)])  # fmt: skip
    assert made.propose(VIEW) == [Offer("simp", -0.5), Offer("rfl", 0.0)]


def test_a_states_later_turns_are_asked_only_where_something_is_drawn() -> None:
    fixed, scripted, _ = proposer([Completion("simp", -1.0, 1)])
    later = replace(VIEW, stage=1)
    assert fixed.propose(VIEW) and not fixed.propose(later) and len(scripted.asked) == 1
    drawn, scripted, _ = proposer([Completion("simp", -1.0, 1)], sampling=Sampling(temperature=0.7))
    drawn.propose(VIEW)
    drawn.propose(later)
    drawn.propose(VIEW)
    seeds = [sampling.seed for _, sampling in scripted.asked]
    assert seeds[0] == seeds[2] != seeds[1]


def test_a_chat_model_mends_its_own_failed_tactic_once_from_leans_message() -> None:
    scripted = Scripted([[Completion("simp", -1.0, 1)], [Completion("omega", -1.0, 1)]])
    made = NeuralProposer(scripted, PRESETS["chat"])
    assert made.propose(VIEW) == [Offer("simp", -1.0)]
    others = Failed("rfl", "not a definitional equality", "symbolic.rfl")
    later = replace(VIEW, stage=1, failed=(others, Failed("simp", "simp made no progress", "model")))
    assert made.propose(later) == [Offer("omega", -1.0)]
    turns = scripted.asked[1][0]
    assert not isinstance(turns, str)
    assert [t.role for t in turns] == ["system", "user", "assistant", "user"]
    assert turns[2].content == "simp" and "simp made no progress" in turns[3].content
    assert not made.propose(replace(later, stage=2)), "asked twice"
    assert not made.propose(replace(VIEW, stage=1, failed=(others,))), "asked about another's tactic"


@pytest.mark.parametrize(
    ("said", "run"),
    [
        ("have h : n = 0", "have h : n = 0 := ?_"), ("have : ∃ k, n = k", "have : ∃ k, n = k := ?_"),
        ("have h : n = 0 := by omega",) * 2,
        ("haveI : Decidable p",) * 2, ("have h := f n",) * 2, ("simp at h",) * 2,
    ],
)  # fmt: skip
def test_a_have_without_a_proof_leaves_its_statement_as_a_goal(said: str, run: str) -> None:
    made, _, _ = proposer([Completion(said, -1.0, 1)])
    assert made.propose(VIEW) == [Offer(run, -1.0)]


def test_models_that_were_not_trained_on_messages_are_not_asked_to_mend() -> None:
    made, scripted, _ = proposer([Completion("simp", -1.0, 1)])
    assert not made.propose(replace(VIEW, stage=1, failed=(Failed("simp", "no progress", "model"),))) and not scripted.asked


def test_beams_are_widened_once_at_a_states_next_turn() -> None:
    wide, scripted, _ = proposer([Completion("simp", -1.0, 1)], sampling=Sampling(samples=4), first_stage=1, widen=3)
    asked = [bool(list(wide.propose(replace(VIEW, stage=stage)))) for stage in range(4)]
    assert asked == [False, True, True, False] and [s.samples for _, s in scripted.asked] == [4, 12]


def test_premises_stand_in_the_prompt() -> None:
    index = PremiseIndex([("Nat.add_zero", "Nat.add_zero (n : Nat) : n + 0 = n"), ("List.nil_eq", "List.nil_eq : [] = []")])
    made, scripted, _ = proposer([], retriever=index, premises=1)
    made.propose(VIEW)
    assert scripted.asked[0][0] == "theorem <a>Nat.add_zero</a> (n : Nat) : n + 0 = n\n\nn : Nat\n⊢ n + 0 = n:::"


def test_premises_give_way_where_the_prompt_would_be_too_long() -> None:
    index = PremiseIndex([(f"Nat.add_zero{i}", f"Nat.add_zero{i} (n : Nat) : n + 0 = n") for i in range(4)])
    too_long = PromptTooLongError("too long")
    made, scripted, said = proposer(too_long, too_long, too_long, [Completion("rfl", -1.0, 1)], retriever=index, premises=4)
    assert made.propose(VIEW) == [Offer("rfl", -1.0)] and not said
    assert [str(prompt).count("theorem") for prompt, _ in scripted.asked] == [4, 2, 1, 0]


def test_a_state_that_does_not_fit_is_a_noted_fault_and_keeps_the_model_in() -> None:
    made, scripted, said = proposer(PromptTooLongError("too long"), PromptTooLongError("too long"), [Completion("rfl", -1.0, 1)])
    policy = Mixture([(made, 1.0)])
    with noting_faults() as faults:
        assert policy.propose(VIEW) == [] == policy.propose(VIEW)
    assert faults == {"model": 2} and said == ["too long; such states go on without the model"]
    assert [p.tactic for p in policy.propose(VIEW)] == ["rfl"] and len(scripted.asked) == 3


def test_the_search_goes_on_without_a_model_that_is_away_and_comes_back_to_it() -> None:
    class Simp:
        name = "simp"

        def propose(self, view: View) -> list[Offer]:
            return [Offer("simp", -1.0)]

    now = [0.0]
    made, scripted, _ = proposer(PolicyError("away"), [Completion("rfl", -1.0, 1)])
    policy = Mixture([(Simp(), 1.0), (made, 0.5)], health=Health(lambda: now[0], lambda s: None))
    with noting_faults() as faults:
        assert [p.tactic for p in policy.propose(VIEW)] == ["simp"] == [p.tactic for p in policy.propose(VIEW)]
    assert faults == {"model": 1} and len(scripted.asked) == 1
    now[0] = 1.5
    assert [(p.tactic, p.proposer) for p in policy.propose(VIEW)] == [("simp", "simp"), ("rfl", "model")]


def test_searches_that_meet_one_outage_together_count_one_fault() -> None:
    now = [0.0]
    health = Health(lambda: now[0], lambda s: None)
    for _ in range(30):
        health.failed("model", "away")
    now[0] = 1.5
    assert not health.left_out("model")


@pytest.mark.parametrize("name", ["internlm2.5-step-prover", "llemma-7b"])
def test_the_presets_stop_strings_and_length_are_asked_for(name: str) -> None:
    scripted = Scripted([[]])
    NeuralProposer(scripted, PRESETS[name]).propose(VIEW)
    sampling = scripted.asked[0][1]
    assert (sampling.stop, sampling.max_tokens) == (PRESETS[name].stop, PRESETS[name].max_tokens)
