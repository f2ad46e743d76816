"""Theorems of a repository that LeanDojo traced, proved again through `lean_dojo.Dojo` itself.

The repository lies in LeanDojo's cache as a built Lake project: its files are read there, and proofs are audited there by
the same Lean. What is proved is each theorem as it stands, in front of all that comes behind it in its file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lean_dojo

from prover.errors import DataError
from prover.lean.commands import split
from prover.lean.leandojo import traced
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.native.backends import Native
from prover.lean.native.lake import Offsets
from prover.lean.native.project import read_project
from prover.lean.native.reader import parse_header
from prover.lean.source import PROVABLE, Reading, Target, load

START_TIMEOUT_S = 300


class TracedEngine(DojoEngine):
    """Reads a file by what LeanDojo saw in it; the proofs of its theorems are what is searched for anew."""

    def __init__(self, backend: TracedBackend, memory_mb: int) -> None:
        super().__init__(backend.project, self._dojo_of, memory_mb, backend.new_reader(), backend.lean)
        self._backend = backend

    def read(self, text: str, path: Path | None = None) -> Reading:
        """See `Engine`."""
        assert path is not None
        file = parse_header(text, path)
        commands, offsets = split(text, file.body_start), Offsets(text)
        targets, notes = [], []
        for theorem in self._backend.files[path].get_traced_theorems():
            name = theorem.theorem.full_name
            if self._backend.wanted and name not in self._backend.wanted:
                continue
            at = offsets.at({"line": theorem.start.line_nb, "column": theorem.start.column_nb - 1})
            found = [(i, c) for i, c in enumerate(commands) if c.start <= at < c.end and c.declaration in PROVABLE]
            if len(found) != 1 or found[0][1].value is None:
                notes.append(f"{path}:{theorem.start.line_nb}: {name} is left out: its command cannot be told by its text")
                continue
            index, command = found[0]
            assert command.value is not None
            targets.append(Target(file, index, name, command.start, command.end, command.value))
            self._backend.theorems[file.sha256, command.start] = theorem.theorem
        return Reading(file, tuple(targets), tuple(notes))

    def _dojo_of(self, target: Target) -> lean_dojo.Dojo:
        return lean_dojo.Dojo(self._backend.theorems[target.file.sha256, target.start], timeout=START_TIMEOUT_S)


@dataclass(frozen=True)
class TracedBackend(Native):
    """Through `lean_dojo.Dojo(theorem)`. `files` are the traced files to read; `wanted` theorems by full name, none for all."""

    name: str = "traced"
    files: dict[Path, lean_dojo.TracedFile] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()
    theorems: dict[tuple[str, int], lean_dojo.Theorem] = field(default_factory=dict)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> TracedEngine:
        """A place for one theorem's process after another."""
        return TracedEngine(self, memory_mb)


def traced_backend(source: traced.Source, wanted: list[str], github_token: str | None) -> TracedBackend:
    """Traces the repository, or takes it from LeanDojo's cache.

    Args:
        source: the repository.
        wanted: full names of theorems; none for all of the repository's own.
        github_token: see `traced.traced_repo`.

    Raises:
        DataError: a theorem that is not there.
        LeanSetupError: the repository cannot be had, or its Lean does not answer.
    """
    repo = traced.traced_repo(source, False, github_token)
    files: dict[Path, Any] = {}
    missing = set(wanted)
    for file in traced.own_files(repo, False):
        names = {t.theorem.full_name for t in file.get_traced_theorems()}
        if names and (not wanted or names & set(wanted)):
            files[file.abs_path] = file
        missing -= names
    if missing:
        raise DataError(f"{source.url} has no theorem {', '.join(sorted(missing))}; full names are needed, with namespaces")
    if not files:
        raise DataError(f"LeanDojo found no theorem in {source.url}")
    root = Path(repo.root_dir)
    why = f"LeanDojo's trace of {source.url}, in {root}"
    return TracedBackend(read_project(root), why, files=files, wanted=frozenset(wanted))


def texts(backend: TracedBackend) -> list[tuple[str, str, Path]]:
    """The files to prove things in: name below the repository, text, path."""
    return [(path.relative_to(backend.project.root).as_posix(), load(path), path) for path in backend.files]
