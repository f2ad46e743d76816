"""Measures the prover on a benchmark, and compares, checks and records runs.

Every statement of a benchmark counts: one that does not elaborate here (it needs
Mathlib, say) or could not start is not proved. Each run's folder --out holds
summary.json, results.jsonl, eval.html, report.html and the proofs; the same
command goes on where an interrupted run stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.cli import eval_options as options
from prover.cli.lean_options import chosen, memory_of, workers_of
from prover.cli.policy_options import critic_settings, make_policy
from prover.errors import EXIT_DONE, ConfigError
from prover.printable import json_line, show, tell

if TYPE_CHECKING:
    from prover.evaluation.datasets import DataSet
    from prover.lean.engine import Backend, Engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The evaluations and what is done with their folders."""
    what = parser.add_subparsers(
        title="what", dest="what", metavar="WHAT", required=True, help="a benchmark, or what to do with runs"
    )
    starter = _sub(what, "starter", _starter, "The starter theorems that come with proofsmith.")
    options.run_options(starter)
    minif2f = _sub(what, "minif2f", _minif2f, "A split of miniF2F (Zheng, Han and Polu 2021).")
    options.minif2f_options(minif2f)
    options.run_options(minif2f)
    programs = _sub(
        what, "programs", _programs,
        "Theorems about programs in core Lean: JSON lines, folders, clones of public repositories.",
    )  # fmt: skip
    options.programs_options(programs)
    options.run_options(programs)
    library = _sub(
        what, "library", _library,
        "Theorems of Lean's own library, each with nothing but the modules that its module imports.",
    )  # fmt: skip
    options.library_options(library)
    options.run_options(library)
    leandojo = _sub(
        what, "leandojo", _leandojo,
        "LeanDojo Benchmark 4 offline: premise retrieval (R@1, R@10, MRR) and tactic prediction.",
    )  # fmt: skip
    options.leandojo_options(leandojo)
    premises = _sub(
        what, "premises", _premises,
        "Premise selection on LeanDojo Benchmark 4: the selector, and the methods it is made of or stands beside.",
    )  # fmt: skip
    options.premises_options(premises)
    compare = _sub(
        what, "compare", _compare, "Two runs of one benchmark, theorem by theorem; McNemar's exact test."
    )
    options.compare_options(compare)
    contamination = _sub(
        what, "contamination", _contamination,
        "Overlap of a benchmark with a training corpus: exact, normalised and fuzzy.",
    )  # fmt: skip
    options.contamination_options(contamination)
    leaderboard = _sub(what, "leaderboard", _leaderboard, "Appends a run's row to docs/leaderboard.md.")
    options.leaderboard_options(leaderboard)


def run(args: argparse.Namespace) -> int:
    """Does what was asked for; an evaluation that ran to its end is exit code 0, whatever its rate."""
    work: Callable[[argparse.Namespace], int] = args.work
    return work(args)


def _sub(
    what: Any, name: str, work: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = what.add_parser(
        name, help=text[:1].lower() + text[1:].removesuffix("."), description=text
    )
    parser.set_defaults(work=work)
    return parser


def _starter(args: argparse.Namespace) -> int:
    from prover.evaluation.datasets import starter

    return _evaluate(args, starter, "starter")


def _minif2f(args: argparse.Namespace) -> int:
    from data.minif2f import SPLITS
    from prover.evaluation.datasets import minif2f
    from prover.evaluation.fetch import local

    if args.split not in SPLITS:
        raise ConfigError(f"there is no split {args.split!r} of miniF2F; it has {' and '.join(SPLITS)}")
    backend = chosen(args)
    found = minif2f(local(args.source, args.fetch), args.split, backend.name != "embedded")
    return _evaluate(args, lambda _: found, f"minif2f-{args.split}", backend)


def _programs(args: argparse.Namespace) -> int:
    from prover.evaluation.datasets import programs
    from prover.evaluation.fetch import local

    source = local(args.source, args.fetch)
    if args.below is not None:
        source = source / args.below
    return _evaluate(args, lambda worker: programs(worker, source, args.title), f"programs-{source.stem}")


def _library(args: argparse.Namespace) -> int:
    from data.library_bench import SPLITS
    from prover.evaluation.library import made_library

    if args.split not in SPLITS:
        raise ConfigError(
            f"there is no split {args.split!r} of the library benchmark; it has {', '.join(SPLITS)}"
        )
    if args.sample < 0:
        raise ConfigError(f"--sample is {args.sample}; it must be at least 1, or 0 for all")
    return _evaluate(
        args,
        lambda _: made_library(args.root, args.split, args.sample or None),
        f"{args.root.lower()}-{args.split}",
    )


def _evaluate(args: argparse.Namespace, make: Callable[[Engine], DataSet], name: str, backend: Backend | None = None) -> int:
    for option, value in (
        ("--workers", args.workers), ("--max-expansions", args.max_expansions),
        ("--limit", args.limit), ("--runs", args.runs),
    ):  # fmt: skip
        if value is not None and value < 1:
            raise ConfigError(f"{option} is {value}; it must be at least 1")
    if args.temperature is not None and not 0 <= args.temperature < float("inf"):
        raise ConfigError(f"--temperature is {args.temperature}; it must be 0 or more")
    if args.runs > 1 and args.temperature == 0:
        raise ConfigError(
            f"{args.runs} runs without noise are {args.runs} times the same run; give --temperature above 0"
        )

    critic = critic_settings(args)

    from prover.evaluation.folder import check_folder
    from prover.evaluation.runner import Plan, evaluate
    from prover.prove.item import BatchSettings
    from prover.prove.run import default_command
    from prover.prove.theorem import SearchSettings

    backend = backend or chosen(args)
    out = args.out or Path("runs") / f"eval-{name}"
    settings = BatchSettings(
        search=SearchSettings(args.timeout, args.max_expansions, strategy=args.search, lean_s=args.lean_seconds, **critic),
        workers=workers_of(args, backend),
        tactic_timeout_s=args.tactic_timeout,
        memory_mb=memory_of(args, backend),
    )
    policy, noted = make_policy(args, settings.memory_mb, backend.name == "embedded")
    plan = Plan(settings, args.runs, args.seed, args.temperature, args.baseline, args.fresh, args.quiet, noted)
    engine = backend.new_engine(settings.memory_mb)
    try:
        dataset = make(engine).limited(args.limit)
        check_folder(out, dataset, args.fresh)
        if not args.quiet:
            for line in (f"Lean: {backend.why}", *_about(dataset)):
                tell(line)
        done = evaluate(dataset, policy, plan, out, engine, default_command(), backend=backend)
    finally:
        engine.close()
    if args.json:
        show(json_line(done.summary))
    else:
        for line in _lines(done.summary, out):
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
        lines.append(
            f"{total - summary['elaborated']} do not elaborate here (see eval.html) and count as not proved"
        )
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


def _leandojo(args: argparse.Namespace) -> int:
    from prover.evaluation.leandojo import PARTS, SPLITS, evaluate_offline
    from prover.prove.folder import json_text, write_atomically

    for option, value, choices in (("--split", args.split, SPLITS), ("--part", args.part, PARTS)):
        if value not in choices:
            raise ConfigError(f"{option} is {value!r}; LeanDojo Benchmark 4 has {' and '.join(choices)}")
    if args.limit < 0:
        raise ConfigError(f"--limit is {args.limit}; it must be at least 1, or 0 for all")
    if args.policy == "builtin" and args.first_stage is None:
        args.first_stage = 0  # each state is looked at once
    policy, noted = make_policy(args)
    found = evaluate_offline(
        args.source, args.split, args.part, args.limit or None, policy, tell
    )
    if noted:
        found["policy"] = noted
    if args.out is not None:
        write_atomically(args.out, json_text(found, None if args.json else 2) + "\n")
    if args.json:
        show(json_line(found))
        return EXIT_DONE
    show(f"LeanDojo Benchmark 4 {args.split} {args.part}: {found['sampled']} of {found['states']} states")
    for name, figure in found["retrieval"].items():
        low, high = figure["interval"]
        show(f"{name} (BM25, {found['retrieval_states']} states): {100 * figure['mean']:.1f} % "
             f"({100 * low:.1f} to {100 * high:.1f})")  # fmt: skip
    for name, figure in found["tactic_prediction"].items():
        show(f"tactic {name}: {figure['hits']} of {found['sampled']} ({100 * figure['rate']:.1f} %)")
    return EXIT_DONE


def _premises(args: argparse.Namespace) -> int:
    from prover.evaluation.leandojo import PARTS, SPLITS
    from prover.evaluation.premises import evaluate_premises
    from prover.policy.premises.model import load_model
    from prover.prove.folder import json_text, write_atomically

    for option, value, choices in (("--split", args.split, SPLITS), ("--part", args.part, PARTS)):
        if value not in choices:
            raise ConfigError(f"{option} is {value!r}; LeanDojo Benchmark 4 has {' and '.join(choices)}")
    if args.limit < 0:
        raise ConfigError(f"--limit is {args.limit}; it must be at least 1, or 0 for all")
    models = []
    for path in [args.model, *([args.against] if args.against else [])]:
        models.append(load_model(path))
        if models[-1].about.get("split") != args.split:
            raise ConfigError(
                f"{path} was trained on the split {models[-1].about.get('split')}, so it has seen states of {args.split} "
                f"{args.part}; train one: python -m prover.training.selector {args.source} --split {args.split} --out FILE"
            )
    found = evaluate_premises(args.source, args.split, args.part, args.limit or None, models[0], tell, args.method, *models[1:])
    if args.out is not None:
        write_atomically(args.out, json_text(found, None if args.json else 2) + "\n")
    if args.json:
        show(json_line(found))
        return EXIT_DONE
    show(f"LeanDojo Benchmark 4 {args.split} {args.part}: {found['sampled']} of {found['naming']} states that name accessible "
         f"premises ({found['states']} states in all)")  # fmt: skip
    show(f"{found['premises']} premises, corpus SHA-256 {found['corpus_sha256']}")
    for name, figures in found["methods"].items():
        shown = [f"{k} {100 * figures[k]['mean']:.1f} %" for k in ("R@1", "R@10")]
        low, high = figures["R@10"]["interval"]
        show(f"{name}: {', '.join(shown)} ({100 * low:.1f} to {100 * high:.1f}), MRR {figures['MRR']['mean']:.3f}, "
             f"{figures['milliseconds']} ms a state")  # fmt: skip
    for name, paired in found["paired"].items():
        show(f"{name}: {args.against} is better by R@10 on {paired['better']} states and worse on {paired['worse']}, "
             f"p = {paired['p']:.2g}")  # fmt: skip
    return EXIT_DONE


def _compare(args: argparse.Namespace) -> int:
    from prover.evaluation.compare import compare

    found = compare(args.a, args.b)
    for line in [json_line(found.as_json())] if args.json else found.lines():
        show(line)
    return EXIT_DONE


def _contamination(args: argparse.Namespace) -> int:
    from prover.evaluation.contamination import check

    if not 0 < args.threshold <= 1:
        raise ConfigError(f"--threshold is {args.threshold}; it must be above 0 and at most 1")
    if args.ngram < 1:
        raise ConfigError(f"--ngram is {args.ngram}; it must be at least 1")
    found = check(args.benchmark, args.corpus, args.split, args.threshold, args.ngram)
    if args.out is not None:
        found.write(args.out)
    for line in [json_line(found.summary())] if args.json else found.lines():
        show(line)
    return EXIT_DONE


def _leaderboard(args: argparse.Namespace) -> int:
    from prover.evaluation.leaderboard import append

    show(append(args.run_folder, args.note, args.file).rstrip("\n"), lines=True)
    return EXIT_DONE
