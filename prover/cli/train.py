"""Trains a tactic model of our own, or goes on with an interrupted training.

Reads state-tactic pairs and theorem texts (train.json of LeanDojo Benchmark 4, folders
of `proofsmith trace` and `proofsmith mutate`, corpus.parquet, JSON lines) and writes to
the folder --out: checkpoints, metrics.jsonl, report.html, and model/, which
`--policy transformers --model` and vLLM load. Needs the extra `neural`. At toy size:

  proofsmith train pairs.jsonl --out runs/toy --size toy --steps 100 --every 50

Theorems on the held-out sides of the split are never trained on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.errors import EXIT_DONE
from prover.printable import show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith train`."""
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="files and folders to learn from")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the run's folder")
    parser.add_argument(
        "--stage", default="sft", metavar="STAGE", help="sft: tactics for states; pretrain: theorem texts (default sft)"
    )
    parser.add_argument(
        "--start", metavar="MODEL", help="a model to go on with, decoder-only (default: a new one of --size)"
    )
    parser.add_argument("--size", default="mini", metavar="SIZE", help="toy, mini, small, medium or base (default mini)")
    parser.add_argument(
        "--loss", default="ce", metavar="LOSS",
        help="ce: cross-entropy; dco: limits confidence, for searches that draw --passes tactics (default ce)",
    )  # fmt: skip
    parser.add_argument("--passes", type=int, default=8, metavar="N", help="N of pass@N for --loss dco (default 8)")
    parser.add_argument("--steps", type=int, default=1000, metavar="N", help="batches in all (default 1000)")
    parser.add_argument("--batch", type=int, default=16, metavar="N", help="examples a batch (default 16)")
    parser.add_argument("--lr", type=float, default=1e-3, metavar="R", help="highest learning rate (default 0.001)")
    parser.add_argument("--warmup", type=int, default=50, metavar="N", help="steps until it is reached (default 50)")
    parser.add_argument("--context", type=int, default=512, metavar="N", help="tokens of an example (default 512)")
    parser.add_argument("--limit", type=int, metavar="N", help="a fixed sample of N examples (default: all)")
    parser.add_argument("--valid", type=int, default=200, metavar="N", help="held-out examples to measure (default 200)")
    parser.add_argument(
        "--every", type=int, default=100, metavar="N", help="measure and write a checkpoint every N steps (default 100)"
    )
    parser.add_argument("--keep", type=int, default=2, metavar="N", help="checkpoints that stay (default 2)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed (default 0)")
    parser.add_argument("--device", metavar="NAME", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--fresh", action="store_true", help="begin anew where the folder holds a run")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Trains."""
    from dataclasses import fields

    from prover.errors import ConfigError
    from prover.training.loop import train
    from prover.training.settings import TrainSettings

    if args.keep < 1:
        raise ConfigError(f"--keep is {args.keep}; it must be at least 1")
    settings = TrainSettings(**{f.name: getattr(args, f.name) for f in fields(TrainSettings)})

    def say(text: str) -> None:
        if not args.quiet:
            tell(text)

    last = train(args.data, args.out, settings, args.fresh, args.keep, args.device, say)
    show(f"model: {args.out / 'model'}")
    show(f"report: {args.out / 'report.html'}")
    show(" ".join(f"{k} {v}" for k, v in last.items()))
    return EXIT_DONE
