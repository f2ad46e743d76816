"""Many theorems over many Lean processes.

Each worker is a thread with a warm Lean of its own; one more Lean, which no search touches, audits for all of them.
Results are noted as they come (`prover.journal`); a run that is started again goes on with what is missing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from prover.agent import Attempt, SearchSettings, Verdict, ViewPolicy, prove
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.journal import RunFolder
from prover.lean import source
from prover.lean.audit import Auditor, TheoremVerdict
from prover.lean.backend import EMBEDDED, Audits, Backend, Worker
from prover.lean.process import RequestRefused
from prover.lean.source import Reading, Target
from prover.lean.worker import LeanWorker

TACTIC_TIMEOUT_S = 5.0
LAST_RESORT_S = 120.0
MAX_TRIES = 2
"""A theorem whose Lean was lost is tried once more; then it is set aside."""


@dataclass(frozen=True)
class Item:
    """A theorem of a batch; `id` is unique in it."""

    id: str
    target: Target
    file: str


@dataclass(frozen=True)
class BatchSettings:
    """`tactic_timeout_s` and `heartbeats` (in thousands) limit a single tactic, `memory_mb` a Lean process.

    Heartbeats are deterministic, seconds are not: where only expansions limit a theorem, a tactic's seconds are left as the
    last resort, so that the same inputs give the same proofs. None chooses accordingly.
    """

    search: SearchSettings = field(default_factory=SearchSettings)
    workers: int = 2
    tactic_timeout_s: float | None = None
    heartbeats: int = 200_000
    memory_mb: int = 3000
    minimise: bool = True

    @property
    def tactic_seconds(self) -> float:
        """Seconds that a single tactic may take."""
        if self.tactic_timeout_s is not None:
            return self.tactic_timeout_s
        return TACTIC_TIMEOUT_S if self.search.timeout_s is not None else LAST_RESORT_S


@dataclass
class Usage:
    """How the Lean processes spent their time, in seconds: `inside` requests, of `span` from first to last."""

    inside_s: float = 0.0
    span_s: float = 0.0
    processes_lost: int = 0


class Watcher(Protocol):
    """Is told what happens; called from the workers' threads, one at a time."""

    def started(self, item: Item) -> None:
        """A theorem is being worked on."""

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """A theorem is done."""


class Silent:
    """A watcher that does not look."""

    def started(self, item: Item) -> None:
        """Nothing."""

    def finished(self, item: Item, record: Mapping[str, Any]) -> None:
        """Nothing."""


SILENT = Silent()


class SharedAuditor:
    """One auditor for many threads: a Lean process of its own, one proof at a time, a second try when it is lost."""

    def __init__(self, memory_mb: int, worker: LeanWorker | None = None) -> None:
        self.worker = worker or LeanWorker(memory_mb)
        self._auditor = Auditor(self.worker)
        self._lock = threading.Lock()

    def __call__(self, target: Target, proof: str) -> Verdict:
        """The audit's verdict. Raises LeanProcessError when Lean was lost twice over the same proof."""
        with self._lock:
            self.worker.recycle_if_big()
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
        with self._lock:
            self.worker.recycle_if_big()
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
        self.worker.patiently(lambda: source.state_before(self.worker, target))

    def start(self) -> None:
        """Starts the process ahead of the first audit."""
        with self._lock, suppress(LeanProcessError):  # whoever needs it will say
            self.worker.base_state(("Init",))

    def recheck(self, path: Path, reading: Reading, proofs: Mapping[int, str]) -> list[str]:
        """Elaborates a written file as a whole; what is wrong with it, in lines for people."""
        with self._lock:
            for tries_left in reversed(range(MAX_TRIES)):
                try:
                    written = source.parse_header(self.worker, source.load(path), path)
                    _, commands = source.elaborate(self.worker, written)
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
            source.state_before(self.worker, target)

    def interrupt(self) -> None:
        """From another thread, for good: ends the process in the middle of whatever it does."""
        self.worker.interrupt()

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self.worker.close()


def run_batch(
    items: Sequence[Item],
    policy: ViewPolicy,
    settings: BatchSettings,
    folder: RunFolder | None = None,
    watcher: Watcher = SILENT,
    first_worker: Worker | None = None,
    cancel: threading.Event | None = None,
    auditor: Audits | None = None,
    new_worker: Callable[[int], Worker] | None = None,
    backend: Backend = EMBEDDED,
) -> tuple[dict[str, dict[str, Any]], Usage]:
    """Works on every theorem that the folder does not know yet.

    Args:
        items: the theorems.
        policy: shared by all workers.
        settings: budgets and sizes.
        folder: where results are noted; None keeps them in memory only.
        watcher: told about progress.
        first_worker: a warm worker to begin with; closed at the end.
        cancel: set it to stop; what is under way is left unfinished and not noted.
        auditor: an auditor to share; closed by whoever made it.
        new_worker: makes the workers, given the ceiling of their memory in MB; None: the backend does.
        backend: which Lean works.

    Returns:
        Record of each finished theorem by id, and how Lean's time was spent.
    """
    records = folder.known() if folder is not None else {}
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in items:
        if item.id not in records:
            waiting.put(item)
    cancel = cancel or threading.Event()
    own_auditor = auditor is None
    make_worker = new_worker or backend.new_worker
    audit = auditor or backend.new_auditor() or SharedAuditor(
        settings.memory_mb, cast(LeanWorker, make_worker(settings.memory_mb))
    )
    usage = Usage()
    noting = threading.Lock()
    failures: list[BaseException] = []

    def work(worker: Worker) -> None:
        try:
            while not cancel.is_set():
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                with noting:
                    watcher.started(item)
                attempt = attempt_item(item, worker, audit, policy, settings, cancel, backend)
                if attempt is None:
                    return
                record = record_of(item, attempt)
                with noting:
                    if folder is not None:
                        folder.add(item.id, record, attempt.tree)
                    records[item.id] = record
                    watcher.finished(item, record)
                worker.recycle_if_big()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failures.append(error)
            cancel.set()
        finally:
            worker.close()
            with noting:
                usage.inside_s += worker.inside_s
                usage.span_s += worker.span_s
                usage.processes_lost += worker.processes_lost

    count = max(1, min(settings.workers, waiting.qsize()))
    workers = [first_worker or make_worker(settings.memory_mb)]
    workers += [make_worker(settings.memory_mb) for _ in range(count - 1)]
    threads = [threading.Thread(target=work, args=(w,), name=f"worker-{i}") for i, w in enumerate(workers)]
    if not waiting.empty():
        threads.append(threading.Thread(target=audit.warm, args=(items[0].target,), name="auditor"))
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    except KeyboardInterrupt:
        cancel.set()
        for worker in workers:
            worker.interrupt()
        audit.interrupt()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        raise
    finally:
        if own_auditor:
            audit.close()
    if failures:
        raise failures[0]
    return {i.id: records[i.id] for i in items if i.id in records}, usage


def attempt_item(
    item: Item,
    worker: Worker,
    audit: Audits,
    policy: ViewPolicy,
    settings: BatchSettings,
    cancel: threading.Event,
    backend: Backend = EMBEDDED,
    on_expansion: Callable[[Any, Any], None] | None = None,
) -> Attempt | None:
    """One theorem, tried again when its Lean was lost; None when the run was cancelled meanwhile."""
    target = item.target
    if target.problem is not None:
        return Attempt("error", reason=target.problem)
    started = time.monotonic()
    for attempt_number in range(1, MAX_TRIES + 1):
        try:
            backend.prepare(worker, target)
            attempt = prove(
                backend.open(target, worker, settings.tactic_seconds, settings.heartbeats),
                policy,
                lambda proof: audit(target, proof),
                settings.search,
                backend.surroundings(worker, target),
                cancelled=cancel.is_set,
                on_expansion=on_expansion,
                minimised=settings.minimise,
            )
        except RequestRefused as error:
            return Attempt("error", reason=str(error), seconds=time.monotonic() - started)
        except LeanProcessError as error:
            if cancel.is_set():
                return None
            if isinstance(error, LeanSetupError):
                raise
            if attempt_number == MAX_TRIES:
                return Attempt(
                    "error",
                    reason=f"set aside: Lean was lost {MAX_TRIES} times over this theorem, last: {error}",
                    seconds=time.monotonic() - started,
                )
            continue
        # A search whose Lean was taken away by the cancellation looks as if it had nothing left to try.
        return None if cancel.is_set() and attempt.status != "proved" else attempt
    raise AssertionError("unreachable")


def record_of(item: Item, attempt: Attempt) -> dict[str, Any]:
    """A line of results.jsonl."""
    facts = asdict(replace(attempt, tree=None))
    facts.pop("tree")
    return {
        "id": item.id,
        "name": item.target.name,
        "file": item.file,
        "line": item.target.line,
        "statement": item.target.statement,
        **facts,
        "seconds": round(attempt.seconds, 3),
        "lean_seconds": round(attempt.lean_seconds, 3),
    }


def settle_dependencies(records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Proofs may use earlier theorems of their file as stated; they count once those are proved.

    Returns the records with a proof that rests on an unproved theorem counted as failed, its proof kept.
    """
    settled = {key: dict(record) for key, record in records.items()}
    proved = {(r["file"], r["name"]) for r in settled.values() if r["status"] == "proved"}
    changed = True
    while changed:
        changed = False
        for record in settled.values():
            missing = [d for d in record["depends_on"] if (record["file"], d) not in proved]
            if record["status"] == "proved" and missing:
                record["status"] = "failed"
                record["reason"] = f"proved only given {', '.join(missing)}, which is not proved"
                proved.discard((record["file"], record["name"]))
                changed = True
    return settled
