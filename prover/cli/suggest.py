"""Suggests the next tactic at a place in a .lean file.

The place is FILE:LINE:COLUMN (both from 1, as compilers print them), or FILE:LINE
for the line's `sorry`, the `by` at its end or its first word: a `sorry`, an
unfinished `by`, any tactic, or the line behind one. Every suggestion has been run in Lean; the goals it leaves are told.

Exit code 0 when there is a suggestion, 1 when there is none.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from pathlib import Path

from prover.cli.options import above_zero, add_default_policy_option, add_lean_options, at_least, chosen
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError
from prover.printable import json_line, show, tell

SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")
PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?$", re.DOTALL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith suggest`."""
    parser.add_argument("place", metavar="FILE:LINE[:COLUMN]", help="where; line and column from 1")
    parser.add_argument("--limit", type=int, default=8, metavar="N", help="at most so many suggestions (default %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=10.0, metavar="S", help="seconds of trying, once Lean is warm (default %(default)g)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_lean_options(parser, "the file lies in one")
    add_default_policy_option(parser)


def parse_place(text: str) -> tuple[Path, int, int | None]:
    """File, line and column (from 0; None: the first word). Raises ConfigError."""
    found = PLACE.match(text)
    if found is None:
        raise ConfigError(f"{text!r} is no place; write FILE:LINE:COLUMN, e.g. Nat.lean:12:3")
    line, column = int(found["line"]), found["column"]
    if line < 1 or (column is not None and int(column) < 1):
        raise ConfigError(f"{text!r}: lines and columns count from 1")
    return Path(found["file"]), line - 1, None if column is None else int(column) - 1


def likely_column(text: str, line: int) -> int:
    """The column of a line (from 0) that is meant when none is given: its `sorry`, the `by` at its end, its first word."""
    lines = text.split("\n")
    if line >= len(lines):
        return 0
    row = lines[line]
    if (sorry := SORRY.search(row)) is not None:
        return sorry.start()
    return len(row.rstrip()) if row.rstrip().endswith((" by", "=>")) else len(row) - len(row.lstrip())


def run(args: argparse.Namespace) -> int:
    """Opens the place, tries tactics, prints what worked."""
    from prover.lean.targets import load
    from prover.server.session import Session

    at_least(args, 1, "limit")
    above_zero(args, "timeout")
    path, line, column = parse_place(args.place)
    text = load(path)
    with Session(
        workers=1,
        memory_mb=args.memory,
        audit=False,
        tactic_s=args.timeout,
        model=args.policy == "builtin",
        backend=chosen(args, [path]),
    ) as session:
        at, found = session.suggest_at(
            text, line, likely_column(text, line) if column is None else column, args.limit, args.timeout, path=path
        )
    if args.json:
        facts = {
            "theorem": at.theorem, "goals": at.goals, "passed": at.passed, "replaces": at.tactic,
            "suggestions": [asdict(s) for s in found],
        }  # fmt: skip
        show(json_line(facts))
    else:
        tell(f"{at.theorem}\n{at.text}\n", lines=True)
        for suggestion in found:
            show(suggestion.tactic, lines=True)
            left = "\n\n".join(suggestion.goals_after) or "no goals"
            show("\n".join(f"    {row}".rstrip() for row in left.splitlines()), lines=True)
        if not found:
            tell("no tactic that was tried helps here")
    return EXIT_DONE if found else EXIT_NOT_PROVED
