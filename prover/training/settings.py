"""What a training run is, apart from its data. Kept in the run's folder; a run goes on only with the settings it began with."""

from __future__ import annotations

from dataclasses import dataclass

from prover.errors import ConfigError

STAGES = ("sft", "pretrain")
LOSSES = ("ce", "dco")


@dataclass(frozen=True)
class Size:
    """A model of Llama's architecture; every head has 64 dimensions, which vLLM's kernels know on every machine."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int

    HEAD = 64


SIZES = {
    "toy": Size(hidden=64, layers=2, heads=1, inner=192, vocabulary=512),
    "mini": Size(hidden=128, layers=4, heads=2, inner=384, vocabulary=2048),
    "small": Size(hidden=256, layers=6, heads=4, inner=704, vocabulary=4096),
    "medium": Size(hidden=384, layers=4, heads=6, inner=1024, vocabulary=4096),
    "base": Size(hidden=768, layers=12, heads=12, inner=2048, vocabulary=16384),
}
"""toy: tests; mini: minutes on a processor (1 million weights); small: 6 million, 23 MB; medium: 9 million in few layers,
the largest with which the light runtime proposes within 150 ms; base: 97 million, for a GPU."""


@dataclass(frozen=True)
class TrainSettings:
    """`steps` batches of `batch` examples of at most `context` tokens.

    `loss` ce is cross-entropy, dco limits confidence for `passes` attempts; the learning rate rises over `warmup` steps to `lr`
    and falls to a tenth of it along a cosine. `start` is a model to go on with, else `size` says what is made. Of the data's
    held-out side `valid` examples are measured every `every` steps, when a checkpoint is also written.
    """

    stage: str = "sft"
    loss: str = "ce"
    passes: int = 8
    size: str = "mini"
    start: str | None = None
    steps: int = 1000
    batch: int = 16
    lr: float = 1e-3
    warmup: int = 50
    context: int = 512
    limit: int | None = None
    valid: int = 200
    every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ConfigError(f"there is no stage {self.stage!r}; there are {' and '.join(STAGES)}")
        if self.loss not in LOSSES:
            raise ConfigError(f"there is no loss {self.loss!r}; there are {' and '.join(LOSSES)}")
        if self.size not in SIZES:
            raise ConfigError(f"there is no size {self.size!r}; there are {', '.join(SIZES)}")
        if self.stage == "pretrain" and self.loss != "ce":
            raise ConfigError("pretraining is by cross-entropy; --loss dco is for state-tactic pairs")
        for name in ("passes", "steps", "batch", "context", "every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.lr < float("inf"):
            raise ConfigError(f"--lr is {self.lr}; it must be above 0")
