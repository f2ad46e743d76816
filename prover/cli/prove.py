"""Proves theorems of .lean files, or a statement.

Finds every theorem whose proof is `sorry`, searches for a proof in real Lean,
audits what it finds in a process of its own, and writes to the folder --out:

  proofs/        the files with the proofs in place
  results.jsonl  a line a theorem
  report.html    what was proved, how, and the searched trees
  summary.json   the totals

The same command goes on where an interrupted run stopped. With -i one theorem is
followed in the terminal: its state, numbered suggestions, steps of one's own, undo,
and a search for the rest.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith prove`."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=".lean files, or folders of them")
    parser.add_argument("--statement", metavar="TEXT", help="prove this instead, e.g. 'theorem t : 1 + 1 = 2'")
    parser.add_argument(
        "-i", "--interactive", action="store_true", help="follow one theorem step by step: FILE:LINE[:COLUMN], or --statement"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where results go (default: runs/<name>)")
    parser.add_argument(
        "--timeout", type=seconds, default=60.0, metavar="S",
        help="seconds a theorem; 0: none, only --max-expansions limits, and the same inputs give the same proofs "
        "(default 60)",
    )  # fmt: skip
    parser.add_argument("--max-expansions", type=int, metavar="N", help="expanded states a theorem (default: no limit)")
    parser.add_argument(
        "--tactic-timeout", type=positive, metavar="S", help="seconds a tactic (default 5; 120 with --timeout 0)"
    )
    parser.add_argument(
        "--heartbeats", type=int, default=200_000, metavar="K",
        help="Lean's own deterministic limit for a tactic, in thousands (default 200000)",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N", help="Lean processes that search (default: cores)")
    parser.add_argument(
        "--memory", type=int, metavar="MB", help="ceiling of a Lean process (default 3000; 8000 for a native one)"
    )
    parser.add_argument(
        "--lean", choices=("auto", "embedded", "repl", "dojo"), default="auto",
        help="whose Lean: the embedded one, or a Lake project's own through the REPL or LeanDojo; auto: the project's "
        "when the files lie in one and its toolchain answers (default auto)",
    )  # fmt: skip
    parser.add_argument(
        "--project", type=Path, metavar="PATH", help="the Lake project (default: the one in which the files lie)"
    )
    parser.add_argument("--fresh", action="store_true", help="begin anew where the folder holds an earlier run")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def positive(text: str) -> float:
    """A number of seconds above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def seconds(text: str) -> float:
    """A number of seconds; 0 stands for no limit."""
    return 0.0 if text.strip() in ("0", "0.0") else positive(text)


def run(args: argparse.Namespace) -> int:
    """Proves; exit code 0 when all theorems are proved, 1 when some are not."""
    if args.interactive:
        return _talk(args)
    if bool(args.paths) == (args.statement is not None):
        raise ConfigError("give .lean files or folders, or --statement TEXT (one of the two)")
    for name in ("--workers", "--max-expansions", "--memory", "--heartbeats"):
        value = getattr(args, name.removeprefix("--").replace("-", "_"))
        if value is not None and value < 1:
            raise ConfigError(f"{name} is {value}; it must be at least 1")
    if args.timeout == 0 and args.max_expansions is None:
        raise ConfigError("--timeout 0 takes the limit away; give another one with --max-expansions")

    from prover.agent import SearchSettings
    from prover.batch import BatchSettings
    from prover.lean.backend import EMBEDDED, choose, native_workers
    from prover.policy.builtin import builtin_policy
    from prover.run import collect, default_command, from_statement
    from prover.run import run as run_all

    inputs = [from_statement(args.statement)] if args.statement is not None else collect(args.paths)
    name = "statement" if args.statement is not None else args.paths[0].resolve().stem
    out = args.out or Path("runs") / name
    backend = choose(args.lean, args.project, args.paths)
    if not args.quiet:
        print(f"Lean: {backend.why}", file=sys.stderr)
    memory = args.memory or backend.default_memory_mb
    settings = BatchSettings(
        search=SearchSettings(args.timeout or None, args.max_expansions),
        workers=(args.workers or os.cpu_count() or 1) if backend is EMBEDDED else native_workers(args.workers, memory),
        tactic_timeout_s=args.tactic_timeout,
        heartbeats=args.heartbeats,
        memory_mb=memory,
        minimise=backend.minimises,
    )
    outcome = run_all(
        inputs,
        builtin_policy(),
        settings,
        out,
        title=name,
        quiet=args.quiet,
        fresh=args.fresh or (args.statement is not None and args.out is None),
        command=default_command(),
        backend=backend,
    )
    for note in outcome.notes:
        print(f"note: {note}", file=sys.stderr)
    if args.statement is not None:
        for record in outcome.records:
            if record["status"] == "proved":
                print((out / "proofs" / record["file"]).read_text(encoding="utf-8").rstrip())
            else:
                print(f"not proved: {record['reason']}", file=sys.stderr)
    summary = outcome.summary
    print(
        f"{summary['proved']} of {summary['total']} proved in {summary['seconds']:.0f} s "
        f"({summary['failed']} not proved, {summary['error']} errors)",
        file=sys.stderr if args.statement is not None else sys.stdout,
    )
    if args.statement is None:
        print(f"proofs: {out / 'proofs'}\nreport: {out / 'report.html'}")
    return EXIT_DONE if outcome.all_proved else EXIT_NOT_PROVED


def _talk(args: argparse.Namespace) -> int:
    """Follows one theorem: opens the theorem, talks, and prints the proof; a file is changed when the user says so."""
    from prover.agent import SearchSettings
    from prover.cli.suggest import likely_column, parse_place
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
        column = likely_column(text, line) if given is None else given
    policy = builtin_policy()
    with Session(workers=1, memory_mb=args.memory or 3000, policy=policy) as session, session.opened(
        text, line, column, path, wait_s=300
    ) as here:  # fmt: skip
        settings = SearchSettings(args.timeout or None, args.max_expansions)
        proof = Terminal(session, here, policy, _ask, lambda row: print(row, file=sys.stderr)).run(settings)
        if proof is None:
            return EXIT_NOT_PROVED
        edited = applied(text, [here.at.edit(proof)])
    print(proof if path is not None else edited.rstrip())
    if path is not None:
        print(f"write this into {path}? [y/N]", file=sys.stderr)
        if _ask() in ("y", "yes"):
            path.write_text(edited, encoding="utf-8")
    return EXIT_DONE


def _ask() -> str | None:
    """The next line; None at the end of the input."""
    print("> ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip() if line else None
