"""Stage grpo: group relative policy optimisation (Shao et al., "DeepSeekMath", arXiv 2402.03300, section 4.1, equation 3).

An iteration draws G rollouts (`prover.training.rollouts`) of each of a batch of theorems from the model as it is. The advantage
of a rollout, on each of its tokens, is its reward less the group's mean, by the group's standard deviation. A group whose
rewards are all equal has no advantage: it gives no gradient at all, and is counted. For the others, with ρ the ratio of a
token's probability to that when it was drawn, the loss is the mean over rollouts of the mean over a rollout's tokens of

    −min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) + β (π₀/π − log(π₀/π) − 1)

where π₀ is the frozen model that the run started from. A rollout is several tactics; its tokens are those of all of them.

Measured: `reward`, the mean over rollouts; `solved`, theorems with at least one accepted proof; `dead`, groups with one reward
only, of these `never` and `always` accepted; `refused`, rollouts whose finished proof the audit refused; `stuck`, those that
came to a state too long for the context; `kl`, `clipped`, by token.
On held-out theorems `pass@1` (the mean reward) and `pass@G`; their draws have the same seeds at each checkpoint.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.policy.neural.decode import draws
from prover.policy.neural.generator import seed_of
from prover.policy.neural.local import TorchRows
from prover.policy.neural.presets import own_prompt
from prover.training.batches import Encoded, tensors
from prover.training.losses import clipped_objective, divergence, token_log_probs
from prover.training.model import half_precision
from prover.training.rollouts import Ask, Gymnasium, Rollout, Theorem, inputs_of
from prover.training.settings import Means, Setting, TrainSettings

MICRO_BATCH = 16
"""Sequences a forward pass with gradients."""
DRAWN_TOGETHER = 256


@dataclass(frozen=True)
class Drawn:
    """A drawn tactic and its token ids, the prompt in front."""

    tactic: str
    encoded: Encoded


@dataclass
class Learnt:
    """A move with its advantage and its share of the loss.

    `old` and `reference` are the log-probabilities of its tokens, [tokens], for the model that drew it and for the frozen one.
    """

    encoded: Encoded
    advantage: float
    weight: float
    old: Any = None
    reference: Any = None


class Rewarded:
    """A `Stage` on the open theorems of .lean files."""

    measures_first = True

    def __init__(self, paths: Sequence[Path], settings: TrainSettings) -> None:
        self._settings = settings
        self._inputs = inputs_of(paths)
        texts = ((i.path or i.name, i.text.encode("utf-8", "surrogatepass")) for i in self._inputs)
        self.hashes = {str(name): hashlib.sha256(text).hexdigest() for name, text in texts}
        self.facts: dict[str, Any] = {}
        self._means = Means()
        self._lean = Gymnasium(settings.depth, settings.heartbeats)

    def texts(self) -> Iterator[str]:
        """Nothing: this stage goes on from a model."""
        return iter(())

    def prepare(self, setting: Setting) -> None:
        """Reads the theorems; loads the reference."""
        settings, self._setting = self._settings, setting
        theorems, notes = self._lean.read(self._inputs)
        for note in notes:
            setting.say(note)
        ordered = sorted(theorems, key=lambda t: (seed_of(0, t.id), t.id))
        self._learnt = [t for t in ordered if t.split == "train"][: settings.limit]
        self._measured = [t for t in ordered if t.split == "valid"][: settings.valid]
        if not self._learnt:
            raise DataError(f"all {len(theorems)} theorems are on the held-out sides of the split; there is nothing to train on")
        setting.say(f"{len(self._learnt)} theorems to learn from, {len(self._measured)} held out")
        self.facts = {"theorems": len(self._learnt), "held_out": len(self._measured)}
        self._frozen: Any = None
        if settings.kl and not settings.lora:
            with setting.reference() as frozen:
                self._frozen = frozen.eval()
        limits = [settings.context, getattr(setting.model.config, "max_position_embeddings", None)]
        self._context = min(x for x in limits if x)

    def updates(self, step: int) -> Iterator[Iterator[Any]]:
        """One iteration: rollouts, then `updates` optimizer steps on the groups that tell something."""
        theorems = self._batch(step)
        groups = self._lean.groups(theorems, self._settings.samples, lambda asks: self._draw(asks, step))
        self._note(groups)
        moves = learnt_from(groups)
        if not moves:
            return
        self._remember(moves)
        for _ in range(self._settings.updates):
            yield self._losses(moves)

    def _batch(self, step: int) -> list[Theorem]:
        """The theorems of an iteration: epochs over all, each in an order of its own."""
        size = min(self._settings.batch, len(self._learnt))
        epoch, number = divmod(step, max(1, len(self._learnt) // size))
        order = random.Random(f"{self._settings.seed} {epoch}").sample(self._learnt, len(self._learnt))
        return order[number * size : (number + 1) * size]

    def _draw(self, asks: Sequence[Ask], step: int) -> list[Drawn | None]:
        """A tactic for each state, from a seed that is a function of the run's, the step, the theorem, rollout and depth."""
        tokenizer, model, limit = self._setting.tokenizer, self._setting.model, self._settings.tactic_tokens
        ends = frozenset([int(tokenizer.eos_token_id)])
        found: list[Drawn | None] = []
        was_training = model.training
        model.eval()
        for at in range(0, len(asks), DRAWN_TOGETHER):
            part = asks[at : at + DRAWN_TOGETHER]
            prompts = [list(tokenizer(own_prompt(a.state))["input_ids"]) for a in part]
            fits = [i for i, p in enumerate(prompts) if len(p) + limit + 1 <= self._context]
            answers: dict[int, Drawn] = {}
            if fits:
                seeds = [seed_of(self._settings.seed, step, part[i].theorem, part[i].number, part[i].depth) for i in fits]
                with _drawing(self._setting.device):
                    drawn = draws(
                        TorchRows(model, tokenizer.pad_token_id), [prompts[i] for i in fits], 1, limit, ends,
                        self._settings.temperature, seeds, lambda tokens: len(tokens) >= limit,
                    )  # fmt: skip
                for i, (one,) in zip(fits, drawn, strict=True):
                    ended = len(one.log_probs) > len(one.tokens)
                    ids = (*prompts[i], *one.tokens, *([tokenizer.eos_token_id] if ended else []))
                    text = str(tokenizer.decode(list(one.tokens), skip_special_tokens=True)).strip() if ended else ""
                    answers[i] = Drawn(text, Encoded(ids, len(prompts[i])))
            found += [answers.get(i) for i in range(len(part))]
        model.train(was_training)
        return found

    def _log_probs(self, moves: Sequence[Learnt], model: Any) -> tuple[Any, Any]:
        """Log-probabilities of the drawn tokens at the temperature, [moves, length − 1], and which places count."""
        batch = [m.encoded for m in moves]
        ids, mask, targets = tensors(batch, self._setting.tokenizer.pad_token_id, self._setting.device)
        with half_precision(self._setting.device):
            logits = model(input_ids=ids, attention_mask=mask).logits
        return token_log_probs(logits / self._settings.temperature, ids), targets[:, 1:]

    def _remember(self, moves: Sequence[Learnt]) -> None:
        """Notes what the model, and the reference, thought of the moves when they were drawn."""
        import torch

        with torch.no_grad():
            for batch in _micro(moves):
                old, counted = self._log_probs(batch, self._setting.model)
                for move, row, places in zip(batch, old, counted, strict=True):
                    move.old = row[places]
                if not self._settings.kl:
                    continue
                if self._frozen is not None:
                    known, _ = self._log_probs(batch, self._frozen)
                else:
                    with self._setting.reference() as frozen:
                        known, _ = self._log_probs(batch, frozen)
                for move, row, places in zip(batch, known, counted, strict=True):
                    move.reference = row[places]

    def _losses(self, moves: Sequence[Learnt]) -> Iterator[Any]:
        import torch

        for batch in _micro(moves):
            new, counted = self._log_probs(batch, self._setting.model)
            parts = []
            for move, row, places in zip(batch, new, counted, strict=True):
                now = row[places]
                gain, clipped = clipped_objective(now - move.old, move.advantage, self._settings.clip)
                loss = -gain
                if self._settings.kl:
                    away = divergence(now, move.reference)
                    self._means.add("kl", float(away.detach().sum()), len(now))
                    loss = loss + self._settings.kl * away
                self._means.add("clipped", float(clipped.sum()), len(now))
                parts.append(move.weight * loss.sum())
            yield torch.stack(parts).sum()

    def _note(self, groups: Sequence[Sequence[Rollout]]) -> None:
        for group in groups:
            rewards = [r.reward for r in group]
            self._means.add("reward", sum(rewards), len(group))
            self._means.add("solved", float(any(rewards)))
            self._means.add("dead", float(len(set(rewards)) == 1))
            self._means.add("never", float(not any(rewards)))
            self._means.add("always", float(all(rewards)))
            for end in ("refused", "stuck"):
                self._means.add(end, float(sum(r.end == end for r in group)), len(group))

    def seen(self) -> dict[str, float]:
        """See the module's docstring."""
        return self._means.taken()

    def measure(self) -> dict[str, float]:
        """Held-out theorems, with the same seeds each time."""
        if not self._measured:
            return {}
        groups = self._lean.groups(self._measured, self._settings.samples, lambda asks: self._draw(asks, -1))
        rewards = [[r.reward for r in group] for group in groups]
        return {
            "pass@1": round(sum(map(sum, rewards)) / sum(map(len, rewards)), 5),
            f"pass@{self._settings.samples}": round(sum(map(any, rewards)) / len(rewards), 5),
        }

    def close(self) -> None:
        """Ends Lean."""
        self._lean.close()


def advantages(rewards: Sequence[float]) -> list[float]:
    """Rewards of a group less their mean, by their standard deviation (of the group, not of a sample); 0 when all are equal."""
    mean = sum(rewards) / len(rewards)
    deviation = (sum((r - mean) ** 2 for r in rewards) / len(rewards)) ** 0.5
    return [(r - mean) / deviation if deviation else 0.0 for r in rewards]


def learnt_from(groups: Sequence[Sequence[Rollout]]) -> list[Learnt]:
    """The moves of the groups that tell something; the weights make the loss a mean over rollouts of means over tokens."""
    alive = [g for g in groups if len({r.reward for r in g}) > 1]
    rollouts = sum(map(len, alive))
    found: list[Learnt] = []
    for group in alive:
        for rollout, advantage in zip(group, advantages([r.reward for r in group]), strict=True):
            tokens = sum(len(m.encoded.ids) - m.encoded.start for m in rollout.moves)
            found += [Learnt(m.encoded, advantage, 1 / tokens / rollouts) for m in rollout.moves]
    return found


def _micro(moves: Sequence[Learnt]) -> Iterator[list[Learnt]]:
    ordered = sorted(moves, key=lambda m: m.encoded.length)
    for at in range(0, len(ordered), MICRO_BATCH):
        yield ordered[at : at + MICRO_BATCH]


@contextmanager
def _drawing(device: str) -> Iterator[None]:
    """Without gradients, in bf16 on a GPU."""
    import torch

    with torch.inference_mode(), half_precision(device):
        yield
