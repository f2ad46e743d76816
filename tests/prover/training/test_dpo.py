"""Preference training at toy size: the paper's loss, a reference that is asked once, exact resuming, learning."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prover.errors import ConfigError, DataError, PolicyError

torch = pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")
pytest.importorskip("transformers", reason="the extra `neural` (torch, transformers) is not installed")

from prover.cli.main import main  # noqa: E402
from prover.training import loop  # noqa: E402
from prover.training.loop import read_metrics, train  # noqa: E402
from prover.training.losses import preference  # noqa: E402
from prover.training.settings import TrainSettings  # noqa: E402

from .conftest import GOALS, named  # noqa: E402

STEPS = 8


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def prefs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prefs") / "prefs.jsonl"
    lines = [
        {"state": f"n : Nat\n⊢ {goal}", "chosen": good, "rejected": bad, "name": named(side, 0)}
        for (goal, good), side in zip(GOALS, ("train", "train", "train", "valid"), strict=True)
        for bad in ("intro h", "exact h")
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


@pytest.fixture(scope="module")
def settings(taught: Path) -> TrainSettings:
    return TrainSettings(stage="dpo", start=str(taught), steps=STEPS, batch=2, context=128, warmup=2, every=4, lr=1e-3)


@pytest.fixture(scope="module")
def unbroken(prefs: Path, settings: TrainSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dpo") / "run"
    train([prefs], out, settings)
    return out


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_the_loss_is_the_papers() -> None:
    chosen, rejected = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    expected = [-math.log(1 / (1 + math.exp(-0.5))), -math.log(1 / (1 + math.exp(5.0)))]
    assert preference(chosen, rejected).tolist() == pytest.approx(expected)


def test_it_begins_undecided_and_learns_to_prefer(unbroken: Path) -> None:
    first, *_, last = read_metrics(unbroken)
    assert first["step"] == 0 and first["valid_loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert first["valid_margin"] == pytest.approx(0, abs=1e-4) and first["valid_accuracy"] == 0.5
    assert last["valid_accuracy"] == 1.0 and last["valid_margin"] > 0.05 and last["valid_loss"] < first["valid_loss"]
    page = (unbroken / "report.html").read_text("utf-8")
    assert all(heading in page for heading in ("Accuracy", "Margin", "−log σ"))


@pytest.mark.parametrize("stop", [2, 6], ids=["before the first checkpoint", "after it"])
def test_an_interrupted_run_ends_with_the_same_weights_and_asks_the_reference_once(
    prefs: Path, settings: TrainSettings, unbroken: Path, tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_step(step: int) -> None:
        if step == stop:
            raise StoppedError

    asked: list[str] = []
    real = loop.loaded

    def counting(name: str, device: str, half: bool = False) -> tuple[Any, Any]:
        asked.append(name)
        return real(name, device, half)

    monkeypatch.setattr(loop, "loaded", counting)
    out = tmp_path / "run"
    with pytest.raises(StoppedError):
        train([prefs], out, settings, on_step=on_step)
    assert asked == [settings.start, settings.start]  # the model itself, and the reference
    asked.clear()
    train([prefs], out, settings)
    assert len(asked) == 1
    assert weights(out) == weights(unbroken)
    assert without_time(read_metrics(out)) == without_time(read_metrics(unbroken))


def test_a_start_that_changed_meanwhile_is_another_run(
    prefs: Path, settings: TrainSettings, taught: Path, tmp_path: Path
) -> None:
    import shutil

    start = tmp_path / "start"
    shutil.copytree(taught, start)
    train([prefs], tmp_path / "run", replace(settings, start=str(start), steps=1, every=1))
    (start / "model.safetensors").write_bytes((start / "model.safetensors").read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(ConfigError, match="start_sha256"):
        train([prefs], tmp_path / "run", replace(settings, start=str(start), steps=1, every=1))


def test_the_command_takes_the_stages_own_defaults_and_notes_what_it_looks_at(
    prefs: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    command = ["train", str(prefs), "--out", str(tmp_path / "run"), "--stage", "dpo", "--start", str(settings.start)]
    assert main([*command, "--steps", "1", "--context", "128", "--batch", "2", "--quiet"]) == 0
    noted = json.loads((tmp_path / "run" / "settings.json").read_text("utf-8"))
    assert (noted["lr"], noted["beta"], noted["every"]) == (5e-5, 0.1, 100)
    assert not {"size", "loss", "samples", "kl", "lora", "curriculum"} & noted.keys()


def test_what_cannot_be_meant(prefs: Path, settings: TrainSettings, tmp_path: Path, toy_byt5: str) -> None:
    with pytest.raises(ConfigError, match="--stage dpo improves a model; name one with --start"):
        TrainSettings(stage="dpo")
    with pytest.raises(ConfigError, match="--beta is 0; it must be above 0"):
        replace(settings, beta=0)
    with pytest.raises(ConfigError, match="is an encoder-decoder model"):
        train([prefs], tmp_path / "a", replace(settings, start=toy_byt5))
    with pytest.raises(DataError, match="none of 6 pairs fits into 4 tokens; raise --context"):
        train([prefs], tmp_path / "b", replace(settings, context=4))
    held_out = tmp_path / "held.jsonl"
    held_out.write_text(json.dumps({"state": "⊢ p", "chosen": "a", "rejected": "b", "name": named("valid", 0)}), "utf-8")
    with pytest.raises(DataError, match="all preference pairs are on the held-out sides"):
        train([held_out], tmp_path / "c", settings)


def test_a_loss_that_is_no_number_keeps_the_checkpoint(prefs: Path, settings: TrainSettings, tmp_path: Path) -> None:
    wild = replace(settings, lr=1e30, warmup=1, every=1)
    with pytest.raises(PolicyError, match=r"is nan at step \d+; the last good checkpoint is .*step-0000"):
        train([prefs], tmp_path / "run", wild)
