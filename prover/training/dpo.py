"""Stage dpo: direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290, equation 7).

With r(t) = β (log π(t|s) − log π₀(t|s)) the implicit reward of a tactic t at a state s, π₀ the frozen model that the run
started from, the loss of a pair is −log σ(r(chosen) − r(rejected)). π₀'s log-probabilities are computed once and kept in the
run's folder.

Measured on held-out pairs: the loss; `accuracy`, how often r(chosen) > r(rejected), ties half; `margin`, the mean of
r(chosen) − r(rejected); `ranked`, how often the model itself holds the chosen tactic for likelier; `chosen`, its mean
log-probability, which falls where the loss pushes both tactics down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.prove.folder import json_text, write_atomically
from prover.training.batches import Encoded, batches_of, encode, tensors
from prover.training.examples import Example, Pair, read_pairs
from prover.training.loop import REFERENCE
from prover.training.losses import preference, sequence_log_probs
from prover.training.model import half_precision
from prover.training.settings import Means, Setting, TrainSettings
from prover.training.supervised import log_probs_of

TIE = 1e-4
"""Margins so close to 0 are rounding: the same text in another batch differs by less."""


@dataclass(frozen=True)
class EncodedPair:
    """Both tactics as token ids, and the reference's log-probability of each."""

    chosen: Encoded
    rejected: Encoded
    reference: tuple[float, float] = (0.0, 0.0)

    @property
    def length(self) -> int:
        """Tokens of the longer one."""
        return max(self.chosen.length, self.rejected.length)


class Preferring:
    """A `Stage` on `prover.training.examples`."""

    measures_first = True

    def __init__(self, paths: Sequence[Path], settings: TrainSettings) -> None:
        self._settings = settings
        self._data = read_pairs(paths)
        self.hashes = self._data.hashes
        self.facts: dict[str, Any] = {}
        self._learnt = self._data.side("train", settings.limit)
        self._means = Means()
        if not self._learnt:
            raise DataError("all preference pairs are on the held-out sides of the split; there is nothing to train on")

    def texts(self) -> Iterator[str]:
        """States and tactics."""
        return (text for p in self._learnt for text in (p.state, p.chosen, p.rejected))

    def prepare(self, setting: Setting) -> None:
        """Encodes both sides and asks the reference about them, once in a run's life."""
        settings, self._setting = self._settings, setting
        for note in self._data.notes:
            setting.say(note)
        learnt = self._encoded(self._learnt)
        measured = self._encoded(self._data.side("valid", settings.valid))
        if not learnt:
            raise DataError(f"none of {len(self._learnt)} pairs fits into {settings.context} tokens; raise --context")
        too_long = len(self._learnt) - len(learnt)
        setting.say(f"{len(learnt)} pairs to learn ({too_long} too long), {len(measured)} held out")
        self.facts = {"pairs": len(learnt), "too_long": too_long, "held_out": len(measured)}
        known = self._reference([*learnt, *measured])
        found = [EncodedPair(p.chosen, p.rejected, r) for p, r in zip([*learnt, *measured], known, strict=True)]
        pairs, self._measured = found[: len(learnt)], found[len(learnt) :]
        self._batches = batches_of(pairs, [p.chosen.grade for p in pairs], settings)

    def _encoded(self, pairs: Sequence[Pair]) -> list[EncodedPair]:
        found = []
        for pair in pairs:
            texts = pair.chosen, pair.rejected
            sides = [Example(pair.name, pair.state, text, pair.split, grade=pair.grade) for text in texts]
            both, _ = encode(sides, self._setting.tokenizer, self._settings.context)
            if len(both) == len(sides):
                found.append(EncodedPair(both[0], both[1]))
        return found

    def _reference(self, pairs: Sequence[EncodedPair]) -> list[tuple[float, float]]:
        path = self._setting.out / REFERENCE
        if path.is_file():
            try:
                rows = [(float(c), float(r)) for c, r in json.loads(path.read_text("utf-8"))]
            except (ValueError, TypeError) as error:
                raise DataError(f"{path} is damaged; remove it, and it is computed again") from error
            if len(rows) == len(pairs):
                return rows
            raise DataError(f"{path} has {len(rows)} rows for {len(pairs)} pairs; remove it, and it is computed again")
        sides = [side for pair in pairs for side in (pair.chosen, pair.rejected)]
        with self._setting.reference() as frozen:
            found, _ = log_probs_of(self._setting, sides, self._settings.batch, frozen)
        rows = list(zip(found[::2], found[1::2], strict=True))
        write_atomically(path, json_text(rows) + "\n")
        return rows

    def updates(self, step: int) -> Iterator[Iterator[Any]]:
        """One batch of pairs."""
        yield iter([self._loss(self._batches[step])])

    def _loss(self, batch: Sequence[EncodedPair]) -> Any:
        import torch

        sides = [*(p.chosen for p in batch), *(p.rejected for p in batch)]
        ids, mask, targets = tensors(sides, self._setting.tokenizer.pad_token_id, self._setting.device)
        with half_precision(self._setting.device):
            logits = self._setting.model(input_ids=ids, attention_mask=mask).logits
        log_probs, _ = sequence_log_probs(logits, ids, targets)
        known = torch.tensor([p.reference for p in batch], device=log_probs.device)
        rewards = self._settings.beta * (log_probs.view(2, -1).T - known)
        margins = (rewards[:, 0] - rewards[:, 1]).detach()
        self._means.add("accuracy", float(won(margins).sum()), len(batch))
        self._means.add("margin", float(margins.sum()), len(batch))
        return preference(rewards[:, 0], rewards[:, 1]).mean()

    def seen(self) -> dict[str, float]:
        """Accuracy and margin over the batches."""
        return self._means.taken()

    def measure(self) -> dict[str, float]:
        """See the module's docstring."""
        import torch

        if not self._measured:
            return {}
        sides = [side for pair in self._measured for side in (pair.chosen, pair.rejected)]
        found, _ = log_probs_of(self._setting, sides, self._settings.batch)
        log_probs = torch.tensor(found, dtype=torch.float64).view(-1, 2)
        rewards = self._settings.beta * (log_probs - torch.tensor([p.reference for p in self._measured], dtype=torch.float64))
        margins = rewards[:, 0] - rewards[:, 1]
        row = {
            "valid_loss": preference(rewards[:, 0], rewards[:, 1]).mean(),
            "valid_accuracy": won(margins).mean(),
            "valid_margin": margins.mean(),
            "valid_ranked": (log_probs[:, 0] > log_probs[:, 1]).double().mean(),
            "valid_chosen": log_probs[:, 0].mean(),
        }
        return {k: round(float(v), 5) for k, v in row.items()}

    def close(self) -> None:
        """Nothing is held."""


def won(margins: Any) -> Any:
    """For each margin 1 when it is above 0, 0 below, one half at 0."""
    return (margins > TIE).double() + (margins.abs() <= TIE).double() / 2
