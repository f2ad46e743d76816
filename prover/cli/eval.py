"""Measures the prover on a benchmark, and compares, checks and records runs.

Every statement of a benchmark counts: one that does not elaborate here (it needs
Mathlib, say) or could not start is not proved. Each run's folder --out holds
summary.json, results.jsonl, eval.html, report.html and the proofs; the same
command goes on where an interrupted run stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from prover.errors import EXIT_DONE, ConfigError
from prover.printable import json_line, show, tell

if TYPE_CHECKING:
    from prover.evaluation.datasets import DataSet
    from prover.lean.engine import Backend, Engine

PACKAGE = "lean-dojo-4.20.0.tar.gz (pip download --no-deps --no-binary :all: lean-dojo==4.20.0) or its leandojo_benchmark_4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The evaluations and what is done with their folders."""
    what = parser.add_subparsers(
        title="what", dest="what", metavar="WHAT", required=True, help="a benchmark, or what to do with runs"
    )

    def sub(name: str, work: Callable[[argparse.Namespace], int], text: str) -> Callable[..., Any]:
        one = what.add_parser(name, help=text[:1].lower() + text[1:].removesuffix("."), description=text)
        one.set_defaults(work=work)
        return one.add_argument

    sub("starter", _starter, "The starter theorems that come with proofsmith.")
    add = sub("minif2f", _minif2f, "A split of miniF2F (Zheng, Han and Polu 2021).")
    add("--split", required=True, metavar="SPLIT", help="valid, or test (for reports, never for tuning)")
    add(
        "--source", required=True, metavar="WHERE",
        help="a JSONL file (name, split, header, statement), a clone of the miniF2F Lean 4 repository, or "
        "the https:// address of either (fetched once; --fetch fetches it anew)",
    )  # fmt: skip
    add("--fetch", action="store_true", help="fetch a --source address anew")
    add = sub("programs", _programs, "Theorems about programs in core Lean: JSON lines, folders, clones of public repositories.")
    add(
        "--source", required=True, metavar="WHERE",
        help="a JSONL file (set, name, text: a .lean file with one `sorry`), a folder of such files or of .lean files, "
        "a folder of TIP's .smt2 files, a clone of cmu-l3/minicodeprops-eval or sunblaze-ucb/verina, or the https:// address of "
        "one of these",
    )  # fmt: skip
    add("--below", metavar="FOLDER", help="only what lies in this folder of the source")
    add("--fetch", action="store_true", help="fetch a --source address anew")
    add = sub("library", _library, "Theorems of Lean's own library, each with nothing but the modules that its module imports.")
    add("--split", default="valid", metavar="SPLIT", help="train, valid or test (never for tuning)")
    add("--sample", type=int, default=500, metavar="N", help="a fixed sample of so many theorems; 0 for all of the split")
    add("--root", default="Init", metavar="MODULE", help="the library: Init, Std or Lean")
    for name in ("starter", "minif2f", "programs", "library"):
        _run_options(what.choices[name])
    add = sub("leandojo", _leandojo, "LeanDojo Benchmark 4 offline: premise retrieval (R@1, R@10, MRR) and tactic prediction.")
    _leandojo_options(add, "random")
    add_policy_options(what.choices["leandojo"])
    add = sub(
        "premises", _premises,
        "Premise selection on LeanDojo Benchmark 4: the selector, and the methods it is made of or stands beside.",
    )  # fmt: skip
    _leandojo_options(add, "novel_premises")
    add(
        "--model", required=True, type=Path, metavar="FILE",
        help="a selector trained on the split's train part (python -m prover.training.selector)",
    )  # fmt: skip
    add("--against", type=Path, metavar="FILE", help="another one, compared on the same states (sign test)")
    add = sub("compare", _compare, "Two runs of one benchmark, theorem by theorem; McNemar's exact test.")
    add("a", type=Path, metavar="A", help="run folder of the first configuration")
    add("b", type=Path, metavar="B", help="run folder of the second")
    add("--json", action="store_true", help="print a JSON object")
    add = sub("contamination", _contamination, "Overlap of a benchmark with a training corpus: exact, normalised and fuzzy.")
    add(
        "--benchmark", required=True, type=Path, metavar="PATH",
        help="a JSONL file of statements, or a run folder (the score is then split by overlap)",
    )  # fmt: skip
    add("--corpus", required=True, type=Path, metavar="FILE", help="JSON lines of training records (see docs/evaluation.md)")
    add("--split", metavar="SPLIT", help="only this split of the benchmark")
    add(
        "--threshold", type=float, default=0.6, metavar="J",
        help="Jaccard similarity of token trigrams that counts as fuzzy overlap (default 0.6)",
    )  # fmt: skip
    add("--out", type=Path, metavar="FILE", help="write the overlap of each statement as JSON lines")
    add("--json", action="store_true", help="print a JSON object")
    add = sub("leaderboard", _leaderboard, "Appends a run's row to docs/leaderboard.md.")
    add("run_folder", type=Path, metavar="RUN", help="folder of a finished run")
    add("--note", required=True, metavar="TEXT", help="what this milestone is")
    add("--file", type=Path, default=Path("docs/leaderboard.md"), metavar="FILE", help="the leaderboard")


def _leandojo_options(add: Callable[..., Any], split: str) -> None:
    """Which part of LeanDojo Benchmark 4, and where the figures go."""
    add("--source", required=True, type=Path, metavar="PATH", help=PACKAGE)
    add("--split", default=split, metavar="SPLIT", help="random or novel_premises")
    add("--part", default="val", metavar="PART", help="val, or test (for reports, never for tuning)")
    add("--limit", type=int, default=500, metavar="N", help="a fixed sample of N states; 0 for all")
    add("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    add("--json", action="store_true", help="print a JSON object")


def _run_options(parser: argparse.ArgumentParser) -> None:
    """Budget, repetition and output: what every evaluation takes."""
    add = parser.add_argument
    add("--out", type=Path, metavar="FOLDER", help="where results go (default: runs/eval-<benchmark>)")
    add("--baseline", action="store_true", help="also try ten single built-in tactics, and print their rate")
    add("--limit", type=int, metavar="N", help="a fixed sample of N statements, by hash of the name")
    add("--timeout", type=positive, default=60.0, metavar="S", help="seconds a theorem (default 60)")
    add(
        "--lean-seconds", type=positive, metavar="S",
        help="seconds a theorem in Lean's tactics, of processor time where Lean tells it: other work on the machine "
        "and the policy cost nothing (default: no limit)",
    )  # fmt: skip
    add("--max-expansions", type=int, metavar="N", help="expanded states a theorem (default: no limit)")
    add("--tactic-timeout", type=positive, default=5.0, metavar="S", help="seconds a tactic (default 5)")
    add_worker_options(parser)
    add("--runs", type=int, default=1, metavar="N", help="seeded runs, for pass@1 to pass@N (default 1)")
    add("--seed", type=int, default=0, metavar="S", help="seed of the noise, where there is any (default 0)")
    add(
        "--temperature", type=float, metavar="T",
        help="Gumbel noise on the policy's log-probabilities (default: 0 for one run, 0.5 for several)",
    )  # fmt: skip
    add("--fresh", action="store_true", help="begin anew where the folder holds an earlier run")
    add("--quiet", action="store_true", help="no progress on stderr")
    add("--json", action="store_true", help="print the summary as JSON")
    add_lean_options(parser, "you are in one")
    add_policy_options(parser)
    add_search_option(parser)
    add_critic_options(parser)


def run(args: argparse.Namespace) -> int:
    """Does what was asked for; an evaluation that ran to its end is exit code 0, whatever its rate."""
    work: Callable[[argparse.Namespace], int] = args.work
    return work(args)


def _one_of(option: str, value: str, known: Iterable[str], whose: str) -> None:
    if value not in known:
        raise ConfigError(f"there is no {option} {value!r} of {whose}; it has {', '.join(known)}")


def _starter(args: argparse.Namespace) -> int:
    from prover.evaluation.datasets import starter

    return _evaluate(args, starter, "starter")


def _minif2f(args: argparse.Namespace) -> int:
    from data.minif2f import SPLITS
    from prover.evaluation.datasets import local, minif2f

    _one_of("split", args.split, SPLITS, "miniF2F")
    backend = chosen(args)
    found = minif2f(local(args.source, args.fetch), args.split, backend.name != "embedded")
    return _evaluate(args, lambda _: found, f"minif2f-{args.split}", backend)


def _programs(args: argparse.Namespace) -> int:
    from prover.evaluation.datasets import local, programs

    source = local(args.source, args.fetch)
    if args.below is not None:
        source = source / args.below
    return _evaluate(args, lambda worker: programs(worker, source), f"programs-{source.stem}")


def _library(args: argparse.Namespace) -> int:
    from data.library_bench import SPLITS
    from prover.evaluation.library import made_library

    _one_of("split", args.split, SPLITS, "the library benchmark")
    if args.sample < 0:
        raise ConfigError(f"--sample is {args.sample}; it must be at least 1, or 0 for all")
    name = f"{args.root.lower()}-{args.split}"
    return _evaluate(args, lambda _: made_library(args.root, args.split, args.sample or None), name)


def _evaluate(args: argparse.Namespace, make: Callable[[Engine], DataSet], name: str, backend: Backend | None = None) -> int:
    at_least(args, 1, "workers", "max_expansions", "limit", "runs")
    at_least(args, 0, "temperature")
    if args.runs > 1 and args.temperature == 0:
        raise ConfigError(f"{args.runs} runs without noise are {args.runs} times the same run; give --temperature above 0")
    critic = critic_settings(args)

    from prover.evaluation.finished import check_folder
    from prover.evaluation.runner import Plan, evaluate
    from prover.prove.item import BatchSettings
    from prover.prove.run import default_command
    from prover.prove.theorem import SearchSettings

    backend = backend or chosen(args)
    out = args.out or Path("runs") / f"eval-{name}"
    settings = BatchSettings(
        search=SearchSettings(budget_of(args), args.max_expansions, strategy=args.search, lean_s=args.lean_seconds, **critic),
        workers=workers_of(args, backend),
        tactic_timeout_s=args.tactic_timeout,
        memory_mb=memory_of(args, backend),
        open=open_of(args),
        deadline_s=args.deadline,
    )
    policy, noted = make_policy(args, settings.memory_mb, backend.name == "embedded")
    cluster = cluster_of(args, noted, settings.memory_mb, backend.name == "embedded")
    plan = Plan(settings, args.runs, args.seed, args.temperature, args.baseline, args.fresh, args.quiet, noted)
    engine = backend.new_engine(settings.memory_mb)
    try:
        dataset = make(engine).limited(args.limit)
        check_folder(out, dataset, args.fresh)
        if not args.quiet:
            for line in (f"Lean: {backend.why}", *_about(dataset)):
                tell(line)
        done = evaluate(dataset, policy, plan, out, engine, default_command(), backend=backend, cluster=cluster)
    finally:
        engine.close()
    for line in [json_line(done.summary)] if args.json else _lines(done.summary, out):
        show(line)
    return EXIT_DONE


def _about(dataset: DataSet) -> list[str]:
    bad = [p for p in dataset.problems if p.known_bad]
    return [f"{dataset.label}: {len(dataset.problems)} statements, SHA-256 {dataset.sha256}", *dataset.notes,
            f"known to be bad: {len(bad) or 'none listed'}"]  # fmt: skip


def _lines(summary: dict[str, Any], out: Path) -> list[str]:
    low, high = summary["wilson"]
    total = summary["total"]
    lines = [
        f"{summary['title']}: {total} statements of {summary['source']}",
        f"data set SHA-256: {summary['dataset_sha256']}",
        *(f"note: {note}" for note in summary["notes"]),
        *(f"known to be bad: {name}: {reason}" for name, reason in summary["known_bad"].items()),
        *([] if summary["known_bad"] else ["known to be bad: none listed"]),
        f"proved / elaborated / total: {summary['proved']} / {summary['elaborated']} / {total} "
        f"({100 * summary['rate']:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f})",
    ]
    if total > summary["elaborated"]:
        lines.append(f"{total - summary['elaborated']} do not elaborate here (see eval.html) and count as not proved")
    if summary["refuted"]:
        lines.append(f"refuted, with an audited proof of the negation: {summary['refuted']}")
    if summary["runs"] > 1:
        lines += [
            f"pass@{k}: {100 * rate:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
            for k, rate, (low, high) in ((p["k"], p["rate"], p["interval"]) for p in summary["pass_at_k"])
        ]
    if base := summary["baseline"]:
        best = base["best_single"]
        share = 100 * base["portfolio"] / total if total else 0.0
        lines.append(f"portfolio of ten single tactics: {base['portfolio']} of {total} ({share:.1f} %)")
        lines.append(f"best single tactic: {best['tactic']}, {best['proved']} of {total}")
        lines.append("  " + ", ".join(f"{tactic} {number}" for tactic, number in base["tactics"].items()))
    return [*lines, f"report: {out / 'eval.html'}"]


def _check_part(args: argparse.Namespace) -> None:
    """Whether LeanDojo Benchmark 4 has the part that was asked for."""
    from prover.evaluation.leandojo import PARTS, SPLITS

    _one_of("split", args.split, SPLITS, "LeanDojo Benchmark 4")
    _one_of("part", args.part, PARTS, "LeanDojo Benchmark 4")
    if args.limit < 0:
        raise ConfigError(f"--limit is {args.limit}; it must be at least 1, or 0 for all")


def _told(args: argparse.Namespace, found: dict[str, Any], lines: Callable[[dict[str, Any]], Iterable[str]]) -> int:
    """Writes figures to --out and shows them, as JSON or in lines."""
    from prover.prove.folder import json_text, write_atomically

    if args.out is not None:
        write_atomically(args.out, json_text(found, None if args.json else 2) + "\n")
    for line in [json_line(found)] if args.json else lines(found):
        show(line)
    return EXIT_DONE


def _leandojo(args: argparse.Namespace) -> int:
    from prover.evaluation.leandojo import evaluate_offline

    _check_part(args)
    if args.policy == "builtin" and args.first_stage is None:
        args.first_stage = 0  # each state is looked at once
    policy, noted = make_policy(args)
    found = evaluate_offline(args.source, args.split, args.part, args.limit or None, policy, tell)
    return _told(args, found | ({"policy": noted} if noted else {}), _leandojo_lines)


def _leandojo_lines(found: dict[str, Any]) -> Iterable[str]:
    yield f"LeanDojo Benchmark 4 {found['split']} {found['part']}: {found['sampled']} of {found['states']} states"
    for name, figure in found["retrieval"].items():
        low, high = figure["interval"]
        rate = f"{100 * figure['mean']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        yield f"{name} (BM25, {found['retrieval_states']} states): {rate}"
    for name, figure in found["tactic_prediction"].items():
        yield f"tactic {name}: {figure['hits']} of {found['sampled']} ({100 * figure['rate']:.1f} %)"


def _premises(args: argparse.Namespace) -> int:
    from prover.evaluation.premises import evaluate_premises
    from prover.policy.premises.model import load_model

    _check_part(args)
    models = []
    for path in [args.model, *([args.against] if args.against else [])]:
        models.append(load_model(path))
        if models[-1].about.get("split") != args.split:
            raise ConfigError(
                f"{path} was trained on the split {models[-1].about.get('split')}, so it has seen states of {args.split} "
                f"{args.part}; train one: python -m prover.training.selector {args.source} --split {args.split} --out FILE"
            )
    found = evaluate_premises(args.source, args.split, args.part, args.limit or None, models[0], tell, (), *models[1:])
    return _told(args, found, _premise_lines)


def _premise_lines(found: dict[str, Any]) -> Iterable[str]:
    yield (
        f"LeanDojo Benchmark 4 {found['split']} {found['part']}: {found['sampled']} of {found['naming']} states that name "
        f"accessible premises ({found['states']} states in all)"
    )
    yield f"{found['premises']} premises, corpus SHA-256 {found['corpus_sha256']}"
    for name, figures in found["methods"].items():
        shown = [f"{k} {100 * figures[k]['mean']:.1f} %" for k in ("R@1", "R@10")]
        low, high = figures["R@10"]["interval"]
        yield (
            f"{name}: {', '.join(shown)} ({100 * low:.1f} to {100 * high:.1f}), MRR {figures['MRR']['mean']:.3f}, "
            f"{figures['milliseconds']} ms a state"
        )
    for name, paired in found["paired"].items():
        yield (
            f"{name}: the one of --against is better by R@10 on {paired['better']} states and worse on {paired['worse']}, "
            f"p = {paired['p']:.2g}"
        )


def _compare(args: argparse.Namespace) -> int:
    from prover.evaluation.finished import compare

    found = compare(args.a, args.b)
    for line in [json_line(found.as_json())] if args.json else found.lines():
        show(line)
    return EXIT_DONE


def _contamination(args: argparse.Namespace) -> int:
    from prover.evaluation.contamination import check

    if not 0 < args.threshold <= 1:
        raise ConfigError(f"--threshold is {args.threshold}; it must be above 0 and at most 1")
    found = check(args.benchmark, args.corpus, args.split, args.threshold)
    if args.out is not None:
        found.write(args.out)
    for line in [json_line(found.summary())] if args.json else found.lines():
        show(line)
    return EXIT_DONE


def _leaderboard(args: argparse.Namespace) -> int:
    from prover.evaluation.finished import append

    show(append(args.run_folder, args.note, args.file).rstrip("\n"), lines=True)
    return EXIT_DONE
