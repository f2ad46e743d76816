"""The proposer that asks a language model; it joins a `Mixture` like every other."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from prover.policy.base import Failed, Offer, View, note_fault, note_tokens
from prover.policy.names import LibraryNames
from prover.policy.neural.generator import Completion, Fits, Generator, PromptTooLongError, Sampling, seed_of
from prover.policy.neural.grounded import fits
from prover.policy.neural.presets import Preset
from prover.policy.neural.server import say_on_stderr
from prover.policy.premises import Premise
from prover.policy.retrieval import Retriever

MARKED_UNSAID = "✝"
OPEN_HAVE = re.compile(r"have\b(?:(?!:=|\n).)*:(?!=)(?:(?!:=|\n).)+")


def stated(tactic: str) -> str:
    """A `have` without a proof, which is Mathlib's, in core Lean's words: its statement is then a goal of its own."""
    return f"{tactic} := ?_" if OPEN_HAVE.fullmatch(tactic) else tactic


@dataclass
class NeuralProposer:
    """Tactics of a model for the whole state. Where premises make a prompt too long, the likelier half of them stays.

    A state's later turns are asked again where that gives something new: at a temperature above 0 with another seed; with beam
    search once, `widen` times as wide; and a model with a format for it once to mend its likeliest tactic that failed, by
    Lean's message. Before `first_stage` it is not asked at all: states that cheap closers prove do not cost the model's time.

    Args:
        generator: completes prompts.
        preset: the model's format.
        sampling: how many completions and how; the preset's stop strings and length are put in.
        retriever: finds premises for the prompt; None leaves them out.
        premises: at most so many in a prompt.
        name: who offers, in reports.
        first_stage: how often a state has to come back before the model is asked for it; 0 asks at once.
        names: the library's, where they are known; beam search then says no others (`prover.policy.neural.grounded`).
        widen: how much wider the beams of a state's next turn are; 1 does not ask again.
    """

    generator: Generator
    preset: Preset
    sampling: Sampling = field(default_factory=Sampling)
    retriever: Retriever | None = None
    premises: int = 0
    name: str = "model"
    first_stage: int = 0
    names: LibraryNames | None = None
    widen: int = 1
    say: Callable[[str], None] = field(default=say_on_stderr, repr=False)
    too_long: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.sampling = replace(self.sampling, stop=self.preset.stop, max_tokens=self.preset.max_tokens)

    def propose(self, view: View) -> Iterable[Offer]:
        """The model's tactics, each once with the best of its scores; none for a state that does not fit into its context.

        Raises PolicyError when the backend cannot answer.
        """
        if not view.goals or view.stage < self.first_stage:
            return []
        turn = view.stage - self.first_stage
        samples = self.sampling.samples
        failed = next((f for f in view.failed if f.proposer == self.name), None) if turn == 1 else None
        if self.preset.repair is None:
            failed = None
        if turn > 0 and self.sampling.temperature == 0 and failed is None:
            if turn > 1 or self.widen == 1:
                return []
            samples *= self.widen
        found: Sequence[Premise] = ()
        if self.retriever is not None and self.premises:
            facts = " ".join(h.type for h in view.goals[0].named[-4:])
            found = self.retriever.search(f"{facts} ⊢ {view.goals[0].target}", self.premises)
        seed = seed_of(self.sampling.seed, view.pp, view.stage)
        sampling = replace(self.sampling, samples=samples, seed=seed, fits=self._fits(view))
        try:
            completions = self._complete(view, found, sampling, failed)
        except PromptTooLongError as error:
            self._say_too_long(error)
            return []
        note_tokens(self.name, sum(completion.tokens for completion in completions))
        best: dict[str, float] = {}
        for completion in completions:
            tactic = stated(self.preset.tactic(completion))
            if tactic and MARKED_UNSAID not in tactic:
                best[tactic] = max(best.get(tactic, float("-inf")), self.preset.log_prob(completion))
        return [Offer(tactic, log_prob) for tactic, log_prob in best.items()]

    def _fits(self, view: View) -> Fits | None:
        known = self.names.names(view.file_context.imported) if self.names is not None else None
        return None if known is None else fits(view, known)

    def _complete(
        self, view: View, found: Sequence[Premise], sampling: Sampling, failed: Failed | None
    ) -> Sequence[Completion]:
        prompt = self.preset.ask(view, found)
        if failed is not None and self.preset.repair is not None:
            prompt = self.preset.repair(prompt, failed)
        try:
            return self.generator.complete(prompt, sampling)
        except PromptTooLongError:
            if not found:
                raise
            return self._complete(view, found[: len(found) // 2], sampling, failed)

    def _say_too_long(self, error: PromptTooLongError) -> None:
        note_fault(self.name)
        with self._lock:
            self.too_long += 1
            first = self.too_long == 1
        if first:
            self.say(f"{error}; such states go on without the model")
