"""A whole run: files in; proofs, results and a report out."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover import __version__
from prover.audit.auditor import MAX_TRIES, SharedAuditor, auditor_for
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean import targets
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.engine import Backend, Engine, again
from prover.lean.holes import filled_but_last, with_places
from prover.lean.positions import ONLY_LF, LineEnds
from prover.prove.ahead import FilesAhead, Records, Written
from prover.prove.batch import Usage, run_batch
from prover.prove.cluster import Cluster
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import JOURNAL, RunFolder, json_text, write_atomically, write_below
from prover.prove.item import BatchSettings, Item, cost_of, over_budget, settle_dependencies
from prover.prove.progress import ProgressBar
from prover.prove.report.page import write_report

NOTHING: Mapping[str, Any] = {}
STATEMENT_STARTS = ("theorem", "lemma", "example", "@[", "/--", "open", "set_option", "private", "protected", "local")


@dataclass(frozen=True)
class Input:
    """A text to prove things in; `name` is its path below the output folder, `ends` are the file's line ends."""

    name: str
    text: str
    path: Path | None = None
    ends: LineEnds = ONLY_LF


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    `records` are the lines of results.jsonl, dependencies settled; `unread` names the inputs that could not be read.
    """

    records: list[dict[str, Any]]
    summary: dict[str, Any]
    usage: Usage
    written: list[Path]
    notes: list[str]
    unread: tuple[str, ...] = ()

    @property
    def all_proved(self) -> bool:
        """Whether there is nothing left to prove."""
        return not self.unread and all(r["status"] == "proved" for r in self.records)


def collect(paths: Sequence[Path]) -> list[Input]:
    """The .lean files that are named, or lie below the folders that are named; what a run of ours wrote there is left out.

    Raises DataError for a path that is not there, is not a .lean file, or a folder without any.
    """
    inputs: list[Input] = []
    taken: set[str] = set()
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*.lean") if p.is_file() and not _generated(p, path))
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
            readable = name.encode("utf-8", "backslashreplace").decode()
            unique = readable
            number = 2
            while unique in taken:
                unique = f"{Path(readable).with_suffix('')}_{number}.lean"
                number += 1
            taken.add(unique)
            text, ends = targets.load_with_ends(p)
            inputs.append(Input(unique, text, p, ends))
    return inputs


def _generated(file: Path, root: Path) -> bool:
    """Whether a file below `root` is no source: fetched by Lake, or written by a run of ours."""
    between = file.relative_to(root).parts[:-1]
    folders = [root.joinpath(*between[: i + 1]) for i in range(len(between))]
    return ".lake" in between or any((f / JOURNAL[0]).exists() for f in [root, *folders])


def from_statement(statement: str) -> Input:
    """A statement of the command line as a file: `theorem t : …`, or just a proposition. No name in it is bound automatically."""
    text = statement.strip()
    if not text:
        raise DataError("the statement is empty; give something like: theorem t (n : Nat) : n + 0 = n")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise DataError("the statement is not UTF-8 text, or holds a NUL; Lean could not read it")
    if not text.startswith(STATEMENT_STARTS):
        text = f"theorem statement : {text}"
    if not text.endswith("sorry"):
        text = f"{text.removesuffix('by').rstrip().removesuffix(':=').rstrip()} := by sorry"
    return Input("statement.lean", f"{targets.STATEMENT_HEAD}{text}\n")


def read_items(
    worker: Engine, inputs: Sequence[Input], holes: bool = False
) -> tuple[list[Item], list[targets.Reading], list[str]]:
    """The theorems of all inputs, and what is to be said about the files.

    An input that cannot be read is noted when there are others; its reading then has no modules. Raises what is wrong with
    it when it is the only one. With `holes`, each `sorry` inside a longer proof is an item, too.
    """
    items: list[Item] = []
    readings: list[targets.Reading] = []
    notes: list[str] = []
    for given in inputs:
        try:
            reading = _read(worker, given, holes)
        except LeanSetupError:
            raise
        except (DataError, LeanProcessError) as error:
            if len(inputs) == 1:
                raise
            reading = targets.Reading(targets.LeanFile(given.text, (), 0, given.path), (), (f"left out: {error}",), clean=False)
        readings.append(reading)
        notes += reading.notes
        names = _auto_bound(worker, reading)
        items += [Item(f"{given.name}:{t.name}", t, given.name, names.get(t.index, ())) for t in reading.targets]
    notes += [f"{i.target.name}: {', '.join(i.auto_bound)} bound automatically (autoImplicit)" for i in items if i.auto_bound]
    return items, readings, notes


def _auto_bound(worker: Engine, reading: targets.Reading) -> dict[int, tuple[str, ...]]:
    """Names that no one declared, by their command: a misspelt one makes a theorem say something else."""
    targets = list({t.index: t for t in reading.targets if t.problem is None}.values())
    with suppress(LeanProcessError, DataError):
        return {t.index: names for t, names in zip(targets, worker.auto_bound(targets), strict=True)}
    return {}


def _read(worker: Engine, given: Input, holes: bool) -> targets.Reading:
    def read() -> targets.Reading:
        reading = worker.read(given.text, given.path)
        return with_places(worker, reading) if holes else reading

    try:
        return again(read, MAX_TRIES)
    except LeanSetupError:
        raise
    except LeanProcessError as error:
        what = f"{given.path or 'the statement'}: Lean was lost {MAX_TRIES} times while it read this: {error}"
        raise DataError(what) from error


def run(
    inputs: Sequence[Input],
    policy: ViewPolicy,
    settings: BatchSettings,
    out: Path,
    title: str,
    quiet: bool = False,
    fresh: bool = False,
    command: Sequence[str] = (),
    backend: Backend = EMBEDDED,
    noted: Mapping[str, Any] = NOTHING,
    holes: bool = False,
    cluster: Cluster | None = None,
) -> Outcome:
    """Proves what waits for proof in the inputs and writes everything to `out`.

    `cluster` searches in place of this machine.

    `noted` is what else decides the outcome (the model, say): kept with the settings, so that runs are not mixed. `holes`: see
    `read_items`.

    Returns the outcome. Raises DataError when there is nothing to prove, ConfigError when `out` is another run's, and
    LeanProcessError when Lean cannot be had.
    """
    started = time.time()
    out = out.absolute()  # LeanDojo changes the working directory while it starts a process
    settings_noted = settings.noted() | {"proofsmith": __version__, **noted}
    if backend.name != EMBEDDED.name:
        settings_noted["backend"] = backend.name
    hashes = {i.name: targets.LeanFile(i.text, (), 0).sha256 for i in inputs}
    with RunFolder(out, settings_noted, hashes, fresh) as folder:
        auditor = auditor_for(backend, settings.memory_mb)
        starting = threading.Thread(target=auditor.start, name="auditor start")
        starting.start()
        worker = backend.new_engine(settings.memory_mb)
        ahead: FilesAhead | None = None
        try:
            items, readings, notes = read_items(worker, inputs, holes)
            if not items:
                looked_at = ", ".join(str(i.path or i.name) for i in inputs)
                why = "".join(f"; {note}" for note in notes[:3])
                raise DataError(f"no theorem with `sorry` in {looked_at}: nothing to prove{why}")
            unread = tuple(i.name for i, r in zip(inputs, readings, strict=True) if not r.file.modules)
            known = folder.known()
            lean = worker.lean
            texts = {given.name: (given, reading) for given, reading in zip(inputs, readings, strict=True)}

            def write(file: str, records: Records) -> Written:
                return write_file(out, *texts[file], items, records, auditor)

            with ProgressBar(len(items), known, quiet) as bar:
                ahead = FilesAhead(bar, items, known, write)
                ran = run_batch(
                    items, policy, settings, folder, ahead, worker, auditor=auditor, backend=backend, cluster=cluster
                )  # fmt: skip
            settled = settle_dependencies(settle_places(items, settle_dependencies(ran.records), auditor))
            ordered = [settled[i.id] for i in items]
            written, problems = write_files(out, inputs, readings, items, settled, auditor, ahead)
        except BaseException:
            auditor.interrupt()
            raise
        finally:
            if ahead is not None:
                ahead.close()
            starting.join()
            worker.close()
            auditor.close()
        notes += [f"{r['name']} is vacuous: its hypotheses contradict each other" for r in ordered if r.get("vacuous")]
        summary = {
            "title": title,
            "command": shlex.join(command),
            "lean": lean,
            "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started)),
            "seconds": round(time.time() - started, 1),
            **_facts(settings, noted, ordered),
            "resumed": len(known),
            "lean_processes_lost": ran.usage.processes_lost,
            "inputs": hashes,
            "unread": list(unread),
            "notes": notes + problems,
        }
        write_disproofs(out, ordered)
        write_results(out, ordered, summary)
        write_report(out, summary, ordered, {r["id"]: t for r in ordered if (t := folder.tree(r["id"]))})
    return Outcome(ordered, summary, ran.usage, written, notes + problems, unread)


def _facts(settings: BatchSettings, noted: Mapping[str, Any], records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The program, its settings, and how many theorems came to what."""
    critic = settings.search.noted().get("critic")
    return {
        "proofsmith": __version__,
        "commit": commit(),
        "workers": settings.workers,
        "budget": {"timeout_s": settings.search.timeout_s, "max_expansions": settings.search.max_expansions},
        **({"policy": dict(noted)} if noted else {}),
        **({"critic": critic} if critic else {}),
        "cost": cost_of(records),
        "over_budget": over_budget(records),
        "total": len(records),
        **{s: sum(r["status"] == s for r in records) for s in ("proved", "refuted", "failed", "error")},
    }


def settle_places(
    items: Sequence[Item], records: dict[str, dict[str, Any]], auditor: SharedAuditor
) -> dict[str, dict[str, Any]]:
    """Has a declaration whose places are all filled judged as a whole: each place was judged with `sorry` in the others."""
    groups: dict[tuple[str, int], list[Item]] = {}
    for item in items:
        if item.target.others:
            groups.setdefault((item.file, item.target.index), []).append(item)
    settled = {key: dict(record) for key, record in records.items()}
    for group in groups.values():
        mine = [settled[i.id] for i in group]
        if len(group) <= group[0].target.others or any(r["status"] != "proved" for r in mine):
            reason = "another sorry of this declaration is left"
        else:
            target = filled_but_last([i.target for i in group], [r["proof"] for r in mine])
            last = max(zip(group, mine, strict=True), key=lambda pair: pair[0].target.proof_span)[1]
            verdict = auditor(target, last["proof"])
            if verdict.accepted:
                for record in mine:
                    record |= {"axioms": list(verdict.axioms), "depends_on": list(verdict.depends_on)}
                continue
            reason = f"with all places filled: {verdict.reason}"
            for record in mine:
                record["proof"] = None  # together they are no proof
        for record in mine:
            if record["status"] == "proved":
                record |= {"status": "failed", "reason": reason}
    return settled


def write_files(
    out: Path,
    inputs: Sequence[Input],
    readings: Sequence[targets.Reading],
    items: Sequence[Item],
    records: Records,
    auditor: SharedAuditor,
    ahead: FilesAhead | None = None,
) -> tuple[list[Path], list[str]]:
    """Writes each file with its proofs below `out/proofs`, and elaborates what was written once more as a whole; but for those
    that `ahead` has written with the same proofs."""
    written: list[Path] = []
    problems: list[str] = []
    for given, reading in zip(inputs, readings, strict=True):
        if not reading.file.modules:
            continue
        found = ahead.written(given.name, records) if ahead is not None else None
        path, said = found or write_file(out, given, reading, items, records, auditor)
        written.append(path)
        problems += said
    return written, problems


def write_file(
    out: Path, given: Input, reading: targets.Reading, items: Sequence[Item], records: Records, auditor: SharedAuditor
) -> Written:
    """One file; see `write_files`. `records` has at least its own theorems."""
    of_file = [i for i in items if i.file == given.name]
    filled = {
        i.target.proof_span[0]: records[i.id]["proof"]
        for i in of_file
        if records[i.id]["status"] == "proved" or (i.target.others and records[i.id]["proof"])
    }
    open_ones = {i.target.index for i in of_file if records[i.id]["status"] != "proved"}
    proofs = {i.target.index: records[i.id]["proof"] for i in of_file if i.target.index not in open_ones}
    text = targets.write_proofs(reading.file, filled, reading.targets, given.ends)
    path = write_below(out / "proofs", given.name, text)
    return path, auditor.recheck(path, reading, proofs)


def write_disproofs(out: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Writes a file below `out/disproofs` for each refuted theorem: the proof of its negation, in the theorem's context."""
    for number, record in enumerate(records, start=1):
        if record["status"] == "refuted":
            write_below(out / "disproofs", f"{number}_{Path(record['file']).stem}.lean", record["disproof"]["text"])


def write_results(out: Path, records: Sequence[dict[str, Any]], summary: dict[str, Any]) -> None:
    """`results.jsonl` in the order of the files, dependencies settled, and `summary.json`."""
    write_atomically(out / "results.jsonl", "".join(json_text(r) + "\n" for r in records))
    write_atomically(out / "summary.json", json_text(summary, indent=2) + "\n")


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
