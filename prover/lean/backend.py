"""Which Lean works: the embedded one, or a project's own through the REPL or through LeanDojo.

A backend makes workers, reads files, opens theorems and, unless the embedded audit serves, audits. The search and the batch
know nothing else of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import lean_dojo
import psutil

from prover.errors import ConfigError, LeanSetupError
from prover.lean import source
from prover.lean.discover import native_problem
from prover.lean.embedded import EmbeddedDojo
from prover.lean.lake import LakeEnv
from prover.lean.native import NativeReader
from prover.lean.native_audit import NativeAuditor
from prover.lean.process import DEFAULT_MEMORY_MB
from prover.lean.project import Project, find_project, version_in
from prover.lean.repl import DEFAULT_MEMORY_MB as NATIVE_MEMORY_MB
from prover.lean.repl import ReplDojo, ReplWorker
from prover.lean.source import Reading, Target
from prover.lean.surroundings import surroundings_of
from prover.lean.worker import LeanWorker
from prover.policy.base import Surroundings

KINDS = ("auto", "embedded", "repl", "dojo")


class Worker(Protocol):
    """A place where one theorem at a time is worked on. Times in seconds, as `prover.batch.Usage` has them."""

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


class Audits(Protocol):
    """Judges proofs for all workers; `prover.auditing.SharedAuditor` and `NativeAuditor` do."""

    def __call__(self, target: Target, proof: str) -> Any:
        """The verdict (`prover.agent.Verdict`)."""
        ...

    def start(self) -> None:
        """Ahead of the first audit."""

    def warm(self, target: Target) -> None:
        """Ahead of the first audit of a target."""

    def recheck(self, path: Path, reading: Reading, proofs: Mapping[int, str]) -> list[str]:
        """What is wrong with a written file."""
        ...

    def interrupt(self) -> None:
        """From another thread, for good."""

    def close(self) -> None:
        """Ends its processes."""


class Backend(Protocol):
    """See the module's docstring. `why` is one line for people; `minimises`: audits are cheap enough for it."""

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

    def surroundings(self, worker: Worker, target: Target) -> Surroundings:
        """What the theorem's file offers it."""
        ...

    def new_auditor(self) -> Audits | None:
        """An auditor; None: the embedded one serves."""
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

    def surroundings(self, worker: Worker, target: Target) -> Surroundings:
        """From Lean's reading."""
        return surroundings_of(cast(LeanWorker, worker), target)

    def new_auditor(self) -> None:
        """The batch's own."""
        return None


EMBEDDED = Embedded()
"""What is used when nothing else is asked for."""


@dataclass
class Native:
    """What the REPL and LeanDojo share: a project, its reader, its audit."""

    project: Project
    why: str
    name: str = "native"
    minimises: bool = False
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
        self._reader = NativeReader(self.lake)

    def read(self, worker: Worker, text: str, path: Path | None) -> Reading:
        """By text, confirmed by the project's Lean."""
        return self._reader.read(text, path)

    def prepare(self, worker: Worker, target: Target) -> None:
        """Nothing: it is part of opening the theorem."""

    def surroundings(self, worker: Worker, target: Target) -> Surroundings:
        """By text."""
        return self._reader.surroundings(target)

    def new_auditor(self) -> NativeAuditor:
        """Processes of the project's Lean that no search has touched."""
        return NativeAuditor(LakeEnv(self.project), self.lean)


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
        from prover.lean.dojo import DojoFactory

        super().__post_init__()
        self._factory = DojoFactory(self.project, self.lake)

    def new_worker(self, memory_mb: int) -> DojoWorker:
        """A place for one theorem's process after another."""
        return DojoWorker(self.lean, memory_mb)

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """A process for this theorem."""
        from prover.lean.dojo import LakeDojo

        at = cast(DojoWorker, worker)
        at.recycle_if_big()
        at.dojo = LakeDojo(target, lambda: self._factory(target, timeout_s), timeout_s, at.memory_mb)
        return at.dojo


def choose(kind: str, project_path: Path | None, paths: Sequence[Path]) -> Backend:
    """The backend that is asked for, or the one that fits the files.

    Args:
        kind: one of `KINDS`.
        project_path: a Lake project; None: the one in which the files lie.
        paths: the files; none for a statement, which then belongs to the present folder's project.

    Raises:
        ConfigError: something contradicts, or a project is needed and there is none.
        LeanSetupError: what is asked for cannot be had; says what to type.
    """
    if kind == "embedded":
        if project_path is not None:
            raise ConfigError("--project needs a native Lean: leave out --lean embedded, or say --lean repl or --lean dojo")
        return _embedded("embedded Lean, as asked for")
    project, told = _project(kind, project_path, paths)
    if kind == "auto" and project is None:
        return _embedded(f"embedded Lean: {told}")
    if project is None:
        raise ConfigError(f"--lean {kind} needs a Lake project: {told}; name one with --project PATH")
    problem = native_problem(project)
    if problem is not None:
        if kind == "auto" and project_path is None:
            return _embedded(f"embedded Lean: the files lie in {project.root}, but no toolchain answers ({problem})")
        raise LeanSetupError(f"the project {project.root} cannot be worked on: {problem}")
    if kind in ("auto", "repl"):
        if kind == "repl" or project.repl() is not None:
            backend = ReplBackend(project, f"REPL in {project.root}{'' if kind == 'repl' else ': the files lie there'}", "repl")
            backend.new_worker(NATIVE_MEMORY_MB)
            return backend
        return DojoBackend(project, f"LeanDojo in {project.root}: the files lie there, no REPL is built", "dojo")
    return DojoBackend(project, f"LeanDojo in {project.root}", "dojo")


def _embedded(why: str) -> Embedded:
    EMBEDDED.why = why
    return EMBEDDED


def native_workers(wanted: int | None, memory_mb: int) -> int:
    """How many native workers fit: no more than cores, and than the machine's memory allows, one kept for the audit."""
    fitting = int(psutil.virtual_memory().total / 1e6 * 0.85 / memory_mb) - 1
    return wanted or max(1, min(os.cpu_count() or 1, fitting))


def _project(kind: str, project_path: Path | None, paths: Sequence[Path]) -> tuple[Project | None, str]:
    if project_path is not None:
        if not project_path.exists():
            raise ConfigError(f"--project {project_path}: there is no such file or folder")
        found = find_project(project_path)
        if found is None:
            raise ConfigError(f"--project {project_path}: no lakefile.toml or lakefile.lean there or above")
        return found, ""
    projects = {p.root: p for p in map(find_project, paths or [Path.cwd()]) if p is not None}
    if len(projects) == 1 and all(find_project(p) is not None for p in paths):
        return next(iter(projects.values())), ""
    return None, "the files lie in several projects" if projects else "no Lake project around the files"
