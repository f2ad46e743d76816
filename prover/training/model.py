"""The model that is trained: made, loaded, frozen as a reference; its forward pass in bf16 where there is a GPU."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from prover.errors import ConfigError, PolicyError
from prover.training.settings import SIZES, TrainSettings
from prover.training.tokenizer import train_tokenizer


def new_model(settings: TrainSettings, texts: Iterable[str], device: str) -> tuple[Any, Any]:
    """A model of `settings.size` with random weights, and a tokenizer fitted on the texts."""
    import torch
    import transformers

    size = SIZES[settings.size]
    tokenizer = train_tokenizer(texts, size.vocabulary, settings.context)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=size.hidden, intermediate_size=size.inner, num_hidden_layers=size.layers,
        num_attention_heads=size.heads, num_key_value_heads=size.heads, head_dim=size.HEAD,
        max_position_embeddings=settings.context, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    torch.manual_seed(settings.seed)
    return transformers.LlamaForCausalLM(config).to(device), tokenizer


def loaded(name: str, device: str, half: bool = False) -> tuple[Any, Any]:
    """A decoder-only model and its tokenizer.

    Args:
        name: a folder, or a name of the hub.
        device: of torch.
        half: weights in bf16 on a GPU, for a model whose weights are not trained.

    Raises:
        PolicyError: it cannot be loaded.
        ConfigError: it is of another architecture.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    try:
        config = transformers.AutoConfig.from_pretrained(name)
        if config.is_encoder_decoder:
            raise ConfigError(f"{name} is an encoder-decoder model ({config.model_type}); training is for decoder-only ones")
        dtype = torch.bfloat16 if half and device != "cpu" else torch.float32
        model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise PolicyError(f"the model {name} cannot be loaded: {line}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(device), tokenizer


def half_precision(device: str) -> AbstractContextManager[Any]:
    """Within it a GPU computes in bf16; a processor in float32."""
    import torch

    gpu = device.startswith("cuda")
    found: AbstractContextManager[Any] = (
        torch.autocast("cuda", dtype=torch.bfloat16) if gpu else torch.autocast("cpu", enabled=False)
    )
    return found


def weights_hash(name: str | None) -> str | None:
    """SHA-256 of a model folder's weights; None for what is no folder."""
    files = sorted(Path(name).glob("*.safetensors")) if name is not None else []
    if not files:
        return None
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()
