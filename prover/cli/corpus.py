"""Writes the library down: every theorem, definition and instance as a row.

`proofsmith corpus build --out FOLDER` writes corpus.parquet (name, module, kind,
signature, type as a term, what it mentions, …), the import and dependency graphs as
GraphML, and README.md, the card: of the embedded Lean, or with --from of another.
The same command goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prover.errors import EXIT_DONE, ConfigError, DataError, StorageError
from prover.printable import json_line, show, tell

if TYPE_CHECKING:
    from data.corpus import Built


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith corpus`."""
    parser.add_argument("action", choices=("build",), help="build the corpus")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where it goes")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="PATH",
        help="take another's corpus: LeanDojo's corpus.jsonl, LeanDojo Benchmark 4 (its folder, or lean-dojo's "
        "source distribution; `leandojo` obtains that, 67 MB, through pip), or a native project's export",
    )
    parser.add_argument(
        "--modules", default="Init,Std", metavar="LIST", help="what to import, with commas between (default: Init,Std)"
    )
    parser.add_argument(
        "--check",
        type=float,
        default=0.02,
        metavar="SHARE",
        help="part of the signatures that are elaborated again and compared (default: 0.02)",
    )
    parser.add_argument("--workers", type=int, default=None, metavar="N", help="Lean processes (default: one a core)")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    """Builds."""
    from rich.console import Console
    from rich.progress import Progress

    from prover.corpus.library import build

    if not 0 <= args.check <= 1:
        raise ConfigError(f"--check is a part between 0 and 1, not {args.check}")
    console = Console(stderr=True, quiet=args.quiet)
    if args.source is not None:
        return _take(args)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("constants", total=None)
        shown = [0]

        def on_chunk(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            if not sys.stderr.isatty() and done * 10 // total > shown[0]:
                shown[0] = done * 10 // total
                tell(f"[{shown[0]}0 %] {done} of {total} constants") if not args.quiet else None

        built = build(args.out, tuple(args.modules.split(",")), args.check, args.workers or os.cpu_count() or 1, on_chunk)
    return _say(built)


def _take(args: argparse.Namespace) -> int:
    from data import corpus
    from data.errors import BadRecordError
    from prover.evaluation.datasets import leandojo_sources

    try:
        source = leandojo_sources() if args.source == "leandojo" else Path(args.source)
        return _say(corpus.take(args.out, source))
    except BadRecordError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise StorageError(f"{args.out} cannot be written: {error.strerror or error}") from error


def _say(built: Built) -> int:
    for problem in built.problems[:20]:
        tell(f"proofsmith: {problem}")
    if len(built.problems) > 20:
        tell(f"proofsmith: and {len(built.problems) - 20} more, in the column problem")
    show(
        json_line(
            {
                "rows": built.rows,
                **built.by_kind,
                "signatures_checked": built.checked,
                "elaborate_again": built.elaborate_again,
                "problems": len(built.problems),
            }
        )
    )
    return EXIT_DONE
