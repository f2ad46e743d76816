"""One theorem of a batch: what is given, how it is tried, what is noted of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from prover.audit.auditor import Verdict
from prover.audit.shared import MAX_TRIES
from prover.errors import LeanProcessError, LeanSetupError
from prover.lean.backend import EMBEDDED, Backend, Worker
from prover.lean.embedded.process import RequestRefused
from prover.lean.source import Target
from prover.prove.evaluator import ViewPolicy
from prover.prove.theorem import Attempt, SearchSettings, prove

TACTIC_TIMEOUT_S = 5.0
LAST_RESORT_S = 120.0


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

    def noted(self) -> dict[str, Any]:
        """What decides the outcomes, for run folders: everything but the number of workers."""
        facts = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "workers"}
        return facts | {"search": self.search.noted()}

    @property
    def tactic_seconds(self) -> float:
        """Seconds that a single tactic may take."""
        if self.tactic_timeout_s is not None:
            return self.tactic_timeout_s
        return TACTIC_TIMEOUT_S if self.search.timeout_s is not None else LAST_RESORT_S


class _Believed:
    accepted = True
    reason = None
    axioms: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


def believing(target: Target, proof: str) -> _Believed:
    """Stands for the audit while a search runs; its candidate is judged afterwards."""
    return _Believed()


def attempt_item(
    item: Item,
    worker: Worker,
    audit: Callable[[Target, str], Verdict],
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
                backend.file_context(worker, target),
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
