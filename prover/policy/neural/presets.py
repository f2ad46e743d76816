"""How each model wants to be asked: prompt, stop strings, what to make of the answer, and what its score is.

A preset is what was published about one model and nothing else, so that its published results can be repeated; each function
names its source. `score` is "sum" (the log-probability of the whole tactic) or "mean" (that a token), as the model's authors
ranked with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from prover.errors import ConfigError
from prover.policy.base import Failed, View
from prover.policy.neural.generator import Completion, Message, Prompt
from prover.policy.premises import Premise


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


DECODER = "decoder"
ENCODER_DECODER = "encoder-decoder"
STATE_TOKEN, TACTIC_TOKEN = "<|state|>", "<|tactic|>"
OWN_MARK = "proofsmith.json"
"""The file by which a folder is known as a model of `proofsmith train`."""
CASE_LINE = re.compile(r"^\s*case .*\n?")
TRIVIAL_FACT = re.compile(r"^\s*this.*? : True\n?", re.MULTILINE)
MARKS = re.compile(r"</?a>")


@dataclass(frozen=True)
class Preset:
    """A model's format.

    `prompt` makes the prompt of a view whose state text is given apart (it may carry premises in front), `premise_bytes` is how
    much of premises and state together the model was trained to read; 0 premises by default means that it was trained without.
    `repair` asks for another tactic in place of one that failed; None: the model was not trained to read Lean's messages.
    """

    name: str
    models: tuple[str, ...]
    prompt: Callable[[View, str], Prompt]
    stop: tuple[str, ...] = ()
    score: str = "sum"
    max_tokens: int = 256
    architecture: str = DECODER
    premises: int = 0
    premise_bytes: int = 2048
    state: Callable[[View], str] = lambda view: view.pp
    clean: Callable[[str], str] = str.strip
    repair: Callable[[Prompt, Failed], Prompt] | None = None

    def ask(self, view: View, found: Sequence[Premise] = ()) -> Prompt:
        """The prompt for a view, with retrieved premises (best first) in front of its state."""
        state = self.state(view)
        return self.prompt(view, augmented(state, found, self.premise_bytes) if found else state)

    def tactic(self, completion: Completion) -> str:
        """The tactic in a completion; may be empty."""
        return self.clean(completion.text)

    def log_prob(self, completion: Completion) -> float:
        """What the search is told of a completion: a natural logarithm, ≤ 0."""
        value = completion.log_prob if self.score == "sum" else completion.log_prob / max(1, completion.tokens)
        return min(0.0, value)


def augmented(state: str, found: Sequence[Premise], max_bytes: int) -> str:
    """A state with premises before it, the best nearest to it; what does not fit is left out.

    Yang et al., arXiv 2306.15626; lean-dojo/ReProver, common.py (`format_augmented_state`, `Premise.serialize`: the
    name between <a> and </a>).
    """
    room = max_bytes - len(state.encode())
    text = ""
    for premise in found:
        name, _, rest = premise.statement.partition(" ")
        shown = f"theorem <a>{premise.name}</a> {rest}\n\n" if rest else f"theorem <a>{name}</a>\n\n"
        size = len(shown.encode())
        if size <= room:
            room -= size
            text = shown + text
    return text + state


def first_goal_text(view: View) -> str:
    """The first goal without its case name and without facts `this : True`.

    zeyu-zheng/BFS-Prover-V2, src/search/prover_manager.py (`_pp1`).
    """
    head = view.pp.split("\n\n")[0]
    return TRIVIAL_FACT.sub("", CASE_LINE.sub("", head).strip())


def state_alone(view: View, state: str) -> Prompt:
    """ReProver's generator reads the state as it is (lean-dojo/ReProver, prover/tactic_generator.py)."""
    return state


def internlm(view: View, state: str) -> Prompt:
    """Name, tactics so far and state as one turn of InternLM's chat, written out.

    InternLM/InternLM-Math, minif2f/proofsearch_internLM2.5-StepProver.py; Wu et al., arXiv 2410.15700.
    """
    before = "\n".join(view.before)
    return (
        f"<|im_start|>user\n---\nNAME: {view.theorem}\n\n---\nPROOF_BEFORE: {before}\n\n---\nSTATE_BEFORE: {state}\n\n"
        "---\nTACTIC: <|im_end|>\n<|im_start|>assistant\n"
    )


def bfs_prover(view: View, state: str) -> Prompt:
    """The state and three colons (model cards of BFS-Prover V1 and V2; Xin et al., arXiv 2502.03438 and 2509.06493)."""
    return f"{state}:::"


def llemma(view: View, state: str) -> Prompt:
    """Three examples of Mathlib, then the state (wellecks/llemma_formal2formal, proofsearch.py)."""
    return few_shot(state, LLEMMA_SHOTS)


def base_model(view: View, state: str) -> Prompt:
    """Llemma's framing with examples from Lean's own library."""
    return few_shot(state, CORE_SHOTS)


def chat(view: View, state: str) -> Prompt:
    """A plain question, for instruction-tuned models that were not trained on tactics."""
    return (
        Message("system", "You prove theorems in Lean 4. Answer with the next tactic alone: no comment, no code fence."),
        Message("user", f"The tactic state is\n\n{state}\n\nThe next tactic:"),
    )


def chat_repair(prompt: Prompt, failed: Failed) -> Prompt:
    """The question, the model's answer, and Lean's message about it, in turns of one chat."""
    assert not isinstance(prompt, str)
    answer = f"Lean refuses this tactic:\n\n{failed.error}\n\nA tactic that works on the same state:"
    return (*prompt, Message("assistant", failed.tactic), Message("user", answer))


def ours(view: View, state: str) -> Prompt:
    """The format in which `proofsmith train` trains."""
    return own_prompt(state)


def own_prompt(state: str) -> str:
    """A state in front of which our own models write the tactic."""
    return f"{STATE_TOKEN}{state}{TACTIC_TOKEN}"


def unmarked(text: str) -> str:
    """Without the marks around premises that ReProver was trained to write."""
    return MARKS.sub("", text).strip()


def without_fence(text: str) -> str:
    """Without a code fence around it, which chat models add all the same."""
    inner = re.fullmatch(r"\s*```\w*\n(.*?)\n?```\s*", text, re.DOTALL)
    return (inner[1] if inner else text).strip()


def after_separator(text: str) -> str:
    """BFS-Prover may echo the state before the tactic; what counts stands behind the last separator."""
    return text.rsplit(":::", 1)[-1].strip()


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("proofsmith", (), ours, max_tokens=128),
        Preset(
            "reprover", ("kaiyuy/leandojo-lean4-tacgen-byt5-small",), state_alone,
            max_tokens=512, architecture=ENCODER_DECODER, clean=unmarked,
        ),
        Preset(
            "reprover-retrieval", ("kaiyuy/leandojo-lean4-retriever-tacgen-byt5-small",), state_alone,
            max_tokens=512, architecture=ENCODER_DECODER, premises=100, clean=unmarked,
        ),
        Preset(
            "internlm2.5-step-prover", ("internlm/internlm2_5-step-prover",), internlm, stop=("<|im_end|>",), score="mean",
        ),
        Preset(
            "bfs-prover-v1", ("ByteDance-Seed/BFS-Prover-V1-7B", "bytedance-research/BFS-Prover"), bfs_prover,
            clean=after_separator,
        ),
        Preset(
            "bfs-prover-v2", ("ByteDance-Seed/BFS-Prover-V2-7B", "ByteDance-Seed/BFS-Prover-V2-32B"), bfs_prover,
            score="mean", state=first_goal_text, clean=after_separator,
        ),
        Preset(
            "llemma-7b", ("EleutherAI/llemma_7b", "open-web-math/llemma_7b"), llemma, stop=("---",), score="mean",
        ),
        Preset("few-shot", (), base_model, stop=("---",), score="mean"),
        Preset("chat", (), chat, score="mean", clean=without_fence, repair=chat_repair),
    )
}  # fmt: skip


def preset_named(name: str) -> Preset:
    """The preset of a name. Raises ConfigError with the names there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_for(model: str) -> Preset | None:
    """The preset of a published model, by the name under which it was published, or of a folder that we trained."""
    if (Path(model) / OWN_MARK).is_file():
        return PRESETS["proofsmith"]
    wanted = model.rstrip("/").lower()
    for preset in PRESETS.values():
        if any(wanted == known.lower() or wanted.endswith("/" + known.split("/")[-1].lower()) for known in preset.models):
            return preset
    return None
