"""Runs a batch under random kills, delays and garbage, and compares verdicts.

First in peace, then again and again while Lean processes are killed, stopped,
delayed, garbled or made too big at random moments, and a policy server fails.
Prints one JSON object: verdicts that differ and results lost or doubled have
to be 0. Takes the minutes that are asked for, and about one more before.
"""

from __future__ import annotations

import argparse

from prover.cli.options import above_zero
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED
from prover.printable import json_line, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith soak`."""
    parser.add_argument("--minutes", type=float, default=30.0, metavar="M", help="time under faults (default 30)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the faults (default 1)")
    parser.add_argument("--every", type=float, default=60.0, metavar="N", help="a fault in about one of N requests (default 60)")
    parser.add_argument("--theorems", type=int, default=24, metavar="N", help="starter theorems (default 24)")
    parser.add_argument("--max-expansions", type=int, default=4, metavar="N", help="expanded states a theorem (default 4)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="Lean processes that search (default 1)")


def run(args: argparse.Namespace) -> int:
    """Soaks; exit code 0 when nothing differed and nothing was lost or doubled, else 1."""
    above_zero(args, "minutes", "every", "theorems", "max_expansions", "workers", what="above 0")

    from prover.bench.soak import SoakSettings, soak

    figures = soak(SoakSettings(args.minutes, args.seed, args.every, args.theorems, args.max_expansions, args.workers))
    show(json_line(figures, indent=2), lines=True)
    wrong = figures["verdicts_different"] + figures["results_lost"] + figures["results_doubled"]
    return EXIT_DONE if wrong == 0 else EXIT_NOT_PROVED
