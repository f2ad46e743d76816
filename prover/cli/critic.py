"""Trains a critic on the outcomes of searches: how hopeful is a tactic state?

Takes folders of `proofsmith prove` and `proofsmith eval`, learns from the states of
their search graphs which were proved, and by how many tactics, and which were not,
and writes critic.safetensors and metrics.json to --out. `prove` and `eval` let it join
the priority with --critic. States of theorems on the valid and test sides of the
project's split are not learnt; those of the valid side are what it is measured on.

  proofsmith prove data/starter --max-expansions 24 --out runs/searched
  proofsmith critic runs/searched --out runs/critic
  proofsmith prove Theorems/ --critic runs/critic
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prover.errors import EXIT_DONE
from prover.printable import json_line, show, tell

FIGURES = (
    ("auc", "AUC, proved against unproved"), ("log_loss", "log loss"), ("calibration_error", "calibration error"),
    ("rank_correlation", "rank correlation of the number of tactics"),
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith critic`."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of `proofsmith prove` or `proofsmith eval`")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the critic goes")
    parser.add_argument("--fresh", action="store_true", help="replace a critic that is there")
    parser.add_argument("--json", action="store_true", help="print what was measured as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Trains and measures."""
    from prover.training.critic import train_critic

    say: Callable[[str], None] = (lambda text: None) if args.quiet else tell
    about = train_critic(args.runs, args.out, args.fresh, say)
    for line in [json_line(about)] if args.json else lines(about):
        show(line)
    if not args.json:
        show(f"critic: {args.out}")
    return EXIT_DONE


def lines(about: dict[str, Any]) -> list[str]:
    """What was measured, for people."""
    sides = [f"{name} {s['states']} states ({s['proved']} proved)" for name, s in
             (("learnt", about["learnt"]), ("held out", about["held_out"]))]  # fmt: skip
    found = [f"{about['theorems']} searches: {', '.join(sides)}"]
    if not about["held_out"]["states"]:
        return [*found, "no state is on the valid side of the split, so nothing is measured"]
    mine, base = about["figures"]["critic"], about["figures"]["depth alone"]
    for key, name in FIGURES:
        found.append(f"{name}: {_number(mine[key])} (depth alone: {_number(base[key])})")
    return found


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
