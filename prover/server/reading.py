"""Texts in warm Lean: what Lean says about them, and the state of a proof at a place.

A text that is sent again after an edit is elaborated from the first command that changed, by a process that knows the rest.
"""

from __future__ import annotations

import hashlib
import operator
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from lean_dojo import DojoInitError, TacticState

from prover.errors import DataError, LeanProcessError, ProverError
from prover.lean import source
from prover.lean.embedded.dojo import EmbeddedDojo
from prover.lean.holes import NoPlace, hole_at
from prover.lean.positions import Places
from prover.lean.source import LeanFile
from prover.server.answers import GoalsAt
from prover.server.document import Document, document_of
from prover.server.pool import Lease, Pool
from prover.server.suggest import goals_of

MAX_TEXT_BYTES = 1_000_000
"""A text for interactive use; `proofsmith prove` reads files of ten times the size."""
KEPT_DOCUMENTS = 32
REQUEST_S = 60.0
"""Deadline of one request to Lean: a command of the file, in the worst case."""
WAIT_S = 30.0
TACTIC_S = 5.0
HEARTBEATS = 50_000
"""For a single suggested tactic, in thousands; a quarter of what a search allows."""
QUIET_S = 1.0
"""What takes seconds ahead of need is done once nobody has asked for so long."""
WARM = "theorem warm (n : Nat) : n + 0 = n := by sorry\n"


@dataclass(frozen=True)
class Opened:
    """A place in a proof with its live state: for those who run tactics themselves."""

    lease: Lease
    at: GoalsAt
    dojo: EmbeddedDojo
    state: TacticState


class Reader:
    """Warm Lean that reads texts; may be used by many threads.

    Args:
        workers: Lean processes that work, each on one request at a time.
        memory_mb: ceiling of each.
        tactic_s: seconds for a single tactic; Lean's own deterministic limit (`HEARTBEATS`) comes first as a rule.
    """

    def __init__(self, workers: int, memory_mb: int, tactic_s: float = TACTIC_S) -> None:
        self.memory_mb = memory_mb
        self.tactic_s = tactic_s
        self._pool = Pool(workers, memory_mb, REQUEST_S)
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._documents_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many Lean processes wait for work now."""
        return self._pool.free

    def start(self, library: bool = True) -> threading.Thread:
        """Warms up in the background: every process runs, and with `library` can search it (`exact?`). Returns the thread."""
        thread = threading.Thread(target=self._warm, args=(library,), name="warming up", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Ends all processes; requests under way fail."""
        self._pool.close()

    def document(
        self, text: str, path: Path | None = None, cancelled: Callable[[], bool] = lambda: False, wait_s: float = WAIT_S
    ) -> Document:
        """A text, elaborated.

        Raises:
            DataError: too large, not text, or it imports what this Lean has not.
            Busy, Cancelled: see `Pool.lease`.
            LeanProcessError: Lean was lost on it.
        """
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        with self._documents_lock:
            if key in self._documents:
                self._documents.move_to_end(key)
                return replace(self._documents[key], path=path)
        with self._reading(text, path, cancelled, wait_s) as (lease, file):
            commands = source.elaborate(lease.worker, file, cancelled=lease.cancel.is_set)[1]
            lease.check()
        found = document_of(file, commands)
        with self._documents_lock:
            self._documents[key] = found
            while len(self._documents) > KEPT_DOCUMENTS:
                self._documents.popitem(last=False)
        return found

    def goals(
        self,
        text: str,
        line: int,
        column: int,
        path: Path | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        wait_s: float = WAIT_S,
    ) -> GoalsAt:
        """The tactic state at a place.

        Args:
            text: the file.
            line: from 0.
            column: codepoints, from 0.
            path: for messages.
            cancelled: whether the answer is still wanted.
            wait_s: seconds to wait for a free Lean.

        Raises:
            NoPlace: no tactic can stand there.
            DataError: Lean does not come to this place, or see `document`.
        """
        with self.opened(text, line, column, path, cancelled, wait_s) as here:
            return here.at

    @contextmanager
    def opened(
        self,
        text: str,
        line: int,
        column: int,
        path: Path | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        wait_s: float = WAIT_S,
    ) -> Iterator[Opened]:
        """A place with its live proof state, for as long as the block lasts; see `goals` for what it is given and raises."""
        with self._reading(text, path, cancelled, wait_s) as (lease, file):
            hole = hole_at(lease.worker, file, line, column, lease.cancel.is_set)
            lease.check()
            places = Places(file.text)
            start, end = (places.position(places.at_byte(offset)) for offset in hole.proof_span)
            try:
                with EmbeddedDojo(hole, lease.worker, self.tactic_s, HEARTBEATS) as (dojo, state):
                    goals = goals_of(state.pp)
                    if not goals and start.line < line:
                        raise NoPlace(f"{path or 'the text'}:{line + 1}: no tactic can stand here; the proof is complete")
                    at = GoalsAt(hole.name, goals, hole.passed, start, end, hole.tactic, hole)
                    yield Opened(lease, at, dojo, state)
            except DojoInitError as error:
                if isinstance(error.__cause__, LeanProcessError):
                    raise error.__cause__ from error
                raise DataError(f"{path or 'the text'}:{line + 1}:{column + 1}: {error}") from error

    # ------------------------------------------------------------------ below

    @contextmanager
    def _reading(
        self, text: str, path: Path | None, cancelled: Callable[[], bool], wait_s: float
    ) -> Iterator[tuple[Lease, LeanFile]]:
        """A Lean that knows most of a text, and the text with its imports read."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_TEXT_BYTES:
            raise DataError(
                f"{path or 'the text'} has {size} bytes; interactive use reads up to {MAX_TEXT_BYTES}. "
                "`proofsmith prove` takes files of ten times that size"
            )
        with self._pool.lease(wait_s, cancelled, lambda w: w.shared_prefix(text)) as lease:
            yield lease, source.parse_header(lease.worker, text, path)

    def _warm(self, library: bool) -> None:
        """Starts each process; then, when nobody waits, has the automation read what it needs, and the library indexed."""
        for tactics in ([], ["omega", "simp", "grind"], *([["exact?"]] if library else [])):
            for worker in self._pool.idle():
                if tactics and not self._pool.quiet(QUIET_S):
                    return
                this = partial(operator.is_, worker)
                with suppress(ProverError), self._pool.lease(WAIT_S, fits=this) as lease:
                    target = source.read(lease.worker, WARM).targets[0]
                    if tactics:
                        with EmbeddedDojo(target, lease.worker) as (dojo, state):
                            dojo.run_tacs(state, tactics)
