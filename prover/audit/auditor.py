"""The auditor of a backend: what alone says that a candidate is a proof."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from prover.lean.engine import Backend
from prover.lean.source import Reading, Target


class Verdict(Protocol):
    """What an audit says of a proof."""

    @property
    def accepted(self) -> bool:
        """Whether the proof holds."""
        ...

    @property
    def reason(self) -> str | None:
        """Why not, in plain words."""
        ...

    @property
    def axioms(self) -> tuple[str, ...]:
        """What it rests on outside the library's theorems."""
        ...

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Unproved theorems of the file that it uses."""
        ...


class Audits(Protocol):
    """Judges proofs for all workers; `prover.audit.shared.SharedAuditor` and `NativeAuditor` do."""

    def __call__(self, target: Target, proof: str) -> Verdict:
        """Return the verdict on a proof of the target."""
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


def auditor_for(backend: Backend, memory_mb: int, worker: Any = None) -> Audits:
    """Return a new auditor on the backend's own Lean, in processes that no search has touched.

    Args:
        backend: the Lean that the theorems are searched with.
        memory_mb: ceiling of the auditor's process, in MB.
        worker: the embedded worker to audit with; None: a new one.
    """
    from prover.audit.native import NativeAuditor
    from prover.audit.shared import SharedAuditor
    from prover.lean.native.backends import Native
    from prover.lean.native.lake import LakeEnv

    if isinstance(backend, Native):
        return NativeAuditor(LakeEnv(backend.project), backend.lean, backend.library)
    return SharedAuditor(memory_mb, worker)
