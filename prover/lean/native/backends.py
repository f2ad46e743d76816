"""A project's own Lean as a backend: through leanprover-community/repl, or through LeanDojo's process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import lean_dojo

from prover.errors import LeanSetupError
from prover.lean.backend import Worker
from prover.lean.context import FileContext
from prover.lean.native.lake import LakeEnv
from prover.lean.native.library import SOURCE, NativeLibrary
from prover.lean.native.project import Project, version_in
from prover.lean.native.reader import NativeReader
from prover.lean.repl.dojo import NATIVE_MEMORY_MB, ReplDojo, ReplWorker
from prover.lean.source import Reading, Target


@dataclass
class Native:
    """What the REPL and LeanDojo share: a project, its reader, its audit."""

    project: Project
    why: str
    name: str = "native"
    minimises: bool = True
    default_memory_mb: int = NATIVE_MEMORY_MB
    lake: LakeEnv = field(init=False)
    lean: str = field(init=False)

    def __post_init__(self) -> None:
        self.lake = LakeEnv(self.project)
        code, out, err = self.lake.call(["env", "lean", "--version"])
        if code != 0 or version_in(out) is None:
            said = (out + err).strip().splitlines()
            raise LeanSetupError(
                f"`lake env lean --version` in {self.project.root} said {(said or ['nothing'])[0][:200]!r}; "
                f"see `proofsmith doctor --project {self.project.root}`"
            )
        self.lean = out.strip().splitlines()[0]
        self.library = NativeLibrary(self.lake, self.lean)
        self._told = False
        self._reader = NativeReader(self.lake, self.library)

    def read(self, worker: Worker, text: str, path: Path | None) -> Reading:
        """By text, confirmed by the project's Lean; the first one says when our library does not serve here."""
        reading = self._reader.read(text, path)
        if self.library.problem is not None and not self._told:
            self._told = True
            note = f"statements are compared as text only, since {SOURCE.name} does not serve here: {self.library.problem}"
            reading = replace(reading, notes=(*reading.notes, note))
        return reading

    def prepare(self, worker: Worker, target: Target) -> None:
        """Nothing: it is part of opening the theorem."""

    def file_context(self, worker: Worker, target: Target) -> FileContext:
        """By text."""
        return self._reader.file_context(target)


class ReplBackend(Native):
    """Through leanprover-community/repl."""

    def new_worker(self, memory_mb: int) -> ReplWorker:
        """A REPL of its own."""
        worker = ReplWorker(self.project, memory_mb)
        worker.command()  # a missing REPL is known before anything starts
        worker.lean = self.lean
        return worker

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """Live proof states in the worker's REPL; heartbeats are the file's business."""
        return ReplDojo(target, cast(ReplWorker, worker), timeout_s)


class DojoWorker:
    """LeanDojo has a process for each theorem; the worker remembers the one that runs, so that it can be ended."""

    def __init__(self, lean: str, memory_mb: int) -> None:
        self.lean = lean
        self.memory_mb = memory_mb
        self.inside_s = 0.0
        self.span_s = 0.0
        self.processes_lost = 0
        self.dojo: Any = None

    def recycle_if_big(self) -> None:
        """Each theorem's process ends with it."""
        self._count()

    def interrupt(self) -> None:
        """Ends the process of the theorem that is open."""
        if self.dojo is not None:
            self.dojo.interrupt()

    def close(self) -> None:
        """Nothing outlives a theorem."""
        self._count()

    def _count(self) -> None:
        if self.dojo is not None:
            self.inside_s += self.dojo.lean_ms / 1000
            self.span_s += self.dojo.lean_ms / 1000
            self.processes_lost += self.dojo.processes_lost
            self.dojo = None


class DojoBackend(Native):
    """Through LeanDojo's own process."""

    def __post_init__(self) -> None:
        from prover.lean.leandojo.untraced import DojoFactory

        super().__post_init__()
        self._factory = DojoFactory(self.project, self.lake, library=self.library)

    def new_worker(self, memory_mb: int) -> DojoWorker:
        """A place for one theorem's process after another."""
        return DojoWorker(self.lean, memory_mb)

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """A process for this theorem."""
        from prover.lean.leandojo.dojo import LakeDojo

        at = cast(DojoWorker, worker)
        at.recycle_if_big()
        at.dojo = LakeDojo(target, lambda: self._factory(target, timeout_s), timeout_s, at.memory_mb)
        return at.dojo
