"""A whole run: files in; proofs, results and a report out."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prover import __version__
from prover.agent import ViewPolicy
from prover.batch import BatchSettings, Item, SharedAuditor, Usage, run_batch, settle_dependencies
from prover.errors import DataError
from prover.journal import RunFolder, write_atomically
from prover.lean import source
from prover.lean.worker import LeanWorker
from prover.progress import ProgressBar
from prover.report import write_report

STATEMENT_STARTS = ("theorem", "lemma", "example", "@[", "/--", "open", "set_option", "private", "protected", "local")


@dataclass(frozen=True)
class Input:
    """A text to prove things in; `name` is its path below the output folder."""

    name: str
    text: str
    path: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run came to. `records` are the lines of results.jsonl, dependencies settled."""

    records: list[dict[str, Any]]
    summary: dict[str, Any]
    usage: Usage
    written: list[Path]
    notes: list[str]

    @property
    def all_proved(self) -> bool:
        """Whether there is nothing left to prove."""
        return all(r["status"] == "proved" for r in self.records)


def collect(paths: Sequence[Path]) -> list[Input]:
    """The .lean files that are named, or lie below the folders that are named.

    Raises DataError for a path that is not there, is not a .lean file, or a folder without any.
    """
    inputs: list[Input] = []
    taken: set[str] = set()
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*.lean") if p.is_file() and ".lake" not in p.parts)
            if not files:
                raise DataError(f"{path} holds no .lean file")
            named = [(p.relative_to(path).as_posix(), p) for p in files]
        elif path.suffix == ".lean" or path.is_file():
            if path.suffix != ".lean":
                raise DataError(f"{path} is not a .lean file")
            named = [(path.name, path)]
        else:
            raise DataError(f"there is no file or folder {path}")
        for name, p in named:
            unique = name
            number = 2
            while unique in taken:
                unique = f"{Path(name).with_suffix('')}_{number}.lean"
                number += 1
            taken.add(unique)
            inputs.append(Input(unique, source.load(p), p))
    return inputs


def from_statement(statement: str) -> Input:
    """A statement of the command line as a file: `theorem t : …`, or just a proposition."""
    text = statement.strip()
    if not text:
        raise DataError("the statement is empty; give something like: theorem t (n : Nat) : n + 0 = n")
    if not text.startswith(STATEMENT_STARTS):
        text = f"theorem statement : {text}"
    if not text.endswith("sorry"):
        text = f"{text.removesuffix('by').rstrip().removesuffix(':=').rstrip()} := by sorry"
    return Input("statement.lean", text + "\n")


def read_items(worker: LeanWorker, inputs: Sequence[Input]) -> tuple[list[Item], list[source.Reading], list[str]]:
    """The theorems of all inputs, and what is to be said about the files."""
    items: list[Item] = []
    readings: list[source.Reading] = []
    notes: list[str] = []
    for given in inputs:
        reading = source.read(worker, given.text, given.path)
        readings.append(reading)
        notes += reading.notes
        items += [Item(f"{given.name}:{t.name}", t, given.name) for t in reading.targets]
    return items, readings, notes


def run(
    inputs: Sequence[Input],
    policy: ViewPolicy,
    settings: BatchSettings,
    out: Path,
    title: str,
    quiet: bool = False,
    fresh: bool = False,
    command: Sequence[str] = (),
) -> Outcome:
    """Proves what waits for proof in the inputs and writes everything to `out`.

    Returns the outcome. Raises DataError when there is nothing to prove, ConfigError when `out` is another run's, and
    LeanProcessError when Lean cannot be had.
    """
    started = time.time()
    settings_noted = {k: v for k, v in asdict(settings).items() if k not in ("workers",)} | {"proofsmith": __version__}
    hashes = {i.name: source.LeanFile(i.text, (), 0).sha256 for i in inputs}
    with RunFolder(out, settings_noted, hashes, fresh) as folder:
        auditor = SharedAuditor(settings.memory_mb)
        starting = threading.Thread(target=auditor.start, name="auditor start")
        starting.start()
        worker = LeanWorker(settings.memory_mb)
        try:
            items, readings, notes = read_items(worker, inputs)
            if not items:
                raise DataError(
                    f"no theorem with `sorry` in {', '.join(str(i.path or i.name) for i in inputs)}: nothing to prove"
                )
            known = folder.known()
            lean = worker.lean
            with ProgressBar(len(items), known, quiet) as bar:
                records, usage = run_batch(
                    items, policy, settings, folder, bar, first_worker=worker, auditor=auditor
                )
            settled = settle_dependencies(records)
            ordered = [settled[i.id] for i in items]
            written, problems = write_files(out, inputs, readings, items, settled, auditor)
        finally:
            starting.join()
            worker.close()
            auditor.close()
        summary = {
            "title": title,
            "command": shlex.join(command),
            "lean": lean,
            "proofsmith": __version__,
            "commit": commit(),
            "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started)),
            "seconds": round(time.time() - started, 1),
            "workers": settings.workers,
            "budget": {"timeout_s": settings.search.timeout_s, "max_expansions": settings.search.max_expansions},
            "total": len(ordered),
            **{s: sum(r["status"] == s for r in ordered) for s in ("proved", "failed", "error")},
            "resumed": len(known),
            "lean_processes_lost": usage.processes_lost,
            "inputs": hashes,
            "notes": notes + problems,
        }
        write_results(out, ordered, summary)
        write_report(out, summary, ordered, {r["id"]: t for r in ordered if (t := folder.tree(r["id"]))})
    return Outcome(ordered, summary, usage, written, notes + problems)


def write_files(
    out: Path,
    inputs: Sequence[Input],
    readings: Sequence[source.Reading],
    items: Sequence[Item],
    records: dict[str, dict[str, Any]],
    auditor: SharedAuditor,
) -> tuple[list[Path], list[str]]:
    """Writes each file with its proofs below `out/proofs`, and elaborates what was written once more as a whole."""
    written: list[Path] = []
    problems: list[str] = []
    for given, reading in zip(inputs, readings, strict=True):
        proofs = {
            i.target.index: records[i.id]["proof"]
            for i in items
            if i.file == given.name and records[i.id]["status"] == "proved"
        }
        path = out / "proofs" / given.name
        write_atomically(path, source.write_proofs(reading.file, proofs, reading.targets))
        written.append(path)
        problems += auditor.recheck(path, reading, proofs)
    return written, problems


def write_results(out: Path, records: Sequence[dict[str, Any]], summary: dict[str, Any]) -> None:
    """`results.jsonl` in the order of the files, dependencies settled, and `summary.json`."""
    import json

    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    write_atomically(out / "results.jsonl", lines)
    write_atomically(out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=2) + "\n")


def commit() -> str | None:
    """The commit of the checkout that Proofsmith runs from, when it does."""
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def default_command() -> list[str]:
    """The command line, as the user typed it."""
    return ["proofsmith", *sys.argv[1:]]
