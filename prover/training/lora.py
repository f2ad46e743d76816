"""Low-rank adapters (Hu et al., "LoRA", arXiv 2106.09685) through peft: large models trained with little memory.

What a run trains is an adapter over the frozen model of `--start`, which on a GPU is held in bf16. Checkpoints hold the adapter
alone, in peft's format; at the end it is saved as `adapter/` (vLLM takes it with --lora-modules) and added into the weights, so
that `model/` is loaded like every other model.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prover.errors import ConfigError, DataError, PolicyError

ALPHA_BY_RANK = 2
"""The adapter's scale, alpha / rank."""


def need_peft() -> None:
    """Raises PolicyError when peft is not installed."""
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise PolicyError(
            f"--lora needs the extra `neural` ({error.name} is missing); type: pip install 'proofsmith[neural]'"
        ) from error


def adapted(model: Any, rank: int) -> Any:
    """The model with a fresh adapter of this rank on every linear layer but the head; it changes nothing yet.

    Raises ConfigError for an architecture in which peft finds no linear layers.
    """
    import peft

    config = peft.LoraConfig(
        r=rank, lora_alpha=ALPHA_BY_RANK * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    try:
        with _old_name_allowed():
            return peft.get_peft_model(model, config)
    except ValueError as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"--lora cannot adapt a {type(model).__name__}: {line}") from error


def resumed(model: Any, folder: Path) -> Any:
    """The model with the adapter of a checkpoint. Raises DataError when that is damaged."""
    import peft
    from safetensors import SafetensorError

    try:
        with _old_name_allowed():
            return peft.PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"the adapter in {folder} is damaged ({line}); remove {folder} to go on from the one before") from error


def merged(model: Any) -> Any:
    """The model with the adapter added into its weights; the adapter is gone then."""
    return model.merge_and_unload()


@contextmanager
def _old_name_allowed() -> Iterator[None]:
    """peft 0.21 asks transformers 5.23 for `is_gradient_checkpointing`, which warns that it has another name now."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield
