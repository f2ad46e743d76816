"""Texts under way in a model of transformers, for `prover.policy.neural.decode`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class TorchRows:
    """`decode.Rows` over a decoder-only model or, with the prompt in the encoder, an encoder-decoder model."""

    def __init__(self, model: Any, pad: int) -> None:
        self._model = model
        self._pad = pad
        self._cache: Any = None
        self._mask: Any = None
        self._lengths: Any = None
        self._encoded: Any = None
        self._log_probs: Any = None  # [rows, vocabulary]

    @property
    def vocabulary(self) -> int:
        """Tokens there are."""
        return int(self._log_probs.shape[-1])

    def start(self, prompts: Sequence[Sequence[int]]) -> None:
        """Reads prompts; shorter ones are padded."""
        import torch

        longest = max(map(len, prompts))
        decoder = not self._model.config.is_encoder_decoder
        pads = [[self._pad] * (longest - len(p)) for p in prompts]
        rows = [pad + list(p) if decoder else list(p) + pad for p, pad in zip(prompts, pads, strict=True)]
        marks = [([1] * len(p), [0] * len(pad)) for p, pad in zip(prompts, pads, strict=True)]
        masks = [nothing + text if decoder else text + nothing for text, nothing in marks]
        device = self._model.device
        ids = torch.tensor(rows, device=device)
        self._mask = torch.tensor(masks, device=device)
        self._lengths = self._mask.sum(1)
        if decoder:
            positions = (self._mask.cumsum(1) - 1).clamp(min=0)
            out = self._model(input_ids=ids, attention_mask=self._mask, position_ids=positions, use_cache=True)
        else:
            self._encoded = self._model.get_encoder()(input_ids=ids, attention_mask=self._mask)
            out = self._decode(torch.full((len(prompts), 1), self._model.config.decoder_start_token_id, device=device))
        self._cache = out.past_key_values
        self._read(out)

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with these rows, in this order."""
        import torch

        index = torch.tensor(list(rows), device=self._model.device)
        self._cache.reorder_cache(index)
        self._mask = self._mask[index]
        self._lengths = self._lengths[index]
        self._log_probs = self._log_probs[index]
        if self._encoded is not None:
            self._encoded.last_hidden_state = self._encoded.last_hidden_state[index]

    def step(self, tokens: Sequence[int]) -> None:
        """Adds a token to each row."""
        import torch

        added = torch.tensor(list(tokens), device=self._model.device)[:, None]
        if self._encoded is not None:
            self._read(self._decode(added))
            return
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        out = self._model(
            input_ids=added, attention_mask=self._mask, position_ids=self._lengths[:, None], past_key_values=self._cache,
            use_cache=True,
        )  # fmt: skip
        self._lengths = self._lengths + 1
        self._read(out)

    def top(self, count: int) -> tuple[list[list[float]], list[list[int]]]:
        """The likeliest next tokens."""
        values, tokens = self._log_probs.topk(count, -1)
        return values.tolist(), tokens.tolist()

    def choose(self, temperature: float, noise: npt.NDArray[np.float32] | None) -> tuple[list[int], list[float]]:
        """A token for each row."""
        import torch

        scores = self._log_probs
        if noise is not None:
            scores = scores / temperature + torch.from_numpy(noise).to(scores.device)
        chosen = scores.argmax(-1)
        return chosen.tolist(), self._log_probs.gather(-1, chosen[:, None])[:, 0].tolist()

    def _read(self, out: Any) -> None:
        import torch

        self._log_probs = torch.log_softmax(out.logits[:, -1].float(), -1)

    def _decode(self, tokens: Any) -> Any:
        return self._model(
            encoder_outputs=self._encoded, attention_mask=self._mask, decoder_input_ids=tokens, past_key_values=self._cache,
            use_cache=True,
        )  # fmt: skip
