"""The model that is trained: its tokenizer, made, loaded, adapted; its forward pass in bf16 where there is a GPU.

Low-rank adapters (Hu et al., "LoRA", arXiv 2106.09685) are peft's: what a run then trains is an adapter over the frozen model of
`--start`, on a GPU in bf16. Checkpoints hold the adapter alone; at the end it is saved as `adapter/` (vLLM takes it with
--lora-modules) and added into the weights, so that `model/` is loaded like every other model.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from prover.errors import ConfigError, DataError, PolicyError
from prover.policy.neural.presets import STATE_TOKEN, TACTIC_TOKEN
from prover.training.settings import SIZES, TrainSettings

END, PAD = "</s>", "<pad>"
ALPHA_BY_RANK = 2
"""The adapter's scale, alpha / rank."""


def train_tokenizer(texts: Iterable[str], vocabulary: int, context: int) -> Any:
    """A `transformers.PreTrainedTokenizerFast` with at most `vocabulary` tokens, fitted on texts.

    The same texts in the same order give the same tokenizer.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD, STATE_TOKEN, TACTIC_TOKEN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=END, pad_token=PAD, model_max_length=context, clean_up_tokenization_spaces=False
    )


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


def with_adapter(model: Any, folder: Path) -> Any:
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
