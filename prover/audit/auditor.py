"""The auditor of a backend: what alone says that a candidate is a proof."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from prover.errors import DataError, LeanProcessError, LeanTimeoutError
from prover.lean import targets
from prover.lean.answers import Command
from prover.lean.engine import Backend, Engine, again
from prover.lean.targets import LeanFile, Reading, Target


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


class SubmissionLost(LeanProcessError):
    """Lean was lost while it read a submission; whether the submission did it, a second attempt shows."""

    def __init__(self, names: list[str], cause: LeanProcessError) -> None:
        super().__init__(f"Lean was lost on the submission: {cause}")
        self.names = names
        self.cause = cause
        self.timed_out = isinstance(cause, LeanTimeoutError)

    def verdicts(self) -> list[TheoremVerdict]:
        """What is said of the submission when Lean was lost on it again, or was not done in time."""
        category, reason = "crash", f"{self}, twice"
        if self.timed_out:
            category, reason = "timeout", f"Lean was not done with the submission: {self.cause}"
        return [TheoremVerdict(name, False, category, reason) for name in self.names]


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
        self,
        target_text: str,
        submission_text: str,
        target_path: Path | None = None,
        submission_path: Path | None = None,
        allow_disproof: bool = False,
    ) -> list[TheoremVerdict]:
        """Whether a file proves what another leaves unproved, theorem by theorem, or with `allow_disproof` disproves it."""
        ...


def judge_for(backend: Backend, memory_mb: int) -> Judge:
    """The checks of a backend's own Lean, in processes that no search has touched, each with at most `memory_mb`."""
    from prover.audit.embedded import Auditor
    from prover.audit.native import NativeAuditor
    from prover.lean.backends import Native
    from prover.lean.embedded.worker import LeanWorker
    from prover.lean.native.lake import LakeEnv

    if isinstance(backend, Native):
        return NativeAuditor(LakeEnv(backend.project), backend.lean, backend.library)
    return Auditor(LeanWorker(memory_mb))


MAX_TRIES = 2
"""What Lean was lost over is tried once more; then it is set aside."""

Result = TypeVar("Result")


class SharedAuditor:
    """One auditor for many threads, on any Lean: one proof at a time, a second try when its process is lost.

    Args:
        judge: has the checks of a Lean, in processes that no search has touched.
    """

    def __init__(self, judge: Judge) -> None:
        self.engine = judge.engine
        self._judge = judge
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self, target: Target, proof: str) -> Verdict:
        """The audit's verdict. Raises LeanProcessError when Lean was lost twice over the same proof."""
        def judged() -> Verdict:
            self.engine.recycle_if_big()
            self.engine.prepare(target)
            return self._judge.audit_proof(target, proof)

        return self._twice(judged)

    def judge(
        self,
        stated: str,
        submission: str,
        stated_path: Path | None = None,
        path: Path | None = None,
        allow_disproof: bool = False,
    ) -> list[TheoremVerdict]:
        """Verdicts on a file's theorems; see `Auditor.audit_files`.

        A submission on which Lean is lost twice, or once because it does not end, is refused.
        """
        def judged() -> list[TheoremVerdict]:
            try:
                return self._judge.audit_files(stated, submission, stated_path, path, allow_disproof)
            except SubmissionLost as lost:
                if lost.timed_out:
                    return lost.verdicts()
                raise

        try:
            return self._twice(judged)
        except SubmissionLost as lost:
            return lost.verdicts()

    def start(self) -> None:
        """Starts the process ahead of the first audit."""
        with self._lock, suppress(LeanProcessError):  # whoever needs it will say
            if not self._closed:
                self._judge.start()

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        """Replaces a process that was lost, or nears its memory ceiling, in the background: the next audit finds one."""
        try:
            yield
        finally:
            self.engine.recycle_if_big()
            if self._judge.stays and not self.engine.alive and not self.engine.stopping:
                threading.Thread(target=self.start, name="auditor start", daemon=True).start()

    def recheck(self, path: Path, reading: Reading, proofs: Mapping[int, str]) -> list[str]:
        """Elaborates a written file as a whole; what is wrong with it, in lines for people."""
        def read() -> tuple[LeanFile, list[Command]]:
            file = self.engine.header(targets.load(path), path)
            return file, self.engine.commands(file)

        try:
            file, commands = self._twice(read)
        except (LeanProcessError, DataError) as lost:
            return [f"{path}: could not be elaborated as a whole: {lost}"]
        before = {t.index for t in reading.targets if t.problem is not None}
        problems = []
        for index, command in enumerate(commands):
            for error in command.errors:
                if index in proofs or (index not in before and reading.clean):
                    problems.append(f"{targets.place(file, error.start)}: {targets.first_line(error.text)}")
            if index in proofs and (command.sorries or any(targets.SORRY_WARNING in m.text for m in command.messages)):
                problems.append(f"{targets.place(file, command.start)}: still has sorry")
        return problems

    def _twice(self, work: Callable[[], Result]) -> Result:
        """What Lean was lost over is tried once more. Raises LeanProcessError when it is lost again."""
        with self._lock, self._renewed():
            return again(work, MAX_TRIES)

    def warm(self, target: Target) -> None:
        """Starts the process and elaborates a target's context, so that the first audit is quick."""
        with self._lock, suppress(LeanProcessError):  # the first audit will say
            self.engine.prepare(target)

    def interrupt(self) -> None:
        """From another thread, for good: ends what runs."""
        self.engine.interrupt()

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._closed = True
            self.engine.close()


def auditor_for(backend: Backend, memory_mb: int) -> SharedAuditor:
    """A new auditor on a backend's own Lean."""
    return SharedAuditor(judge_for(backend, memory_mb))
