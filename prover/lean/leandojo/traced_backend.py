"""Theorems of a repository that LeanDojo traced, proved again through `lean_dojo.Dojo` itself.

The repository lies in LeanDojo's cache as a built Lake project: its files are read there, and proofs are audited there by
the same Lean. What is proved is each theorem as it stands, in front of all that comes behind it in its file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import lean_dojo

from prover.errors import DataError
from prover.lean.backend import Worker
from prover.lean.commands import split
from prover.lean.context import FileContext
from prover.lean.file_context import file_context_in
from prover.lean.leandojo import traced
from prover.lean.leandojo.dojo import LakeDojo
from prover.lean.native.backends import DojoWorker, Native
from prover.lean.native.lake import Offsets
from prover.lean.native.project import read_project
from prover.lean.native.reader import parse_header
from prover.lean.source import PROVABLE, Reading, Target, load

START_TIMEOUT_S = 300


@dataclass
class TracedBackend(Native):
    """Through `lean_dojo.Dojo(theorem)`. `files` are the traced files to read; `wanted` theorems by full name, none for all."""

    name: str = "traced"
    files: dict[Path, lean_dojo.TracedFile] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._theorems: dict[tuple[str, int], lean_dojo.Theorem] = {}

    def new_worker(self, memory_mb: int) -> DojoWorker:
        """A place for one theorem's process after another."""
        return DojoWorker(self.lean, memory_mb)

    def read(self, worker: Worker, text: str, path: Path | None) -> Reading:
        """The theorems that LeanDojo saw in a file; their proofs are what is searched for anew."""
        assert path is not None
        file = parse_header(text, path)
        commands, offsets = split(text, file.body_start), Offsets(text)
        targets, notes = [], []
        for theorem in self.files[path].get_traced_theorems():
            name = theorem.theorem.full_name
            if self.wanted and name not in self.wanted:
                continue
            at = offsets.at({"line": theorem.start.line_nb, "column": theorem.start.column_nb - 1})
            found = [(i, c) for i, c in enumerate(commands) if c.start <= at < c.end and c.declaration in PROVABLE]
            if len(found) != 1 or found[0][1].value is None:
                notes.append(f"{path}:{theorem.start.line_nb}: {name} is left out: its command cannot be told by its text")
                continue
            index, command = found[0]
            assert command.value is not None
            targets.append(Target(file, index, name, command.start, command.end, command.value))
            self._theorems[file.sha256, command.start] = theorem.theorem
        return Reading(file, tuple(targets), tuple(notes))

    def open(self, target: Target, worker: Worker, timeout_s: float, heartbeats: int) -> lean_dojo.Dojo:
        """LeanDojo's own Dojo for this theorem."""
        theorem = self._theorems[target.file.sha256, target.start]
        at = cast(DojoWorker, worker)
        at.recycle_if_big()
        at.dojo = LakeDojo(target, lambda: lean_dojo.Dojo(theorem, timeout=START_TIMEOUT_S), timeout_s, at.memory_mb)
        return at.dojo

    def file_context(self, worker: Worker, target: Target) -> FileContext:
        """By text."""
        return file_context_in(split(target.file.text, target.file.body_start), target)


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
