"""Makes a trained model into the one that ships: weights in 8 or 16 bits, its tokenizer, what is known of it, a model card.

    python -m prover.training.ship runs/mine/model prover/policy/model --data train.json

The weights are quantised and asked again: on held-out pairs of --data the log-probability of the recorded tactic must be, within
--tolerance on average, what the trained weights say, and the file within --max-mb; else nothing is written. Needs no torch.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prover import __version__
from prover.errors import ConfigError, DataError, PolicyError, ProverError
from prover.policy.neural import quantised
from prover.policy.neural.light import CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS, LightGenerator
from prover.policy.neural.presets import OWN_MARK, own_prompt
from prover.policy.neural.timing import timed
from prover.printable import show, tell
from prover.prove.folder import json_text
from prover.training.examples import Example, read

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
MAX_MB = 25.0
TOLERANCE = 0.1
"""Nats a tactic, on average."""
HELD_OUT = 200
MOST = 10
"""A single tactic may differ by so many times the tolerance: long ones add up."""
LONGEST = 48
"""A proposal is not waited for longer than so many tokens, whatever the data has."""


def card(about: Mapping[str, Any]) -> str:
    """Markdown of what is known of a model; `about` is its proofsmith.json with `light`, see `prover.training.ship`."""
    light = about["light"]
    settings = [f"| {name} | {about[name]} |" for name in SETTINGS if about.get(name) is not None]
    data = [f"| {name.rsplit('/', 1)[-1]} | `{value}` |" for name, value in about.get("data", {}).items()]
    last = about.get("metrics", {})
    metrics = [f"{name} {last[name]:g}" for name in METRICS if isinstance(last.get(name), int | float)]
    stored = "16-bit floats" if light.get("bits", 8) == 16 else "8-bit integers with a scale a row"
    said = {
        "stored": stored, "before": _went_on_from(about),
        **light, **light["difference"], "millions": light["weights"] / 1e6, "settings": "\n".join(settings),
        "metrics": ", ".join(metrics) or "none were noted", "data": "\n".join(data or ["| not noted | |"]),
        "examples": about.get("examples", "not noted"),
    }  # fmt: skip
    return TEXT.format_map(said)


def _went_on_from(about: Mapping[str, Any]) -> str:
    """What the weights were that the training went on from, in a sentence; empty for a training from nothing."""
    first = about.get("before")
    if not isinstance(first, Mapping):
        return ""
    data = ", ".join(f"{name.rsplit('/', 1)[-1]} (`{value}`)" for name, value in first.get("data", {}).items())
    return (
        f" It went on from weights of {first.get('steps', '?')} steps ({first.get('stage', '?')}, learning rate "
        f"{first.get('lr', '?')}) on {data or 'data that is not noted'}."
    )


def ship(
    model: Path, out: Path, data: Sequence[Path], held_out: int = HELD_OUT, tolerance: float = TOLERANCE, max_mb: float = MAX_MB,
    bits: int = 8,
) -> dict[str, Any]:
    """Writes the folder that ships, whole or not at all.

    Args:
        model: `model/` of a training run.
        out: replaced, whatever it holds; a mixture.json in it goes too, since it was fitted for other weights.
        data: sources of pairs, of which the valid side is used.
        held_out: so many pairs.
        tolerance: mean difference of log-probability between both sets of weights, in nats a tactic.
        max_mb: megabytes (10⁶) of the weights' file.
        bits: 8 or 16 a weight.

    Returns:
        What is known of the model, as proofsmith.json says it.

    Raises:
        PolicyError: the model cannot be read, or does not stay within tolerance or size.
        DataError: the data cannot be read, or has no held-out pair that fits.
        ConfigError: `out` is `model`.
    """
    if out.resolve() == model.resolve():
        raise ConfigError(f"{out} is the trained model itself; give another folder")
    about = _about(model)
    before = LightGenerator(model)
    found = read(data, "sft")
    pairs = [e for e in found.side("valid", None) if _fits(before, e)][:held_out]
    if not pairs:
        raise DataError("no held-out pair of --data fits into the model's context; the exported weights could not be checked")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".ship-") as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        quantised.write(made / WEIGHTS, _own(quantised.read(model / WEIGHTS), before.model.shape.tied), bits)
        for name in (CONFIG, TOKENIZER, TOKENIZER_CONFIG):
            shutil.copyfile(model / name, made / name)
        size_mb = (made / WEIGHTS).stat().st_size / 1e6
        if size_mb > max_mb:
            raise PolicyError(
                f"the weights are {size_mb:.1f} MB in {bits} bits; at most {max_mb:g} may ship; train a smaller --size"
            )
        after = LightGenerator(made)
        differences = [abs(before.log_prob(p, e.target) - after.log_prob(p, e.target)) for e in pairs for p in [_prompt(e)]]
        mean, most = statistics.fmean(differences), max(differences)
        if not (mean <= tolerance and most <= MOST * tolerance):
            raise PolicyError(
                f"{bits}-bit weights change the log-probability of held-out tactics by {mean:.3f} on average and {most:.3f} at "
                f"most; allowed are {tolerance:g} (--tolerance) and {MOST} times that"
            )
        lengths = sorted(len(after.ids(e.target)) + 1 for e in pairs)
        light: dict[str, Any] = {
            "weights_sha256": quantised.sha256_of(made / WEIGHTS), "size_mb": round(size_mb, 2), "bits": bits,
            "weights": after.model.size, "held_out": len(pairs),
            "data": {Path(name).name: value for name, value in found.hashes.items()},
            "difference": {"mean": round(mean, 4), "max": round(most, 4), "tolerance": tolerance},
            "max_tokens": min(LONGEST, lengths[min(len(lengths) - 1, len(lengths) * 98 // 100)]),
        }  # fmt: skip
        light |= timed(made, [_prompt(e) for e in pairs], light["max_tokens"])
        about = {**about, **_before(about), "shipped_with": __version__, "light": light}
        (made / OWN_MARK).write_text(json_text(about, indent=2) + "\n", "utf-8")
        (made / CARD).write_text(card(about), "utf-8")
        if out.exists():
            os.replace(out, Path(scratch) / "old")
        os.replace(made, out)
    return about


def _about(model: Path) -> dict[str, Any]:
    try:
        found = json.loads((model / OWN_MARK).read_text("utf-8"))
    except (OSError, ValueError) as error:
        inside = model / "model"
        hint = f"; give {inside}" if (inside / OWN_MARK).is_file() else ""
        raise PolicyError(f"{model} is no model of `proofsmith train`: {OWN_MARK} cannot be read{hint}") from error
    if not isinstance(found, dict):
        raise PolicyError(f"{model / OWN_MARK} is damaged: it holds no object")
    return found


def _before(about: dict[str, Any]) -> dict[str, Any]:
    """What is known of the model that the training went on from, where that is one of ours and still there."""
    start = about.get("start")
    if "before" in about or not isinstance(start, str):
        return {}
    try:
        return {"before": _about(Path(start))}
    except PolicyError:
        return {}


def _own(weights: dict[str, Any], tied: bool) -> dict[str, Any]:
    """Without the copy of the embedding that tied weights may be saved with."""
    return {name: w for name, w in weights.items() if not (tied and name == "lm_head.weight")}


def _prompt(example: Example) -> str:
    return own_prompt(example.prompt)


def _fits(model: LightGenerator, example: Example) -> bool:
    return len(model.ids(_prompt(example))) + len(model.ids(example.target)) + 1 <= model.context


def main(argv: list[str]) -> int:
    """Ships a model, or says in a line why not."""
    parser = argparse.ArgumentParser(prog="ship", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="model/ of a training run")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder that ships; replaced")
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="DATA", help="what training can read; its valid side is used"
    )
    parser.add_argument("--held-out", type=int, default=HELD_OUT, metavar="N", help="pairs to check with (default 200)")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, metavar="NATS", help="mean difference (default 0.1)")
    parser.add_argument("--bits", type=int, choices=quantised.BITS, default=8, help="bits a weight (default 8)")
    parser.add_argument("--max-mb", type=float, default=MAX_MB, metavar="MB", help="size allowed (default 25)")
    args = parser.parse_args(argv)
    try:
        if args.held_out < 1:
            raise ConfigError(f"--held-out is {args.held_out}; it must be at least 1")
        light = ship(args.model, args.out, args.data, args.held_out, args.tolerance, args.max_mb, args.bits)["light"]
    except ProverError as error:
        tell(f"error: {error}")
        return error.exit_code
    show(f"{args.out}: {light['size_mb']} MB, loads in {light['load_s']} s, {light['median_ms']} ms a state (median)")
    changed = light["difference"]
    show(f"{args.bits} bits change held-out log-probabilities by {changed['mean']} on average, {changed['max']} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
