"""Examples as token ids, and the order in which they come: a function of the seed alone, so that a run can go on exactly."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from prover.policy.neural.presets import own_prompt
from prover.training.examples import Example

POOL = 32
"""Batches are cut from so many batches' worth of shuffled examples, ordered by length, so that little is padding."""


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
