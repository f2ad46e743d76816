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

import functools
import hashlib
import json
import math
import os
import platform
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from prover import __version__
from prover.audit.auditor import SharedAuditor, auditor_for
from prover.evaluation import baseline as single_tactics
from prover.evaluation.datasets import DataSet, locate
from prover.evaluation.finished import FORMAT, check_folder, forget, tree_of
from prover.evaluation.report import write_eval_page
from prover.evaluation.statistics import bootstrap, mean_pass_at_k, pass_at_k, wilson
from prover.lean import targets
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine
from prover.lean.targets import Reading, Target
from prover.policy.base import View
from prover.printable import tell
from prover.prove.batch import run_batch
from prover.prove.cluster import Cluster
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import RunFolder, write_atomically
from prover.prove.item import BatchSettings, Item, cost_of, over_budget, settle_dependencies
from prover.prove.progress import ProgressBar
from prover.prove.report.page import write_report
from prover.prove.run import commit, write_disproofs
from search.types import Proposal

CODE = (
    "prover/lean",
    "prover/policy",
    "prover/prove",
    "prover/audit",
    "prover/explore",
    "prover/refute",
    "search",
    "data/calibration.json",
)
"""What decides an outcome. Results of different code are not mixed in one run folder."""
RUN_TEMPERATURE = 0.5
"""Noise on the policy's log-probabilities in repeated runs, when none is given."""


@functools.cache
def code_sha256() -> str:
    """Hash, when first asked for, of the program's parts that decide an outcome."""
    root = Path(__file__).resolve().parents[2]
    whole = hashlib.sha256()
    for part in CODE:
        path = root / part
        found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in found:
            if "__pycache__" not in file.parts and not file.name.startswith("."):
                content = file.read_bytes()
                whole.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:16]


def hardware() -> str:
    """Processor, cores and memory of this machine."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass  # not Linux
    memory = psutil.virtual_memory().total / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"


@dataclass(frozen=True)
class NoisyPolicy:
    """A policy with Gumbel noise on its log-probabilities; temperature 0 leaves it as it is.

    The order of log p + G is a sample of the policy's distribution without replacement (Gumbel 1954; the Gumbel-max trick).
    The noise is a function of seed, state and tactic. The noised log-probabilities are shifted together so that the best of
    them stays the policy's best; it does not guarantee that they sum to one.
    """

    policy: ViewPolicy
    seed: int
    temperature: float

    def propose(self, view: View) -> list[Proposal]:
        """The policy's proposals with other log-probabilities, the likeliest first."""
        proposals = self.policy.propose(view)
        if self.temperature == 0 or not proposals:
            return proposals
        noised = [p.log_prob + self.temperature * gumbel(self.seed, view.pp, view.stage, p.tactic) for p in proposals]
        shift = max(p.log_prob for p in proposals) - max(noised)
        changed = [replace(p, log_prob=min(0.0, n + shift)) for p, n in zip(proposals, noised, strict=True)]
        return sorted(changed, key=lambda p: -p.log_prob)


def gumbel(seed: int, *what: object) -> float:
    """A standard Gumbel number that is a function of its arguments."""
    text = "\0".join(map(str, (seed, *what))).encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    uniform = (bits + 0.5) / 2**64
    return -math.log(-math.log(min(uniform, 1 - 2**-53)))


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
    dataset: DataSet, policy: ViewPolicy, plan: Plan, out: Path, worker: Engine, command: Sequence[str] = (),
    auditor: SharedAuditor | None = None, backend: Backend = EMBEDDED, cluster: Cluster | None = None,
) -> Evaluation:  # fmt: skip
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
        cluster: searches in place of this machine.

    Raises ConfigError when `out` is another evaluation's, LeanProcessError when Lean cannot be had. What was
    finished before is kept.
    """
    started = time.time()
    check_folder(out, dataset, plan.fresh)
    shared = auditor or auditor_for(backend, plan.settings.memory_mb)
    try:
        found = _Evaluating(dataset, policy, plan, out, worker, shared, backend, cluster).run()
    finally:
        worker.close()
        if auditor is None:
            shared.close()
    summary = found.summary | {
        "command": shlex.join(command), "commit": commit(), "proofsmith": __version__, "python": platform.python_version(),
        "hardware": hardware(), "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started)),
        "seconds": round(time.time() - started, 1), "facts": dict(dataset.facts),
    }  # fmt: skip
    write_disproofs(out, found.records)
    write_atomically(out / "results.jsonl", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in found.records))
    write_report(out, summary, found.records, found.trees)
    write_eval_page(out, summary, found.records)
    write_atomically(out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    return Evaluation(summary, found.records, out)


def _noisy(policy: ViewPolicy, plan: Plan, number: int) -> ViewPolicy:
    """The policy of a run, with noise of its own where the plan asks for noise."""
    return NoisyPolicy(policy, plan.seed * 1_000_003 + number, plan.noise) if plan.noise else policy


def _noisy_there(
    prepare: Callable[[], tuple[ViewPolicy, Mapping[str, Any]]], plan: Plan, number: int
) -> tuple[ViewPolicy, Mapping[str, Any]]:
    """The same on a machine of the cluster."""
    policy, facts = prepare()
    return _noisy(policy, plan, number), facts


@dataclass
class _Evaluating:
    """The arguments of `evaluate`, and what came of them."""

    dataset: DataSet
    policy: ViewPolicy
    plan: Plan
    out: Path
    worker: Engine
    auditor: SharedAuditor
    backend: Backend
    cluster: Cluster | None
    summary: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    trees: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.plan
        self.settings = replace(plan.settings, workers=max(1, plan.settings.workers))
        noted = {"proofsmith": __version__, "code": code_sha256(), "temperature": plan.noise, "runs": plan.runs, **plan.policy}
        if self.backend.name != EMBEDDED.name:
            noted["backend"] = self.backend.name
        if plan.noise:
            noted["seed"] = plan.seed
        self._noted = self.settings.noted() | noted

    def run(self) -> _Evaluating:
        """Proves, and writes the proofs."""
        plan, dataset = self.plan, self.dataset
        with self._folder("", self._noted) as folder:
            if plan.fresh:
                forget(self.out)
            self._items, readings = locate(self.worker, dataset)
            lean = self.worker.lean
            if plan.runs == 1:
                runs = [self._one_run(folder, 1)]
            else:
                runs = []
                for number in range(1, plan.runs + 1):
                    with self._folder(f"run-{number}", {**self._noted, "run": number}) as single:
                        runs.append(self._one_run(single, number))
            tried = self._baseline() if plan.baseline else None
            self.records = joined(dataset, self._items, [records for records, _ in runs], tried)
            notes = self._write_proofs(readings)
            self.trees = {r["id"]: t for r in self.records if (t := tree_of(self.out, r))}
        limits = self.settings.search
        budget = {"timeout_s": limits.timeout_s, "max_expansions": limits.max_expansions}
        self.summary = {
            "format": FORMAT, "title": dataset.label, "benchmark": dataset.title, "split": dataset.split,
            "source": dataset.source, "dataset_sha256": dataset.sha256, "sample_sha256": dataset.sample_sha256,
            **counts(self.records),
            "known_bad": {p.name: p.known_bad for p in dataset.problems if p.known_bad},
            "runs": plan.runs, "seed": plan.seed, "temperature": plan.noise,
            "budget": budget | ({"lean_s": limits.lean_s} if limits.lean_s is not None else {}),
            **({"policy": dict(plan.policy)} if plan.policy else {}),
            **({"critic": critic} if (critic := limits.noted().get("critic")) else {}),
            "pass_at_k": pass_curve(self.records, plan.runs, plan.seed),
            "baseline": single_tactics.summary(tried) if tried is not None else None,
            "code_sha256": code_sha256(), "lean": lean, "workers": self.settings.workers,
            "resumed": sum(known for _, known in runs), "notes": [*dataset.notes, *notes],
        }  # fmt: skip
        return self

    def _folder(self, name: str, noted: Mapping[str, Any]) -> RunFolder:
        return RunFolder(self.out / name, noted, {self.dataset.label: self.dataset.sample_sha256}, self.plan.fresh)

    def _one_run(self, folder: RunFolder, number: int) -> tuple[list[dict[str, Any]], int]:
        """The records of a run, with noise of its own where the plan asks for noise; and how many were there before."""
        plan, known = self.plan, folder.known()
        policy, cluster = _noisy(self.policy, plan, number), self.cluster
        if cluster is not None:
            cluster = replace(cluster, prepare=partial(_noisy_there, cluster.prepare, plan, number))
        with ProgressBar(len(self._items), known, plan.quiet) as bar:
            ran = run_batch(
                self._items, policy, self.settings, folder, bar, first_worker=self.worker, auditor=self.auditor,
                backend=self.backend, cluster=cluster,
            )  # fmt: skip
        settled = settle_dependencies(ran.records)
        return [settled[i.id] for i in self._items], len(known)

    def _baseline(self) -> dict[str, dict[str, Any]]:
        def say(done: int, total: int) -> None:
            if not self.plan.quiet and (done % 20 == 0 or done == total):
                tell(f"baseline: {done} of {total}")

        with self._folder("baseline", single_tactics.noted_settings(self.settings) | {"code": code_sha256()}) as base:
            return single_tactics.run_baseline(self._items, self.settings, base, self.auditor, say, self.backend)

    def _write_proofs(self, readings: Mapping[str, Reading]) -> list[str]:
        """Writes the files that have proofs and elaborates each as a whole; returns what is wrong."""
        problems: list[str] = []
        by_file: dict[str, list[tuple[Target, str]]] = {}
        for item, record in zip(self._items, self.records, strict=True):
            if record["status"] == "proved":
                by_file.setdefault(item.file, []).append((item.target, record["proof"]))
        for name, proved in by_file.items():
            path = self.out / "proofs" / name
            places = {target.proof_span[0]: proof for target, proof in proved}
            write_atomically(path, targets.write_proofs(readings[name].file, places, readings[name].targets))
            problems += self.auditor.recheck(path, readings[name], {target.index: proof for target, proof in proved})
        return problems


def joined(
    dataset: DataSet, items: Sequence[Item], singles: Sequence[Sequence[dict[str, Any]]], tried: dict[str, dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """One record a problem; of several runs, one that proves it. `proved_runs` counts those."""
    records = []
    for index, (problem, item) in enumerate(zip(dataset.problems, items, strict=True)):
        runs = [single[index] for single in singles]
        proved = [r for r in runs if r["status"] == "proved"]
        record = dict(proved[0] if proved else runs[0])
        record |= {
            "elaborated": item.target.problem is None,
            "area": problem.area,
            "split": dataset.split,
            "known_bad": problem.known_bad,
            "runs": len(runs),
            "proved_runs": len(proved),
        }
        if len(runs) > 1:
            record["run"] = runs.index(proved[0]) + 1 if proved else 1
        if tried is not None:
            closed_by = tried[item.id]["closed_by"]
            record |= {"single_tactics": closed_by, "difficulty": single_tactics.difficulty(closed_by)}
        records.append(record)
    return records


def counts(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Proved, elaborated, total; rate and interval over the total."""
    proved = sum(r["status"] == "proved" for r in records)
    total = len(records)
    cost = cost_of(records)
    return {
        "proved": proved,
        "refuted": sum(r["status"] == "refuted" for r in records),
        "failed": sum(r["status"] == "failed" for r in records),
        "error": sum(r["status"] == "error" for r in records),
        "elaborated": sum(bool(r["elaborated"]) for r in records),
        "total": total,
        "rate": round(proved / total, 4) if total else 0.0,
        "wilson": [round(x, 4) for x in wilson(proved, total)],
        **{key: cost[key] for key in ("lean_seconds", "expansions", "policy_calls", "policy_tokens", "tactics_run")},
        "over_budget": over_budget(records),
    }


def pass_curve(records: Sequence[dict[str, Any]], runs: int, seed: int) -> list[dict[str, Any]]:
    """pass@k for k = 1 … runs: unbiased estimate and 95 % interval over theorems (Wilson for one run, else
    bootstrap)."""
    successes = [r["proved_runs"] for r in records]
    curve = []
    for k in range(1, runs + 1):
        if runs == 1:
            interval = wilson(sum(successes), len(successes))
        else:
            interval = bootstrap([pass_at_k(runs, c, k) for c in successes], seed)
        rate = mean_pass_at_k(successes, runs, k)
        curve.append({"k": k, "rate": round(rate, 4), "interval": [round(x, 4) for x in interval]})
    return curve
