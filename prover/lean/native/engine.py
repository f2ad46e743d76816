"""What the engines over a project's own Lean share: files by their texts, tactics one at a time, states told by their texts."""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from prover.errors import LeanCrashedError
from prover.lean.answers import Command, Goal, Message, Outline, ProofView, TacticReply
from prover.lean.commands import masked, outline
from prover.lean.context import FileContext
from prover.lean.engine import Limits
from prover.lean.native.lake import LakeEnv
from prover.lean.native.project import Project
from prover.lean.native.reader import NativeReader, parse_header
from prover.lean.tactic_text import mentions_metavariables, no_tactic
from prover.lean.targets import LeanFile, Reading, Target
from prover.lean.worker import Ended, ProcessWorker

NATIVE_MEMORY_MB = 8000
"""Of a process's own memory; what it shares with others, Mathlib's compiled files, is not counted."""
SEVERAL = re.compile(r"[\n;]")
DOES_NOT_PARSE = re.compile(r"<\w+>:\d+:\d+: ")
SORRY = re.compile(r"\bsorry\b")

P = TypeVar("P", bound=Ended)


class NativeEngine(ProcessWorker[P]):
    """See `prover.lean.engine.Engine`.

    Args:
        project: where Lean runs.
        memory_mb: ceiling of a process's own memory.
        reader: reads files; None: one without our library.
        lean: its version line.
        timeout_s: deadline of a command.
        import_timeout_s: deadline of imports.
    """

    def __init__(
        self, project: Project, memory_mb: int = NATIVE_MEMORY_MB, reader: NativeReader | None = None, lean: str = "",
        timeout_s: float = 120.0, import_timeout_s: float = 300.0,
    ) -> None:  # fmt: skip
        super().__init__(memory_mb, timeout_s, import_timeout_s)
        self.project = project
        self.lean = lean
        self._reader = reader

    # ------------------------------------------------------------------ texts

    @property
    def reader(self) -> NativeReader:
        """What reads files: `lake env lean`, in processes of its own."""
        if self._reader is None:
            self._reader = NativeReader(LakeEnv(self.project, self.import_timeout_s))
        return self._reader

    @property
    def ready(self) -> bool:
        """Files are read in processes of their own, and theorems start theirs."""
        return not self.stopping

    def interrupt(self) -> None:
        """See `Engine`."""
        super().interrupt()
        if self._reader is not None:
            self._reader.interrupt()

    def header(self, text: str, path: Path | None = None) -> LeanFile:
        """See `Engine`."""
        return parse_header(text, path)

    def load_imports(self, file: LeanFile) -> None:
        """Nothing: it is part of elaborating the file."""

    def commands(
        self, file: LeanFile, until: int | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Command]:
        """See `Engine`: by `lake env lean`, all of the file."""
        if self.stopping:
            raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
        return self.reader.commands(file)

    def read(self, text: str, path: Path | None = None) -> Reading:
        """See `Engine`: by text, confirmed by the project's Lean."""
        return self.reader.read(text, path)

    def auto_bound(self, targets: Sequence[Target]) -> list[tuple[str, ...]]:
        """See `Engine`: the file once more for each set of names, none where the project binds none."""
        return self.reader.auto_bound(targets)

    def outline(self, file: LeanFile, command: Command) -> Outline:
        """See `Engine`: by text."""
        return outline(file.text, command)

    def file_context(self, target: Target) -> FileContext:
        """See `Engine`: by text."""
        return self.reader.file_context(target)

    def shared_prefix(self, text: str) -> int:
        """See `Engine`."""
        return 0

    def prepare(self, target: Target) -> None:
        """Nothing: it is part of entering the theorem."""

    # ------------------------------------------------------------------ proof states

    @abstractmethod
    def step(self, view: ProofView, tactic: str, timeout_s: float) -> TacticReply:
        """Runs one tactic on a state of the present process. Raises LeanProcessError when the process is lost."""

    def run(
        self, view: ProofView, tactics: Sequence[str], limits: Limits, stop_when_done: bool = False
    ) -> list[TacticReply]:
        """See `Engine`."""
        replies = []
        for tactic in tactics:
            started = time.monotonic()
            refused = no_tactic(tactic)
            reply = (
                TacticReply(0.0, error=refused) if refused is not None else self._several(view, tactic, limits.timeout_s)
            )
            replies.append(TacticReply(**{**reply.__dict__, "milliseconds": 1000 * (time.monotonic() - started)}))
            if stop_when_done and reply.done:
                break
        return replies

    def check(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """See `Engine`."""
        refused = no_tactic(proof)
        return [_error(refused)] if refused is not None else self.says_of(target, proof, timeout_s)

    @abstractmethod
    def says_of(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """What Lean says of the theorem with a whole proof."""

    def release(self, views: Sequence[ProofView]) -> None:
        """Nothing to let go of: the process keeps its states to its end."""

    def _several(self, view: ProofView, tactic: str, timeout_s: float) -> TacticReply:
        """Runs a tactic, or several of them, one a line or with semicolons: native processes parse one tactic only."""
        if SEVERAL.search(tactic):
            reply = self.step(view, f"(\n{tactic}\n)", timeout_s)
            if reply.error is None or not DOES_NOT_PARSE.match(reply.error):
                return reply
        return self.step(view, tactic, timeout_s)


def view_of(sid: Any, goals: Iterable[str]) -> ProofView:
    """A state by its goals' texts."""
    return ProofView(sid, tuple(map(_goal, goals)))


def depend(view: ProofView) -> bool:
    """Whether a state's goals may share metavariables."""
    return any(goal.fingerprint is None for goal in view.goals)


def _goal(text: str) -> Goal:
    sorry = "sorry" in text and SORRY.search(masked(text)) is not None
    return Goal(text, None if mentions_metavariables(text) else 0, sorry)


def _error(text: str) -> Message:
    return Message("error", text, 0, 0)
