"""Finds lemmas that the definitions of a .lean file satisfy.

Equations between the file's functions are conjectured from small values, proved by
induction, smallest first, and audited in a process of its own. What follows from the
lemmas before it is left out. Writes to the folder --out:

  FILE.lean      the file with the lemmas as theorems behind its text
  lemmas.jsonl   a line a lemma: statement, proof, seconds, axioms
  explore.html   the same for reading

Ctrl-C ends the search; what was found before is audited and written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.cli.options import above_zero, at_least
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, DataError
from prover.printable import show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith explore`."""
    parser.add_argument("path", type=Path, metavar="FILE", help="a .lean file with definitions")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where results go (default: runs/explore-<name>)")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for finding lemmas (default 60)")
    parser.add_argument(
        "--max-size", type=int, default=7, metavar="N",
        help="functions and variables on one side of an equation (default 7)",
    )  # fmt: skip
    parser.add_argument("--most", type=int, default=30, metavar="N", help="no more lemmas than this (default 30)")
    parser.add_argument("--memory", type=int, default=3000, metavar="MB", help="ceiling of a Lean process (default 3000)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Explores; exit code 0 when a lemma was proved, 1 when none was."""
    at_least(args, 1, "max_size", "most", "memory")
    above_zero(args, "timeout")
    if args.path.suffix != ".lean":
        raise DataError(f"{args.path} is not a .lean file")

    from prover.explore.laws import Extent, Law
    from prover.prove.exploration import explore
    from prover.prove.run import default_command

    def told(law: Law) -> None:
        if not args.quiet:
            tell(f"{law.seconds:6.1f} s  {law.statement}")

    out = args.out or Path("runs") / f"explore-{args.path.stem}"
    if not args.quiet:
        tell(f"conjecturing equations between the functions of {args.path} …")
    done = explore(
        args.path, Extent(args.timeout, args.max_size, args.most), out, args.memory, told, default_command()
    )  # fmt: skip
    for note in done.summary["notes"]:
        tell(f"note: {note}")
    for record in done.records:
        show(record["statement"])
    show(f"{len(done.records)} lemmas proved and audited in {done.summary['seconds']:.0f} s, "
         f"of {done.summary['conjectured']} conjectures")  # fmt: skip
    show(f"file: {done.file}")
    show(f"report: {done.page}")
    return EXIT_DONE if done.records else EXIT_NOT_PROVED
