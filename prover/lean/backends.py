"""Backends: a project's own Lean through the REPL or LeanDojo beside the embedded one, and which of them works."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lean_dojo
import psutil

from prover.errors import ConfigError, LeanSetupError
from prover.lean.embedded.worker import Embedded
from prover.lean.engine import Backend, Engine
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.leandojo.untraced import DojoFactory
from prover.lean.native.discover import native_problem
from prover.lean.native.engine import NATIVE_MEMORY_MB
from prover.lean.native.lake import LakeEnv
from prover.lean.native.library import NativeLibrary
from prover.lean.native.project import Project, find_project, version_in
from prover.lean.native.reader import NativeReader
from prover.lean.repl.engine import ReplEngine
from prover.lean.targets import Target


@dataclass(frozen=True)
class Native:
    """What the REPL and LeanDojo share: a project, whose Lean is asked for its version when this is made, and its reader.

    Raises LeanSetupError when no Lean answers there.
    """

    project: Project
    why: str
    name: str = "native"
    default_memory_mb: int = NATIVE_MEMORY_MB

    def __post_init__(self) -> None:
        assert self.lean

    @cached_property
    def lake(self) -> LakeEnv:
        """Runs texts in the project."""
        return LakeEnv(self.project)

    @cached_property
    def lean(self) -> str:
        """The version line of the project's Lean."""
        code, out, err = self.lake.call(["env", "lean", "--version"])
        if code != 0 or version_in(out) is None:
            said = (out + err).strip().splitlines()
            raise LeanSetupError(
                f"`lake env lean --version` in {self.project.root} said {(said or ['nothing'])[0][:200]!r}; "
                f"see `proofsmith doctor --project {self.project.root}`"
            )
        return out.strip().splitlines()[0]

    @cached_property
    def library(self) -> NativeLibrary:
        """Our own library, compiled for this Lean."""
        return NativeLibrary(self.lake, self.lean)

    def new_reader(self) -> NativeReader:
        """Reads files for one engine, in processes that end with it."""
        return NativeReader(LakeEnv(self.project), self.library)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> Engine:
        """See `Backend`."""
        raise NotImplementedError


@dataclass(frozen=True)
class ReplBackend(Native):
    """Through leanprover-community/repl. Raises LeanSetupError when there is none."""

    name: str = "repl"

    def __post_init__(self) -> None:
        super().__post_init__()
        ReplEngine(self.project).command()  # a missing REPL is known before anything starts

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> ReplEngine:
        """A REPL of its own."""
        return ReplEngine(self.project, memory_mb, self.new_reader(), self.lean, *([timeout_s] if timeout_s is not None else []))


@dataclass(frozen=True)
class DojoBackend(Native):
    """Through LeanDojo's own process."""

    name: str = "dojo"

    @cached_property
    def factory(self) -> Callable[[Target], lean_dojo.Dojo]:
        """Makes LeanDojo's processes."""
        return DojoFactory(self.project, self.lake, library=self.library)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> DojoEngine:
        """A place for one theorem's process after another."""
        return DojoEngine(self.project, self.factory, memory_mb, self.new_reader(), self.lean)


KINDS = ("auto", "embedded", "repl", "dojo")


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
        return Embedded(why="embedded Lean, as asked for")
    project, told = _project(kind, project_path, paths)
    if kind == "auto" and project is None:
        return Embedded(why=f"embedded Lean: {told}")
    if project is None:
        raise ConfigError(f"--lean {kind} needs a Lake project: {told}; name one with --project PATH")
    problem = native_problem(project)
    if problem is not None:
        if kind == "auto" and project_path is None:
            return Embedded(why=f"embedded Lean: the files lie in {project.root}, but no toolchain answers ({problem})")
        raise LeanSetupError(f"the project {project.root} cannot be worked on: {problem}")
    if kind in ("auto", "repl"):
        if kind == "repl" or project.repl() is not None:
            return ReplBackend(project, f"REPL in {project.root}{'' if kind == 'repl' else ': the files lie there'}")
        return DojoBackend(project, f"LeanDojo in {project.root}: the files lie there, no REPL is built")
    return DojoBackend(project, f"LeanDojo in {project.root}")


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
