"""Sampling and beam search for transformers' models, many prompts at a time.

Beam search is vLLM's (length penalty 0), so that both backends propose the same: every beam looks at its 2k likeliest tokens,
each of them that ends the text is a finished completion, the k likeliest others are the next beams. Log-probabilities only fall
along a beam, so the search of a prompt ends, without loss, as soon as k completions are finished that are as likely as the best
beam. Draws are by Gumbel noise from a generator of each prompt's own, so they do not depend on what else is in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Finished(NamedTuple):
    """A completion: its tokens without the one that ended it, their log-probabilities with it."""

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]

    @property
    def score(self) -> float:
        """The log-probability of the whole."""
        return sum(self.log_probs)


@dataclass
class Stepper:
    """A model with the state of several texts under way, a row each.

    `start` reads prompts and gives the logits after each; `keep` chooses, repeats and reorders rows; `step` adds a token to each
    row. Works for decoder-only models and, with the prompt in the encoder, for encoder-decoder models.
    """

    model: Any
    pad: int
    cache: Any = None
    mask: Any = None
    lengths: Any = None
    encoded: Any = None
    _torch: Any = field(default=None, repr=False)

    def start(self, prompts: Sequence[Sequence[int]]) -> Any:
        """Logits, [prompts, vocabulary]."""
        import torch

        self._torch = torch
        longest = max(map(len, prompts))
        decoder = not self.model.config.is_encoder_decoder
        rows = [
            [self.pad] * (longest - len(p)) + list(p) if decoder else list(p) + [self.pad] * (longest - len(p)) for p in prompts
        ]
        masks = [
            [0] * (longest - len(p)) + [1] * len(p) if decoder else [1] * len(p) + [0] * (longest - len(p)) for p in prompts
        ]
        device = self.model.device
        ids = torch.tensor(rows, device=device)
        self.mask = torch.tensor(masks, device=device)
        self.lengths = self.mask.sum(1)
        if decoder:
            positions = (self.mask.cumsum(1) - 1).clamp(min=0)
            out = self.model(input_ids=ids, attention_mask=self.mask, position_ids=positions, use_cache=True)
        else:
            self.encoded = self.model.get_encoder()(input_ids=ids, attention_mask=self.mask)
            first = torch.full((len(prompts), 1), self.model.config.decoder_start_token_id, device=device)
            out = self._decode(first)
        self.cache = out.past_key_values
        return out.logits[:, -1].float()

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with these rows, in this order."""
        index = self._torch.tensor(list(rows), device=self.model.device)
        self.cache.reorder_cache(index)
        self.mask = self.mask[index]
        self.lengths = self.lengths[index]
        if self.encoded is not None:
            self.encoded.last_hidden_state = self.encoded.last_hidden_state[index]

    def step(self, tokens: Sequence[int]) -> Any:
        """Logits after one more token in each row, [rows, vocabulary]."""
        added = self._torch.tensor(list(tokens), device=self.model.device)[:, None]
        if self.encoded is not None:
            out = self._decode(added)
        else:
            self.mask = self._torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
            out = self.model(
                input_ids=added, attention_mask=self.mask, position_ids=self.lengths[:, None], past_key_values=self.cache,
                use_cache=True,
            )  # fmt: skip
            self.lengths = self.lengths + 1
        return out.logits[:, -1].float()

    def _decode(self, tokens: Any) -> Any:
        return self.model(
            encoder_outputs=self.encoded, attention_mask=self.mask, decoder_input_ids=tokens, past_key_values=self.cache,
            use_cache=True,
        )  # fmt: skip


def beams(
    stepper: Stepper, prompts: Sequence[Sequence[int]], width: int, max_tokens: int, ends: frozenset[int]
) -> list[list[Finished]]:
    """At most `width` completions of each prompt, likeliest first.

    Args:
        stepper: the model.
        prompts: token ids.
        width: beams a prompt.
        max_tokens: of a completion.
        ends: the tokens that end a text.
    """
    import torch

    log_probs = torch.log_softmax(stepper.start(prompts), -1)
    live: list[list[Finished]] = [[Finished((), ())] for _ in prompts]
    done: list[list[Finished]] = [[] for _ in prompts]
    for _ in range(max_tokens):
        values, tokens = log_probs.topk(min(2 * width, log_probs.shape[-1]), -1)
        values, tokens = values.tolist(), tokens.tolist()
        row = 0
        parents: list[int] = []
        added: list[int] = []
        for prompt, texts in enumerate(live):
            candidates = []
            for text in texts:
                score = text.score
                for value, token in zip(values[row], tokens[row], strict=True):
                    if token in ends:
                        done[prompt].append(Finished(text.tokens, (*text.log_probs, value)))
                    else:
                        candidates.append((score + value, row, text, token, value))
                row += 1
            candidates.sort(key=lambda c: -c[0])
            done[prompt] = sorted(done[prompt], key=lambda f: -f.score)[:width]
            full = len(done[prompt]) == width
            if full and candidates and candidates[0][0] <= done[prompt][-1].score:
                candidates = []
            live[prompt] = [Finished((*t.tokens, token), (*t.log_probs, v)) for _, _, t, token, v in candidates[:width]]
            parents += [c[1] for c in candidates[:width]]
            added += [c[3] for c in candidates[:width]]
        if not added:
            break
        stepper.keep(parents)
        log_probs = torch.log_softmax(stepper.step(added), -1)
    return done


def draws(
    stepper: Stepper,
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
        stepper: the model.
        prompts: token ids.
        samples: completions a prompt.
        max_tokens: of a completion.
        ends: the tokens that end a text.
        temperature: 0 takes the likeliest token; `samples` is then 1.
        seeds: one a prompt.
        stopped: whether the tokens so far hold a stop string.
    """
    import torch

    chances = [torch.Generator().manual_seed(seed % 2**63) for seed in seeds]
    log_probs = torch.log_softmax(stepper.start(prompts), -1)
    rows = [prompt for prompt in range(len(prompts)) for _ in range(samples)]
    stepper.keep(rows)
    log_probs = log_probs[torch.tensor(rows, device=log_probs.device)]
    texts = [Finished((), ()) for _ in rows]
    done: list[list[Finished]] = [[] for _ in prompts]
    for _ in range(max_tokens):
        if temperature == 0:
            chosen = log_probs.argmax(-1)
        else:
            uniform = torch.cat(
                [torch.rand((rows.count(p), log_probs.shape[-1]), generator=chances[p]) for p in dict.fromkeys(rows)]
            ).clamp(1e-20, 1 - 1e-7)
            noise = -(-uniform.log()).log()
            chosen = (log_probs / temperature + noise.to(log_probs.device)).argmax(-1)
        values = log_probs.gather(-1, chosen[:, None])[:, 0].tolist()
        going: list[int] = []
        for row, (token, value) in enumerate(zip(chosen.tolist(), values, strict=True)):
            before = texts[row]
            if token in ends:
                done[rows[row]].append(Finished(before.tokens, (*before.log_probs, value)))
                continue
            texts[row] = Finished((*before.tokens, token), (*before.log_probs, value))
            if stopped(texts[row].tokens):
                done[rows[row]].append(texts[row])
            else:
                going.append(row)
        if not going:
            break
        stepper.keep(going)
        rows, texts = [rows[r] for r in going], [texts[r] for r in going]
        log_probs = torch.log_softmax(stepper.step([t.tokens[-1] for t in texts]), -1)
    return done
