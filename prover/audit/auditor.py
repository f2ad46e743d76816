"""The auditor of a backend: what alone says that a candidate is a proof."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prover.lean.engine import Backend, Engine
from prover.lean.source import Target


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


@dataclass(frozen=True)
class AuditVerdict:
    """What the audit says of one proof.

    `category` is one word for programs (`accepted`, `error`, `sorry`, …, see docs/audit.md), `reason` the
    same in plain words, None when accepted. `axioms` are those reached outside the library's own theorems.
    `depends_on` names theorems of the file that are unproved and that this proof uses: it is proved given
    them. `checks` are the checks that ran; the last one is what decided.
    """

    accepted: bool
    category: str
    reason: str | None
    axioms: tuple[str, ...]
    depends_on: tuple[str, ...]
    checks: tuple[str, ...]
    lean: str


@dataclass(frozen=True)
class Answer:
    """The value of a definition that the target left open.

    Attributes:
        name: the definition.
        value: as Lean prints it, without the submission's notation; None when it cannot be printed.
        remark: why it may be no answer, for the reader to judge; None when nothing speaks against it.
    """

    name: str
    value: str | None
    remark: str | None


@dataclass(frozen=True)
class TheoremVerdict:
    """The verdict on one theorem of a target file.

    `answers` are the values that the submission gives to definitions that the target leaves open and that the theorem is
    about. Category `disproved`: not accepted, because the submission proves the negation.
    """

    name: str
    accepted: bool
    category: str
    reason: str | None
    axioms: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()


class Judge(Protocol):
    """The checks of one Lean. `stays`: its process outlives a verdict, and is started again ahead of the next when lost."""

    stays: bool

    @property
    def engine(self) -> Engine:
        """Reads the files; no search uses it."""
        ...

    def start(self) -> None:
        """Ahead of the first audit."""

    def audit_proof(self, target: Target, proof: str) -> AuditVerdict:
        """Whether tactics prove a theorem of a file. Raises LeanProcessError when Lean was lost: nothing is known."""
        ...

    def audit_files(
        self, target_text: str, submission_text: str, target_path: Path | None = None, submission_path: Path | None = None
    ) -> list[TheoremVerdict]:
        """Whether a file proves what another leaves unproved, theorem by theorem."""
        ...


def judge_for(backend: Backend, memory_mb: int) -> Judge:
    """The checks of a backend's own Lean, in processes that no search has touched, each with at most `memory_mb`."""
    from prover.audit.embedded import Auditor
    from prover.audit.native import NativeAuditor
    from prover.lean.embedded.worker import LeanWorker
    from prover.lean.native.backends import Native
    from prover.lean.native.lake import LakeEnv

    if isinstance(backend, Native):
        return NativeAuditor(LakeEnv(backend.project), backend.lean, backend.library)
    return Auditor(LeanWorker(memory_mb))
