"""Writes proofs down as steps: state, tactic, state after, premises.

Takes folders of `proofsmith mutate` and of `proofsmith prove`, runs every proof again
tactic by tactic, and writes Parquet shards in LeanDojo's columns and statistics.json.
Proofs that need more than Init and Std are skipped and named.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.errors import EXIT_DONE
from prover.printable import json_line, show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith trace`."""
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="of a mutation run or of a run of prove"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the steps go")
    parser.add_argument("--limit", type=int, metavar="N", help="stop after so many proofs (default: all)")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    """Traces."""
    from prover.traces import proofs_in, write_traces

    problems: list[str] = []
    proofs = (proof for folder in args.folders for proof in proofs_in(folder, problems))

    def on_proof(done: int, steps: int) -> None:
        if not args.quiet and done % 200 == 0:
            tell(f"{done} proofs, {steps} steps")

    statistics = write_traces(args.out, proofs, args.limit, on_proof, problems)
    for problem in problems[:20]:
        tell(f"proofsmith: {problem}")
    show(json_line(statistics))
    return EXIT_DONE
