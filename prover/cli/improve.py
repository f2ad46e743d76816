"""Expert iteration: search, learn from the audited proofs, keep the new model only if it is better.

Each round proves the theorems to learn from with the policy so far (the built-in
proposers, and beside them the last model that was kept), adds the new steps of its
audited proofs to the training set, trains on from that model, and proves the
held-out theorems with the new one at the same budget. A model is kept when it proves
more of them than the policy before; as many is not more. The same command goes on where
it was interrupted. --out holds history.html, history.json and a folder a round.

Theorems come from .lean files, where those that the project's split puts on the train
side are learnt from and the others are held out, or from Lean's library with --library.
All of it is done in the embedded Lean. Needs the extra `neural`. At toy size, a few minutes on a processor:

  proofsmith improve data/starter/logic.lean data/starter/bool.lean --out runs/improve \\
      --rounds 2 --size toy --steps 100 --max-expansions 3 --samples 4
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.cli.options import at_least
from prover.cli.prove import seconds
from prover.errors import EXIT_DONE, ConfigError, DataError
from prover.printable import show, tell

if TYPE_CHECKING:
    from prover.evaluation.datasets import DataSet
    from prover.lean.embedded.worker import LeanWorker
    from prover.prove.evaluator import ViewPolicy


CHECKPOINT_STEPS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith improve`."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=".lean files, or folders of them, to learn from")
    parser.add_argument(
        "--held-out", action="append", type=Path, default=[], metavar="PATH",
        help="files or folders whose theorems decide what is kept, and more so named (default: the theorems of PATH that are "
        "not on the train side of the split)",
    )  # fmt: skip
    parser.add_argument(
        "--library", type=int, metavar="N", help="learn from a fixed sample of N of the library's train side instead"
    )
    parser.add_argument(
        "--library-held-out", type=int, default=100, metavar="N",
        help="with --library: a fixed sample of N of its valid side decides (default 100)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the run's folder")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds in all; more can follow later (default 3)")
    parser.add_argument("--max-expansions", type=int, default=16, metavar="N", help="expanded states a theorem (default 16)")
    parser.add_argument(
        "--timeout", type=seconds, default=0.0, metavar="S", help="seconds a theorem; 0: only --max-expansions limits (default 0)"
    )
    parser.add_argument(
        "--search-temperature", type=float, default=0.5, metavar="T",
        help="Gumbel noise on the policy where proofs to learn from are searched: rounds find different ones (default 0.5)",
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="seeded runs of each evaluation, for pass@N (default 1)")
    model = parser.add_argument_group("model and training")
    model.add_argument("--start", metavar="MODEL", help="a model that `proofsmith train` made, to begin with (default: none)")
    model.add_argument("--data", action="append", type=Path, default=[], metavar="DATA", help="train on this, too, in each round")
    model.add_argument("--size", default="mini", metavar="SIZE", help="of a new model: toy, mini, small or base (default mini)")
    model.add_argument("--steps", type=int, default=300, metavar="N", help="batches a round (default 300)")
    model.add_argument("--batch", type=int, default=16, metavar="N", help="examples a batch (default 16)")
    model.add_argument("--lr", type=float, default=1e-3, metavar="R", help="highest learning rate (default 0.001)")
    model.add_argument("--context", type=int, default=512, metavar="N", help="tokens of an example (default 512)")
    model.add_argument("--loss", default="ce", metavar="LOSS", help="ce, or dco for --passes tactics (default ce)")
    model.add_argument("--passes", type=int, default=8, metavar="N", help="N of --loss dco (default 8)")
    model.add_argument("--samples", type=int, default=8, metavar="N", help="the model's tactics a state (default 8)")
    model.add_argument(
        "--model-temperature", type=float, default=0.0, metavar="T", help="0: beam search; above 0: drawn (default 0)"
    )
    model.add_argument("--model-weight", type=float, default=1.0, metavar="W", help="of the model beside the others (default 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed (default 0)")
    parser.add_argument("--workers", type=int, metavar="N", help="Lean processes that search (default: cores)")
    parser.add_argument("--memory", type=int, default=3000, metavar="MB", help="ceiling of a Lean process (default 3000)")
    parser.add_argument("--fresh", action="store_true", help="begin anew where the folder holds a run")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Runs the rounds."""
    _check(args)
    from prover.lean.embedded.worker import LeanWorker
    from prover.policy.neural.local import need_neural
    from prover.prove.item import BatchSettings
    from prover.prove.premises import library_premises
    from prover.prove.theorem import SearchSettings
    from prover.training.improve import Improve, ImproveSettings
    from prover.training.settings import TrainSettings

    need_neural()
    training = TrainSettings(
        loss=args.loss, passes=args.passes, size=args.size, start=args.start, steps=args.steps, batch=args.batch, lr=args.lr,
        context=args.context, every=min(CHECKPOINT_STEPS, args.steps), seed=args.seed, warmup=min(50, args.steps // 4),
    )  # fmt: skip
    if args.start is not None:
        _refuse_foreign(args.start)
    batch = BatchSettings(
        SearchSettings(args.timeout or None, args.max_expansions), args.workers or os.cpu_count() or 1, memory_mb=args.memory
    )
    noted = {"samples": args.samples, "model_temperature": args.model_temperature, "model_weight": args.model_weight}
    settings = ImproveSettings(batch, training, args.search_temperature, args.runs, noted)

    say: Callable[[str], None] = (lambda text: None) if args.quiet else tell
    with LeanWorker(args.memory) as worker:
        learn, held_out = _theorems(args, worker)
    say(f"{len(learn.problems)} theorems to learn from, {len(held_out.problems)} held out")
    policies = _policies(args, library_premises(args.memory))
    whole = Improve(learn, held_out, policies, settings, args.out.absolute(), tuple(args.data), say, quiet=args.quiet)
    history = whole.run(args.rounds, args.fresh)
    first = history["first"]
    show(f"before: {first['proved']} of {first['total']} held out proved")
    for decision in history["rounds"]:
        show(f"round {decision['round']}: {decision['why']}")
    show(f"model: {history['model'] or 'none was kept; the built-in policy is as good'}")
    show(f"history: {args.out / 'history.html'}")
    return EXIT_DONE


def _check(args: argparse.Namespace) -> None:
    if bool(args.paths) == (args.library is not None):
        raise ConfigError("give .lean files or folders, or --library N (one of the two)")
    if args.library is not None and args.held_out:
        raise ConfigError("--held-out goes with files; --library has a held-out side of its own (--library-held-out)")
    at_least(args, 1, "library", "library_held_out", "rounds", "max_expansions", "runs", "steps", "samples", "workers", "memory")
    at_least(args, 0, "search_temperature", "model_temperature")
    if not 0 < args.model_weight <= 1:
        raise ConfigError(f"--model-weight is {args.model_weight}; it must be above 0 and at most 1")
    for path in args.data:
        if not path.exists():
            raise DataError(f"there is no file or folder {path}")


def _refuse_foreign(model: str) -> None:
    from prover.policy.neural.presets import preset_for
    from prover.training.improve import weights_sha256

    weights_sha256(Path(model))
    preset = preset_for(model)
    if preset is None or preset.name != "proofsmith":
        raise ConfigError(f"{model} was not made by `proofsmith train`; improve goes on with such models only")


def _theorems(args: argparse.Namespace, worker: LeanWorker) -> tuple[DataSet, DataSet]:
    """What is learnt from, and what decides: never of one family."""
    from data.splits import TRAIN, family, split_of
    from prover.evaluation.datasets import of_files
    from prover.evaluation.library import library

    if args.library is not None:
        return (library(worker, "Init", TRAIN, args.library), library(worker, "Init", "valid", args.library_held_out))
    given = of_files(worker, args.paths, "given theorems")
    learnt = [p for p in given.problems if split_of(p.name) == TRAIN]
    if args.held_out:
        held_out = of_files(worker, args.held_out, "held-out theorems", "the held-out files")
        families = {family(p.name) for p in held_out.problems}
        learnt = [p for p in learnt if family(p.name) not in families]
    else:
        others = tuple(p for p in given.problems if split_of(p.name) != TRAIN)
        held_out = replace(given, split="held out", problems=others)
    return replace(given, split="to learn from", problems=tuple(learnt)), held_out


def _policies(args: argparse.Namespace, premises: Any) -> Callable[[Path | None], ViewPolicy]:
    from prover.policy.builtin import builtin_policy
    from prover.policy.neural.generator import Sampling
    from prover.policy.neural.local import LocalGenerator
    from prover.policy.neural.presets import preset_named
    from prover.policy.neural.proposer import NeuralProposer

    def make(model: Path | None) -> ViewPolicy:
        builtin = builtin_policy(premises)
        if model is None:
            return builtin
        known = preset_named("proofsmith")
        preset = replace(known, max_tokens=min(known.max_tokens, max(1, args.context // 4)))  # the rest is the state's
        sampling = Sampling(args.samples, args.model_temperature, seed=args.seed)
        proposer = NeuralProposer(LocalGenerator(str(model), preset.architecture), preset, sampling)
        return replace(builtin, members=[*builtin.members, (proposer, args.model_weight)])

    return make
