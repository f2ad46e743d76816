"""Adapters: the base stays as it was, the merged model says the same, resuming is exact, every stage can use them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prover.errors import ConfigError, DataError

torch = pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")
pytest.importorskip("transformers", reason="the extra `neural` (torch, transformers) is not installed")
pytest.importorskip("peft", reason="the extra `neural` (peft) is not installed")

from prover.policy.neural.generator import Sampling  # noqa: E402
from prover.policy.neural.local import LocalGenerator  # noqa: E402
from prover.training.loop import read_metrics, train  # noqa: E402
from prover.training.model import loaded, with_adapter  # noqa: E402
from prover.training.settings import TrainSettings  # noqa: E402

from .conftest import GOALS  # noqa: E402

PROMPT = "<|state|>n : Nat\n⊢ n + 0 = n<|tactic|>"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("\n".join(json.dumps({"state": f"n : Nat\n⊢ {g}", "tactic": t}) for g, t in GOALS), "utf-8")
    return path


@pytest.fixture(scope="module")
def settings(taught: Path) -> TrainSettings:
    return TrainSettings(start=str(taught), lora=4, steps=24, batch=4, context=128, warmup=2, every=12, lr=2e-2)


@pytest.fixture(scope="module")
def run(pairs: Path, settings: TrainSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lora") / "run"
    train([pairs], out, settings)
    return out


def test_the_merged_model_is_loaded_like_every_other_and_has_learnt(run: Path) -> None:
    made = LocalGenerator(str(run / "model")).complete(PROMPT, Sampling(samples=1, max_tokens=12))
    assert made[0].text == "simp"
    first, last = (row["loss"] for row in read_metrics(run))
    assert last < first


def test_the_adapter_over_the_base_says_what_the_merged_model_says(run: Path, settings: TrainSettings) -> None:
    assert settings.start is not None
    base, tokenizer = loaded(settings.start, "cpu")
    ids = torch.tensor([tokenizer(PROMPT)["input_ids"]])
    with torch.no_grad():
        before = base(input_ids=ids).logits
        adapted = with_adapter(base, run / "adapter")
        with adapted.disable_adapter():
            assert torch.equal(adapted(input_ids=ids).logits, before)
        merged, _ = loaded(str(run / "model"), "cpu")
        assert torch.allclose(adapted(input_ids=ids).logits, merged(input_ids=ids).logits, atol=1e-4)
        assert not torch.allclose(before, merged(input_ids=ids).logits, atol=1e-2)


def test_checkpoints_hold_the_adapter_alone(run: Path) -> None:
    (*_, last) = sorted((run / "checkpoints").iterdir())
    assert (last / "adapter_model.safetensors").is_file() and not (last / "model.safetensors").exists()


def test_an_interrupted_run_ends_with_the_same_weights(pairs: Path, settings: TrainSettings, run: Path, tmp_path: Path) -> None:
    def stop(step: int) -> None:
        if step == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([pairs], tmp_path / "run", settings, on_step=stop)
    train([pairs], tmp_path / "run", settings)
    for file in ("model/model.safetensors", "adapter/adapter_model.safetensors"):
        assert (tmp_path / "run" / file).read_bytes() == (run / file).read_bytes()


def test_preferences_over_an_adapter_take_the_base_as_reference(
    taught: Path, settings: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "prefs.jsonl"
    lines: list[dict[str, Any]] = [{"state": f"n : Nat\n⊢ {g}", "chosen": t, "rejected": "intro h"} for g, t in GOALS]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    train([path], tmp_path / "run", replace(settings, stage="dpo", steps=4, every=4))
    assert read_metrics(tmp_path / "run")[-1]["accuracy"] > 0.5
    rows = json.loads((tmp_path / "run" / "reference.json").read_text())
    train([path], tmp_path / "whole", replace(settings, stage="dpo", steps=1, every=1, lora=0))
    whole = json.loads((tmp_path / "whole" / "reference.json").read_text())
    assert torch.allclose(torch.tensor(rows), torch.tensor(whole), atol=1e-5)


def test_what_cannot_be_adapted_is_said_in_one_line(pairs: Path, settings: TrainSettings, run: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(ConfigError, match="--lora adapts a model that is there; name one with --start"):
        TrainSettings(lora=4)
    with pytest.raises(ConfigError, match="--lora is -1; it must be at least 0"):
        replace(settings, lora=-1)
    shutil.copytree(run, tmp_path / "run")
    (*_, last) = sorted((tmp_path / "run" / "checkpoints").iterdir())
    (last / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"the adapter in .* is damaged") as caught:
        train([pairs], tmp_path / "run", settings)
    assert "\n" not in str(caught.value)
