"""Examples as token ids, and the order in which they come: a function of seed and step alone, so that a run can go on exactly.

With a curriculum the easier ones come first, after Platanios et al., "Competence-based curriculum learning for neural machine
translation" (NAACL 2019, arXiv 1903.09848, section 3, the square-root form): at step t only the easiest share c(t) = min(1, √(c₀²
+ (1 − c₀²) t / T)) of the examples is drawn from, evenly. Here c₀ = 0.1 and T is half of the run; from then on epochs go through
all examples. Grades only compare within a source: tactics of the whole proof (traces, LeanDojo), which of rfl, decide, simp,
omega, simp_all, grind, exact? proves it alone first (mutants), expansions until the proof (dpo), the number under "grade" (JSON
lines); an example whose difficulty is unknown counts as the middle of its source.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from prover.policy.neural.presets import own_prompt
from prover.training.examples import Example
from prover.training.settings import TrainSettings

POOL = 32
"""Batches are cut from so many batches' worth of shuffled examples, ordered by length, so that little is padding."""
FIRST_SHARE = 0.1
RAMP = 0.5
"""The share of the run after which everything is drawn from."""


class Measurable(Protocol):
    """What batches are made of: it has a length in tokens."""

    @property
    def length(self) -> int:
        """Tokens."""
        ...


E_co = TypeVar("E_co", bound=Measurable)


@dataclass(frozen=True)
class Encoded:
    """Token ids; those from `start` on are what is learnt. `grade` is how hard it is among its like, 0 to 1."""

    ids: tuple[int, ...]
    start: int
    grade: float = 0.5

    @property
    def length(self) -> int:
        """Tokens."""
        return len(self.ids)


def encode(examples: Sequence[Example], tokenizer: Any, context: int) -> tuple[list[Encoded], int]:
    """The examples that fit into the context, and how many do not (a text is cut instead)."""
    found: list[Encoded] = []
    too_long = 0
    for begin in range(0, len(examples), 10_000):
        chunk = examples[begin : begin + 10_000]
        fronts = [own_prompt(e.prompt) if e.prompt else "" for e in chunk]
        heads = tokenizer(fronts)["input_ids"]
        tails = tokenizer([e.target for e in chunk])["input_ids"]
        for example, head, tail in zip(chunk, heads, tails, strict=True):
            ids = (*head, *tail, tokenizer.eos_token_id)
            if len(ids) > context and example.prompt:
                too_long += 1
            else:
                found.append(Encoded(ids[:context], len(head), example.grade))
    return found, too_long


@dataclass
class Batches(Generic[E_co]):
    """The batch of every step, from 0; examples that do not fill the last batch of an epoch are left out of it."""

    examples: Sequence[E_co]
    size: int
    seed: int
    _epoch: int = -1
    _order: list[list[int]] = field(default_factory=list, repr=False)

    def __getitem__(self, step: int) -> list[E_co]:
        epoch, number = divmod(step, max(1, len(self.examples) // self.size))
        if epoch != self._epoch:
            self._order, self._epoch = self._shuffled(epoch), epoch
        return [self.examples[i] for i in self._order[number]]

    def _shuffled(self, epoch: int) -> list[list[int]]:
        chance = random.Random(f"{self.seed} {epoch}")
        order = list(range(len(self.examples)))
        chance.shuffle(order)
        batches: list[list[int]] = []
        for begin in range(0, len(order), POOL * self.size):
            pool = sorted(order[begin : begin + POOL * self.size], key=lambda i: self.examples[i].length)
            batches += [pool[at : at + self.size] for at in range(0, len(pool), self.size)]
        whole = [b for b in batches if len(b) == self.size] or batches
        chance.shuffle(whole)
        return whole


def tensors(batch: Sequence[Encoded], pad: int, device: str) -> tuple[Any, Any, Any]:
    """Tokens, attention mask and targets, each [rows, length]."""
    import torch

    longest = max(len(e.ids) for e in batch)
    tokens = torch.full((len(batch), longest), pad)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    targets = torch.zeros((len(batch), longest), dtype=torch.bool)
    for row, example in enumerate(batch):
        tokens[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
        targets[row, example.start : len(example.ids)] = True
    return tokens.to(device), mask.to(device), targets.to(device)


def competence(step: int, steps: int) -> float:
    """The share of the examples, easiest first, that step `step` (from 0) of `steps` draws from."""
    ramp = max(1, int(RAMP * steps))
    return min(1.0, math.sqrt(FIRST_SHARE**2 + (1 - FIRST_SHARE**2) * step / ramp))


class CurriculumBatches(Batches[E_co]):
    """The batch of every step, from 0: while the competence is below 1 drawn from the easiest, then epochs.

    Args:
        examples: what is learnt.
        size: examples a batch.
        seed: of the draws.
        grades: one for each example, from `ranks`; ties are broken by the examples' order.
        steps: of the whole run.
    """

    def __init__(self, examples: Sequence[E_co], size: int, seed: int, grades: Sequence[float], steps: int) -> None:
        super().__init__(examples, size, seed)
        self._steps = steps
        self._by_grade = sorted(range(len(examples)), key=lambda i: (grades[i], i))

    def __getitem__(self, step: int) -> list[E_co]:
        share = competence(step, self._steps)
        if share >= 1:
            return super().__getitem__(step - max(1, int(RAMP * self._steps)))
        easiest = self._by_grade[: max(self.size, math.ceil(share * len(self._by_grade)))]
        chosen = random.Random(f"{self.seed} easiest {step}").sample(easiest, min(self.size, len(easiest)))
        return [self.examples[i] for i in chosen]


def batches_of(examples: Sequence[E_co], grades: Sequence[float], settings: TrainSettings) -> Batches[E_co]:
    """The batches that the settings ask for; `grades` has one for each example."""
    if settings.curriculum:
        return CurriculumBatches(examples, settings.batch, settings.seed, grades, settings.steps)
    return Batches(examples, settings.batch, settings.seed)
