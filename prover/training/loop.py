"""Training: a plain loop over a stage's losses. See `proofsmith train` and docs/model.md.

A run is a function of settings, data and the number of threads: interrupted and started again it ends with the same weights,
bit for bit on a processor, as one that was not.

    <out>/settings.json              settings, data hashes, versions
    <out>/metrics.jsonl              a line a measured step
    <out>/checkpoints/step-000100/   model and tokenizer as transformers saves them, and state.pt: optimizer, random state
    <out>/model/                     the last checkpoint's model, when the run is done
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from prover import __version__
from prover.errors import DataError, PolicyError
from prover.policy.neural.local import need_neural
from prover.policy.neural.presets import OWN_MARK
from prover.prove.claim import Claim
from prover.prove.folder import json_text
from prover.training.model import adapted, loaded, merged, need_peft, new_model, weights_hash, with_adapter
from prover.training.page import write_page
from prover.training.settings import GOES_ON, Setting, Stage, TrainSettings

SETTINGS, METRICS, CHECKPOINTS, MODEL, STATE = "settings.json", "metrics.jsonl", "checkpoints", "model", "state.pt"
ADAPTER, REFERENCE = "adapter", "reference.json"
PAGE = "report.html"
CLIP = 1.0


def begin(out: Path, settings: dict[str, Any], fresh: bool) -> None:
    """Makes the folder, or takes up the run in it. Raises ConfigError when that is another run."""
    Claim(out, "training run", SETTINGS, (CHECKPOINTS, MODEL, ADAPTER, METRICS, PAGE, REFERENCE)).begin(settings, fresh)


def latest(out: Path) -> tuple[int, Path] | None:
    """The newest checkpoint and its step."""
    found = sorted((out / CHECKPOINTS).glob("step-*[0-9]"))
    return (int(found[-1].name.removeprefix("step-")), found[-1]) if found else None


def save_model(model: Any, tokenizer: Any, folder: Path, about: dict[str, Any]) -> None:
    """A model as transformers and vLLM load it, and what it is."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / OWN_MARK).write_text(json_text(about, indent=2) + "\n", "utf-8")


def save(out: Path, step: int, model: Any, tokenizer: Any, state: dict[str, Any], about: dict[str, Any], keep: int) -> None:
    """A checkpoint after `step` steps; of the earlier ones the newest `keep` − 1 stay."""
    import torch

    final = out / CHECKPOINTS / f"step-{step:06}"
    scratch = final.with_name(final.name + ".unfinished")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    save_model(model, tokenizer, scratch, about)
    torch.save(state, scratch / STATE)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(scratch, final)
    for old in sorted((out / CHECKPOINTS).glob("step-*[0-9]"))[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def load_state(folder: Path) -> dict[str, Any]:
    """What `save` was given as state. Raises DataError when it is damaged."""
    import pickle

    import torch

    try:
        found: dict[str, Any] = torch.load(folder / STATE, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{folder / STATE} is damaged ({line}); remove {folder} to go on from the checkpoint before") from error
    return found


def read_metrics(out: Path, until: int | None = None) -> list[dict[str, Any]]:
    """The measured steps, up to a step."""
    path = out / METRICS
    if not path.exists():
        return []
    rows = []
    for line in path.read_text("utf-8").split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the line that an interruption cut
        if until is None or row["step"] <= until:
            rows.append(row)
    return rows


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
        paths: the data; see `prover.training.examples`, `preferences` (dpo) and `rollouts` (grpo).
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
        LeanProcessError: grpo's Lean cannot be had.
    """
    need_neural()
    if settings.lora:
        need_peft()
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with closing(_stage(paths, settings)) as stage:
        noted = {**settings.noted(), "data": stage.hashes, "proofsmith": __version__}
        if settings.lora or settings.stage in GOES_ON:
            noted["start_sha256"] = weights_hash(settings.start)
        begin(out, noted, fresh)
        torch.manual_seed(settings.seed)
        resumed = latest(out)
        model, tokenizer = _model(settings, stage, resumed[1] if resumed else None, device)
        setting = Setting(settings, model, tokenizer, device, out, lambda: _reference(settings, model, device), say)
        stage.prepare(setting)
        trained = [p for p in model.parameters() if p.requires_grad]
        weights = sum(p.numel() for p in trained)
        say(f"{weights} weights are trained on {device}")
        return _run(setting, stage, trained, {**noted, "weights": weights, **stage.facts}, resumed, keep, on_step)


def _run(
    setting: Setting,
    stage: Stage,
    trained: Sequence[Any],
    about: dict[str, Any],
    resumed: tuple[int, Path] | None,
    keep: int,
    on_step: Callable[[int], None],
) -> dict[str, Any]:
    import torch

    settings, model, tokenizer, out = setting.settings, setting.model, setting.tokenizer, setting.out
    optimizer = torch.optim.AdamW(trained, lr=settings.lr, betas=(0.9, 0.95), weight_decay=0.01)
    begin = 0
    if resumed:
        begin, state = resumed[0], load_state(resumed[1])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        setting.say(f"goes on after step {begin}")
    rows = read_metrics(out, begin)
    metrics = out / METRICS
    metrics.write_text("".join(json_text(r) + "\n" for r in rows), "utf-8")
    started, losses = time.monotonic(), []

    def note(row: dict[str, Any]) -> None:
        row |= {**stage.measure(), "seconds": round(time.monotonic() - started, 1)}
        rows.append(row)
        with metrics.open("a", encoding="utf-8") as opened:
            opened.write(json_text(row) + "\n")
        setting.say(" ".join(f"{k} {v:.5g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))

    if stage.measures_first and not rows:
        note({"step": 0})
        stage.seen()
    model.train()
    for step in range(begin, settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step)
        for parts in stage.updates(step):
            losses += _update(parts, optimizer, trained, settings, out, step)
        if (step + 1) % settings.every == 0 or step + 1 == settings.steps:
            row: dict[str, Any] = {"step": step + 1, **({"loss": round(sum(losses) / len(losses), 5)} if losses else {})}
            note({**row, "lr": learning_rate(settings, step), **stage.seen()})
            state = {"optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
            save(out, step + 1, model, tokenizer, state, {**about, "metrics": rows[-1]}, keep)
            write_page(out, about, rows)
            losses = []
        on_step(step + 1)
    about_last = {**about, "metrics": rows[-1] if rows else {}}
    for name in (ADAPTER, MODEL):
        shutil.rmtree(out / name, ignore_errors=True)
    if settings.lora:
        save_model(model, tokenizer, out / ADAPTER, about_last)
        model = merged(model)
    save_model(model, tokenizer, out / MODEL, about_last)
    write_page(out, about, rows)
    return rows[-1] if rows else {}


def _update(
    parts: Iterator[Any], optimizer: Any, trained: Sequence[Any], settings: TrainSettings, out: Path, step: int
) -> list[float]:
    """One optimizer step on the sum of the parts; its loss, or nothing when there are none."""
    import torch

    def check(what: str, value: float) -> float:
        if not math.isfinite(value):
            last = latest(out)
            where = f"the last good checkpoint is {last[1]}" if last else "there was no checkpoint yet"
            raise PolicyError(f"the {what} is {value} at step {step + 1}; {where}; try a lower --lr than {settings.lr:g}")
        return value

    total, any_part = 0.0, False
    optimizer.zero_grad(set_to_none=True)
    for loss in parts:
        total, any_part = total + check("loss", float(loss.detach())), True
        loss.backward()
    if not any_part:
        return []
    check("gradient", float(torch.nn.utils.clip_grad_norm_(trained, CLIP)))
    optimizer.step()
    return [total]


def learning_rate(settings: TrainSettings, step: int) -> float:
    """The learning rate of a step, from 0: up in a line, down along a cosine to a tenth."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    left = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return settings.lr * (0.1 + 0.45 * (1 + math.cos(math.pi * left)))


def _stage(paths: Sequence[Path], settings: TrainSettings) -> Stage:
    if settings.stage == "dpo":
        from prover.training.dpo import Preferring

        return Preferring(paths, settings)
    if settings.stage == "grpo":
        from prover.training.grpo import Rewarded

        return Rewarded(paths, settings)
    from prover.training.supervised import Supervised

    return Supervised(paths, settings)


def _model(settings: TrainSettings, stage: Stage, checkpoint: Path | None, device: str) -> tuple[Any, Any]:
    """The model as the run begins or goes on with it, and its tokenizer."""
    if settings.lora:
        assert settings.start is not None
        model, tokenizer = loaded(settings.start, device, half=True)
        return (with_adapter(model, checkpoint) if checkpoint else adapted(model, settings.lora)), tokenizer
    if checkpoint is not None:
        return loaded(str(checkpoint), device)
    if settings.start is not None:
        return loaded(settings.start, device)
    return new_model(settings, stage.texts(), device)


@contextmanager
def _reference(settings: TrainSettings, model: Any, device: str) -> Iterator[Any]:
    """The frozen model that the run started from."""
    if settings.lora:
        with model.disable_adapter():
            yield model
        return
    assert settings.start is not None
    frozen, _ = loaded(settings.start, device)
    yield frozen.requires_grad_(False)
