"""The auditor that all workers of a batch share, and the line in which candidates wait for it.

Searches do not wait for verdicts: a worker hands its candidate over and begins the next theorem.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from prover.audit.auditor import Verdict
from prover.audit.embedded import Auditor, TheoremVerdict
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean import source
from prover.lean.embedded.worker import LeanWorker
from prover.lean.source import Reading, Target

MAX_TRIES = 2
"""What Lean was lost over is tried once more; then it is set aside."""


class SharedAuditor:
    """One auditor for many threads: a Lean process of its own, one proof at a time, a second try when it is lost."""

    def __init__(self, memory_mb: int, worker: LeanWorker | None = None) -> None:
        self.worker = worker or LeanWorker(memory_mb)
        self._auditor = Auditor(self.worker)
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self, target: Target, proof: str) -> Verdict:
        """The audit's verdict. Raises LeanProcessError when Lean was lost twice over the same proof."""
        with self._lock, self._renewed():
            for tries_left in reversed(range(MAX_TRIES)):
                self._prepare(target)
                try:
                    return self._auditor.audit_proof(target, proof)
                except LeanSetupError:
                    raise
                except LeanProcessError:
                    if tries_left == 0:
                        raise
        raise AssertionError("unreachable")

    def judge(self, stated: str, submission: str, path: Path | None = None) -> list[TheoremVerdict]:
        """Verdicts on a file's theorems; see `Auditor.audit_files`."""
        with self._lock, self._renewed():
            for tries_left in reversed(range(MAX_TRIES)):
                try:
                    return self._auditor.audit_files(stated, submission, path, path)
                except LeanSetupError:
                    raise
                except LeanProcessError:
                    if tries_left == 0:
                        raise
        raise AssertionError("unreachable")

    def _prepare(self, target: Target) -> None:
        """Elaborates a target's context; a process that is lost over it says nothing about the proof."""
        self.worker.recycle_if_big()
        self.worker.patiently(lambda: self.worker.state_before(target))

    def start(self) -> None:
        """Starts the process ahead of the first audit."""
        with self._lock, suppress(LeanProcessError):  # whoever needs it will say
            if not self._closed:
                self.worker.base_state(("Init",))

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        """Replaces a process that was lost, or nears its memory ceiling, in the background: the next audit finds one."""
        try:
            yield
        finally:
            self.worker.recycle_if_big()
            if not self.worker.alive and not self.worker.stopping:
                threading.Thread(target=self.start, name="auditor start", daemon=True).start()

    def recheck(self, path: Path, reading: Reading, proofs: Mapping[int, str]) -> list[str]:
        """Elaborates a written file as a whole; what is wrong with it, in lines for people."""
        with self._lock:
            for tries_left in reversed(range(MAX_TRIES)):
                try:
                    written = self.worker.header(source.load(path), path)
                    _, commands = self.worker.elaborated(written)
                    break
                except (LeanProcessError, DataError) as lost:
                    if tries_left == 0 or isinstance(lost, DataError):
                        return [f"{path}: could not be elaborated as a whole: {lost}"]
        before = {t.index for t in reading.targets if t.problem is not None}
        problems = []
        for index, command in enumerate(commands):
            for error in command.errors:
                if index in proofs or (index not in before and reading.clean):
                    problems.append(f"{source.place(written, error.start)}: {source.first_line(error.text)}")
            if index in proofs and command.sorries:
                problems.append(f"{source.place(written, command.start)}: still has sorry")
        return problems

    def warm(self, target: Target) -> None:
        """Starts the process and elaborates a target's context, so that the first audit is quick."""
        with self._lock, suppress(LeanProcessError):  # the first audit will say
            self.worker.state_before(target)

    def interrupt(self) -> None:
        """From another thread, for good: ends the process in the middle of whatever it does."""
        self.worker.interrupt()

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._closed = True
            self.worker.close()
