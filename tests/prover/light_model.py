"""A small model for the light runtime, made without torch: random weights, or weights that write certain tactics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from prover.policy.neural import quantised

SPECIAL = ("</s>", "<pad>", "<|state|>", "<|tactic|>")
CONTEXT = 256


def make_light_model(folder: Path, tactics: Sequence[str] = ()) -> Path:
    """Writes a model of 2 layers, 1 head of 64 dimensions, into a folder.

    With tactics, every tactic is a token of its own, and the weights are such that a prompt is followed by one of them, the
    earlier the likelier, and that by the end; whatever the state is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[*SPECIAL], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    raw.train_from_iterator(["n : Nat ⊢ n + 0 = n simp omega"] * 3, trainer)
    raw.add_tokens(list(tactics))
    raw.save(str(folder / "tokenizer.json"))
    size = raw.get_vocab_size()
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>", "model_max_length": CONTEXT}))
    config = {
        "model_type": "llama", "vocab_size": size, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 64, "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}, "tie_word_embeddings": False,
        "eos_token_id": 0, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    chances = np.random.default_rng(0)
    strength = 0.0 if tactics else 0.2

    def matrix(*shape: int) -> np.ndarray:
        return (chances.standard_normal(shape) * strength).astype(np.float32)

    one = np.ones(64, np.float32)
    weights = {"model.embed_tokens.weight": matrix(size, 64), "lm_head.weight": matrix(size, 64), "model.norm.weight": one}
    for i in range(2):
        at = f"model.layers.{i}."
        weights |= {at + f"self_attn.{n}_proj.weight": matrix(64, 64) for n in "qkvo"}
        weights |= {at + f"mlp.{n}_proj.weight": matrix(128, 64) for n in ("gate", "up")}
        weights |= {at + "mlp.down_proj.weight": matrix(64, 128), at + "input_layernorm.weight": one}
        weights[at + "post_attention_layernorm.weight"] = one
    if tactics:
        # The stream is the last token's embedding; its first dimension says "a tactic comes", its second "the end".
        embedding, head = weights["model.embed_tokens.weight"], weights["lm_head.weight"]
        embedding[:, 1] = 1
        embedding[raw.token_to_id("<|tactic|>")] = np.eye(64, dtype=np.float32)[0]
        head[0, 1] = 2
        for place, tactic in enumerate(tactics):
            head[raw.token_to_id(tactic), 0] = 2 - place / 4
    quantised.write(folder / "model.safetensors", weights)
    (folder / "proofsmith.json").write_text(json.dumps({"light": {"max_tokens": 12}}))
    return folder
