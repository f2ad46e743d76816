"""What a training run is, apart from its data, and what a stage of training is to the loop, which knows no stage.

Settings are kept in the run's folder; a run goes on only with those that it began with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from prover.errors import ConfigError

STAGES = ("sft", "pretrain", "dpo", "grpo")
LOSSES = ("ce", "dco")
GOES_ON = ("dpo", "grpo")
"""Stages that improve a model there is; they need --start."""
OF_STAGE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("loss", "passes", "size"), ("sft", "pretrain")),
    "beta": ("dpo",),
    **dict.fromkeys(("samples", "depth", "tactic_tokens", "temperature", "clip", "kl", "updates", "heartbeats"), ("grpo",)),
}
"""What only some stages look at; the others do not note it."""
OPTIONAL: dict[str, object] = {"lora": 0, "curriculum": False}
"""Noted only when asked for, so that folders of earlier versions go on."""
STAGE_DEFAULTS: dict[str, dict[str, Any]] = {
    "dpo": {"lr": 5e-5},
    "grpo": {"lr": 5e-5, "steps": 100, "batch": 8, "every": 5, "warmup": 0, "valid": 20},
}
"""What the command takes where nothing is said and the usual default would be wrong."""


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
    held-out side `valid` examples are measured every `every` steps, when a checkpoint is also written. `lora` above 0 trains
    adapters of that rank instead of the weights; `curriculum` begins with the easier examples.

    dpo: `beta` holds the model to the one it started from. grpo: a step is an iteration over `batch` theorems with `samples`
    rollouts each, of at most `depth` tactics of at most `tactic_tokens` tokens, drawn at `temperature`, each tactic within
    `heartbeats` (in thousands); then `updates` optimizer steps with the ratio clipped at 1 ± `clip` and the divergence from the
    start weighed by `kl`.
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
    lora: int = 0
    curriculum: bool = False
    beta: float = 0.1
    samples: int = 8
    depth: int = 8
    tactic_tokens: int = 64
    temperature: float = 1.0
    clip: float = 0.2
    kl: float = 0.04
    updates: int = 1
    heartbeats: int = 200_000

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ConfigError(f"there is no stage {self.stage!r}; there are {', '.join(STAGES)}")
        if self.loss not in LOSSES:
            raise ConfigError(f"there is no loss {self.loss!r}; there are {' and '.join(LOSSES)}")
        if self.size not in SIZES:
            raise ConfigError(f"there is no size {self.size!r}; there are {', '.join(SIZES)}")
        if self.stage == "pretrain" and self.loss != "ce":
            raise ConfigError("pretraining is by cross-entropy; --loss dco is for state-tactic pairs")
        if self.stage in GOES_ON and self.start is None:
            raise ConfigError(f"--stage {self.stage} improves a model; name one with --start (`proofsmith train` makes one)")
        if self.lora and self.start is None:
            raise ConfigError("--lora adapts a model that is there; name one with --start")
        if self.stage == "grpo" and self.curriculum:
            raise ConfigError("--curriculum is for pairs and texts; the theorems of --stage grpo have no grade")
        lowest = {"passes": 1, "steps": 1, "batch": 1, "context": 1, "every": 1, "lora": 0, "depth": 1, "tactic_tokens": 1,
                  "updates": 1, "heartbeats": 1, "samples": 2}  # fmt: skip
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise ConfigError(f"--{name.replace('_', '-')} is {getattr(self, name)}; it must be at least {least}")
        for name in ("lr", "beta", "temperature", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"--{name} is {getattr(self, name)}; it must be above 0")
        if self.stage == "grpo" and self.tactic_tokens + 2 > self.context:
            raise ConfigError(f"--tactic-tokens {self.tactic_tokens} leaves no room for a state in --context {self.context}")
        if not 0 <= self.kl < math.inf:
            raise ConfigError(f"--kl is {self.kl}; it must be at least 0")

    def noted(self) -> dict[str, Any]:
        """What decides the outcome of this stage, for the run's folder."""
        return {
            name: value
            for name, value in asdict(self).items()
            if self.stage in OF_STAGE.get(name, STAGES) and not (name in OPTIONAL and value == OPTIONAL[name])
        }


@dataclass
class Setting:
    """Where a stage works: the model, its tokenizer, the device of torch, the run's folder, and the model it began as.

    `reference()` is a context in which its value is the frozen model that the run started from.
    """

    settings: TrainSettings
    model: Any
    tokenizer: Any
    device: str
    out: Path
    reference: Callable[[], Any]
    say: Callable[[str], None] = lambda text: None


class Stage(Protocol):
    """A kind of training. `hashes` are those of the sources, `facts` what `prepare` found out, for the page.

    `measures_first`: whether the model is measured before the first step, too.
    """

    hashes: dict[str, str]
    facts: dict[str, Any]
    measures_first: bool

    def texts(self) -> Iterator[str]:
        """What a new tokenizer is fitted on."""
        ...

    def prepare(self, setting: Setting) -> None:
        """Once, before the first step. Raises DataError when there is nothing to learn from."""

    def updates(self, step: int) -> Iterator[Iterator[Any]]:
        """The optimizer steps of a step, each as the losses whose gradients are added up; a function of `step` and the model."""
        ...

    def seen(self) -> dict[str, float]:
        """What the steps since the last call showed."""
        ...

    def measure(self) -> dict[str, float]:
        """What the held-out side shows."""
        ...

    def close(self) -> None:
        """Ends what the stage holds."""


@dataclass
class Means:
    """Running means by name."""

    _sums: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, name: str, value: float, count: float = 1.0) -> None:
        """Adds `count` observations with the sum `value`."""
        total, number = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = (total + value, number + count)

    def taken(self) -> dict[str, float]:
        """The means, which begin anew."""
        found = {name: round(total / number, 5) for name, (total, number) in self._sums.items() if number}
        self._sums.clear()
        return found
