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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.mutation import shards
from data.splits import side_of, split_of
from prover.errors import DataError, LeanProcessError
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import LeanWorker
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
TIMEOUT_MS = 20_000
FORWARDS = re.compile(
    r"have this := @(?P<origin>\S+)[^\n]*\n(?:rw \[(?P<rule>(?:← )?[^\s,\]]+)\] at this\nexact this|exact (?P<lemma>\S+) this)$"
)
"""How `proofsmith mutate` writes the proofs of what it makes by one rewriting or one application."""


@dataclass(frozen=True)
class Proof:
    """A theorem, the tactics that prove it, and its side of the split."""

    name: str
    context: str
    statement: str
    tactics: str
    split: str
    origin: str


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


def trace(worker: LeanWorker, proof: Proof, known: Callable[[str], bool]) -> list[dict[str, Any]]:
    """The steps of a proof.

    Raises:
        DataError: Lean does not take the statement, or a step fails.
    """
    base = worker.base_state(LIBRARY)
    text = f"{proof.context}{proof.statement} := by sorry\n"
    entered = worker.request("enter", state=base, text=text)
    errors = [m["text"] for m in entered["messages"] if m["severity"] == "error"]
    opened = [i for one in entered["proofs"] for i in (one["sid"], *one["parts"])]
    try:
        if errors or not entered["proofs"]:
            raise DataError(
                f"{proof.name} is skipped: {(errors or ['its statement opens no goal'])[0].splitlines()[0]}"
            )
        now = entered["proofs"][-1]
        steps: list[dict[str, Any]] = []
        for number, tactic in enumerate(steps_of(proof.tactics)):
            reply = worker.request(
                "tactics", sid=now["sid"], tactics=[tactic], heartbeats=0, timeout_ms=TIMEOUT_MS
            )["results"][0]
            if not reply.get("done") and "goals" not in reply:
                raise DataError(
                    f"{proof.name} is skipped: step {number + 1} fails: "
                    f"{str(reply.get('error', reply)).splitlines()[0]}"
                )
            after = DONE if reply.get("done") else _state(reply)
            annotated, premises = annotate(tactic, known)
            steps.append(
                {
                    "full_name": proof.name,
                    "statement": proof.statement,
                    "step": number,
                    "state_before": _state(now),
                    "tactic": tactic,
                    "annotated_tactic": annotated,
                    "state_after": after,
                    "premises": premises,
                    "origin": proof.origin,
                    "split": proof.split,
                }
            )
            if reply.get("done"):
                return steps
            opened += [reply["sid"], *reply["parts"]]
            now = reply
        raise DataError(f"{proof.name} is skipped: its tactics leave goals")
    finally:
        if opened and worker.alive:
            worker.request("release", proofs=opened)


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
    """Proofs of a mutation run's folder, or of a folder that `proofsmith prove` wrote (theorems of Init
    and Std alone).

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
        raise DataError(
            f"{folder} is neither a mutation run nor a run of prove: {error.strerror or error}"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if record["status"] == "proved":
                yield Proof(
                    record["name"], "", record["statement"], record["proof"], side_of(record), "search"
                )
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{path}:{number} is no result and is skipped: {error!r}")


def write_traces(
    out: Path,
    proofs: Iterable[Proof],
    limit: int | None = None,
    on_proof: Callable[[int, int], None] = lambda proofs, steps: None,
    problems: list[str] | None = None,
) -> dict[str, Any]:
    """Traces proofs into `steps-NNNNN.parquet` and `statistics.json`; what cannot be traced is named in
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
    with LeanWorker() as worker:
        known: set[str] = set()
        generation = -1
        for proof in proofs:
            if limit is not None and counts["proofs"] + counts["skipped"] >= limit:
                break
            worker.recycle_if_big()
            try:
                base = worker.base_state(LIBRARY)
                if generation < 0:
                    known = {c[0] for c in worker.request("library", 300.0, state=base)["constants"]}
                    generation = worker.generation
                steps = trace(worker, proof, known.__contains__)
            except (DataError, RequestRefused, LeanProcessError) as error:
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


def _state(view: dict[str, Any]) -> str:
    return "\n\n".join(goal["pp"] for goal in view["goals"])


def _flush(out: Path, rows: list[dict[str, Any]], counts: Counter[str]) -> None:
    path = out / f"steps-{counts['shards']:05}.parquet"
    scratch = path.with_suffix(".tmp")
    try:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), scratch, compression="zstd")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    counts["shards"] += 1
    rows.clear()
