"""The model card of a model that ships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CARD = "README.md"
SETTINGS = ("stage", "loss", "passes", "size", "start", "steps", "batch", "lr", "warmup", "context", "limit", "seed")
METRICS = ("step", "loss", "valid_loss", "valid_token_loss", "pass@1", "pass@8")
TEXT = """# Proofsmith's tactic model

A decoder of Llama's architecture with {millions:.2f} million weights. It reads a Lean 4 tactic state and writes the next tactic.
Made by `proofsmith train`.

    prompt: <|state|>STATE<|tactic|>      answer: a tactic, then </s>

## Use

One more proposer beside the symbolic ones in Proofsmith's search (docs/model.md). Every tactic is run in Lean and every proof
judged by the audit; what the model writes is never believed. Not for text other than Lean tactic states, nor to judge whether a
statement is true. For states longer than its context it is not asked.

## Files

`model.safetensors`: {stored}, {size_mb} MB, SHA-256
`{weights_sha256}`. Against the trained weights, the
log-probability of {held_out} held-out tactics differs by {mean} nats on average and {max} at most (allowed: {tolerance} on
average). `config.json` and the tokenizer are as trained; `mixture.json`, where it is there, says how its log-probabilities are
scaled beside the symbolic proposers' calibrated ones.

## Measured where it was exported

| what | figure |
|---|---|
| loading, imports included | {load_s} s |
| 16 tactics of at most {max_tokens} tokens for a state, median of {states} held-out states | {median_ms} ms |
| the same, 95th percentile | {p95_ms} ms |
| processor time of these | {processor_median_ms} ms, {processor_p95_ms} ms |

## Training

| setting | value |
|---|---|
{settings}

Held-out metrics at the end: {metrics}.

| data | SHA-256 |
|---|---|
{data}

Examples learnt: {examples}.{before} Theorems on the valid and test sides of
Proofsmith's split (by hash of the name) are not among them, whatever file they come from.

## Limits

Small: it imitates short tactics that are common in its data and makes up names of lemmas; the search keeps it to those that
exist. Its log-probabilities say how common a tactic is in the data, not whether it helps.

## Licence

The weights are under the project's licence (MIT, LICENSE). What Proofsmith generated from Lean's library is derived from Lean 4
(Apache-2.0). LeanDojo Benchmark 4, where the table names its train.json, comes with the package lean-dojo (MIT) and is derived
from mathlib4 (Apache-2.0). No data ships.
"""


def card(about: Mapping[str, Any]) -> str:
    """Markdown of what is known of a model; `about` is its proofsmith.json with `light`, see `prover.training.ship`."""
    light = about["light"]
    settings = [f"| {name} | {about[name]} |" for name in SETTINGS if about.get(name) is not None]
    data = [f"| {name.rsplit('/', 1)[-1]} | `{value}` |" for name, value in about.get("data", {}).items()]
    last = about.get("metrics", {})
    metrics = [f"{name} {last[name]:g}" for name in METRICS if isinstance(last.get(name), int | float)]
    stored = "16-bit floats" if light.get("bits", 8) == 16 else "8-bit integers with a scale a row"
    said = {
        "stored": stored, "before": _before(about),
        **light, **light["difference"], "millions": light["weights"] / 1e6, "settings": "\n".join(settings),
        "metrics": ", ".join(metrics) or "none were noted", "data": "\n".join(data or ["| not noted | |"]),
        "examples": about.get("examples", "not noted"),
    }  # fmt: skip
    return TEXT.format_map(said)


def _before(about: Mapping[str, Any]) -> str:
    """What the weights were that the training went on from, in a sentence; empty for a training from nothing."""
    first = about.get("before")
    if not isinstance(first, Mapping):
        return ""
    data = ", ".join(f"{name.rsplit('/', 1)[-1]} (`{value}`)" for name, value in first.get("data", {}).items())
    return (
        f" It went on from weights of {first.get('steps', '?')} steps ({first.get('stage', '?')}, learning rate "
        f"{first.get('lr', '?')}) on {data or 'data that is not noted'}."
    )
