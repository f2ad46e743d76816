"""Tactics from a model of ours with numpy alone: what the default model runs on.

Proposes what `prover.policy.neural.local` does, by the same algorithm (`decode`), for models of Llama's architecture whose folder
holds config.json, tokenizer.json, tokenizer_config.json and model.safetensors, in 8 or 16 bits (`quantised`) or as transformers
writes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from prover.errors import PolicyError
from prover.policy.neural.decode import Finished, beams, completed, draws, held_to
from prover.policy.neural.generator import Completion, Prompt, PromptTooLongError, Sampling
from prover.policy.neural.llama import Array, Llama, Tree, shape_of
from prover.policy.neural.quantised import read

WEIGHTS = "model.safetensors"
CONFIG, TOKENIZER, TOKENIZER_CONFIG = "config.json", "tokenizer.json", "tokenizer_config.json"


class TreeRows:
    """`decode.Rows` over one prompt."""

    def __init__(self, model: Llama) -> None:
        self._model = model
        self._tree: Tree | None = None

    @property
    def vocabulary(self) -> int:
        """Tokens there are."""
        return self._model.shape.vocabulary

    def start(self, prompts: Sequence[Sequence[int]]) -> None:
        """Reads the prompt."""
        (prompt,) = prompts
        self._tree = Tree(self._model, prompt)

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with these rows."""
        self._under_way.keep(rows)

    def step(self, tokens: Sequence[int]) -> None:
        """Adds a token to each row."""
        self._under_way.step(tokens)

    def top(self, count: int) -> tuple[list[list[float]], list[list[int]]]:
        """The likeliest next tokens; of equals, the lower token first."""
        logits = self._under_way.logits
        found = np.sort(np.argpartition(logits, -count, -1)[:, -count:], -1)
        values = np.take_along_axis(logits, found, -1)
        order = np.argsort(-values, -1, kind="stable")
        log_probs = np.take_along_axis(values, order, -1) - _log_total(logits)
        return log_probs.tolist(), np.take_along_axis(found, order, -1).tolist()

    def choose(self, temperature: float, noise: npt.NDArray[np.float32] | None) -> tuple[list[int], list[float]]:
        """A token for each row."""
        logits = self._under_way.logits
        log_probs = logits - _log_total(logits)
        scores = log_probs if noise is None else log_probs / np.float32(temperature) + noise
        chosen = scores.argmax(-1)
        return chosen.tolist(), log_probs[np.arange(len(chosen)), chosen].tolist()

    @property
    def _under_way(self) -> Tree:
        assert self._tree is not None, "start comes first"
        return self._tree


class LightGenerator:
    """A `Generator` on this machine's processor. Any number of threads may ask at once; each computes by itself.

    numpy's BLAS is held to one thread for the whole process: Lean's processes have the cores (docs/decisions.md).

    Args:
        folder: what `python -m prover.training.ship` or `proofsmith train` wrote.

    Raises:
        PolicyError: it cannot be read, or is of an architecture that is not computed here.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.folder = folder
        config = _json(folder / CONFIG)
        self.model = Llama(shape_of(config), read(folder / WEIGHTS))
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # tokenizers raises nothing narrower
            raise PolicyError(f"the tokenizer {folder / TOKENIZER} cannot be read: {error}") from error
        about = _json(folder / TOKENIZER_CONFIG)
        self._ends = _ends(config, about, self._tokenizer)
        longest = about.get("model_max_length")
        self.context = min(self.model.shape.context, int(longest) if isinstance(longest, int | float) else 1 << 30)
        if self._tokenizer.get_vocab_size() > self.model.shape.vocabulary:
            raise PolicyError(
                f"{folder}: the tokenizer has {self._tokenizer.get_vocab_size()} tokens, the model {self.model.shape.vocabulary}"
            )
        _one_thread()

    def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """Completions with log-probabilities; see `Generator`. What ran out of tokens is no tactic and is left out."""
        return [completed(f, self.text, sampling.stop) for f in self.finished(self.ids(prompt), sampling)]

    def finished(self, ids: Sequence[int], sampling: Sampling) -> list[Finished]:
        """The same in tokens. Raises PromptTooLongError."""
        if not ids or len(ids) + sampling.max_tokens > self.context:
            raise PromptTooLongError(
                f"a prompt does not fit into the context of {self.folder} ({len(ids)} tokens and {sampling.max_tokens} to write, "
                f"of {self.context})"
            )
        rows = TreeRows(self.model)
        if sampling.temperature == 0 and sampling.samples > 1:
            fits = [held_to(sampling.fits, self.text)]
            return beams(rows, [ids], sampling.samples, sampling.max_tokens, self._ends, fits)[0]
        return draws(
            rows, [ids], 1 if sampling.temperature == 0 else sampling.samples, sampling.max_tokens, self._ends,
            sampling.temperature, [sampling.seed],
            lambda tokens: bool(sampling.stop) and any(s in self.text(tokens) for s in sampling.stop),
        )[0]  # fmt: skip

    def ids(self, prompt: Prompt) -> list[int]:
        """The tokens of a prompt. Raises PolicyError for a chat."""
        if not isinstance(prompt, str):
            raise PolicyError("the light runtime has no chat template; use --policy transformers")
        return list(self._tokenizer.encode(prompt).ids)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens, the special ones left out."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def log_prob(self, prompt: str, target: str) -> float:
        """The log-probability of a text and its end after a prompt, in one pass."""
        before, after = self.ids(prompt), [*self._tokenizer.encode(target, add_special_tokens=False).ids, min(self._ends)]
        logits = self.model.logits([*before, *after[:-1]])[len(before) - 1 :]
        log_probs = logits - _log_total(logits)
        return float(log_probs[np.arange(len(after)), after].sum())


def _log_total(logits: Array) -> Array:
    most = logits.max(-1, keepdims=True)
    total: Array = most + np.log(np.exp(logits - most).sum(-1, keepdims=True))
    return total


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PolicyError(f"{path.parent} holds no model for the light runtime: {path.name}: {error.strerror}") from error
    except ValueError as error:
        raise PolicyError(f"{path} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise PolicyError(f"{path} is damaged: it holds no object")
    return found


def _ends(config: dict[str, Any], about: dict[str, Any], tokenizer: Any) -> frozenset[int]:
    given = config.get("eos_token_id")
    ends = {int(e) for e in (given if isinstance(given, list) else [given]) if e is not None}
    named = about.get("eos_token")
    named = named.get("content") if isinstance(named, dict) else named
    if isinstance(named, str) and (known := tokenizer.token_to_id(named)) is not None:
        ends.add(known)
    if not ends:
        raise PolicyError("the model has no token that ends a text (eos_token_id in config.json)")
    return frozenset(ends)


@lru_cache(maxsize=1)
def _one_thread() -> None:
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")


