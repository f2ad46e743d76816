"""What a stage of training is to the loop: data, batches as losses, measurements. The loop knows no stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from prover.training.settings import TrainSettings


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
