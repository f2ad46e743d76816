"""Makes new theorems from the library's by rewriting and applying lemmas.

Takes the theorems of Init and Std, finds lemmas that fit by a term index, builds new
statements with their proofs inside Lean, and keeps what Lean's kernel accepts from the
printed text. Writes to the folder --out:

  shards/        Parquet files, a row a theorem; beside each what was rejected and why
  negatives/     false neighbours of theorems, each with its refutation
  summary.json   the totals
  report.html    written by `proofsmith mutate report`

The same command goes on where an interrupted run stopped.

Its operators are programs of the embedded Lean: there is no --lean here.

  proofsmith mutate --out m --limit-core-hours 0.5
  proofsmith mutate recheck --out m --sample 1000
  proofsmith mutate report --out m
  proofsmith mutate training --out m --benchmark miniF2F/test.jsonl
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prover.cli.options import above_zero, at_least
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError
from prover.printable import json_line, show, tell

if TYPE_CHECKING:
    from prover.mutation.leakage import Benchmark

ACTIONS = ("run", "recheck", "report", "compare", "training")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith mutate`."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        default="run",
        help="run (default); recheck: a sample in a fresh process; report: the HTML page; "
        "compare: against every lemma tried on every theorem; training: what may be trained on, as "
        "training.parquet",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where results go, or are")
    parser.add_argument(
        "--limit-core-hours", type=float, metavar="H", help="stop after so much processor time (default: no limit)"
    )
    parser.add_argument("--limit-theorems", type=int, metavar="N", help="stop after so many theorems (default: no limit)")
    parser.add_argument("--seed", type=int, default=0, help="for everything that is drawn (default: 0)")
    parser.add_argument("--rounds", type=int, default=2, metavar="K", help="steps that are composed (default: 2)")
    parser.add_argument(
        "--modules",
        default="Init,Std",
        metavar="LIST",
        help="what to import, with commas between; unknown ones are named and skipped (default: Init,Std)",
    )
    parser.add_argument(
        "--benchmark",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="miniF2F's JSONL, or rows of the library benchmark: no theorem made is one of these; may be given several times",
    )
    parser.add_argument(
        "--negatives",
        type=float,
        default=0.25,
        metavar="SHARE",
        help="part of the roots of which a false neighbour is looked for (default: 0.25)",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster at this address (local: one on this machine); --workers counts Lean processes of the cluster",
    )
    parser.add_argument(
        "--split", choices=("train", "valid", "test"), help="only roots of this side (default: all; each row names its side)"
    )
    parser.add_argument(
        "--grade", type=float, default=0.02, metavar="SHARE", help="part whose difficulty is graded (default: 0.02)"
    )
    parser.add_argument("--workers", type=int, default=None, metavar="N", help="Lean processes (default: one a core)")
    parser.add_argument("--sample", type=int, default=1000, metavar="N", help="recheck: theorems; compare: pairs (default: 1000)")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    """Does what was asked."""
    actions = {"run": _run, "recheck": _recheck, "report": _report, "compare": _compare, "training": _training}
    return actions[args.action](args)


def _run(args: argparse.Namespace) -> int:
    from prover.mutation.plan import MutationBar
    from prover.mutation.run import ChunkWorker, Host, MutationSettings, Run

    at_least(args, 1, "rounds")
    above_zero(args, "limit_core_hours", "limit_theorems", "workers", what="above 0")
    for option in ("grade", "negatives"):
        if not 0 <= getattr(args, option) <= 1:
            raise ConfigError(f"--{option} is a part between 0 and 1, not {getattr(args, option)}")
    benchmark = _benchmark(args)
    settings = MutationSettings(
        modules=tuple(args.modules.split(",")),
        held_out=benchmark.held_out,
        negatives=args.negatives,
        seed=args.seed,
        rounds=args.rounds,
        grade_share=args.grade,
        workers=args.workers or os.cpu_count() or 1,
        limit_core_hours=args.limit_core_hours,
        limit_theorems=args.limit_theorems,
        split=args.split,
    )
    new_worker: Callable[[MutationSettings], ChunkWorker] = Host
    if args.ray is not None:
        from prover.mutation.host import connect

        new_worker = connect(args.ray)
    with MutationBar(settings, quiet=args.quiet) as bar:
        job = Run(args.out, settings, bar.update, benchmark.keys, new_worker)
        totals = job.go()
    for problem in [*job.problems, *totals.lost]:
        tell(f"proofsmith: {problem}")
    show(json_line(totals.summary()))
    return EXIT_DONE


def _benchmark(args: argparse.Namespace) -> Benchmark:
    from prover.lean.embedded.worker import LeanWorker
    from prover.mutation.leakage import Benchmark, read

    if not args.benchmark:
        return Benchmark(frozenset(), frozenset(), (), 0)
    with LeanWorker() as worker:
        benchmark = read(worker, args.benchmark)
    tell(
        f"proofsmith: {benchmark.stated} statements of benchmarks kept out; {len(benchmark.unreadable)} of them do "
        "not elaborate without Mathlib, so nothing here can state them"
    )
    return benchmark


def _training(args: argparse.Namespace) -> int:
    from prover.mutation.leakage import write_training

    rows, refused, problems = write_training(args.out, _benchmark(args))
    for problem in problems:
        tell(f"proofsmith: {problem}")
    show(json_line({"training": rows, "refused": dict(refused)}))
    return EXIT_DONE


def _recheck(args: argparse.Namespace) -> int:
    from prover.mutation.checks import recheck

    result = recheck(args.out, args.sample, args.seed)
    for failure in result.failures:
        tell(failure)
    show(
        json_line(
            {
                "rechecked": result.checked,
                "refutations": result.negatives,
                "failures": len(result.failures),
                "seconds": round(result.seconds, 1),
            }
        )
    )
    return EXIT_NOT_PROVED if result.failures else EXIT_DONE


def _report(args: argparse.Namespace) -> int:
    from prover.mutation.report import write_report

    show(write_report(args.out, seed=args.seed))
    return EXIT_DONE


def _compare(args: argparse.Namespace) -> int:
    from prover.mutation.checks import compare

    show(json_line(compare(args.out, pairs=args.sample, seed=args.seed)))
    return EXIT_DONE
