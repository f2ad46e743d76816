"""The auditor that all workers of a batch share, and the line in which candidates wait for it.

Searches do not wait for verdicts: a worker hands its candidate over and begins the next theorem.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from prover.audit.auditor import Judge, TheoremVerdict, Verdict, judge_for
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean import source
from prover.lean.answers import Command
from prover.lean.engine import Backend
from prover.lean.source import LeanFile, Reading, Target

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

    def judge(self, stated: str, submission: str, path: Path | None = None) -> list[TheoremVerdict]:
        """Verdicts on a file's theorems; see `Auditor.audit_files`."""
        return self._twice(lambda: self._judge.audit_files(stated, submission, path, path))

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
            file = self.engine.header(source.load(path), path)
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
                    problems.append(f"{source.place(file, error.start)}: {source.first_line(error.text)}")
            if index in proofs and (command.sorries or any(source.SORRY_WARNING in m.text for m in command.messages)):
                problems.append(f"{source.place(file, command.start)}: still has sorry")
        return problems

    def _twice(self, work: Callable[[], Result]) -> Result:
        """What Lean was lost over is tried once more. Raises LeanProcessError when it is lost again."""
        with self._lock, self._renewed():
            for _ in range(MAX_TRIES - 1):
                try:
                    return work()
                except LeanSetupError:
                    raise
                except LeanProcessError:
                    continue
            return work()

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
