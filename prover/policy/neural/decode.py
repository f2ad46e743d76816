"""Sampling and beam search, for every backend that computes in this process.

The algorithm is written once, over `Rows`: transformers' models (`torch_rows`) and the light runtime (`light`) bring their own
arrays, so both propose the same. Beam search is vLLM's (length penalty 0): every beam looks at its 2k likeliest tokens, each of
them that ends the text is a finished completion, the k likeliest others are the next beams. Log-probabilities only fall along a
beam, so, without loss, a beam is given up as soon as k completions are finished that are as likely as it is. Draws are by Gumbel
noise from a generator of each prompt's own, so they depend neither on what else is in the batch nor on who computes the logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from prover.policy.neural.generator import Completion, Fits, cut

TokensFit = Callable[[tuple[int, ...], bool], bool]
"""`generator.Fits`, of tokens instead of their text."""
LOOK, LOOK_HELD = 2, 8


class Finished(NamedTuple):
    """A completion: its tokens without the one that ended it, their log-probabilities with it."""

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]

    @property
    def score(self) -> float:
        """The log-probability of the whole."""
        return sum(self.log_probs)


class Rows(Protocol):
    """A model with several texts under way, a row each, and the log-probabilities of every row's next token."""

    @property
    def vocabulary(self) -> int:
        """Tokens there are."""
        ...

    def start(self, prompts: Sequence[Sequence[int]], /) -> None:
        """Reads prompts, a row each."""
        ...

    def keep(self, rows: Sequence[int], /) -> None:
        """Goes on with these rows, in this order; a row may come more than once."""
        ...

    def step(self, tokens: Sequence[int], /) -> None:
        """Adds a token to each row."""
        ...

    def top(self, count: int, /) -> tuple[list[list[float]], list[list[int]]]:
        """The likeliest next tokens of each row: log-probabilities, falling, and tokens."""
        ...

    def choose(self, temperature: float, noise: npt.NDArray[np.float32] | None, /) -> tuple[list[int], list[float]]:
        """Of each row the token for which log-probability / temperature + noise is greatest, and its log-probability.

        Without noise (and whatever the temperature) the likeliest. `noise` is [rows, vocabulary].
        """
        ...


def beams(
    model: Rows,
    prompts: Sequence[Sequence[int]],
    width: int,
    max_tokens: int,
    ends: frozenset[int],
    fits: Sequence[TokensFit | None] | None = None,
) -> list[list[Finished]]:
    """At most `width` completions of each prompt, likeliest first.

    Args:
        model: fresh.
        prompts: token ids.
        width: beams a prompt.
        max_tokens: of a completion.
        ends: the tokens that end a text.
        fits: what the completions of each prompt are held to; a beam then looks at more tokens, since some lead nowhere.
    """
    held = fits or [None] * len(prompts)
    look = (LOOK_HELD if any(held) else LOOK) * width
    model.start(prompts)
    live: list[list[Finished]] = [[Finished((), ())] for _ in prompts]
    done: list[list[Finished]] = [[] for _ in prompts]
    for left in range(max_tokens, 0, -1):
        values, tokens = model.top(min(look, model.vocabulary))
        row = 0
        parents: list[int] = []
        added: list[int] = []
        for prompt, texts in enumerate(live):
            fit = held[prompt]
            candidates = []
            for text in texts:
                score = text.score
                for value, token in zip(values[row], tokens[row], strict=True):
                    if token in ends:
                        if fit is None or fit(text.tokens, True):
                            done[prompt].append(Finished(text.tokens, (*text.log_probs, value)))
                    else:
                        candidates.append((score + value, row, text, token, value))
                row += 1
            candidates.sort(key=lambda c: -c[0])
            if fit is None:
                candidates = candidates[:width]
            else:
                candidates = list(islice((c for c in candidates if fit((*c[2].tokens, c[3]), False)), width))
            done[prompt] = sorted(done[prompt], key=lambda f: -f.score)[:width]
            if len(done[prompt]) == width:
                candidates = [c for c in candidates if c[0] > done[prompt][-1].score]
            live[prompt] = [Finished((*t.tokens, token), (*t.log_probs, v)) for _, _, t, token, v in candidates]
            parents += [c[1] for c in candidates]
            added += [c[3] for c in candidates]
        if not added or left == 1:
            break
        model.keep(parents)
        model.step(added)
    return done


def draws(
    model: Rows,
    prompts: Sequence[Sequence[int]],
    samples: int,
    max_tokens: int,
    ends: frozenset[int],
    temperature: float,
    seeds: Sequence[int],
    stopped: Callable[[Sequence[int]], bool],
) -> list[list[Finished]]:
    """`samples` completions of each prompt; those that did not end in time are left out.

    Args:
        model: fresh.
        prompts: token ids.
        samples: completions a prompt.
        max_tokens: of a completion.
        ends: the tokens that end a text.
        temperature: 0 takes the likeliest token; `samples` is then 1.
        seeds: one a prompt.
        stopped: whether the tokens so far hold a stop string.
    """
    chances = [np.random.Generator(np.random.Philox(seed)) for seed in seeds]
    model.start(prompts)
    rows = [prompt for prompt in range(len(prompts)) for _ in range(samples)]
    model.keep(rows)
    texts = [Finished((), ()) for _ in rows]
    done: list[list[Finished]] = [[] for _ in prompts]
    for left in range(max_tokens, 0, -1):
        noise = None
        if temperature > 0:
            noise = np.concatenate([_gumbel(chances[p], rows.count(p), model.vocabulary) for p in dict.fromkeys(rows)])
        chosen, values = model.choose(temperature, noise)
        going: list[int] = []
        for row, (token, value) in enumerate(zip(chosen, values, strict=True)):
            before = texts[row]
            if token in ends:
                done[rows[row]].append(Finished(before.tokens, (*before.log_probs, value)))
                continue
            texts[row] = Finished((*before.tokens, token), (*before.log_probs, value))
            if stopped(texts[row].tokens):
                done[rows[row]].append(texts[row])
            else:
                going.append(row)
        if not going or left == 1:
            break
        model.keep(going)
        rows, texts = [rows[r] for r in going], [texts[r] for r in going]
        model.step([t.tokens[-1] for t in texts])
    return done


def completed(found: Finished, text_of: Callable[[Sequence[int]], str], stop: tuple[str, ...]) -> Completion:
    """A finished text as a completion, up to its first stop string; `text_of` decodes tokens."""
    text = text_of(found.tokens)
    if not any(s in text for s in stop):
        return Completion(text, found.score, len(found.log_probs))
    offsets = [len(text_of(found.tokens[:i])) for i in range(len(found.log_probs))]
    return cut(text, offsets, found.log_probs, stop)


def held_to(fits: Fits | None, text_of: Callable[[Sequence[int]], str]) -> TokensFit | None:
    """`Sampling.fits`, of tokens instead of their text."""
    return None if fits is None else lambda tokens, ended: fits(text_of(tokens), ended)


def _gumbel(chances: np.random.Generator, rows: int, vocabulary: int) -> npt.NDArray[np.float32]:
    uniform = np.clip(chances.random((rows, vocabulary), np.float32), 1e-20, 1 - 1e-7, dtype=np.float32)
    noise: npt.NDArray[np.float32] = -np.log(-np.log(uniform))
    return noise
