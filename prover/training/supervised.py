"""Stages sft and pretrain: recorded tactics for states, and theorem texts, by likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.training.batches import Encoded, batches_of, encode, tensors
from prover.training.examples import read
from prover.training.losses import limited_confidence, pass_at, sequence_log_probs
from prover.training.model import half_precision
from prover.training.settings import Setting, TrainSettings

TOKENIZER_EXAMPLES = 50_000


class Supervised:
    """A `Stage` on `prover.training.examples`."""

    measures_first = False

    def __init__(self, paths: Sequence[Path], settings: TrainSettings) -> None:
        self._settings = settings
        self._data = read(paths, settings.stage)
        self.hashes = self._data.hashes
        self.facts: dict[str, Any] = {}
        self._learnt = self._data.side("train", settings.limit)
        if not self._learnt:
            raise DataError("all examples are on the held-out sides of the split; there is nothing to train on")

    def texts(self) -> Iterator[str]:
        """Prompts and targets."""
        return (text for e in self._learnt[:TOKENIZER_EXAMPLES] for text in (e.prompt, e.target) if text)

    def prepare(self, setting: Setting) -> None:
        """Encodes both sides."""
        settings, self._setting = self._settings, setting
        for note in self._data.notes:
            setting.say(note)
        examples, too_long = encode(self._learnt, setting.tokenizer, settings.context)
        held_out = self._data.side("valid", settings.valid)
        self._measured, _ = encode(held_out, setting.tokenizer, settings.context)
        if not examples:
            raise DataError(f"none of {len(self._learnt)} examples fits into {settings.context} tokens; raise --context")
        setting.say(f"{len(examples)} examples to learn ({too_long} too long), {len(self._measured)} held out")
        self.facts = {"examples": len(examples), "too_long": too_long, "held_out": len(self._measured)}
        self._batches = batches_of(examples, [e.grade for e in examples], settings)

    def updates(self, step: int) -> Iterator[Iterator[Any]]:
        """One batch."""
        yield iter([self._loss(self._batches[step])])

    def _loss(self, batch: Sequence[Encoded]) -> Any:
        ids, mask, targets = tensors(batch, self._setting.tokenizer.pad_token_id, self._setting.device)
        with half_precision(self._setting.device):
            logits = self._setting.model(input_ids=ids, attention_mask=mask).logits
        log_probs, counts = sequence_log_probs(logits, ids, targets)
        if self._settings.stage == "pretrain":
            return -log_probs.sum() / counts.sum()
        return limited_confidence(log_probs, self._settings.passes if self._settings.loss == "dco" else 1).mean()

    def seen(self) -> dict[str, float]:
        """Nothing but the loss, which the loop has."""
        return {}

    def measure(self) -> dict[str, float]:
        """Mean −log p of the held-out targets, by example and by token, and the chance that 1, 8 or N draws hit them."""
        import torch

        if not self._measured:
            return {}
        found, tokens = log_probs_of(self._setting, self._measured, self._settings.batch)
        log_prob = torch.tensor(found, dtype=torch.float64)
        row = {"valid_loss": float(-log_prob.mean()), "valid_token_loss": float(-log_prob.sum()) / max(1, tokens)}
        if self._settings.stage == "sft":
            row |= {f"pass@{n}": float(pass_at(log_prob, n).mean()) for n in sorted({1, 8, self._settings.passes})}
        return {k: round(v, 5) for k, v in row.items()}

    def close(self) -> None:
        """Nothing is held."""


def log_probs_of(setting: Setting, examples: Sequence[Encoded], batch: int, model: Any = None) -> tuple[list[float], int]:
    """The log-probability of each example's target, without gradients, and how many tokens these are.

    Args:
        setting: model, tokenizer, device.
        examples: what is asked for; the answer is in this order.
        batch: how many at a time.
        model: another model than the setting's.
    """
    import torch

    model = model if model is not None else setting.model
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    found = [0.0] * len(examples)
    tokens = 0
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for at in range(0, len(order), batch):
            rows = order[at : at + batch]
            ids, mask, targets = tensors([examples[i] for i in rows], setting.tokenizer.pad_token_id, setting.device)
            with half_precision(setting.device):
                logits = model(input_ids=ids, attention_mask=mask).logits
            log_probs, counts = sequence_log_probs(logits, ids, targets)
            tokens += int(counts.sum())
            for row, value in zip(rows, log_probs.double().tolist(), strict=True):
                found[row] = value
    model.train(was_training)
    return found, tokens
