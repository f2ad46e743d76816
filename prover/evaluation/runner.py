"""An evaluation: a data set, a policy and a budget in; counts, records and pages out.

Every problem of the data set gets a record and counts in the denominator: one that does not elaborate, cannot
start or loses its Lean is not proved. Theorems run through `prover.prove.batch`, so an interrupted evaluation goes
on where it stopped, and "proved" is the audit's word.

    <out>/summary.json   counts, hashes, versions, command, budget, hardware; the machine-readable report
    <out>/results.jsonl  a line a problem
    <out>/eval.html      the report; <out>/report.html has the searched trees
    <out>/proofs/        a file for each proved problem
    <out>/baseline/      the single-tactic baseline, where it was asked for
    <out>/run-<i>/       the single runs, where there were several
"""

from __future__ import annotations

import json
import platform
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prover import __version__
from prover.audit.auditor import SharedAuditor, auditor_for
from prover.evaluation import baseline as single_tactics
from prover.evaluation.datasets import DataSet
from prover.evaluation.figures import counts, joined, pass_curve
from prover.evaluation.folder import FORMAT, check_folder, forget, tree_of
from prover.evaluation.located import locate
from prover.evaluation.noise import NoisyPolicy
from prover.evaluation.provenance import code_sha256, hardware
from prover.evaluation.report import write_eval_page
from prover.lean import source
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine
from prover.lean.source import Reading, Target
from prover.printable import tell
from prover.prove.batch import run_batch
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import RunFolder, write_atomically
from prover.prove.item import BatchSettings, Item, settle_dependencies
from prover.prove.progress import ProgressBar
from prover.prove.report.page import write_report
from prover.prove.run import commit, write_disproofs

RUN_TEMPERATURE = 0.5
"""Noise on the policy's log-probabilities in repeated runs, when none is given."""


@dataclass(frozen=True)
class Plan:
    """How to evaluate. `temperature` None: 0 for a single run, RUN_TEMPERATURE for several; `policy` is what is to be noted of
    the policy, empty for the built-in one."""

    settings: BatchSettings
    runs: int = 1
    seed: int = 0
    temperature: float | None = None
    baseline: bool = False
    fresh: bool = False
    quiet: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def noise(self) -> float:
        """The temperature that is used."""
        if self.temperature is not None:
            return self.temperature
        return RUN_TEMPERATURE if self.runs > 1 else 0.0


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to; `records` are the lines of results.jsonl."""

    summary: dict[str, Any]
    records: list[dict[str, Any]]
    out: Path


def evaluate(
    dataset: DataSet,
    policy: ViewPolicy,
    plan: Plan,
    out: Path,
    worker: Engine,
    command: Sequence[str] = (),
    auditor: SharedAuditor | None = None,
    backend: Backend = EMBEDDED,
) -> Evaluation:
    """Runs the policy on the data set and writes everything to `out`.

    Args:
        dataset: what to prove.
        policy: proposes tactics.
        plan: budgets, runs, seed.
        out: the folder; one that holds an earlier part of the same evaluation is gone on with.
        worker: a Lean to begin with; closed at the end.
        command: the command line, for the records.
        auditor: an auditor to share; closed by whoever made it.
        backend: which Lean works.

    Raises ConfigError when `out` is another evaluation's, LeanProcessError when Lean cannot be had. What was
    finished before is kept.
    """
    started = time.time()
    check_folder(out, dataset, plan.fresh)
    settings = replace(plan.settings, workers=max(1, plan.settings.workers))
    code = code_sha256()
    noted = settings.noted() | {"proofsmith": __version__, "code": code, "temperature": plan.noise, "runs": plan.runs}
    noted |= plan.policy
    if backend.name != EMBEDDED.name:
        noted["backend"] = backend.name
    if plan.noise:
        noted["seed"] = plan.seed
    hashes = {dataset.label: dataset.sample_sha256}
    own_auditor = auditor is None
    auditor = auditor or auditor_for(backend, settings.memory_mb)
    try:
        with RunFolder(out, noted, hashes, plan.fresh) as folder:
            if plan.fresh:
                forget(out)
            items, readings = locate(worker, dataset)
            lean = worker.lean
            if plan.runs == 1:
                seeded = _policy_of(policy, plan, 1)
                first, resumed = _one_run(items, seeded, settings, folder, worker, auditor, plan.quiet, backend)
                singles = [first]
            else:
                singles, resumed = _several_runs(items, policy, plan, settings, out, noted, hashes, worker, auditor, backend)
            tried = _baseline(items, plan, settings, out, code, hashes, auditor, backend) if plan.baseline else None
            records = joined(dataset, items, singles, tried)
            notes = _write_proofs(out, dataset, items, readings, records, auditor)
            trees = {r["id"]: t for r in records if (t := tree_of(out, plan.runs, r, folder))}
    finally:
        worker.close()
        if own_auditor:
            auditor.close()
    summary = _summary(dataset, plan, settings, records, tried) | {
        "command": shlex.join(command),
        "commit": commit(),
        "code_sha256": code,
        "lean": lean,
        "proofsmith": __version__,
        "python": platform.python_version(),
        "hardware": hardware(),
        "workers": settings.workers,
        "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started)),
        "seconds": round(time.time() - started, 1),
        "resumed": resumed,
        "notes": [*dataset.notes, *notes],
        "facts": dict(dataset.facts),
    }
    write_disproofs(out, records)
    write_atomically(out / "results.jsonl", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
    write_report(out, summary, records, trees)
    write_eval_page(out, summary, records)
    write_atomically(out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    return Evaluation(summary, records, out)


def _policy_of(policy: ViewPolicy, plan: Plan, number: int) -> ViewPolicy:
    """The policy of a run, with noise of its own where the plan asks for noise."""
    return NoisyPolicy(policy, plan.seed * 1_000_003 + number, plan.noise) if plan.noise else policy


def _several_runs(
    items: Sequence[Item],
    policy: ViewPolicy,
    plan: Plan,
    settings: BatchSettings,
    out: Path,
    noted: Mapping[str, Any],
    hashes: Mapping[str, str],
    worker: Engine,
    auditor: SharedAuditor,
    backend: Backend,
) -> tuple[list[list[dict[str, Any]]], int]:
    """The records of each run, kept in folders of their own, and how many results were there before."""
    singles: list[list[dict[str, Any]]] = []
    resumed = 0
    for number in range(1, plan.runs + 1):
        with RunFolder(out / f"run-{number}", {**noted, "run": number}, hashes, plan.fresh) as folder:
            seeded = _policy_of(policy, plan, number)
            records, known = _one_run(items, seeded, settings, folder, worker, auditor, plan.quiet, backend)
        singles.append(records)
        resumed += known
    return singles, resumed


def _baseline(
    items: Sequence[Item],
    plan: Plan,
    settings: BatchSettings,
    out: Path,
    code: str,
    hashes: Mapping[str, str],
    auditor: SharedAuditor,
    backend: Backend,
) -> dict[str, dict[str, Any]]:
    noted = single_tactics.noted_settings(settings) | {"code": code}
    with RunFolder(out / "baseline", noted, hashes, plan.fresh) as base:
        return single_tactics.run_baseline(items, settings, base, auditor, _baseline_progress(plan.quiet), backend)


def _summary(
    dataset: DataSet,
    plan: Plan,
    settings: BatchSettings,
    records: list[dict[str, Any]],
    tried: dict[str, dict[str, Any]] | None,
) -> dict[str, Any]:
    """What was evaluated and what came of it."""
    return {
        "format": FORMAT,
        "title": dataset.label,
        "benchmark": dataset.title,
        "split": dataset.split,
        "source": dataset.source,
        "dataset_sha256": dataset.sha256,
        "sample_sha256": dataset.sample_sha256,
        **counts(records),
        "known_bad": {p.name: p.known_bad for p in dataset.problems if p.known_bad},
        "runs": plan.runs,
        "seed": plan.seed,
        "temperature": plan.noise,
        "budget": {
            "timeout_s": settings.search.timeout_s, "max_expansions": settings.search.max_expansions,
            **({"lean_s": lean_s} if (lean_s := settings.search.lean_s) is not None else {}),
        },
        **({"policy": dict(plan.policy)} if plan.policy else {}),
        **({"critic": critic} if (critic := settings.search.noted().get("critic")) else {}),
        "pass_at_k": pass_curve(records, plan.runs, plan.seed),
        "baseline": single_tactics.summary(tried) if tried is not None else None,
    }


def _one_run(
    items: Sequence[Item],
    policy: ViewPolicy,
    settings: BatchSettings,
    folder: RunFolder,
    worker: Engine,
    auditor: SharedAuditor,
    quiet: bool,
    backend: Backend,
) -> tuple[list[dict[str, Any]], int]:
    known = folder.known()
    with ProgressBar(len(items), known, quiet) as bar:
        ran = run_batch(items, policy, settings, folder, bar, first_worker=worker, auditor=auditor, backend=backend)
    settled = settle_dependencies(ran.records)
    return [settled[i.id] for i in items], len(known)


def _baseline_progress(quiet: bool) -> Callable[[int, int], None]:
    def say(done: int, total: int) -> None:
        if not quiet and (done % 20 == 0 or done == total):
            tell(f"baseline: {done} of {total}")

    return say


def _write_proofs(
    out: Path,
    dataset: DataSet,
    items: Sequence[Item],
    readings: dict[str, Reading],
    records: Sequence[dict[str, Any]],
    auditor: SharedAuditor,
) -> list[str]:
    """Writes the files that have proofs and elaborates each as a whole; returns what is wrong."""
    problems: list[str] = []
    by_file: dict[str, list[tuple[Target, str]]] = {}
    for item, record in zip(items, records, strict=True):
        if record["status"] == "proved":
            by_file.setdefault(item.file, []).append((item.target, record["proof"]))
    for name, proved in by_file.items():
        path = out / "proofs" / name
        places = {target.proof_span[0]: proof for target, proof in proved}
        write_atomically(path, source.write_proofs(readings[name].file, places, readings[name].targets))
        problems += auditor.recheck(path, readings[name], {target.index: proof for target, proof in proved})
    return problems
