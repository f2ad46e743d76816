"""Measures speed: a start by its parts, time inside Lean, cost of a step, waiting for suggestions, a server under load, the
model; and simulations of many workers and of moving budgets.

Prints progress on stderr and one JSON object on stdout. Timings depend on the
machine and its load; compare figures of one run with each other.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from prover.cli.options import at_least
from prover.errors import EXIT_DONE, ConfigError
from prover.printable import json_line, show, tell

WHAT = ("start", "batch", "step", "mutate", "suggest", "serve", "model", "scale", "schedule")
OPEN = 8
POSITIONS = 200
"""Places in proofs at which suggestions are asked for."""
USUAL = ("start", "batch", "step")
"""What runs when nothing is named; the others take some minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith bench`."""
    parser.add_argument(
        "what", nargs="*", choices=[*WHAT, []], help=f"which of {', '.join(WHAT)} (default: start, batch and step)"
    )
    parser.add_argument(
        "--minif2f", type=Path, metavar="FILE", help="suggest: JSON lines of miniF2F; its statements that elaborate are used, too"
    )
    parser.add_argument(
        "--profile", action="store_true",
        help="batch: where the time of a theorem goes, part by part, and all its processor time (theorem_cpu_ms)",
    )  # fmt: skip
    parser.add_argument(
        "--file", type=Path, action="append", default=[], metavar="FILE",
        help="batch: the theorems of this file in place of starter theorems, in one Lean; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--passes", type=int, default=1, metavar="N",
        help="batch: each theorem N times in the same processes; the profile is that of the last time (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="suggest, serve: warm Lean processes (default %(default)s)"
    )
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", help="model: the model's folder (default: the one that comes with Proofsmith)"
    )
    parser.add_argument(
        "--states", type=Path, metavar="FILE",
        help="model: state-tactic pairs as for `train`, whose held-out states are used (default: the starter theorems' states)",
    )  # fmt: skip
    parser.add_argument(
        "--policy-ms", type=int, metavar="MS", help="batch: with a policy that takes MS milliseconds a batch of requests"
    )
    parser.add_argument(
        "--open", type=int, metavar="N", help="batch: theorems open at a time in each Lean (default 8 with --policy-ms, else 1)"
    )
    parser.add_argument(
        "--outcomes", type=Path, action="append", default=[], metavar="RUN",
        help="schedule: a finished run whose theorems are drawn from; may be repeated (default: measured ones that come along)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="only the JSON object")


def run(args: argparse.Namespace) -> int:
    """Runs the benchmarks that were asked for."""
    from prover.bench import speed as benchmarks

    at_least(args, 1, "workers", "policy_ms", "open", "passes")
    figures: dict[str, Any] = {}
    for what in args.what or USUAL:
        if not args.json:
            tell(f"measuring {what} …")
        if what == "suggest":
            from prover.bench.suggestions import measure

            figures |= measure(POSITIONS, args.minif2f, args.workers)
        elif what == "batch":
            figures |= benchmarks.batch(
                args.profile, args.policy_ms, args.open or (OPEN if args.policy_ms else 1), args.file, args.passes
            )  # fmt: skip
        elif what == "serve":
            from prover.bench.load import measure as measure_load

            figures["serve"] = measure_load(workers=args.workers)
        elif what == "scale":
            from prover.bench.scale import scale

            figures["scale"] = scale()
        elif what == "schedule":
            from prover.bench.schedule import read
            from prover.bench.schedule import table as simulated

            figures["schedule"] = simulated(read(args.outcomes))
        elif what == "model":
            figures["model"] = _model(args.model, args.states)
        else:
            figures |= getattr(benchmarks, what)()
    show(json_line(figures, None if args.json else 2), lines=True)
    return EXIT_DONE


def _model(folder: Path | None, states: Path | None) -> dict[str, Any]:
    from prover.bench.speed import starter_states
    from prover.policy.neural import default
    from prover.policy.neural.presets import own_prompt
    from prover.policy.neural.timing import MAX_PROMPTS, timed
    from prover.training.examples import read

    place = folder or default.model_folder()
    if place is None:
        raise ConfigError("no model comes with this copy of Proofsmith; name one with --model FOLDER")
    model = default.load(place)
    if states is None:
        found = starter_states()
    else:
        found = list(dict.fromkeys(e.prompt for e in read([states], "sft").side("valid", None)))
        if not found:
            raise ConfigError(f"--states {states} has no state on the held-out side of the split")
    prompts = [own_prompt(state) for state in found[:MAX_PROMPTS]]
    weights = {"weights": model.generator.model.size, "sha256": model.sha256, "max_tokens": model.max_tokens}
    return {**weights, **timed(place, prompts, model.max_tokens)}
