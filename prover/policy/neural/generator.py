"""The interface of a tactic generator: a backend completes prompts, and says how likely each completion was.

A backend knows nothing of Lean. What it is asked and how its text becomes a tactic is a preset's business
(`prover.policy.neural.presets`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from prover.errors import PolicyError


class PromptTooLongError(PolicyError):
    """A prompt does not fit into the model's context; says nothing about the backend's health."""


class Message(NamedTuple):
    """A turn of a chat; `role` is system, user or assistant."""

    role: str
    content: str


Prompt = str | tuple[Message, ...]
"""Text to go on with, or the turns of a chat."""

Fits = Callable[[str, bool], bool]
"""Of a text: whether it can still become a completion; with True, whether it may end there."""


@dataclass(frozen=True)
class Sampling:
    """How to complete a prompt.

    `samples` completions of at most `max_tokens` tokens; `temperature` 0 gives the likeliest ones (greedy for one, beam
    search for more), otherwise they are drawn. `stop` ends a completion and is not part of it. The same `seed` gives the same
    draw where the backend can promise it. Backends in this process hold beam search to `fits`; the others do not look at it.
    """

    samples: int = 16
    temperature: float = 0.0
    max_tokens: int = 128
    stop: tuple[str, ...] = ()
    seed: int = 0
    fits: Fits | None = field(default=None, compare=False)


class Completion(NamedTuple):
    """A completion without the prompt and without the stop string.

    `log_prob` is the sum of the natural log-probabilities of its `tokens` tokens, the one that ended it included; they are the
    model's own, not those of the temperature.
    """

    text: str
    log_prob: float
    tokens: int


class Generator(Protocol):
    """A backend. Safe to call from many threads at once."""

    def complete(self, prompt: Prompt, sampling: Sampling, /) -> Sequence[Completion]:
        """At most `sampling.samples` completions, in any order, texts not necessarily different.

        Raises:
            PromptTooLongError: the prompt does not fit.
            PolicyError: the backend cannot answer now.
        """
        ...


def cut(text: str, offsets: Sequence[int], log_probs: Sequence[float], stop: Sequence[str]) -> Completion:
    """A completion up to its first stop string, for backends that did not stop there by themselves.

    Args:
        text: what was generated.
        offsets: where each token begins in it.
        log_probs: natural log-probability of each token.
        stop: the stop strings.
    """
    found = [(at, len(s)) for s in stop if s and (at := text.find(s)) >= 0]
    if not found:
        return Completion(text, sum(log_probs), len(log_probs))
    at, length = min(found)
    kept = sum(offset < at + length for offset in offsets)
    return Completion(text[:at], sum(log_probs[:kept]), kept)


def seed_of(seed: int, *what: object) -> int:
    """A seed of 62 bits that is a function of its arguments."""
    text = "\0".join(map(str, (seed, *what))).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 2
