"""Checkpoints of a training run: whole or not there, and enough to go on exactly.

    <out>/settings.json              settings, data hashes, versions
    <out>/metrics.jsonl              a line a measured step
    <out>/checkpoints/step-000100/   model and tokenizer as transformers saves them, and state.pt: optimizer, random state
    <out>/model/                     the last checkpoint's model, when the run is done
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.policy.neural.presets import OWN_MARK
from prover.prove.claim import Claim
from prover.prove.folder import json_text

SETTINGS, METRICS, CHECKPOINTS, MODEL, STATE = "settings.json", "metrics.jsonl", "checkpoints", "model", "state.pt"
ADAPTER, REFERENCE = "adapter", "reference.json"
PAGE = "report.html"


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
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the line that an interruption cut
        if until is None or row["step"] <= until:
            rows.append(row)
    return rows
