"""The baseline: single built-in tactics, each one audited attempt.

The portfolio is the union of ten: what a user gets by trying one tactic after another. A prover that does not
beat it has shown nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from lean_dojo import DojoInitError, ProofFinished

from prover.audit.auditor import MAX_TRIES
from prover.audit.outcome import Audit, Candidate, Proof, audited
from prover.errors import LeanProcessError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item

BARE = ("omega", "decide", "grind", "simp", "simp_all", "rfl")
AFTER_INTROS = ("intros; omega", "intros; simp", "intros; simp_all", "intros; rfl")
"""The other two are left out: `grind` introduces by itself, and `decide` cannot use what `intros` names."""
TACTICS = BARE + AFTER_INTROS
DIFFICULTIES = ("one tactic", "portfolio", "neither")


def difficulty(closed_by: Sequence[str]) -> str:
    """The stratum of a theorem: closed by a bare tactic, only by one after `intros`, or by neither."""
    if any(tactic in closed_by for tactic in BARE):
        return DIFFICULTIES[0]
    return DIFFICULTIES[1] if closed_by else DIFFICULTIES[2]


def run_baseline(
    items: Sequence[Item],
    settings: BatchSettings,
    folder: RunFolder,
    audit: Audit,
    say: Any = lambda done, total: None,
    backend: Backend = EMBEDDED,
) -> dict[str, dict[str, Any]]:
    """Tries the ten tactics on every theorem that the folder does not know yet.

    Args:
        items: the theorems; those that do not elaborate are not tried and not closed.
        settings: limits of a tactic, number of workers.
        folder: where results are noted, to go on from when interrupted.
        audit: judges what closes the goal.
        say: told how many are done.
        backend: which Lean works.

    Returns:
        By id: `closed_by`, the tactics whose proof was accepted, and `seconds`. Raises what a worker raises.
    """
    records = folder.known()
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    missing = [i for i in items if i.id not in records]
    for item in missing:
        waiting.put(item)
    noting = threading.Lock()
    failures: list[BaseException] = []
    stop = threading.Event()

    def work(worker: Engine) -> None:
        try:
            while not stop.is_set():
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                record = {"id": item.id, **try_all(item, worker, audit, settings)}
                with noting:
                    folder.add(item.id, record)
                    records[item.id] = record
                    say(len(records), len(items))
                worker.recycle_if_big()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failures.append(error)
            stop.set()
        finally:
            worker.close()

    workers = [backend.new_engine(settings.memory_mb) for _ in range(max(1, min(settings.workers, len(missing))))]
    with ThreadPoolExecutor(len(workers), "baseline") as threads:
        running = [threads.submit(work, worker) for worker in workers] if missing else []
        try:
            wait(running)
        except KeyboardInterrupt:
            stop.set()
            for worker in workers:
                worker.interrupt()
            raise
    if failures:
        raise failures[0]
    return {i.id: records[i.id] for i in items}


def try_all(item: Item, worker: Engine, audit: Audit, settings: BatchSettings) -> dict[str, Any]:
    """One theorem: the tactics that close it and pass the audit. A Lean lost twice over it closes nothing."""
    started = time.monotonic()
    closed: list[str] = []
    for _ in range(MAX_TRIES if item.target.problem is None else 0):
        try:
            with Dojo(item.target, worker, settings.tactic_seconds, settings.heartbeats) as (dojo, state):
                results = dojo.run_tacs(state, list(TACTICS))
            finished = [t for t, r in zip(TACTICS, results, strict=True) if isinstance(r, ProofFinished)]
            closed = [t for t in finished if isinstance(audited(audit, item.target, Candidate(t)), Proof)]
            break
        except DojoInitError:
            break
        except LeanProcessError:
            continue
    return {"closed_by": closed, "seconds": round(time.monotonic() - started, 3)}


def summary(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How many each tactic closes, the best single one, and the portfolio."""
    by_tactic = {t: sum(t in r["closed_by"] for r in records.values()) for t in TACTICS}
    best = max(TACTICS, key=lambda t: by_tactic[t])
    return {
        "tactics": by_tactic,
        "best_single": {"tactic": best, "proved": by_tactic[best]},
        "portfolio": sum(bool(r["closed_by"]) for r in records.values()),
    }


def noted_settings(settings: BatchSettings) -> dict[str, Any]:
    """What decides the baseline's outcome, for the run folder."""
    facts = settings.noted()
    return {"baseline": list(TACTICS)} | {k: facts[k] for k in ("tactic_timeout_s", "heartbeats", "memory_mb")}
