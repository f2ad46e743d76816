"""The tactic ranker from outcomes of tactics: `proofsmith calibrate --ranker`."""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from prover.errors import EXIT_DONE, ConfigError
from prover.printable import show, tell

if TYPE_CHECKING:
    from prover.prove.item import Item


def train(args: argparse.Namespace) -> int:
    """Gathers what is not in the journal yet, trains on all of it and writes the ranker."""
    from prover.policy.builtin import builtin_policy
    from prover.policy.calibration import shipped
    from prover.policy.ranker import FILE
    from prover.prove.premises import library_premises
    from prover.training.ranker import train_ranker
    from prover.training.ranker_outcomes import gather, read_journal

    if args.library < 0:
        raise ConfigError(f"--library is {args.library}; it must be at least 1, or 0 for no theorems of the library")
    journal = args.journal
    if args.library or args.paths:
        policy = replace(builtin_policy(library_premises()), rates=shipped())  # an earlier ranker would leave offers out
        count = gather(_items(args), policy, journal, tell)
        tell(f"{journal}: {count} theorems")
    ranker = train_ranker(read_journal(journal), tell)
    out = args.out or _beside(FILE)
    ranker.write(out)
    for name, found in ranker.about["held_out"].items():
        show(f"{name}: {found['seconds']} s in {found['ran']} tactics, {found['closed']} goals closed, {found['led']} led on")
    show(
        f"{out}: {ranker.about['states']} states of {ranker.about['theorems']} theorems, {len(ranker.templates)} templates, "
        f"{len(ranker.features)} features, {out.stat().st_size / 1e6:.2f} MB; least {ranker.least:g} successes a second"
    )
    return EXIT_DONE


def _beside(name: str) -> Path:
    """A file of the policy's package."""
    return Path(str(resources.files("prover.policy").joinpath(name)))


def _items(args: argparse.Namespace) -> list[Item]:
    """The theorems of the files and of the library's train side, mixed, so that a part of them is a sample."""
    from prover.cli.calibrate import files_of, label_of
    from prover.evaluation.datasets import locate
    from prover.evaluation.library import library
    from prover.lean.embedded.worker import LeanWorker
    from prover.lean.targets import load
    from prover.prove.item import Item

    with LeanWorker() as worker:
        items = locate(worker, library(worker, "Init", "train", args.library))[0] if args.library else []
        for file in files_of(args.paths):
            items += [Item(f"{label_of(file)}:{t.name}", t, label_of(file)) for t in worker.read(load(file)).targets]
    items = [item for item in items if item.target.problem is None]
    random.Random(0).shuffle(items)
    return items
