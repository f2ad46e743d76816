"""A tokenizer for Lean: byte-level BPE, so that every text can be written, with digits apart and two marks of our own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prover.policy.neural.presets import STATE_TOKEN, TACTIC_TOKEN

END, PAD = "</s>", "<pad>"


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
