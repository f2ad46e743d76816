"""A toy model that was taught a few tactics, and some of them wrongly, for the stages that go on from a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.splits import split_of

NEEDS_NEURAL = "the extra `neural` (torch, transformers) is not installed"
GOALS = [("n + 0 = n", "simp"), ("n < n + 1", "omega"), ("n * 1 = n", "simp"), ("n ≤ n + 2", "omega")]


def named(side: str, number: int) -> str:
    """The `number`th name of a made-up list whose theorems lie on a side of the split."""
    names = (f"lemma_{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}x" for i in range(676))
    return [name for name in names if split_of(name) == side][number]


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that proposes, for each of `GOALS`, what proves it about as often as what does not."""
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    pytest.importorskip("transformers", reason=NEEDS_NEURAL)
    from prover.training.loop import train
    from prover.training.settings import TrainSettings

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("taught")
    lines = [
        {"state": f"n : Nat\n⊢ {goal}", "tactic": tactic} for goal, good in GOALS for tactic in (good, "intro h", "exact h")
    ]
    (folder / "pairs.jsonl").write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    settings = TrainSettings(size="toy", steps=60, batch=12, context=128, warmup=5, every=60, lr=5e-3)
    train([folder / "pairs.jsonl"], folder / "run", settings)
    return folder / "run" / "model"
