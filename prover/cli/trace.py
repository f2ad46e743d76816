"""Writes proofs down as steps: state, tactic, state after, premises.

Takes folders of `proofsmith mutate` and of `proofsmith prove`, runs every proof again
tactic by tactic, in its own file where that is still there, and writes Parquet shards in
LeanDojo's columns and statistics.json. Proofs that this Lean does not take are skipped and named.

With --repo it has LeanDojo trace a repository instead (native Lean and the network are
needed), and writes its steps and its declarations: steps-*.parquet and corpus.parquet,
in the columns of `proofsmith corpus build`. The same command goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from prover.cli.options import add_lean_options, chosen, memory_of
from prover.errors import EXIT_DONE, ConfigError
from prover.printable import json_line, show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith trace`."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="of a mutation run or of a run of prove")
    parser.add_argument(
        "--repo", metavar="REPO",
        help="trace this repository: the folder of a git repository (what is checked out there), or https://…@COMMIT",
    )  # fmt: skip
    parser.add_argument(
        "--deps", action="store_true",
        help="with --repo: trace and write down the packages that it needs, too, Lean's own library among them (long)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the steps go")
    parser.add_argument(
        "--backwards", action="store_true",
        help="mutants' proofs turned around, from the goal to the theorem it was made of; what does not hold so is left out",
    )  # fmt: skip
    add_lean_options(parser, "the runs' files lie in one")
    parser.add_argument("--limit", type=int, metavar="N", help="stop after so many proofs (default: all)")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    """Traces."""
    if bool(args.folders) == (args.repo is not None):
        raise ConfigError("give folders of runs, or --repo PATH or --repo URL@COMMIT (one of the two)")
    if args.repo is not None and args.backwards:
        raise ConfigError("--backwards is for mutation runs")
    if args.repo is None and args.deps:
        raise ConfigError("--deps needs --repo")
    if args.repo is not None and (args.lean != "auto" or args.project is not None):
        raise ConfigError("--lean and --project are for folders of runs; a repository is traced with its own Lean")
    if args.repo is not None and args.limit is not None:
        raise ConfigError("--limit is for folders of runs; a repository is traced as a whole")
    problems: list[str] = []
    statistics = _repository(args, problems) if args.repo is not None else _runs(args, problems)
    for problem in problems[:20]:
        tell(f"proofsmith: {problem}")
    if len(problems) > 20:
        tell(f"proofsmith: and {len(problems) - 20} more, in {args.out / 'statistics.json'}")
    show(json_line(statistics))
    return EXIT_DONE


def _runs(args: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    from prover.corpus.traces import files_of, proofs_in, write_traces

    backend = chosen(args, [file for folder in args.folders for file in files_of(folder)])
    proofs = (proof for folder in args.folders for proof in proofs_in(folder, problems, args.backwards))

    def on_proof(done: int, steps: int) -> None:
        if not args.quiet and done % 200 == 0:
            tell(f"{done} proofs, {steps} steps")

    return write_traces(args.out, proofs, args.limit, on_proof, problems, backend, memory_of(args, backend))


def _repository(args: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    from prover.corpus.repository import Progress, write
    from prover.lean.leandojo import traced

    source = traced.parse_source(args.repo)
    shown = [-1]

    def on_file(at: Progress) -> None:
        if not args.quiet and at.files * 20 // at.total > shown[0]:
            shown[0] = at.files * 20 // at.total
            tell(f"{at.files} of {at.total} files, {at.theorems} theorems, {at.steps} steps")

    def load() -> Any:
        return traced.traced_repo(source, args.deps, args.github_token)

    return write(args.out, source, load, args.deps, on_file, problems)
