"""Proofs that a search found, as state-tactic pairs of the kind that a search asks for.

A proof is run again through the Dojo of its own theorem, so that it may use whatever stands before it in its file. Blocks that
a proof writes below one tactic (`· …`, `| zero => …`) are taken apart again: each is run on its own part of the state, as the
search did. Columns and files are those of `proofsmith trace`, which takes library theorems only and leaves blocks whole.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lean_dojo
import pyarrow as pa
import pyarrow.parquet as pq
from lean_dojo import ProofFinished, TacticState

from data.splits import side_of
from prover.corpus.traces import DONE, SCHEMA, steps_of
from prover.errors import DataError, LeanProcessError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.targets import Target
from prover.prove.folder import json_text, write_atomically

STEPS, DONE_FILE = "steps-00000.parquet", "statistics.json"
TACTIC_TIMEOUT_S = 60.0
ALTERNATIVE = re.compile(r"\|\s*(?P<pattern>[^|]*?)\s*=>[ ]?(?P<rest>.*)")

Pair = tuple[str, str]


def unfold(block: str) -> tuple[str, list[str]]:
    """A tactic as the search knows it, and the proofs that were written into it: `induction n with` and its alternatives."""
    head, *rest = block.splitlines()
    if not head.endswith(" with") or not rest:
        return block, []
    patterns: list[str] = []
    bodies: list[list[str]] = []
    for line in rest:
        found = ALTERNATIVE.fullmatch(line)
        if found is not None:
            patterns.append(found["pattern"])
            bodies.append([found["rest"]] if found["rest"] else [])
        elif bodies and line.startswith("  "):
            bodies[-1].append(line[2:])
        else:
            return block, []
    if not all(bodies):
        return block, []
    return " ".join([head, *(f"| {p} => ?_" for p in patterns)]), ["\n".join(b) for b in bodies]


def pairs_of(dojo: Any, state: TacticState, proof: str) -> list[tuple[str, str, str]]:
    """State before, tactic, state after, for each tactic of a proof of `state`.

    Raises DataError when Lean does not take the proof in this way.
    """
    found: list[tuple[str, str, str]] = []
    waiting = [(state, steps_of(proof))]
    while waiting:
        now, steps = waiting.pop(0)
        if not steps:
            raise DataError("its tactics leave goals")
        tactic, bodies = unfold(steps[0])
        result = dojo.run_tac(now, tactic)
        if not isinstance(result, TacticState | ProofFinished):
            raise DataError(f"{tactic.splitlines()[0]!r} fails: {str(getattr(result, 'error', result)).splitlines()[0]}")
        found.append((now.pp, tactic, result.pp if isinstance(result, TacticState) else DONE))
        if isinstance(result, ProofFinished):
            if len(steps) > 1 or bodies:
                raise DataError(f"{tactic.splitlines()[0]!r} closes the goal before the proof ends")
            continue
        parts = dojo.parts(result)
        rest = [_inside(step) for step in steps[1:]] if all(s.startswith("· ") for s in steps[1:]) else []
        blocks = bodies if bodies and len(steps) == 1 else rest
        if len(parts) > 1 and len(blocks) == len(parts):
            waiting = [(part, steps_of(block)) for part, block in zip(parts, blocks, strict=True)] + waiting
        elif bodies:
            raise DataError(f"{tactic.splitlines()[0]!r} leaves {len(parts)} goals for {len(bodies)} blocks")
        else:
            waiting.insert(0, (result, steps[1:]))
    return found


def _inside(step: str) -> str:
    first, *rest = step[2:].splitlines()
    return "\n".join([first, *(line.removeprefix("  ") for line in rest)])


def write_pairs(
    out: Path,
    proved: Iterable[tuple[Target, Mapping[str, Any]]],
    known: set[Pair],
    worker: LeanWorker,
) -> dict[str, Any]:
    """Traces proofs into `out`, whole or not at all; pairs that are `known` are left out, and new ones are added to it.

    Args:
        out: the folder; read by `prover.training.examples` like one of `proofsmith trace`.
        proved: theorems with their records, proved ones.
        known: pairs of state and tactic that the training set has already.
        worker: the Lean that runs the proofs again.

    Returns:
        How many proofs were traced and skipped, how many pairs they have, and how many of these are new.
    """
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    proofs = pairs = 0
    for target, record in proved:
        try:
            with Dojo(target, worker, TACTIC_TIMEOUT_S, heartbeats=0) as (dojo, state):
                steps = pairs_of(dojo, state, record["proof"])
        except (DataError, LeanProcessError, lean_dojo.DojoInitError, lean_dojo.DojoCrashError,
                lean_dojo.DojoTacticTimeoutError) as error:  # fmt: skip
            problems.append(f"{record['name']} is skipped: {str(error) or type(error).__name__}")
            continue
        proofs, pairs = proofs + 1, pairs + len(steps)
        for number, (before, tactic, after) in enumerate(steps):
            if (before, tactic) not in known:
                known.add((before, tactic))
                rows.append(_row(record, number, before, tactic, after))
        worker.recycle_if_big()
    scratch = out.with_name(out.name + ".unfinished")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), scratch / STEPS, compression="zstd")
    statistics = {"proofs": proofs, "skipped": len(problems), "pairs": pairs, "new": len(rows), "problems": problems}
    write_atomically(scratch / DONE_FILE, json_text(statistics, indent=2) + "\n")
    shutil.rmtree(out, ignore_errors=True)
    scratch.replace(out)
    return statistics


def _row(record: Mapping[str, Any], number: int, before: str, tactic: str, after: str) -> dict[str, Any]:
    return {
        "full_name": record["name"], "statement": record["statement"], "step": number, "state_before": before,
        "tactic": tactic, "annotated_tactic": tactic, "state_after": after, "premises": [], "origin": "search",
        "split": side_of(record),
    }  # fmt: skip


def pairs_in(folder: Path) -> set[Pair]:
    """The pairs that `write_pairs` wrote."""
    table = pq.read_table(folder / STEPS, columns=["state_before", "tactic"])
    return {(row["state_before"], row["tactic"]) for row in table.to_pylist()}
