"""Tactics from a model in this process, through transformers; needs the extra `neural`."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from prover.errors import ConfigError, PolicyError
from prover.policy.neural.decode import Finished, beams, completed, draws, held_to
from prover.policy.neural.generator import Completion, Prompt, PromptTooLongError, Sampling
from prover.policy.neural.presets import DECODER, ENCODER_DECODER
from prover.policy.queue import PolicyQueue


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


MAX_BATCH = 16
RELATIVE_CONTEXT = 4096


def need_neural() -> None:
    """Raises PolicyError when torch or transformers is not installed."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise PolicyError(
            f"models in this process need the extra `neural` ({error.name} is missing); type: pip install 'proofsmith[neural]'"
        ) from error


@dataclass
class _Request:
    ids: list[int]
    sampling: Sampling

    @property
    def kind(self) -> tuple[object, ...]:
        """Requests of one kind can share a batch."""
        s = self.sampling
        return s.samples, s.temperature, s.max_tokens, s.stop


@dataclass
class LocalGenerator:
    """A `Generator` on this machine's GPU, or its processor where there is none.

    Requests that come while the model is at work are done together next (`prover.policy.queue`).

    Args:
        model: a folder, or a name that the hub's cache (or the hub) has.
        architecture: what the preset expects, DECODER or ENCODER_DECODER.
        device: of torch; None takes a GPU when there is one.
        max_batch: at most so many prompts at a time.

    Raises:
        PolicyError: the extra is missing, or the model cannot be loaded.
        ConfigError: it is of another architecture.
    """

    model: str
    architecture: str = DECODER
    device: str | None = None
    max_batch: int = MAX_BATCH
    queue: PolicyQueue[_Request, list[Completion]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        need_neural()
        self.queue = PolicyQueue(self._answers, self.max_batch, lambda request: request.kind)
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self.device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        if self.device == "cpu" and "OMP_NUM_THREADS" not in os.environ:
            # Lean's processes work meanwhile, and torch's threads wait for each other by spinning.
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
        place = Path(self.model)
        if (place.is_dir() or place.is_absolute() or self.model.startswith(".")) and not (place / "config.json").is_file():
            inside = place / "model"
            hint = f"; give {inside}" if (inside / "config.json").is_file() else ""
            raise PolicyError(f"{self.model} holds no model: there is no config.json in it{hint}")
        try:
            config = transformers.AutoConfig.from_pretrained(self.model)
            found = ENCODER_DECODER if config.is_encoder_decoder else DECODER
            if found != self.architecture:
                raise ConfigError(
                    f"{self.model} is an {found} model ({config.model_type}), the preset is for {self.architecture} ones; choose "
                    "another --preset or another --model"
                )
            kind = transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
            dtype = torch.float32 if self.device == "cpu" else torch.bfloat16
            self._model = kind.from_pretrained(self.model, dtype=dtype).to(self.device).eval()
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            line = (str(error).splitlines() or [type(error).__name__])[0]
            advice = "" if place.is_dir() else " (it is no folder here; names of the hub need its cache or a connection)"
            raise PolicyError(f"the model {self.model} cannot be loaded: {line}{advice}") from error
        self._ends = _ends(self._model, self._tokenizer)
        self._pad = self._tokenizer.pad_token_id or 0
        self.context = _context(config, self._tokenizer)

    def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """Completions with log-probabilities; see `Generator`. What ran out of tokens is no tactic and is left out."""
        request = _Request(self._ids(prompt), sampling)
        needed = len(request.ids) + (sampling.max_tokens if self.architecture == DECODER else 0)
        if needed > self.context:
            raise PromptTooLongError(
                f"a prompt is longer than the context of {self.model} ({len(request.ids)} tokens and {sampling.max_tokens} to "
                f"write, of {self.context})"
            )
        return self.queue.ask(request)

    def _answers(self, batch: Sequence[_Request]) -> list[list[Completion]]:
        try:
            results = self._run(batch)
        except RuntimeError as error:  # torch's own, above all: out of memory
            line = (str(error).splitlines() or [type(error).__name__])[0]
            raise PolicyError(f"the model {self.model} failed: {line}") from error
        return [[completed(f, self._text, r.sampling.stop) for f in found] for r, found in zip(batch, results, strict=True)]

    def _run(self, batch: Sequence[_Request]) -> list[list[Finished]]:
        import torch

        sampling = batch[0].sampling
        prompts = [r.ids for r in batch]
        rows = TorchRows(self._model, self._pad)
        with torch.inference_mode():
            if sampling.temperature == 0 and sampling.samples > 1:
                fits = [held_to(r.sampling.fits, self._text) for r in batch]
                return beams(rows, prompts, sampling.samples, sampling.max_tokens, self._ends, fits)
            samples = 1 if sampling.temperature == 0 else sampling.samples
            seeds = [r.sampling.seed for r in batch]
            return draws(
                rows, prompts, samples, sampling.max_tokens, self._ends, sampling.temperature, seeds,
                lambda tokens: bool(sampling.stop) and any(s in self._text(tokens) for s in sampling.stop),
            )  # fmt: skip

    def _ids(self, prompt: Prompt) -> list[int]:
        if isinstance(prompt, str):
            return list(self._tokenizer(prompt)["input_ids"])
        turns = [{"role": m.role, "content": m.content} for m in prompt]
        try:
            text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        except (ValueError, RuntimeError) as error:
            raise PolicyError(f"{self.model} has no chat template; choose another --preset") from error
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    given = model.generation_config.eos_token_id if model.generation_config is not None else None
    several = given if isinstance(given, list) else [given]
    return frozenset(int(e) for e in (*several, tokenizer.eos_token_id) if e is not None)


def _context(config: Any, tokenizer: Any) -> int:
    """Tokens of prompt and completion together; T5's positions are relative, so only memory limits its prompts."""
    positions = getattr(config, "max_position_embeddings", None)
    return int(min(positions, tokenizer.model_max_length)) if positions else RELATIVE_CONTEXT
