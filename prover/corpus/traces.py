"""Proofs as steps: the state before a tactic, the tactic, the state after, the premises it names.

The columns are LeanDojo's (Yang et al., arXiv 2306.15626, section 4): `state_before`, `tactic`,
`state_after`, the tactic with its premises marked, and what these are. A theorem's side of the split goes
with each of its steps.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from lean_dojo import DojoInitError

from data.mutation import shards
from data.splits import side_of, split_of
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean.answers import ProofView
from prover.lean.embedded.worker import EMBEDDED, LeanWorker
from prover.lean.engine import Backend, Engine, Limits
from prover.lean.targets import Target, first_line, load
from prover.mutation.host import LIBRARY

SCHEMA = pa.schema(
    [
        pa.field("full_name", pa.string(), nullable=False),
        pa.field("statement", pa.string(), nullable=False),
        pa.field("step", pa.int16(), nullable=False),
        pa.field("state_before", pa.string(), nullable=False),
        pa.field("tactic", pa.string(), nullable=False),
        pa.field("annotated_tactic", pa.string(), nullable=False),
        pa.field("state_after", pa.string(), nullable=False),
        pa.field("premises", pa.list_(pa.string()), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
    ]
)
DONE = "no goals"
SHARD_ROWS = 5000
IDENTIFIER = re.compile(r"[\w.!?'₀-₉«»]+")
NAME = re.compile(r"(?<![\w.'])[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*")
LIMITS = Limits(timeout_s=20.0, heartbeats=0)
LISTING_S = 300.0
HEADER = "".join(f"import {module}\n" for module in LIBRARY)
FORWARDS = re.compile(
    r"have this := @(?P<origin>\S+)[^\n]*\n(?:rw \[(?P<rule>(?:← )?[^\s,\]]+)\] at this\nexact this|exact (?P<lemma>\S+) this)$"
)
"""How `proofsmith mutate` writes the proofs of what it makes by one rewriting or one application."""


@dataclass(frozen=True)
class Proof:
    """A theorem, the tactics that prove it, its side of the split, and the file that states it, where there is one."""

    name: str
    context: str
    statement: str
    tactics: str
    split: str
    origin: str
    path: Path | None = None


def steps_of(tactics: str) -> list[str]:
    """The outermost tactics of a block: a line that is indented, or begins with a bullet's rest, goes with
    those before.
    """
    steps: list[str] = []
    for line in tactics.splitlines():
        if not line.strip():
            continue
        if steps and (line[0].isspace() or line.startswith(("|", "<;>", ")", "}", "⟩", "]"))):
            steps[-1] += "\n" + line
        else:
            steps.append(line)
    return steps


def trace(worker: Engine, proof: Proof, known: Callable[[str], bool]) -> list[dict[str, Any]]:
    """The steps of a proof, run again in the theorem's own file where that still states it, else behind the library's imports.

    Raises:
        DataError: Lean does not take the statement, or a step fails.
        LeanProcessError: Lean was lost over it.
    """
    target = _target(worker, proof)
    views = []
    try:
        now = worker.enter(target)
        views.append(now)
        steps: list[dict[str, Any]] = []
        for number, tactic in enumerate(steps_of(proof.tactics)):
            (reply,) = worker.run(now, [tactic], LIMITS)
            if not reply.done and reply.proof is None:
                raise DataError(f"{proof.name} is skipped: step {number + 1} fails: {first_line(reply.error or 'it gives up')}")
            annotated, premises = annotate(tactic, known)
            after = DONE if reply.proof is None else _state(reply.proof)
            steps.append({
                "full_name": proof.name, "statement": proof.statement, "step": number, "state_before": _state(now),
                "tactic": tactic, "annotated_tactic": annotated, "state_after": after, "premises": premises,
                "origin": proof.origin, "split": proof.split,
            })  # fmt: skip
            if reply.proof is None:
                return steps
            now = reply.proof
            views.append(now)
        raise DataError(f"{proof.name} is skipped: its tactics leave goals")
    except DojoInitError as error:
        raise DataError(f"{proof.name} is skipped: {first_line(str(error))}") from error
    finally:
        if worker.alive:
            worker.release(views)


def _target(worker: Engine, proof: Proof) -> Target:
    if proof.path is not None:
        found = next((t for t in worker.read(load(proof.path), proof.path).targets if t.name == proof.name), None)
        if found is not None and found.statement == proof.statement and found.problem is None:
            return found
    targets = worker.read(f"{HEADER}{proof.context}{proof.statement} := by sorry\n").targets
    if not targets or targets[-1].problem is not None:
        raise DataError(f"{proof.name} is skipped: {first_line((targets and targets[-1].problem) or 'its statement is none')}")
    return targets[-1]


def library_names(worker: Engine, proofs: Sequence[Proof]) -> Callable[[str], bool]:
    """Tells the names of the library, for the premises of these proofs.

    The embedded Lean lists them; a project's own is asked for each word of the tactics, behind the imports of the proofs' files.
    """
    if isinstance(worker, LeanWorker):
        listed = worker.request("library", LISTING_S, state=worker.base_state(LIBRARY))["constants"]
        return {name for name, *_ in listed}.__contains__
    found: set[str] = set()
    words = sorted({word for proof in proofs for word in NAME.findall(proof.tactics)})
    headers = {HEADER} | {file.span(0, file.body_start) + "\n" for path in {p.path for p in proofs if p.path is not None}
                          for file in [worker.header(load(path), path)]}  # fmt: skip
    for header in headers:
        commands = worker.commands(worker.header(header + "".join(f"#check @{word}\n" for word in words)))
        found.update(word for word, command in zip(words, commands, strict=False) if not command.errors)
    return found.__contains__


def annotate(tactic: str, known: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The tactic with `<a>…</a>` around the names of premises, and these names in order."""
    premises: list[str] = []

    def mark(match: re.Match[str]) -> str:
        name = match.group().strip(".")
        if not known(name):
            return match.group()
        premises.append(name)
        return match.group().replace(name, f"<a>{name}</a>", 1)

    return IDENTIFIER.sub(mark, tactic), list(dict.fromkeys(premises))


def backwards(tactics: str) -> str | None:
    """A mutant's proof as a search would find it: from the goal to the theorem it was made of, not the other way.

    `have this := @T a b; rw [← L] at this; exact this` becomes `rw [L]; apply T <;> assumption`, and a last step
    `exact L this` becomes `apply L`. None for proofs of another form. It need not hold: the trace tries it.
    """
    found = FORWARDS.match(tactics.strip())
    if found is None:
        return None
    last = f"apply {found['origin']} <;> assumption"
    if found["lemma"] is not None:
        return f"apply {found['lemma']}\n{last}"
    rule = found["rule"]
    return f"rw [{rule.removeprefix('← ') if rule.startswith('← ') else '← ' + rule}]\n{last}"


def proofs_in(folder: Path, problems: list[str], turned: bool = False) -> Iterator[Proof]:
    """Proofs of a mutation run's folder, or of a folder that `proofsmith prove` wrote.

    With `turned`, the proofs of mutants `backwards`; those of another form are left out.
    """
    if (folder / shards.PLAN).exists():
        for m in shards.mutants(folder, problems):
            proof = backwards(m.proof) if turned else m.proof
            if proof is not None:
                yield Proof(m.name, m.context, f"theorem {m.statement}", proof, split_of(m.root), "mutant")
        return
    path = folder / "results.jsonl"
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{folder} is neither a mutation run nor a run of prove: {error.strerror or error}") from error
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if record["status"] == "proved":
                file = Path(record["file"])
                own = file if file.is_file() else None
                yield Proof(record["name"], "", record["statement"], record["proof"], side_of(record), "search", own)
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{path}:{number} is no result and is skipped: {error!r}")


def files_of(folder: Path) -> list[Path]:
    """The files of the theorems that a run of `proofsmith prove` was about; none for a mutation run."""
    if (folder / shards.PLAN).exists():
        return []
    return sorted({proof.path for proof in proofs_in(folder, []) if proof.path is not None})


def write_traces(
    out: Path,
    proofs: Iterable[Proof],
    limit: int | None = None,
    on_proof: Callable[[int, int], None] = lambda proofs, steps: None,
    problems: list[str] | None = None,
    backend: Backend = EMBEDDED,
    memory_mb: int | None = None,
) -> dict[str, Any]:
    """Traces proofs with a backend's Lean into `steps-NNNNN.parquet` and `statistics.json`; what cannot be traced is named in
    `problems`.

    Returns:
        The statistics.
    """
    out.mkdir(parents=True, exist_ok=True)
    skipped = [] if problems is None else problems
    rows: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    premises: Counter[str] = Counter()
    worker = backend.new_engine(memory_mb or backend.default_memory_mb)
    wanted = islice(proofs, limit)
    try:
        chosen = wanted if isinstance(worker, LeanWorker) else list(wanted)
        known = library_names(worker, chosen if isinstance(chosen, list) else ())
        for proof in chosen:
            worker.recycle_if_big()
            try:
                steps = trace(worker, proof, known)
            except LeanSetupError:
                raise
            except (DataError, LeanProcessError) as error:
                counts["skipped"] += 1
                skipped.append(str(error))
                continue
            rows += steps
            counts["proofs"] += 1
            counts["steps"] += len(steps)
            words.update(step["tactic"].split()[0] for step in steps)
            premises.update(p for step in steps for p in step["premises"])
            if len(rows) >= SHARD_ROWS:
                _flush(out, rows, counts)
            on_proof(counts["proofs"], counts["steps"])
    finally:
        worker.close()
    if rows:
        _flush(out, rows, counts)
    statistics = {
        "proofs": counts["proofs"],
        "steps": counts["steps"],
        "skipped": counts["skipped"],
        "shards": counts["shards"],
        "first_words": dict(words.most_common(20)),
        "premises": len(premises),
        "most_used": dict(premises.most_common(20)),
    }
    (out / "statistics.json").write_text(
        json.dumps({**statistics, "problems": skipped}, ensure_ascii=False, indent=2) + "\n", "utf-8"
    )
    return statistics


def _state(view: ProofView) -> str:
    return "\n\n".join(goal.pp for goal in view.goals)


def _flush(out: Path, rows: list[dict[str, Any]], counts: Counter[str]) -> None:
    write_table(out / f"steps-{counts['shards']:05}.parquet", pa.Table.from_pylist(rows, schema=SCHEMA))
    counts["shards"] += 1
    rows.clear()


def write_table(path: Path, table: pa.Table) -> None:
    """The whole file or nothing."""
    scratch = path.with_suffix(".tmp")
    try:
        pq.write_table(table, scratch, compression="zstd")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
