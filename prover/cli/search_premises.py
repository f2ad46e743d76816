"""Finds theorems of the library that fit a goal or whose names hold a text.

QUERY is a goal (`a b : Nat ⊢ a + b = b + a`), a target alone, or part of a name. Prints a
JSON object a line, best first: name, signature, score, module. The first call on a
machine starts Lean to read the library (half a minute).

  proofsmith search-premises "(xs ++ ys).length = n"
"""

from __future__ import annotations

import argparse

from prover.cli.options import at_least
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError
from prover.printable import json_line, show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith search-premises`."""
    parser.add_argument("query", metavar="QUERY", help="a goal, a target, or part of a name")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many theorems (default %(default)s)")
    parser.add_argument("--memory", type=int, default=3000, metavar="MB", help="ceiling of Lean's memory (default %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when nothing is found."""
    at_least(args, 1, "limit")
    if not args.query.strip():
        raise ConfigError("QUERY is empty; give a goal, a target or part of a name")

    from prover.prove.premises import library_premises

    found = library_premises(args.memory).look_up(args.query, args.limit)
    for premise, module in found:
        show(json_line({
            "name": premise.name, "signature": premise.statement, "score": round(premise.score, 3), "module": module,
        }))  # fmt: skip
    if not found:
        tell("proofsmith: no theorem of the library fits")
    return EXIT_DONE if found else EXIT_NOT_PROVED
