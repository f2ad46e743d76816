"""Training: a plain loop. See `proofsmith train` and docs/model.md.

A run is a function of settings, data and the number of threads: interrupted and started again it ends with the same weights,
bit for bit on a processor, as one that was not.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prover import __version__
from prover.errors import ConfigError, DataError, PolicyError
from prover.journal import json_text
from prover.policy.neural.local import need_neural
from prover.training import checkpoints
from prover.training.batches import Batches, Encoded, encode, tensors
from prover.training.checkpoints import METRICS, MODEL
from prover.training.examples import read
from prover.training.losses import limited_confidence, pass_at, sequence_log_probs
from prover.training.page import write_page
from prover.training.settings import SIZES, TrainSettings
from prover.training.tokenizer import train_tokenizer

CLIP = 1.0
TOKENIZER_EXAMPLES = 50_000


def train(
    paths: Sequence[Path],
    out: Path,
    settings: TrainSettings,
    fresh: bool = False,
    keep: int = 2,
    device: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    on_step: Callable[[int], None] = lambda step: None,
) -> dict[str, Any]:
    """Trains a model, or goes on with a run that was interrupted.

    Args:
        paths: the data; see `prover.training.examples`.
        out: the run's folder.
        settings: everything that decides the outcome.
        fresh: forget what the folder holds.
        keep: checkpoints that stay.
        device: of torch; None takes a GPU when there is one.
        say: told how it goes, a line at a time.
        on_step: called after each step, counted from 1.

    Returns:
        The last measured step's metrics.

    Raises:
        PolicyError: the extra `neural` is missing, the model to start from does not load, or the loss is not a number.
        DataError: the data cannot be used.
        ConfigError: the folder holds another run, or the model to start from is of another architecture.
    """
    need_neural()
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    data = read(paths, settings.stage)
    noted = {**asdict(settings), "data": data.hashes, "proofsmith": __version__}
    checkpoints.begin(out, noted, fresh)
    learnt, held_out = data.side("train", settings.limit), data.side("valid", settings.valid)
    for note in data.notes:
        say(note)
    if not learnt:
        raise DataError("all examples are on the held-out sides of the split; there is nothing to train on")
    torch.manual_seed(settings.seed)
    resumed = checkpoints.latest(out)
    model, tokenizer = _loaded(str(resumed[1]), device) if resumed else _first_model(settings, learnt, device)
    examples, too_long = encode(learnt, tokenizer, settings.context)
    measured, _ = encode(held_out, tokenizer, settings.context)
    if not examples:
        raise DataError(f"none of {len(learnt)} examples fits into {settings.context} tokens; raise --context")
    weights = sum(p.numel() for p in model.parameters())
    say(f"{len(examples)} examples to learn ({too_long} too long), {len(measured)} held out; {weights} weights on {device}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, betas=(0.9, 0.95), weight_decay=0.01)
    begin = 0
    if resumed:
        begin, state = resumed[0], checkpoints.load_state(resumed[1])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        say(f"goes on after step {begin}")
    rows = checkpoints.read_metrics(out, begin)
    metrics = out / METRICS
    metrics.write_text("".join(json_text(r) + "\n" for r in rows), "utf-8")
    batches = Batches(examples, settings.batch, settings.seed)
    about = {**noted, "weights": weights, "examples": len(examples), "too_long": too_long, "held_out": len(measured)}
    started, done, lost = time.monotonic(), 0, 0.0
    model.train()
    for step in range(begin, settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step)
        loss = _loss(model, tensors(batches[step], tokenizer.pad_token_id, device), settings)
        value = float(loss.detach())
        if not math.isfinite(value):
            last = checkpoints.latest(out)
            where = f"the last good checkpoint is {last[1]}" if last else "there was no checkpoint yet"
            raise PolicyError(f"the loss is {value} at step {step + 1}; {where}; try a lower --lr than {settings.lr:g}")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        lost, done = lost + value, done + 1
        if (step + 1) % settings.every == 0 or step + 1 == settings.steps:
            row = {"step": step + 1, "loss": round(lost / done, 5), "lr": learning_rate(settings, step)}
            row |= measure(model, measured, tokenizer.pad_token_id, device, settings)
            row["seconds"] = round(time.monotonic() - started, 1)
            rows.append(row)
            with metrics.open("a", encoding="utf-8") as opened:
                opened.write(json_text(row) + "\n")
            state = {"optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
            checkpoints.save(out, step + 1, model, tokenizer, state, {**about, **row}, keep)
            write_page(out, about, rows)
            say(" ".join(f"{k} {v:.5g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))
            lost, done = 0.0, 0
        on_step(step + 1)
    final = out / MODEL
    shutil.rmtree(final, ignore_errors=True)
    checkpoints.save_model(model, tokenizer, final, {**about, **(rows[-1] if rows else {})})
    write_page(out, about, rows)
    return rows[-1] if rows else {}


def learning_rate(settings: TrainSettings, step: int) -> float:
    """The learning rate of a step, from 0: up in a line, down along a cosine to a tenth."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    left = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return settings.lr * (0.1 + 0.45 * (1 + math.cos(math.pi * left)))


def measure(model: Any, examples: Sequence[Encoded], pad: int, device: str, settings: TrainSettings) -> dict[str, float]:
    """Mean −log p of the held-out targets, by example and by token, and the chance that 1, 8 or N draws hit them."""
    import torch

    if not examples:
        return {}
    found = []
    tokens = 0
    model.eval()
    with torch.inference_mode():
        ordered = sorted(examples, key=lambda e: len(e.ids))
        for at in range(0, len(ordered), settings.batch):
            ids, mask, targets = tensors(ordered[at : at + settings.batch], pad, device)
            log_probs, counts = sequence_log_probs(model(input_ids=ids, attention_mask=mask).logits, ids, targets)
            found.append(log_probs.double().cpu())
            tokens += int(counts.sum())
    model.train()
    log_prob = torch.cat(found)
    row = {"valid_loss": float(-log_prob.mean()), "valid_token_loss": float(-log_prob.sum()) / max(1, tokens)}
    if settings.stage == "sft":
        row |= {f"pass@{n}": float(pass_at(log_prob, n).mean()) for n in sorted({1, 8, settings.passes})}
    return {k: round(v, 5) for k, v in row.items()}


def _loss(model: Any, batch: tuple[Any, Any, Any], settings: TrainSettings) -> Any:
    import torch

    ids, mask, targets = batch
    half = torch.autocast("cuda", dtype=torch.bfloat16) if ids.device.type == "cuda" else torch.autocast("cpu", enabled=False)
    with half:
        logits = model(input_ids=ids, attention_mask=mask).logits
    log_probs, counts = sequence_log_probs(logits, ids, targets)
    if settings.stage == "pretrain":
        return -log_probs.sum() / counts.sum()
    return limited_confidence(log_probs, settings.passes if settings.loss == "dco" else 1).mean()


def _first_model(settings: TrainSettings, learnt: Sequence[Any], device: str) -> tuple[Any, Any]:
    import torch
    import transformers

    if settings.start is not None:
        return _loaded(settings.start, device)
    size = SIZES[settings.size]
    texts = (text for e in learnt[:TOKENIZER_EXAMPLES] for text in (e.prompt, e.target) if text)
    tokenizer = train_tokenizer(texts, size.vocabulary, settings.context)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=size.hidden, intermediate_size=size.inner, num_hidden_layers=size.layers,
        num_attention_heads=size.heads, num_key_value_heads=size.heads, head_dim=size.HEAD,
        max_position_embeddings=settings.context, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    torch.manual_seed(settings.seed)
    return transformers.LlamaForCausalLM(config).to(device), tokenizer


def _loaded(name: str, device: str) -> tuple[Any, Any]:
    import torch
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(name)
        if config.is_encoder_decoder:
            raise ConfigError(f"{name} is an encoder-decoder model ({config.model_type}); training is for decoder-only ones")
        model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise PolicyError(f"the model {name} cannot be loaded: {line}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(device), tokenizer
