"""What a Lean must be able to do for a run, and the embedded Lean as one that can.

A backend makes workers, reads files, opens theorems and, unless the embedded audit serves, audits. The search and the batch
know nothing else of it. The native ones are in `prover.lean.native.backends`; `prover.lean.choosing` takes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import lean_dojo

from prover.lean import source
from prover.lean.context import FileContext
from prover.lean.embedded.dojo import EmbeddedDojo
from prover.lean.embedded.process import DEFAULT_MEMORY_MB
from prover.lean.embedded.worker import LeanWorker
from prover.lean.file_context import file_context_of
from prover.lean.source import Reading, Target


class Worker(Protocol):
    """A place where one theorem at a time is worked on. Times in seconds, as `prover.prove.batch.Usage` has them."""

    inside_s: float
    span_s: float
    processes_lost: int

    @property
    def lean(self) -> str:
        """The Lean that answers."""
        ...  # a property, so that a plain attribute does, too

    def recycle_if_big(self) -> None:
        """Between theorems: gives memory back."""

    def interrupt(self) -> None:
        """From another thread, for good: ends whatever runs."""

    def close(self) -> None:
        """Ends its processes."""


class Backend(Protocol):
    """See the module's docstring. `why` is one line for people; `minimises`: its Dojo has `holds`, so proofs are made smaller."""

    name: str
    why: str
    minimises: bool
    default_memory_mb: int

    def new_worker(self, memory_mb: int) -> Worker:
        """A worker; its processes may use so much memory."""
        ...

    def read(self, worker: Worker, text: str, path: Path | None) -> Reading:
        """The targets of a file."""
        ...

    def prepare(self, worker: Worker, target: Target) -> None:
        """Elaborates what stands before a theorem; a process that is lost over it says nothing about the theorem."""

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """A Dojo for a theorem, not entered."""
        ...

    def file_context(self, worker: Worker, target: Target) -> FileContext:
        """What the theorem's file offers it."""
        ...



@dataclass
class Embedded:
    """The Lean that came from the package registries."""

    name: str = "embedded"
    why: str = "embedded Lean"
    minimises: bool = True
    default_memory_mb: int = DEFAULT_MEMORY_MB

    def new_worker(self, memory_mb: int) -> LeanWorker:
        """A warm Lean of its own."""
        return LeanWorker(memory_mb)

    def read(self, worker: Worker, text: str, path: Path | None) -> Reading:
        """By Lean's own reading of each command."""
        return source.read(cast(LeanWorker, worker), text, path)

    def prepare(self, worker: Worker, target: Target) -> None:
        """Its context, with patience: a process may be lost over it."""
        lean = cast(LeanWorker, worker)
        lean.patiently(lambda: source.state_before(lean, target))

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """Live proof states in the worker."""
        return EmbeddedDojo(target, cast(LeanWorker, worker), timeout_s, heartbeats)

    def file_context(self, worker: Worker, target: Target) -> FileContext:
        """From Lean's reading."""
        return file_context_of(cast(LeanWorker, worker), target)


EMBEDDED = Embedded()
"""What is used when nothing else is asked for."""
