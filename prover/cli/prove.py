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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prover.cli.options import (
    add_critic_options,
    add_lean_options,
    add_policy_options,
    add_search_option,
    add_worker_options,
    at_least,
    budget_of,
    chosen,
    cluster_of,
    critic_settings,
    make_policy,
    memory_of,
    open_of,
    positive,
    workers_of,
)
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, EXIT_USAGE, ConfigError
from prover.printable import ask, show, tell

if TYPE_CHECKING:
    from prover.lean.engine import Backend
    from prover.prove.run import Input, Outcome

NO_STATEMENT = "its statement does not elaborate"
"""How the reason begins that a reading gives such a theorem."""


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
    parser.add_argument(
        "--learn", action="store_true",
        help="the premise selector learns from each audited proof of this run at once; proofs then depend on their order",
    )  # fmt: skip
    parser.add_argument("--max-expansions", type=int, metavar="N", help="expanded states a theorem (default: no limit)")
    add_search_option(parser)
    parser.add_argument("--tactic-timeout", type=positive, metavar="S", help="seconds a tactic (default 5; 120 with --timeout 0)")
    parser.add_argument(
        "--heartbeats", type=int, default=200_000, metavar="K",
        help="Lean's own deterministic limit for a tactic, in thousands (default 200000)",
    )  # fmt: skip
    add_worker_options(parser)
    parser.add_argument(
        "--patience", type=factor, metavar="F",
        help="give a theorem up when it has had F times the seconds of the costliest proof of the batch so far, and at least 10; "
        "budgets move as with --deadline, and --timeout is the most that one gets (default: each gets all of --timeout in turn)",
    )  # fmt: skip
    parser.add_argument(
        "--repo", metavar="REPO",
        help="prove theorems of a repository that LeanDojo traces (see proofsmith trace --repo), through LeanDojo itself",
    )  # fmt: skip
    parser.add_argument(
        "--theorem", action="append", default=[], metavar="NAME", help="with --repo: this theorem, and others so named "
        "(full names; default: all of the repository's own)",
    )  # fmt: skip
    add_lean_options(parser)
    parser.add_argument(
        "--holes", action=argparse.BooleanOptionalAction, default=True,
        help="prove each sorry inside a longer proof, or in the proof part of a definition, where it stands (default: yes)",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="elaborate the files, list targets and errors, search nothing")
    parser.add_argument("--fresh", action="store_true", help="begin anew where the folder holds an earlier run")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    add_policy_options(parser)
    add_critic_options(parser)


def seconds(text: str) -> float:
    """A number of seconds; 0 stands for no limit."""
    return 0.0 if text.strip() in ("0", "0.0") else positive(text)


def factor(text: str) -> float:
    """A number of 1 or more."""
    value = positive(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1: no theorem could take as long as those that were proved")
    return value


def run(args: argparse.Namespace) -> int:
    """Proves; exit code 0 when all theorems are proved, 1 when some are not."""
    if args.interactive:
        return _talk(args)
    _check(args)
    critic = critic_settings(args)

    from prover.prove.item import BatchSettings
    from prover.prove.run import default_command
    from prover.prove.run import run as run_all
    from prover.prove.theorem import SearchSettings

    backend, inputs, name = _chosen(args)
    out = args.out or Path("runs") / name
    if not args.quiet:
        tell(f"Lean: {backend.why}")
    holes = args.holes and args.repo is None  # a traced repository tells whole theorems
    if args.check:
        return _list(backend, inputs, memory_of(args, backend), holes)
    settings = BatchSettings(
        search=SearchSettings(budget_of(args), args.max_expansions, strategy=args.search, **critic),
        workers=workers_of(args, backend),
        tactic_timeout_s=args.tactic_timeout,
        heartbeats=args.heartbeats,
        memory_mb=memory_of(args, backend),
        learn=args.learn,
        open=open_of(args),
        share_goals=args.timeout > 0,
        deadline_s=args.deadline,
        patience=args.patience,
    )
    ordered = args.timeout == 0  # the same inputs then give the same proofs, the first time, too
    embedded = backend.name == "embedded"
    policy, noted = make_policy(args, embedded=embedded, wait=ordered)
    cluster = cluster_of(args, noted, settings.memory_mb, embedded)
    outcome = run_all(
        inputs,
        policy,
        settings,
        out,
        title=name,
        quiet=args.quiet,
        fresh=args.fresh or (args.statement is not None and args.out is None),
        command=default_command(),
        backend=backend,
        holes=holes,
        noted=noted,
        cluster=cluster,
    )
    _tell(args, outcome, out)
    if any(r["status"] == "error" and str(r["reason"]).startswith(NO_STATEMENT) for r in outcome.records):
        return EXIT_USAGE
    return EXIT_DONE if outcome.all_proved else EXIT_NOT_PROVED


def _list(backend: Backend, inputs: list[Input], memory_mb: int, holes: bool) -> int:
    """Says what there is to prove, and what cannot be searched; searches nothing."""
    from prover.prove.run import read_items

    tell(f"reading {len(inputs)} file{'s' * (len(inputs) != 1)} …")
    engine = backend.new_engine(memory_mb)
    try:
        items, readings, notes = read_items(engine, inputs, holes)
    finally:
        engine.close()
    for item in items:
        problem = f": {item.target.problem}" if item.target.problem is not None else ""
        show(f"{item.file}:{item.target.line}: {item.target.name}{problem}")
    for note in notes:
        tell(f"note: {note}")
    broken = sum(i.target.problem is not None for i in items)
    tell(f"{len(items) - broken} to prove, {broken} that cannot be searched")
    return EXIT_DONE if not broken and all(r.clean for r in readings) else EXIT_USAGE


def _check(args: argparse.Namespace) -> None:
    if bool(args.paths) + (args.statement is not None) + (args.repo is not None) != 1:
        raise ConfigError("give .lean files or folders, or --statement TEXT, or --repo REPO (one of the three)")
    if args.repo is not None and (args.lean not in ("auto", "dojo") or args.project is not None):
        raise ConfigError("--repo is worked on by --lean dojo, in LeanDojo's own copy: leave out --project and other --lean")
    if args.theorem and args.repo is None:
        raise ConfigError("--theorem needs --repo")
    at_least(args, 1, "workers", "max_expansions", "memory", "heartbeats")
    budget_of(args)
    if args.patience is not None and args.ray is not None:
        raise ConfigError("--patience moves budgets between the searches of one machine; leave out it or --ray")
    if args.timeout == 0 and args.max_expansions is None and args.deadline is None and args.patience is None:
        raise ConfigError("--timeout 0 takes the limit away; give another one with --max-expansions, --deadline or --patience")


def _chosen(args: argparse.Namespace) -> tuple[Backend, list[Input], str]:
    """The Lean that was asked for, what it is to prove, and what the run is called."""
    from prover.prove.run import Input, collect, from_statement

    if args.repo is not None:
        from prover.lean.leandojo.traced import parse_source, texts, traced_backend

        source = parse_source(args.repo)
        backend = traced_backend(source, args.theorem, args.github_token)
        return backend, [Input(*given) for given in texts(backend)], Path(source.url).name
    inputs = [from_statement(args.statement)] if args.statement is not None else collect(args.paths)
    name = "statement" if args.statement is not None else args.paths[0].resolve().stem
    return chosen(args, args.paths), inputs, name


def _tell(args: argparse.Namespace, outcome: Outcome, out: Path) -> None:
    from prover.lean.targets import STATEMENT_HEAD
    from prover.prove.batch import GIVEN_UP

    for note in outcome.notes:
        tell(f"note: {note}")
    if args.statement is not None:
        for record in outcome.records:
            if record["status"] == "proved":
                written = (out / "proofs" / record["file"]).read_text(encoding="utf-8")
                show(written.removeprefix(STATEMENT_HEAD).rstrip(), lines=True)
            elif record["status"] == "refuted":
                tell(record["reason"])
                show(record["disproof"]["text"].rstrip(), lines=True)
            else:
                tell(f"not proved: {record['reason']}")
    summary = outcome.summary
    (tell if args.statement is not None else show)(
        f"{summary['proved']} of {summary['total']} proved in {summary['seconds']:.0f} s "
        f"({summary['refuted']} refuted, {summary['failed']} not proved, {summary['error']} errors)"
    )
    cost, over = summary["cost"], summary["over_budget"]
    tokens = f", {cost['policy_tokens']} tokens" if cost["policy_tokens"] else ""
    tell(
        f"cost: {cost['theorem_seconds']:.0f} s of theorems, {cost['lean_seconds']:.0f} s in tactics, {cost['expansions']} "
        f"expansions, {cost['policy_calls']} policy calls{tokens}"
    )
    if given_up := [r["seconds"] for r in outcome.records if str(r["reason"]).startswith(GIVEN_UP)]:
        tell(
            f"given up: {len(given_up)} after {min(given_up):.0f} to {max(given_up):.0f} s, {args.patience:g} times what the "
            f"costliest proof took; without --patience, in another folder (--out), each has "
            f"{f'{args.timeout:g} s' if args.timeout else 'no limit'}"
        )
    if over["theorems"]:
        tell(f"over budget: {over['theorems']} by more than 5 s, the worst by {over['worst_s']:.0f} s")
    if args.statement is None:
        show(f"proofs: {out / 'proofs'}")
        if summary["refuted"]:
            show(f"disproofs: {out / 'disproofs'}")
        show(f"report: {out / 'report.html'}")


def _talk(args: argparse.Namespace) -> int:
    """Follows one theorem: opens the theorem, talks, and prints the proof; a file is changed when the user says so."""
    from prover.cli.suggest import likely_column, parse_place
    from prover.lean.targets import STATEMENT_HEAD, load
    from prover.prove.run import from_statement
    from prover.prove.theorem import SearchSettings
    from prover.server.answers import applied
    from prover.server.session import Session
    from prover.server.terminal import Terminal

    if args.deadline is not None or args.patience is not None:
        raise ConfigError("-i works on one theorem; leave out --deadline and --patience, and limit its searches with --timeout")
    if args.critic is not None or args.critic_weight is not None:
        raise ConfigError("-i searches without a critic; leave out --critic and --critic-weight")
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
    backend = chosen(args, [] if path is None else [path])
    policy, _ = make_policy(args, embedded=backend.name == "embedded")
    with Session(workers=1, memory_mb=args.memory, policy=policy, backend=backend) as session, session.opened(
        text, line, column, path=path, wait_s=300
    ) as here:  # fmt: skip
        settings = SearchSettings(args.timeout or None, args.max_expansions)
        found = Terminal(session, here, policy, partial(ask, "> "), partial(tell, lines=True)).run(settings)
        if found is None:
            return EXIT_NOT_PROVED
        edited = applied(text, [here.at.edit(found.proof)])
    show(found.proof if path is not None else edited.removeprefix(STATEMENT_HEAD).rstrip(), lines=True)
    if path is not None:
        tell(f"write this into {path}? [y/N]")
        if ask("> ") in ("y", "yes"):
            path.write_text(edited, encoding="utf-8")
    return EXIT_DONE
