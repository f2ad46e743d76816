"""The embedded Lean as a backend."""

from __future__ import annotations

from dataclasses import dataclass

from prover.lean.embedded.process import DEFAULT_MEMORY_MB
from prover.lean.embedded.worker import LeanWorker


@dataclass(frozen=True)
class Embedded:
    """The Lean that came from the package registries."""

    name: str = "embedded"
    why: str = "embedded Lean"
    default_memory_mb: int = DEFAULT_MEMORY_MB

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> LeanWorker:
        """A warm Lean of its own."""
        return LeanWorker(memory_mb, *([timeout_s] if timeout_s is not None else []))


EMBEDDED = Embedded()
"""What is used when nothing else is asked for."""
