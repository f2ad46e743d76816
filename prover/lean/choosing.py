"""Which Lean works: the embedded one, or a project's own through the REPL or through LeanDojo."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from prover.errors import ConfigError, LeanSetupError
from prover.lean.embedded.worker import Embedded
from prover.lean.engine import Backend
from prover.lean.native.backends import DojoBackend, ReplBackend
from prover.lean.native.discover import native_problem
from prover.lean.native.project import Project, find_project

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
