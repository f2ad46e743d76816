"""An evaluation: a data set, a policy and a budget in; counts, records and pages out.

Every problem of the data set gets a record and counts in the denominator: one that does not elaborate, cannot
start or loses its Lean is not proved. Theorems run through `prover.batch`, so an interrupted evaluation goes
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
import os
import platform
import re
import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from prover import __version__
from prover.agent import ViewPolicy
from prover.auditing import SharedAuditor
from prover.batch import run_batch
from prover.batch_item import BatchSettings, Item, settle_dependencies
from prover.errors import ConfigError, DataError, LeanProcessError, LeanSetupError
from prover.evaluation import baseline as single_tactics
from prover.evaluation.datasets import DataSet, Problem
from prover.evaluation.noise import NoisyPolicy
from prover.evaluation.report import write_eval_page
from prover.evaluation.statistics import bootstrap, mean_pass_at_k, pass_at_k, wilson
from prover.journal import RunFolder, write_atomically
from prover.lean import source
from prover.lean.source import LeanFile, Reading, Target
from prover.lean.worker import LeanWorker
from prover.printable import tell
from prover.progress import ProgressBar
from prover.report import write_report
from prover.run import commit

FORMAT = "proofsmith-eval 1"
RUN_TEMPERATURE = 0.5
"""Noise on the policy's log-probabilities in repeated runs, when none is given."""
CODE = (
    "prover/lean",
    "prover/policy",
    "prover/agent.py",
    "prover/auditing.py",
    "prover/batch.py",
    "prover/batch_item.py",
    "prover/minimise.py",
    "prover/oracles.py",
    "prover/script.py",
    "search",
    "data/calibration.json",
)
"""What decides an outcome. Results of different code are not mixed in one run folder."""


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
    worker: LeanWorker,
    command: Sequence[str] = (),
    auditor: SharedAuditor | None = None,
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

    Raises ConfigError when `out` is another evaluation's, LeanProcessError when Lean cannot be had. What was
    finished before is kept.
    """
    started = time.time()
    check_folder(out, dataset, plan.fresh)
    settings = replace(plan.settings, workers=max(1, plan.settings.workers))
    noted = settings.noted()
    code = code_sha256()
    noted |= {"proofsmith": __version__, "code": code, "temperature": plan.noise, "runs": plan.runs, **plan.policy}
    if plan.noise:
        noted["seed"] = plan.seed
    hashes = {dataset.label: dataset.sample_sha256}
    own_auditor = auditor is None
    auditor = auditor or SharedAuditor(settings.memory_mb)
    try:
        with RunFolder(out, noted, hashes, plan.fresh) as folder:
            if plan.fresh:
                _forget(out)
            items, readings = locate(worker, dataset)
            lean = worker.lean
            singles: list[list[dict[str, Any]]] = []
            resumed = 0
            for number in range(1, plan.runs + 1):
                seeded = (
                    NoisyPolicy(policy, plan.seed * 1_000_003 + number, plan.noise) if plan.noise else policy
                )
                if plan.runs == 1:
                    records, known = _one_run(items, seeded, settings, folder, worker, auditor, plan.quiet)
                else:
                    with RunFolder(
                        out / f"run-{number}", noted | {"run": number}, hashes, plan.fresh
                    ) as single:
                        records, known = _one_run(
                            items, seeded, settings, single, worker, auditor, plan.quiet
                        )
                singles.append(records)
                resumed += known
            tried = None
            if plan.baseline:
                noted_baseline = single_tactics.noted_settings(settings) | {"code": code}
                with RunFolder(out / "baseline", noted_baseline, hashes, plan.fresh) as base:
                    tried = single_tactics.run_baseline(
                        items, settings, base, auditor, _baseline_progress(plan.quiet)
                    )
            records = joined(dataset, items, singles, tried)
            notes = _write_proofs(out, dataset, items, readings, records, auditor)
            trees = {r["id"]: t for r in records if (t := _tree(out, plan.runs, r, folder))}
    finally:
        worker.close()
        if own_auditor:
            auditor.close()
    summary = {
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
        "budget": {"timeout_s": settings.search.timeout_s, "max_expansions": settings.search.max_expansions},
        **({"policy": dict(plan.policy)} if plan.policy else {}),
        **({"critic": critic} if (critic := settings.search.noted().get("critic")) else {}),
        "pass_at_k": pass_curve(records, plan.runs, plan.seed),
        "baseline": single_tactics.summary(tried) if tried is not None else None,
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
    write_atomically(
        out / "results.jsonl", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    )
    write_report(out, summary, records, trees)
    write_eval_page(out, summary, records)
    write_atomically(out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    return Evaluation(summary, records, out)


def check_folder(out: Path, dataset: DataSet, fresh: bool) -> None:
    """Raises ConfigError when the folder belongs to something else, before anything is written to it.

    `--fresh` replaces an earlier evaluation of the same benchmark only.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is not a folder; choose another with --out")
    if (out / "summary.json").is_file():
        earlier = read_summary(out)
        if earlier.get("benchmark") != dataset.title or earlier.get("split") != dataset.split:
            raise ConfigError(
                f"{out} holds a run of {earlier.get('title') or 'something else'}, not of {dataset.label}; "
                "choose another folder with --out"
            )
        if not fresh and earlier.get("sample_sha256") != dataset.sample_sha256:
            raise ConfigError(
                f"{out} holds a run of another copy or sample of {dataset.label}; "
                "choose another folder with --out, or begin anew with --fresh"
            )
    elif any(out.iterdir()) and not (out / "journal.sqlite").exists():
        raise ConfigError(f"{out} is not empty and holds no run; choose another folder with --out")


def _forget(out: Path) -> None:
    """Removes what an earlier evaluation left, so that no page of it stands beside a half of the new one."""
    for name in ("summary.json", "eval.html", "report.html"):
        (out / name).unlink(missing_ok=True)
    for name in ("proofs", "trees"):
        shutil.rmtree(out / name, ignore_errors=True)


def read_summary(folder: Path) -> dict[str, Any]:
    """A run folder's summary. Raises DataError when it has none that can be read."""
    path = folder / "summary.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(
            f"{folder} is not the folder of a finished run: cannot read {path.name} ({error.strerror})"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a run's summary")
    return found


def read_results(folder: Path) -> list[dict[str, Any]]:
    """A run folder's records. Raises DataError when they cannot be read, or lack a field."""
    path = folder / "results.jsonl"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("not an object")
            for key in ("id", "name", "status"):
                if not isinstance(record.get(key), str):
                    raise ValueError(f"{key} is missing")
        except ValueError as error:
            raise DataError(f"{path}:{number} is not a result: {error}") from error
        records.append(record)
    return records


def locate(worker: LeanWorker, dataset: DataSet) -> tuple[list[Item], dict[str, Reading]]:
    """An item for every problem, in order; one that Lean cannot read has a target that says why."""
    readings: dict[str, Reading] = {}
    broken: dict[str, str] = {}
    for name in dict.fromkeys(p.file for p in dataset.problems):
        for attempt in (1, 2):
            try:
                readings[name] = source.read(worker, dataset.texts[name])
                break
            except LeanSetupError:
                raise
            except DataError as error:
                broken[name] = str(error)
                break
            except LeanProcessError as error:
                if attempt == 2:
                    broken[name] = f"Lean was lost while it read the statement: {error}"
        worker.recycle_if_big()
    targets = {(name, t.name): t for name, reading in readings.items() for t in reading.targets}
    items = []
    for problem in dataset.problems:
        target = targets.get((problem.file, problem.name)) or _missing(problem, dataset, readings, broken)
        items.append(Item(problem.name, target, problem.file))
    return items, readings


def _missing(
    problem: Problem, dataset: DataSet, readings: dict[str, Reading], broken: dict[str, str]
) -> Target:
    """A target for a problem whose statement Lean could not even parse."""
    text = dataset.texts[problem.file]
    reading = readings.get(problem.file)
    notes = reading.notes if reading is not None else ()
    said = notes[0].replace("<statement>:", "line ") if notes else "it has no such theorem"
    why = broken.get(problem.file) or f"its statement does not elaborate: {said}"
    found = re.search(rf"\btheorem\s+{re.escape(problem.name)}(?!\S)(?s:.*)", text)
    stated = text[found.start() :].rstrip() if found else text
    start = len(text[: found.start()].encode("utf-8", "surrogatepass")) if found else 0
    proof = start + len(re.sub(r":=\s*(?:by\s+)?sorry\Z", "", stated).encode("utf-8", "surrogatepass"))
    end = start + len(stated.encode("utf-8", "surrogatepass"))
    return Target(LeanFile(text, (), 0), 0, problem.name, start, end, (proof, end), why)


def _one_run(
    items: Sequence[Item],
    policy: ViewPolicy,
    settings: BatchSettings,
    folder: RunFolder,
    worker: LeanWorker,
    auditor: SharedAuditor,
    quiet: bool,
) -> tuple[list[dict[str, Any]], int]:
    known = folder.known()
    with ProgressBar(len(items), known, quiet) as bar:
        records, _ = run_batch(items, policy, settings, folder, bar, first_worker=worker, auditor=auditor)
    settled = settle_dependencies(records)
    return [settled[i.id] for i in items], len(known)


def joined(
    dataset: DataSet,
    items: Sequence[Item],
    singles: Sequence[Sequence[dict[str, Any]]],
    tried: dict[str, dict[str, Any]] | None,
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
    return {
        "proved": proved,
        "failed": sum(r["status"] == "failed" for r in records),
        "error": sum(r["status"] == "error" for r in records),
        "elaborated": sum(bool(r["elaborated"]) for r in records),
        "total": total,
        "rate": round(proved / total, 4) if total else 0.0,
        "wilson": [round(x, 4) for x in wilson(proved, total)],
        "lean_seconds": round(sum(r.get("lean_seconds") or 0 for r in records), 1),
        "expansions": (expansions := sum(r.get("expansions") or 0 for r in records)),
        "policy_calls": expansions,  # the search asks the policy once for each expansion
        "tactics_run": sum(r.get("tactics_run") or 0 for r in records),
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
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    except OSError:
        pass  # not Linux
    memory = psutil.virtual_memory().total / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"


def _baseline_progress(quiet: bool) -> Callable[[int, int], None]:
    def say(done: int, total: int) -> None:
        if not quiet and (done % 20 == 0 or done == total):
            tell(f"baseline: {done} of {total}")

    return say


def _tree(out: Path, runs: int, record: dict[str, Any], folder: RunFolder) -> dict[str, Any] | None:
    path = folder.tree_path(record["id"])
    if runs > 1:
        path = out / f"run-{record['run']}" / path.relative_to(out)
    try:
        tree: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return tree


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
    by_file: dict[str, dict[int, str]] = {}
    for item, record in zip(items, records, strict=True):
        if record["status"] == "proved":
            by_file.setdefault(item.file, {})[item.target.index] = record["proof"]
    for name, proofs in by_file.items():
        path = out / "proofs" / name
        write_atomically(path, source.write_proofs(readings[name].file, proofs, readings[name].targets))
        problems += auditor.recheck(path, readings[name], proofs)
    return problems
