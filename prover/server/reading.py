"""Texts in warm Lean: what Lean says about them, the state of a proof at a place, and such a place as a theorem of its own.

A text that is sent again after an edit is elaborated from the first command that changed, by a process that knows the rest.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypedDict, Unpack

from lean_dojo import DojoInitError, TacticState

from prover.audit.auditor import AuditVerdict
from prover.errors import DataError, LeanProcessError
from prover.lean import answers, targets
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine
from prover.lean.holes import Hole, NoPlace, hole_at, region_end
from prover.lean.positions import Places
from prover.lean.states import goals_of
from prover.lean.targets import PROVABLE, LeanFile, Target, full_name
from prover.server.answers import Document, GoalsAt, document_of
from prover.server.pool import Lease, Limit, Pool, Readiness

MAX_TEXT_BYTES = 1_000_000
"""A text for interactive use; `proofsmith prove` reads files of ten times the size."""
KEPT_DOCUMENTS = 32
REQUEST_S = 60.0
"""Deadline of one request to Lean: a command of the file, in the worst case."""
WAIT_S = 30.0
TACTIC_S = 5.0
HEARTBEATS = 50_000
"""For a single suggested tactic, in thousands; a quarter of what a search allows."""
WARM = "theorem warm (n : Nat) : n + 0 = n := by sorry\n"
CHECK_S = 60.0
"""For a whole proof that is not audited."""


class How(TypedDict, total=False):
    """Of a request: the text's `path` (for messages), whether the answer is no longer wanted, how many seconds to wait for a
    free Lean (WAIT_S), and the limit of the time with it."""

    path: Path | None
    cancelled: Callable[[], bool]
    wait_s: float
    within: Limit | None


@dataclass(frozen=True)
class Opened:
    """A place in a proof with its live state: for those who run tactics themselves."""

    lease: Lease
    at: GoalsAt
    dojo: Dojo
    state: TacticState


class Reader:
    """Warm Lean that reads texts; may be used by many threads.

    Args:
        workers: Lean processes that work, each on one request at a time.
        memory_mb: ceiling of each; None: as the backend has it.
        tactic_s: seconds for a single tactic; Lean's own deterministic limit (`HEARTBEATS`) comes first as a rule.
        spares: further processes that are kept warm for when one is lost; see `Pool`.
        backend: which Lean works.
    """

    def __init__(
        self, workers: int, memory_mb: int | None = None, tactic_s: float = TACTIC_S, spares: int | None = None,
        backend: Backend = EMBEDDED,
    ) -> None:  # fmt: skip
        self._memory_mb = memory_mb
        self.backend = backend
        self.tactic_s = tactic_s
        self._pool = Pool(workers, lambda: self.backend.new_engine(self.memory_mb, REQUEST_S), [_try()], spares)
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._documents_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def readiness(self) -> Readiness:
        """Whether Lean waits for work, and what it does instead."""
        return self._pool.readiness

    @property
    def memory_mb(self) -> int:
        """Ceiling of a Lean process."""
        return self._memory_mb or self.backend.default_memory_mb

    def use(self, backend: Backend) -> None:
        """Takes another Lean, before the first one is started: a language server is told its workspace after it begins."""
        self.backend = backend

    def start(self, library: bool = True) -> None:
        """Warms up in the background: every process runs, and with `library` can search it (`exact?`)."""
        self._pool.start([_try("omega", "simp", "grind"), *([_try("exact?")] if library else [])])

    def warmed(self, timeout_s: float) -> bool:
        """Waits until all is warm, for so long."""
        return self._pool.warmed(timeout_s)

    def close(self) -> None:
        """Ends all processes; requests under way fail."""
        self._pool.close()

    def document(self, text: str, **how: Unpack[How]) -> Document:
        """A text, elaborated.

        Raises:
            DataError: too large, not text, or it imports what this Lean has not.
            Busy, Cancelled, LeanTimeoutError: see `Pool.lease`.
            LeanProcessError: Lean was lost on it.
        """
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        with self._documents_lock:
            if key in self._documents:
                self._documents.move_to_end(key)
                return replace(self._documents[key], path=how.get("path"))
        with self._reading(text, **how) as (lease, file):
            commands = lease.worker.commands(file, cancelled=lease.cancel.is_set)
            lease.check()
        found = document_of(file, commands)
        with self._documents_lock:
            self._documents[key] = found
            while len(self._documents) > KEPT_DOCUMENTS:
                self._documents.popitem(last=False)
        return found

    def auto_bound(self, text: str, **how: Unpack[How]) -> list[tuple[Target, tuple[str, ...]]]:
        """The theorems of a text whose statements bind names automatically, and these names; raises what `document` does."""
        with self._reading(text, **how) as (lease, file):
            commands = lease.worker.commands(file, cancelled=lease.cancel.is_set)
            stated = [
                Target(file, i, full_name(file, c), c.start, c.end, c.value) for i, c in enumerate(commands)
                if c.declaration in PROVABLE and c.value is not None and not any(e.start < c.value[0] for e in c.errors)
            ]  # fmt: skip
            lease.check()
            return [(t, names) for t, names in zip(stated, lease.worker.auto_bound(stated), strict=True) if names]

    def goals(self, text: str, line: int, column: int, **how: Unpack[How]) -> GoalsAt:
        """The tactic state at a place: `line` from 0, `column` in codepoints from 0.

        Raises:
            NoPlace: no tactic can stand there.
            DataError: Lean does not come to this place, or see `document`.
        """
        with self.opened(text, line, column, **how) as here:
            return here.at

    @contextmanager
    def opened(self, text: str, line: int, column: int, **how: Unpack[How]) -> Iterator[Opened]:
        """A place with its live proof state, for as long as the block lasts; see `goals` for what it is given and raises."""
        name = how.get("path") or "the text"
        with self._reading(text, **how) as (lease, file):
            hole = hole_at(lease.worker, file, line, column, lease.cancel.is_set)
            lease.check()
            places = Places(file.text)
            start, end = (places.position(places.at_byte(offset)) for offset in hole.proof_span)
            try:
                with Dojo(hole, lease.worker, self.tactic_s, HEARTBEATS) as (dojo, state):
                    goals = goals_of(state.pp)
                    if not goals and start.line < line:
                        raise NoPlace(f"{name}:{line + 1}: no tactic can stand here; the proof is complete")
                    at = GoalsAt(hole.name, goals, hole.passed, start, end, hole.tactic, hole)
                    yield Opened(lease, at, dojo, state)
            except DojoInitError as error:
                if isinstance(error.__cause__, LeanProcessError):
                    raise error.__cause__ from error
                raise DataError(f"{name}:{line + 1}:{column + 1}: {error}") from error

    # ------------------------------------------------------------------ below

    @contextmanager
    def _reading(
        self, text: str, path: Path | None = None, cancelled: Callable[[], bool] = lambda: False, wait_s: float = WAIT_S,
        within: Limit | None = None,
    ) -> Iterator[tuple[Lease, LeanFile]]:  # fmt: skip
        """A Lean that knows most of a text, and the text with its imports read; the time that `within` counts begins then."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_TEXT_BYTES:
            raise DataError(
                f"{path or 'the text'} has {size} bytes; interactive use reads up to {MAX_TEXT_BYTES}. "
                "`proofsmith prove` takes files of ten times that size"
            )
        with self._pool.lease(wait_s, cancelled, lambda w: w.shared_prefix(text), within) as lease:
            file = lease.worker.header(text, path)
            lease.worker.load_imports(file)
            with within.counting() if within is not None else nullcontext():
                yield lease, file


def _try(*tactics: str) -> Callable[[Engine], None]:
    """Has a process read a theorem, and run tactics on it that need something of the library."""

    def run(worker: Engine) -> None:
        target = worker.read(WARM).targets[0]
        if tactics:
            with Dojo(target, worker) as (dojo, state):
                dojo.run_tacs(state, tactics)

    return run


def whole(worker: Engine, file: LeanFile, name: str) -> Hole:
    """A theorem's whole proof as a hole."""
    commands = worker.commands(file)
    index = next(i for i, c in enumerate(commands) if c.value is not None and targets.full_name(file, c) == name)
    command = commands[index]
    assert command.value is not None
    places = Places(file.text)
    deeper = places.position(places.at_byte(command.start)).column + 2
    end = max(command.end, region_end(file, commands, index))
    lead = f":= by\n{' ' * deeper}"
    return Hole(
        file, index, name, command.start, end, (command.value[0], end), one=lead, many=lead, column=deeper,
        broken=bool(command.errors),
    )  # fmt: skip


def alone(worker: Engine, hole: Hole) -> Hole:
    """The same hole in a text that ends with its command and parses: `sorry` stands in the hole.

    Theorems in front whose proofs are wrong or unfinished stand there with `sorry`: only what they state
    counts for what follows.
    """
    file = hole.file
    pieces: list[str] = []
    at = 0
    commands = worker.commands(file, hole.start)
    for index, command in enumerate(commands[: hole.index]):
        if _broken_proof(command):
            assert command.value is not None
            pieces += [file.span(at, command.value[0]), ":= by sorry\n"]
            at = max(command.value[1], region_end(file, commands, index))
    before = "".join([*pieces, file.span(at, hole.start)])
    text = before + hole.command("sorry") + "\n"
    if not pieces and not hole.broken and file.span(*hole.proof_span) == hole.written("sorry"):
        text = file.span(0, hole.end) + "\n"
    shift = len(before.encode()) - hole.start
    start = hole.proof_span[0] + shift
    new = LeanFile(text, file.modules, file.body_start, file.path)
    span = (start, start + len(hole.written("sorry").encode()))
    return replace(hole, file=new, start=hole.start + shift, end=len(text.encode()) - 1, proof_span=span)


def _broken_proof(command: answers.Command) -> bool:
    """Whether a theorem's errors are all in its proof."""
    return (
        command.declaration in targets.PROVABLE
        and command.value is not None
        and bool(command.errors)
        and all(e.start >= command.value[0] for e in command.errors)
    )


class Unaudited:
    """Takes what Lean takes; whoever uses it does not say proved."""

    def __init__(self, worker: Engine) -> None:
        self._worker = worker

    def __call__(self, target: Target, proof: str) -> AuditVerdict:
        """Whether the command has no error with this proof."""
        errors = [m.text for m in self._worker.check(target, proof, CHECK_S) if m.severity == "error"]
        return AuditVerdict(not errors, "error" if errors else "accepted", errors[0] if errors else None, (), (), (), "")
