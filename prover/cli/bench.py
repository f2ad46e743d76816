"""Measures speed: warm start, time inside Lean, cost of a step.

Prints progress on stderr and one JSON object on stdout. Timings depend on the
machine and its load; compare figures of one run with each other.
"""

from __future__ import annotations

import argparse
from typing import Any

from prover.errors import EXIT_DONE
from prover.printable import json_line, show, tell

WHAT = ("start", "batch", "step", "mutate")
USUAL = ("start", "batch", "step")
"""What runs when nothing is named; `mutate` takes some minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith bench`."""
    parser.add_argument(
        "what", nargs="*", choices=[*WHAT, []], help=f"which of {', '.join(WHAT)} (default: all but mutate)"
    )
    parser.add_argument("--json", action="store_true", help="only the JSON object")


def run(args: argparse.Namespace) -> int:
    """Runs the benchmarks that were asked for."""
    from prover import benchmarks

    figures: dict[str, Any] = {}
    for what in args.what or USUAL:
        if not args.json:
            tell(f"measuring {what} …")
        figures |= getattr(benchmarks, what)()
    show(json_line(figures, None if args.json else 2), lines=True)
    return EXIT_DONE
