"""Converts SMT-LIB's inductive fragment, as TIP writes it, to Lean.

`proofsmith convert FILE.smt2 …` writes FILE.lean beside each, or into --out: the data types, the recursive
functions, and one theorem that waits for proof. Nothing is proved, and Lean has the last word on the definitions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.errors import EXIT_DONE, DataError
from prover.printable import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith convert`."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="a .smt2 file, or a folder of such files")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the .lean files go (default: beside the files)")


def run(args: argparse.Namespace) -> int:
    """Converts all, or stops at the first file that is not understood."""
    from data.smtlib import convert

    files = [f for p in args.paths for f in (sorted(p.rglob("*.smt2")) if p.is_dir() else [p])]
    if not files:
        raise DataError(f"{args.paths[0]} holds no .smt2 file")
    for file in files:
        try:
            text = convert(file.read_text("utf-8"), file.stem)
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror or error}") from error
        except ValueError as error:
            raise DataError(f"{file}: {error}") from error
        target = (args.out or file.parent) / f"{file.stem}.lean"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        show(str(target))
    return EXIT_DONE
