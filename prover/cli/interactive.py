"""`proofsmith prove -i`: one theorem in a dialogue."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prover.cli.suggest import first_word, parse_place
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError


def run(args: argparse.Namespace) -> int:
    """Opens the theorem, talks, and prints the proof; a file is changed when the user says so."""
    from prover.agent import SearchSettings
    from prover.lean.source import load
    from prover.policy.builtin import builtin_policy
    from prover.run import from_statement
    from prover.server.answers import applied
    from prover.server.session import Session
    from prover.server.terminal import Terminal

    if (len(args.paths) == 1) == (args.statement is not None):
        raise ConfigError("-i takes one place, FILE:LINE, or --statement TEXT")
    path: Path | None = None
    if args.statement is not None:
        text = from_statement(args.statement).text
        at = text.rindex("sorry")
        line, column = text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)
    else:
        path, line, given = parse_place(str(args.paths[0]))
        text = load(path)
        column = first_word(text, line) if given is None else given
    policy = builtin_policy()
    with Session(workers=1, memory_mb=args.memory or 3000, policy=policy) as session, session.opened(
        text, line, column, path, wait_s=300
    ) as here:  # fmt: skip
        settings = SearchSettings(args.timeout or None, args.max_expansions)
        proof = Terminal(session, here, policy, ask, lambda row: print(row, file=sys.stderr)).run(settings)
        if proof is None:
            return EXIT_NOT_PROVED
        edited = applied(text, [here.at.edit(proof)])
    print(proof if path is not None else edited.rstrip())
    if path is not None:
        print(f"write this into {path}? [y/N]", file=sys.stderr)
        if ask() in ("y", "yes"):
            path.write_text(edited, encoding="utf-8")
    return EXIT_DONE


def ask() -> str | None:
    """The next line; None at the end of the input."""
    print("> ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip() if line else None
