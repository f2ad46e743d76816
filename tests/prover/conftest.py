"""Toy models: the architectures of the real ones with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prover.light_model import make_light_model

NEEDS_NEURAL = "the extra `neural` (torch, transformers) is not installed"


@pytest.fixture(scope="session")
def toy_llama(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A decoder-only model of 2 layers with a byte-level tokenizer of 300 tokens and 256 places."""
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    transformers = pytest.importorskip("transformers", reason=NEEDS_NEURAL)
    tokenizers = pytest.importorskip("tokenizers", reason=NEEDS_NEURAL)
    folder = tmp_path_factory.mktemp("toy-llama")
    raw = tokenizers.Tokenizer(tokenizers.models.BPE())
    raw.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["</s>", "<pad>", "<|state|>", "<|tactic|>"], show_progress=False,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    raw.train_from_iterator(["n : Nat ⊢ n + 0 = n simp omega"] * 3, trainer)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="</s>", pad_token="<pad>", model_max_length=256
    ).save_pretrained(folder)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=300, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=1, head_dim=64,
        num_key_value_heads=1, max_position_embeddings=256, eos_token_id=0, pad_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return _saved(transformers.LlamaForCausalLM(config), folder)


@pytest.fixture(scope="session")
def toy_byt5(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An encoder-decoder model that reads bytes."""
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    transformers = pytest.importorskip("transformers", reason=NEEDS_NEURAL)
    folder = tmp_path_factory.mktemp("toy-byt5")
    transformers.ByT5Tokenizer().save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=384, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0, eos_token_id=1,
        pad_token_id=0,
    )  # fmt: skip
    return _saved(transformers.T5ForConditionalGeneration(config), folder)


@pytest.fixture(scope="session")
def light_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it ships, with random weights; made without torch."""
    return make_light_model(tmp_path_factory.mktemp("light-model"))


def _saved(model: object, folder: Path) -> str:
    for parameter in model.parameters():  # type: ignore[attr-defined]
        parameter.data *= 3  # so that likely and unlikely tokens differ
    model.save_pretrained(folder)  # type: ignore[attr-defined]
    return str(folder)
