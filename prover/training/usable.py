"""Which pairs of LeanDojo Benchmark 4 are of use without Mathlib.

    python -m prover.training.usable leandojo_benchmark_4/random/train.json corpus.parquet pairs.jsonl

A pair stays when every premise that LeanDojo marked in its tactic is in the corpus (`proofsmith corpus build`) and the Lean
at hand can parse the tactic. Mathlib's letters for the number types are written as this Lean prints them. The lines are read by
`proofsmith train`; its split is by the theorem's name, which each line keeps.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.library_bench import in_hash_order
from prover.errors import EXIT_DONE, DataError, ProverError
from prover.lean.embedded.worker import LeanWorker
from prover.mutation.host import LIBRARY
from prover.printable import json_line, show, tell
from prover.prove.folder import json_text, write_atomically

LONGEST_STATE = 700
LONGEST_TACTIC = 120
"""Characters; what is longer does not fit into a small model's context."""
BATCH = 500
HEARTBEATS = 200
"""Of 1000 small steps each: enough to parse anything, too little to prove."""
NOT_PARSED = re.compile(r"^<tactic>:\d+:\d+: ")
LETTERS = str.maketrans({"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat"})
GOAL = "theorem parsed (p : Prop) : p := by sorry\n"

Pair = dict[str, str]


def pairs_with_premises(source: Path, corpus: Path, counts: Counter[str], others: int | None = None) -> list[Pair]:
    """The short pairs whose premises are all in the corpus, each once.

    Args:
        source: train.json.
        corpus: corpus.parquet.
        counts: told how many pass each sieve.
        others: of the pairs that name no premise, take so many, a sample by hash; None takes all.

    Raises DataError when a file cannot be read or lacks what is needed.
    """
    try:
        known = set(pq.read_table(corpus, columns=["name"])["name"].to_pylist())
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{corpus} is no corpus; make it with `proofsmith corpus build`: {error}") from error
    found: dict[str, Pair] = {}
    naming: dict[str, Pair] = {}
    try:
        for theorem in json.loads(source.read_bytes()):
            for step in theorem["traced_tactics"]:
                counts["pairs"] += 1
                if not all(p["full_name"] in known for p in step["annotated_tactic"][1]):
                    continue
                counts["premises known"] += 1
                state, tactic = step["state_before"].translate(LETTERS), step["tactic"].strip().translate(LETTERS)
                if len(state) <= LONGEST_STATE and len(tactic) <= LONGEST_TACTIC:
                    pair = {"name": theorem["full_name"], "state": state, "tactic": tactic}
                    (naming if step["annotated_tactic"][1] else found).setdefault(f"{state}\0{tactic}", pair)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{source} is no train.json of LeanDojo Benchmark 4: {error!r}") from error
    sample = [found[key] for key in in_hash_order(found)[:others]]
    counts["short and different"] = len(naming) + len(found)
    counts["naming a premise"] = len(naming)
    return [*naming.values(), *sample]


def parsed(worker: LeanWorker, tactics: Iterable[str]) -> Iterator[str]:
    """The tactics that the worker's Lean can parse, in order."""
    waiting = list(tactics)
    for at in range(0, len(waiting), BATCH):
        part = waiting[at : at + BATCH]
        worker.recycle_if_big()
        entered = worker.request("enter", state=worker.base_state(LIBRARY), text=GOAL)["proofs"][-1]
        replies = worker.request(
            "tactics", 600.0, sid=entered.sid, tactics=part, heartbeats=HEARTBEATS, timeout_ms=2000, stop_when_done=False
        )["results"]
        for tactic, reply in zip(part, replies, strict=True):
            if not NOT_PARSED.match(str(reply.error)):
                yield tactic
        left = [r.proof for r in replies if r.proof is not None]
        worker.release([entered, *left])
        tell(f"{at + len(part)} of {len(waiting)} tactics read")


def main(arguments: list[str] | None = None) -> int:
    """Writes the pairs of use as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="train.json of LeanDojo Benchmark 4")
    parser.add_argument("corpus", type=Path, help="corpus.parquet of `proofsmith corpus build`")
    parser.add_argument("out", type=Path, help="the JSON lines")
    parser.add_argument("--others", type=int, metavar="N", help="of the pairs that name no premise, N (default: all)")
    args = parser.parse_args(arguments)

    counts: Counter[str] = Counter()
    try:
        pairs = pairs_with_premises(args.source, args.corpus, counts, args.others)
        with LeanWorker() as worker:
            good = set(parsed(worker, dict.fromkeys(p["tactic"] for p in pairs)))
    except ProverError as error:
        tell(f"error: {error}")
        return error.exit_code
    kept = [p for p in pairs if p["tactic"] in good]
    write_atomically(args.out, "".join(json_text(p) + "\n" for p in kept))
    counts["kept"] = len(kept)
    show(json_line(dict(counts)))
    return EXIT_DONE


if __name__ == "__main__":
    raise SystemExit(main())
