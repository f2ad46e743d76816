"""A batch under random faults, over and over, held against the same batch in peace.

The faults are those of `prover.testing.faults`: processes killed, stopped, delayed, garbled, too big, and a proposer that stands
for a failing policy server. Budgets are in expansions, so that time lost costs no verdict.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from prover.audit.auditor import SharedAuditor
from prover.audit.embedded import Auditor
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture, Offer, View
from prover.policy.builtin import builtin_policy
from prover.printable import tell
from prover.prove.batch import run_batch
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item
from prover.prove.run import collect, read_items
from prover.prove.theorem import SearchSettings
from prover.testing.faults import FaultyProposer, FaultyWorker, Random, at_random

FILES = ("nat.lean", "list.lean", "logic.lean", "bool.lean", "option.lean", "int.lean")
LONGEST_ROUND_S = 3600.0
HEARTBEATS = 40_000
POLICY_FAULT_RATE = 0.2


@dataclass(frozen=True)
class SoakSettings:
    """A fault comes in about one of `every` requests; `theorems` starter theorems, `max_expansions` for each."""

    minutes: float = 30.0
    seed: int = 1
    every: float = 60.0
    theorems: int = 24
    max_expansions: int = 4
    workers: int = 1
    memory_mb: int = 3000


@dataclass
class Server:
    """Offers what the others do not need, so that its absence costs no proof."""

    name: str = "server"

    def propose(self, view: View) -> list[Offer]:
        """One harmless tactic."""
        return [Offer("skip", -9.0)]


@dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    compared: int = 0
    same_proofs: int = 0
    different: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    processes_lost: int = 0
    set_aside: int = 0


def soak(settings: SoakSettings) -> dict[str, Any]:
    """Runs the batch in peace, then under faults until the time is over.

    Returns figures; `verdicts_different`, `results_lost` and `results_doubled` are what it is about.
    """
    began = time.monotonic()
    batch = BatchSettings(
        search=SearchSettings(timeout_s=None, max_expansions=settings.max_expansions),
        workers=settings.workers,
        heartbeats=HEARTBEATS,
        memory_mb=settings.memory_mb,
    )
    with tempfile.TemporaryDirectory(prefix="proofsmith-soak-") as folder:
        items, quiet = _quiet(Path(folder), settings, batch)
        _say(f"in peace: {_proved(quiet)} of {len(quiet)} proved in {time.monotonic() - began:.0f} s; now the faults")
        tally = Tally()
        server = FaultyProposer(Server(), at_random(settings.seed, POLICY_FAULT_RATE), name="server")
        end = time.monotonic() + settings.minutes * 60
        faulty_from = time.monotonic()
        faults = Random(settings.seed, settings.every)
        while time.monotonic() < end:
            _round(Path(folder), settings, batch, items, quiet, faults, server, end, tally)
            _say(f"round {tally.rounds}: {sum(faults.done.values())} faults so far, {len(tally.different)} verdicts differ")
    return {
        "minutes": round((time.monotonic() - faulty_from) / 60, 2),
        "seed": settings.seed,
        "theorems": len(items),
        "proved_in_peace": _proved(quiet),
        "rounds": tally.rounds,
        "verdicts_compared": tally.compared,
        "verdicts_different": len(tally.different),
        "same_proof": tally.same_proofs,
        "results_lost": tally.lost,
        "results_doubled": tally.doubled,
        "faults": dict(sorted(faults.done.items())),
        "policy_faults": dict(sorted(server.done.items())),
        "processes_lost": tally.processes_lost,
        "tactics_set_aside": tally.set_aside,
        "different": tally.different,
    }


def _quiet(folder: Path, settings: SoakSettings, batch: BatchSettings) -> tuple[list[Item], dict[str, dict[str, Any]]]:
    """A part of the starter theorems, the same number from each file, and their records without faults."""
    starter = Path(str(files("data") / "starter"))
    worker = LeanWorker(settings.memory_mb)
    everything, _, _ = read_items(worker, collect([starter / name for name in FILES]))
    by_file = [[item for item in everything if item.file == name] for name in FILES]
    rows = [item for row in zip(*by_file, strict=False) for item in row]
    items = sorted(rows[: settings.theorems], key=everything.index)
    policy = _policy(FaultyProposer(Server(), lambda call: None))
    with RunFolder(folder / "quiet", {}, {}) as run:
        records = run_batch(items, policy, batch, run, first_worker=worker).records
    return items, records


def _round(
    folder: Path,
    settings: SoakSettings,
    batch: BatchSettings,
    items: Sequence[Item],
    quiet: dict[str, dict[str, Any]],
    faults: Random,
    server: FaultyProposer,
    end: float,
    tally: Tally,
) -> None:
    cancel = threading.Event()
    # The first round is never cut short: on a busy machine it may be the only one.
    over = threading.Timer(max(0.0, end - time.monotonic()) if tally.rounds else LONGEST_ROUND_S, cancel.set)
    over.start()
    auditor = SharedAuditor(Auditor(FaultyWorker(faults, settings.memory_mb)))
    path = folder / f"round-{tally.rounds}"
    try:
        with RunFolder(path, {}, {}) as run:
            records, usage, _ = run_batch(
                items, _policy(server), batch, run, cancel=cancel, auditor=auditor,
                new_worker=lambda memory_mb: FaultyWorker(faults, memory_mb),
            )  # fmt: skip
            kept = run.known()
    finally:
        over.cancel()
        auditor.close()
    lines = Counter(json.loads(line)["id"] for line in (path / "results.jsonl").read_text("utf-8").splitlines())
    complete = not cancel.is_set()
    expected = {item.id for item in items} if complete else set(records)
    tally.rounds += complete
    tally.lost += len(expected - kept.keys()) + len(expected - lines.keys())
    tally.doubled += sum(count - 1 for count in lines.values()) + len(lines.keys() - expected)
    tally.processes_lost += usage.processes_lost + auditor.engine.processes_lost
    for key, record in records.items():
        before = quiet[key]
        tally.compared += 1
        tally.same_proofs += record["proof"] == before["proof"]
        tally.set_aside += len(record["set_aside"])
        if record["status"] != before["status"]:
            tally.different.append({"id": key, "quiet": before["status"], "now": record["status"], "why": record["reason"]})


def _policy(server: FaultyProposer) -> Mixture:
    builtin = builtin_policy()
    return replace(builtin, members=[*builtin.members, (server, 1.0)])


def _proved(records: dict[str, dict[str, Any]]) -> int:
    return sum(record["status"] == "proved" for record in records.values())


def _say(line: str) -> None:
    tell(line)
