"""The options of `proofsmith eval`, benchmark by benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.cli.lean_options import add_lean_options
from prover.cli.policy_options import add_critic_options, add_policy_options, add_search_option
from prover.cli.prove import positive


def minif2f_options(parser: argparse.ArgumentParser) -> None:
    """Where miniF2F comes from, and which split."""
    parser.add_argument(
        "--split", required=True, metavar="SPLIT", help="valid, or test (for reports, never for tuning)"
    )
    parser.add_argument(
        "--source",
        required=True,
        metavar="WHERE",
        help="a JSONL file (name, split, header, statement), a clone of the miniF2F Lean 4 repository, or "
        "the https:// address of either (fetched once; --fetch fetches it anew)",
    )
    parser.add_argument("--fetch", action="store_true", help="fetch a --source address anew")


def programs_options(parser: argparse.ArgumentParser) -> None:
    """Where the programs come from."""
    parser.add_argument(
        "--source",
        required=True,
        metavar="WHERE",
        help="a JSONL file (set, name, text: a .lean file with one `sorry`), a folder of such files or of .lean files, "
        "a folder of TIP's .smt2 files, a clone of cmu-l3/minicodeprops-eval or sunblaze-ucb/verina, or the https:// address of "
        "one of these",
    )
    parser.add_argument("--below", metavar="FOLDER", help="only what lies in this folder of the source")
    parser.add_argument("--title", metavar="NAME", help="what a folder's set is called (default: the folder's name)")
    parser.add_argument("--fetch", action="store_true", help="fetch a --source address anew")


def library_options(parser: argparse.ArgumentParser) -> None:
    """Which library, split and sample."""
    parser.add_argument(
        "--split", default="valid", metavar="SPLIT", help="train, valid or test (never for tuning)"
    )
    parser.add_argument(
        "--sample",
        type=int,
        default=500,
        metavar="N",
        help="a fixed sample of so many theorems; 0 for all of the split",
    )
    parser.add_argument("--root", default="Init", metavar="MODULE", help="the library: Init, Std or Lean")


def leandojo_options(parser: argparse.ArgumentParser) -> None:
    """Which part of LeanDojo Benchmark 4."""
    parser.add_argument(
        "--source", required=True, type=Path, metavar="PATH",
        help="lean-dojo-4.20.0.tar.gz (pip download --no-deps --no-binary :all: lean-dojo==4.20.0) or its "
        "leandojo_benchmark_4",
    )  # fmt: skip
    parser.add_argument("--split", default="random", metavar="SPLIT", help="random or novel_premises")
    parser.add_argument(
        "--part", default="val", metavar="PART", help="val, or test (for reports, never for tuning)"
    )
    parser.add_argument(
        "--limit", type=int, default=500, metavar="N", help="a fixed sample of N states; 0 for all"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    add_policy_options(parser)


def premises_options(parser: argparse.ArgumentParser) -> None:
    """Which part of LeanDojo Benchmark 4, and the selector's model."""
    parser.add_argument(
        "--source", required=True, type=Path, metavar="PATH", help="lean-dojo-4.20.0.tar.gz, or its leandojo_benchmark_4"
    )
    parser.add_argument(
        "--model", required=True, type=Path, metavar="FILE",
        help="a selector trained on the split's train part (python -m prover.training.selector)",
    )  # fmt: skip
    parser.add_argument("--against", type=Path, metavar="FILE", help="another one, compared on the same states (sign test)")
    parser.add_argument("--split", default="novel_premises", metavar="SPLIT", help="random or novel_premises")
    parser.add_argument("--part", default="val", metavar="PART", help="val, or test (for reports, never for tuning)")
    parser.add_argument("--limit", type=int, default=500, metavar="N", help="a fixed sample of N states; 0 for all")
    parser.add_argument(
        "--method", action="append", default=[], metavar="NAME", help="only this method; may be repeated (default: all)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def compare_options(parser: argparse.ArgumentParser) -> None:
    """The two run folders."""
    parser.add_argument("a", type=Path, metavar="A", help="run folder of the first configuration")
    parser.add_argument("b", type=Path, metavar="B", help="run folder of the second")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def contamination_options(parser: argparse.ArgumentParser) -> None:
    """Benchmark, corpus, and what counts as overlap."""
    parser.add_argument(
        "--benchmark", required=True, type=Path, metavar="PATH",
        help="a JSONL file of statements, or a run folder (the score is then split by overlap)",
    )  # fmt: skip
    parser.add_argument(
        "--corpus",
        required=True,
        type=Path,
        metavar="FILE",
        help="JSON lines of training records (see docs/evaluation.md)",
    )
    parser.add_argument("--split", metavar="SPLIT", help="only this split of the benchmark")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.6,
        metavar="J",
        help="Jaccard similarity that counts as fuzzy overlap (default 0.6)",
    )
    parser.add_argument(
        "--ngram", type=int, default=3, metavar="N", help="tokens in an n-gram (default 3)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the overlap of each statement as JSON lines"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def leaderboard_options(parser: argparse.ArgumentParser) -> None:
    """The run, its note, and the file."""
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--note", required=True, metavar="TEXT", help="what this milestone is")
    parser.add_argument(
        "--file", type=Path, default=Path("docs/leaderboard.md"), metavar="FILE", help="the leaderboard"
    )


def run_options(parser: argparse.ArgumentParser) -> None:
    """Budget, repetition and output: what every evaluation takes."""
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where results go (default: runs/eval-<benchmark>)"
    )
    parser.add_argument(
        "--baseline", action="store_true", help="also try ten single built-in tactics, and print their rate"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="a fixed sample of N statements, by hash of the name"
    )
    parser.add_argument(
        "--timeout", type=positive, default=60.0, metavar="S", help="seconds a theorem (default 60)"
    )
    parser.add_argument(
        "--lean-seconds", type=positive, metavar="S",
        help="seconds a theorem in Lean's tactics, of processor time where Lean tells it: other work on the machine "
        "and the policy cost nothing (default: no limit)",
    )  # fmt: skip
    parser.add_argument(
        "--max-expansions", type=int, metavar="N", help="expanded states a theorem (default: no limit)"
    )
    parser.add_argument(
        "--tactic-timeout", type=positive, default=5.0, metavar="S", help="seconds a tactic (default 5)"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="Lean processes that search (default: cores)"
    )
    parser.add_argument(
        "--runs", type=int, default=1, metavar="N", help="seeded runs, for pass@1 to pass@N (default 1)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the noise, where there is any (default 0)"
    )
    parser.add_argument(
        "--temperature", type=float, metavar="T",
        help="Gumbel noise on the policy's log-probabilities (default: 0 for one run, 0.5 for several)",
    )  # fmt: skip
    parser.add_argument(
        "--fresh", action="store_true", help="begin anew where the folder holds an earlier run"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    add_lean_options(parser, "you are in one")
    add_policy_options(parser)
    add_search_option(parser)
    add_critic_options(parser)
