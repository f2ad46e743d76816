"""What a prompt for a language model asks, when LLMLean wrote it.

LLMLean sends prompts where other tools send fields. Its forms are read back into fields here: instruction
(`[CTX] … [/CTX]`, `[STATE] … [/STATE]`, `[TAC]` or `[PROOF]`), reasoning, few-shot (`Tactic state:` between dashes),
Markdown, and the bare text of a file up to the place where a tactic or a proof is wanted. Answers are put into the form
that LLMLean reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

TAGGED = r"\[{0}\]\n?(.*?)\n?\[/{0}\]"
CONTEXT = re.compile(TAGGED.format("CTX"), re.DOTALL)
STATE = re.compile(TAGGED.format("STATE"), re.DOTALL)
FENCED = re.compile(
    r"The (?:current )?file contents up to the current tactic are(?: as follows)?:\s*```lean4?\n(.*?)\n```", re.DOTALL
)
FENCED_STATE = re.compile(r"The current proof state is(?: as follows)?:\n(.*?)\n\s*(?:Your task is|Please analyze)", re.DOTALL)
STARTS_WITH = re.compile(r"The tactic you generate should start with (.*)\Z", re.DOTALL)
FEW_SHOT = re.compile(r"Tactic state:\n---\n(.*?)\n---\nNext tactic:\n---\n(.*)\Z", re.DOTALL)
PROOF_WORDS = (
    "Your task is to generate the proof",
    "Your task is to generate the rest of the proof",
    "previous proof attempt failed",
)


@dataclass(frozen=True)
class Question:
    """What is wanted: the next tactic, or the whole proof. `state` is empty where only the file is known.

    `markdown`: the answer is a fenced block. `continued`: the prompt ends with `prefix`, which the answer leaves out.
    """

    context: str
    state: str
    prefix: str = ""
    whole_proof: bool = False
    markdown: bool = False
    continued: bool = True


def read_prompt(prompt: str, stop: Sequence[str] = ()) -> Question:
    """The question of a prompt. A text of no known form is taken for a file up to where something is wanted.

    Args:
        prompt: what would go to a model.
        stop: where the model would stop; tells LLMLean's tactic from its proof where the prompt does not.
    """
    few = list(FEW_SHOT.finditer(prompt[prompt.rfind("Tactic state:\n---\n") :])) if "Tactic state:\n---\n" in prompt else []
    if few:
        return Question("", few[-1][1], few[-1][2])
    whole = any(word in prompt for word in PROOF_WORDS)
    if "```lean" in prompt and (fenced := FENCED.search(prompt)) is not None:
        state = FENCED_STATE.search(prompt)
        start = STARTS_WITH.search(prompt)
        return Question(
            fenced[1], state[1].strip("\n") if state else "", start[1] if start else "", whole, markdown=True, continued=False
        )
    if (tagged := CONTEXT.search(prompt)) is not None:
        states = STATE.findall(prompt)
        prefix = prompt.rpartition("[TAC]\n")[2] if not whole and "[TAC]\n" in prompt else ""
        if prefix.endswith("[THOUGHTS]\n") or "[THOUGHTS]\n" in prefix:
            prefix = prefix.rpartition("[THOUGHTS]\n")[2]
        return Question(tagged[1], states[-1] if states else "", prefix, whole)
    return Question(prompt, "", whole_proof="[/PROOF]" in stop and "[/TAC]" not in stop)


def answer(question: Question, tactic: str) -> str:
    """One tactic or proof, as LLMLean expects it."""
    if question.markdown:
        return f"```lean4\n{tactic}\n```"
    return tactic.removeprefix(question.prefix) if question.continued else tactic
