"""Trains a tactic model of our own, or goes on with an interrupted training.

Reads state-tactic pairs and theorem texts (train.json of LeanDojo Benchmark 4, folders
of `proofsmith trace` and `proofsmith mutate`, corpus.parquet, JSON lines) and writes to
the folder --out: checkpoints, metrics.jsonl, report.html, and model/, which
`--policy transformers --model` and vLLM load. Needs the extra `neural`. At toy size:

  proofsmith train pairs.jsonl --out runs/toy --size toy --steps 100 --every 50

--stage dpo learns from runs of `prove` and `eval` (or JSON lines with state, chosen and
rejected) which tactic to prefer; --stage grpo tries the theorems of .lean files in the
embedded Lean and learns from the audit's verdicts:

  proofsmith prove data/starter/nat.lean --out runs/nat --max-expansions 20
  proofsmith train runs/nat --stage dpo --start runs/toy/model --out runs/dpo --steps 50
  proofsmith train data/starter/nat.lean --stage grpo --start runs/toy/model --out runs/grpo --steps 10

Theorems on the held-out sides of the split are never trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from prover.errors import EXIT_DONE
from prover.printable import show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith train`."""
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="files and folders to learn from")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the run's folder")
    parser.add_argument(
        "--stage", default="sft", metavar="STAGE",
        help="sft: tactics for states; pretrain: theorem texts; dpo: preference pairs; grpo: rollouts in Lean that the audit "
        "rewards (default sft)",
    )  # fmt: skip
    parser.add_argument("--start", metavar="MODEL", help="a model to go on with, decoder-only (default: a new one of --size)")
    parser.add_argument("--size", default="mini", metavar="SIZE", help="toy, mini, small, medium or base (default mini)")
    parser.add_argument(
        "--lora", type=int, default=0, metavar="R", help="train low-rank adapters of rank R over --start (default: all weights)"
    )
    parser.add_argument(
        "--loss", default="ce", metavar="LOSS",
        help="ce: cross-entropy; dco: limits confidence, for searches that draw --passes tactics (default ce)",
    )  # fmt: skip
    parser.add_argument("--passes", type=int, default=8, metavar="N", help="N of pass@N for --loss dco (default 8)")
    parser.add_argument("--curriculum", action="store_true", help="easier examples first (docs/model.md)")
    parser.add_argument("--steps", type=int, metavar="N", help="batches in all; iterations of grpo (default 1000; grpo 100)")
    parser.add_argument("--batch", type=int, metavar="N", help="examples, pairs or theorems a batch (default 16; grpo 8)")
    parser.add_argument("--lr", type=float, metavar="R", help="highest learning rate (default 0.001; dpo, grpo 0.00005)")
    parser.add_argument("--warmup", type=int, metavar="N", help="steps until it is reached (default 50; grpo 0)")
    parser.add_argument("--context", type=int, default=512, metavar="N", help="tokens of an example (default 512)")
    parser.add_argument("--limit", type=int, metavar="N", help="a fixed sample of N examples (default: all)")
    parser.add_argument("--valid", type=int, metavar="N", help="held-out examples to measure (default 200; grpo 20)")
    parser.add_argument(
        "--every", type=int, metavar="N", help="measure and write a checkpoint every N steps (default 100; grpo 5)"
    )
    parser.add_argument("--beta", type=float, default=0.1, metavar="R", help="dpo: how close to stay to --start (default 0.1)")
    group = parser.add_argument_group("grpo")
    group.add_argument("--samples", type=int, default=8, metavar="N", help="rollouts a theorem (default 8)")
    group.add_argument("--depth", type=int, default=8, metavar="N", help="tactics a rollout, at most (default 8)")
    group.add_argument("--tactic-tokens", type=int, default=64, metavar="N", help="tokens a tactic, at most (default 64)")
    group.add_argument("--temperature", type=float, default=1.0, metavar="T", help="of the draws (default 1)")
    group.add_argument("--clip", type=float, default=0.2, metavar="R", help="the ratio stays within 1 ± R (default 0.2)")
    group.add_argument("--kl", type=float, default=0.04, metavar="R", help="weight of the divergence from --start (default 0.04)")
    group.add_argument("--updates", type=int, default=1, metavar="N", help="optimizer steps an iteration (default 1)")
    group.add_argument(
        "--heartbeats", type=int, default=200_000, metavar="N", help="Lean's limit for a tactic, in thousands (default 200000)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed (default 0)")
    parser.add_argument("--fresh", action="store_true", help="begin anew where the folder holds a run")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Trains."""
    from dataclasses import fields

    from prover.training.loop import train
    from prover.training.settings import STAGE_DEFAULTS, TrainSettings

    said = {f.name: value for f in fields(TrainSettings) if (value := getattr(args, f.name)) is not None}
    settings = TrainSettings(**(STAGE_DEFAULTS.get(args.stage, {}) | said))

    say: Callable[[str], None] = (lambda text: None) if args.quiet else tell
    last = train(args.data, args.out, settings, args.fresh, say=say)
    show(f"model: {args.out / 'model'}")
    show(f"report: {args.out / 'report.html'}")
    show(" ".join(f"{k} {v}" for k, v in last.items()))
    return EXIT_DONE
