"""What `proofsmith bench` measures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.audit.auditor import auditor_for
from prover.lean.embedded.process import LeanProcess
from prover.lean.embedded.protocol import Json
from prover.lean.embedded.worker import EMBEDDED, LeanWorker
from prover.policy.base import View
from prover.policy.builtin import builtin_policy
from prover.policy.neural.default import default_policy
from prover.policy.queue import PolicyQueue
from prover.prove.batch import Silent, run_batch
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item
from prover.prove.premises import library_premises
from prover.prove.run import collect, from_statement, read_items
from prover.prove.theorem import SearchSettings
from search.types import Proposal

if TYPE_CHECKING:
    from prover.bench.profile import Profile

STARTS = 3
TIMEOUT_S = 120
STATEMENT = "theorem t (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length"
CHECKED = "theorem t (a b : Nat) : a + b = b + a := by omega"
LONG = "theorem long (a b c : Nat) (h : a < b) (k : b < c) : a + 1 < c + 1 ∧ a ≠ c"
PREFIX = ("have both := Nat.lt_trans h k", "refine ⟨?_, Nat.ne_of_lt both⟩")
SHORT = "theorem short (a b c : Nat) (h : a < b) (k : b < c) (both : a < c) : a + 1 < c + 1"
"""What `long` is after the two tactics of its prefix."""
TACTIC = "simp_all"
REPEATS = 40
MAX_BATCH = 64
SLOW_EXPANSIONS = 6
MUTATE_CORE_HOURS = 0.05
MUTATE_RECHECKED = 100


def start() -> dict[str, Any]:
    """Medians of three.

    `host_start` has a row for each part of the host's start and for what comes after: seconds by the clock, seconds of
    processor time in all threads, resident MB at its end. `first_reply` is the host from nothing to its first reply.
    """
    runs = [_host() for _ in range(STARTS)]
    parts = [_median([run[i] for run in runs]) for i in range(len(runs[0]))]
    return {"host_start": parts, "warm_start_s": round(statistics.median(_command_s() for _ in range(STARTS)), 2)}


def _host() -> list[Json]:
    began = time.monotonic()
    process = LeanProcess()
    try:
        rows = [
            {"part": row["part"], "wall_s": row["wall_ms"] / 1000, "cpu_s": row["cpu_ms"] / 1000, "rss_mb": row["rss_mb"]}
            for row in process.start_parts
        ]
        wall, cpu = time.monotonic() - began, process.cpu_used_s()
        rows.append({"part": "first_reply", "wall_s": wall, "cpu_s": cpu, "rss_mb": process.memory_used_mb()})
        state = 0
        for part in ("import_init", "first_proof"):
            began, before = time.monotonic(), process.cpu_used_s()
            if part == "import_init":
                state = process.request("import", TIMEOUT_S, modules=["Init"])["state"]
            else:
                process.request("elaborate", TIMEOUT_S, state=state, text=CHECKED)
            wall, cpu = time.monotonic() - began, process.cpu_used_s() - before
            rows.append({"part": part, "wall_s": wall, "cpu_s": cpu, "rss_mb": process.memory_used_mb()})
        return rows
    finally:
        process.kill()


def _median(rows: list[Json]) -> Json:
    figures = {key: round(statistics.median(row[key] for row in rows), 3) for key in ("wall_s", "cpu_s", "rss_mb")}
    return {"part": rows[0]["part"], **figures}


def _command_s() -> float:
    """From a command in the shell to its first audited proof, packages in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        command = [sys.executable, "-m", "prover.cli.main", "prove", "--statement", STATEMENT, "--out", folder, "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began


class SlowPolicy:
    """The symbolic policy, as slow as a model elsewhere: a batch of requests takes so many seconds, whatever its size."""

    def __init__(self, batch_s: float) -> None:
        self._policy = builtin_policy(library_premises())
        self._batch_s = batch_s
        self.queue = PolicyQueue(self._answers, MAX_BATCH)

    def propose(self, view: View) -> list[Proposal]:
        """The symbolic policy's proposals, `batch_s` after the batch before."""
        return self.queue.ask(view)

    def _answers(self, views: Sequence[View]) -> list[list[Proposal]]:
        began = time.monotonic()
        found = [self._policy.propose(view) for view in views]
        time.sleep(max(0.0, began + self._batch_s - time.monotonic()))
        return found


class LastPass(Silent):
    """Clears a profile when the last pass over a batch's theorems begins."""

    def __init__(self, profile: Profile, begins_with: Item) -> None:
        self._profile, self._begins_with = profile, begins_with

    def started(self, item: Item) -> None:
        """The last pass begins with its first theorem."""
        if item is self._begins_with:
            self._profile.clear()


def batch(
    profiled: bool = False, policy_ms: int | None = None, open_theorems: int = 1, paths: Sequence[Path] = (), passes: int = 1
) -> dict[str, Any]:
    """Part of the Lean processes' wall time, first to last request of a batch, that is spent inside Lean.

    Args:
        profiled: also where the time of a theorem goes (`prover.bench.profile`), milliseconds a theorem.
        policy_ms: a policy that takes so long a batch stands in for the default one; then all starter theorems are searched, with
            a budget in expansions, so that the batch does not end in a long search of one theorem.
        open_theorems: open at a time in each Lean.
        paths: files whose theorems are searched in place of the starter ones, by one Lean process.
        passes: how often every theorem is searched and audited, in the same processes; the profile is that of the last pass,
            since Lean's compiled code gets quicker while it is used.
    """
    from prover.bench.profile import Profile

    starter = Path(str(files("data") / "starter"))
    slow = SlowPolicy(policy_ms / 1000) if policy_ms is not None else None
    inputs = collect(paths or ([starter] if slow else [starter / "list.lean", starter / "nat.lean"]))
    workers = 1 if paths else os.cpu_count() or 1
    search = SearchSettings(timeout_s=None, max_expansions=SLOW_EXPANSIONS) if slow else SearchSettings(timeout_s=20)
    settings = BatchSettings(search=search, workers=workers, open=open_theorems)
    policy = slow or default_policy(library_premises())
    profile = Profile()
    with (
        tempfile.TemporaryDirectory() as place,
        profile.watching() if profiled else nullcontext(),
        RunFolder(Path(place), {}, {}) as folder,
        LeanWorker(settings.memory_mb) as worker,
    ):
        auditor = auditor_for(EMBEDDED, settings.memory_mb)
        auditor.start()  # as `proofsmith prove` does while it reads the files
        items, _, _ = read_items(worker, inputs)
        theorems = len(items)
        items += [replace(item, id=f"{item.id}, pass {n}") for n in range(2, passes + 1) for item in items[:theorems]]
        last = LastPass(profile, items[-theorems])
        began = time.monotonic()
        try:
            records, usage, _ = run_batch(items, policy, settings, folder, last, worker, auditor=auditor)
        finally:
            auditor.close()
        seconds = time.monotonic() - began
    easy = [r["seconds"] for r in records.values() if r["status"] == "proved" and r["expansions"] <= 1]
    return {
        "batch_theorems": len(records),
        "batch_proved": sum(r["status"] == "proved" for r in records.values()),
        "batch_seconds": round(seconds, 1),
        "batch_workers": workers,
        "one_expansion": {"theorems": len(easy), "median_s": round(statistics.median(easy), 3)},
        "tactics_per_second": round(sum(r["tactics_run"] for r in records.values()) / seconds, 1),
        "batch_open": open_theorems,
        **({"policy_ms": policy_ms, "requests_a_batch": round(slow.queue.requests / slow.queue.batches, 2)} if slow else {}),
        "inside_lean": round(usage.inside_s / usage.span_s, 3) if usage.span_s else None,
        **(_profiled(profile, theorems) if profiled else {}),
    }


def _profiled(profile: Profile, theorems: int) -> dict[str, Any]:
    return {"theorem_cpu_ms": round(1000 * profile.cpu_s() / theorems, 1), "profile": profile.rows(theorems)}


def starter_states() -> list[str]:
    """The goals with which the starter theorems begin, as a policy sees them."""
    from prover.lean.dojo import Dojo

    states = []
    with LeanWorker() as worker:
        items, _, _ = read_items(worker, collect([Path(str(files("data") / "starter"))]))
        for item in items:
            with Dojo(item.target, worker) as (_, state):
                states.append(state.pp)
    return states


def step() -> dict[str, Any]:
    """A tactic behind a two-tactic prefix against the same tactic on the same goal alone; medians in milliseconds."""
    from prover.lean.dojo import Dojo

    def milliseconds(dojo: Dojo, prefix: tuple[str, ...]) -> float:
        with dojo as (opened, state):
            for tactic in prefix:
                state = opened.run_tac(state, tactic)
            taken = []
            for _ in range(REPEATS):
                began = time.perf_counter()
                opened.run_tac(state, TACTIC)
                taken.append((time.perf_counter() - began) * 1000)
        return statistics.median(taken)

    with LeanWorker() as worker:
        long, short = (worker.read(from_statement(s).text).targets[0] for s in (LONG, SHORT))
        for target in (long, short):  # both warm before either is timed
            milliseconds(Dojo(target, worker), ())
        alone = milliseconds(Dojo(short, worker), ())
        behind = milliseconds(Dojo(long, worker), PREFIX)
    return {"tactic_alone_ms": round(alone, 2), "step_on_prefix_ms": round(behind, 2), "step_ratio": round(behind / alone, 2)}


def mutate() -> dict[str, Any]:
    """Verified, deduplicated new theorems an hour of processor time, start of the process included; and a re-check."""
    from prover.mutation.checks import recheck
    from prover.mutation.run import MutationSettings, Run

    with tempfile.TemporaryDirectory() as folder:
        settings = MutationSettings(limit_core_hours=MUTATE_CORE_HOURS, workers=1, grade_share=0.0)
        totals = Run(Path(folder), settings).go()
        again = recheck(Path(folder), MUTATE_RECHECKED, seed=0)
    return {
        "verified_per_core_hour": round(totals.per_core_hour),
        "verified": totals.accepted,
        "core_s": round(totals.core_s, 1),
        "wall_s": round(totals.wall_s, 1),
        "yield_of_variants": round(totals.accepted / totals.built, 3) if totals.built else None,
        "rechecked": again.checked,
        "recheck_failures": len(again.failures),
    }
