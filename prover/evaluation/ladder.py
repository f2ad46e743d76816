"""What each learnt part is worth beside the symbolic policy: training, runs and the table, in a command that goes on.

    python -m prover.evaluation.ladder --source lean_dojo-4.20.0.tar.gz --out runs/ladder --sample 100 --lean-seconds 8

Trains a selector without and with mutants and a tactic ranker, then proves the same sample of the library's valid side with one
part more at a time: the symbolic policy (words alone, counted templates), the selector, the selector that mutants taught, the
ranker, the generative model. Each run is limited by processor seconds in Lean and audited. `table.md` has a line a run, paired
with the one before. `--source none` trains no selectors; `--selector`, `--mutant-selector` and `--ranker` name parts that are
there already. A command that ended well is not run again. The selectors need the extra `neural`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from prover.errors import EXIT_DONE, ConfigError
from prover.evaluation.finished import compare, read_summary
from prover.policy.neural.default import MODEL_VARIABLE
from prover.policy.premises.model import VARIABLE as SELECTOR
from prover.policy.ranker import VARIABLE as RANKER
from prover.printable import show, tell
from prover.prove.folder import write_atomically
from prover.prove.premises import EMBEDDED_LEAN, cache_path

PROOFSMITH = (sys.executable, "-m", "prover.cli.main")
TRAIN_SELECTOR = (sys.executable, "-m", "prover.training.selector")


def made(path: Path, command: Sequence[str], variables: Mapping[str, str] | None = None) -> Path:
    """Runs a command until it ended well once, which a file beside what it writes says. Raises ConfigError when it fails."""
    done = path.with_name(f"{path.name}.done")
    if not done.exists():
        tell(f"ladder: {' '.join(command)}")
        ended = subprocess.run(command, env=os.environ | dict(variables or {}), check=False)
        if ended.returncode != EXIT_DONE:
            raise ConfigError(f"the command ended with exit code {ended.returncode}: {' '.join(command)}")
        done.touch()
    return path


def parts(args: argparse.Namespace) -> tuple[Path | None, Path | None, Path]:
    """The selectors without and with mutants (None: left out), and the ranker; made where they are not given."""
    out: Path = args.out
    plain, taught = args.selector, args.mutant_selector
    if args.source is not None:
        index = str(cache_path(EMBEDDED_LEAN, ("Init",)))
        mutants = made(out / "mutants", [
            *PROOFSMITH, "mutate", "--out", str(out / "mutants"), "--split", "train", "--modules", "Init",
            "--limit-core-hours", str(args.mutant_core_hours), "--negatives", "0", "--grade", "0",
        ])  # fmt: skip
        recipe = [*TRAIN_SELECTOR, str(args.source), "--passes", str(args.passes)]
        plain = plain or made(out / "selector.npz", [*recipe, "--library", index, "--out", str(out / "selector.npz")])
        also = ["--also", str(mutants)]
        taught = taught or made(
            out / "selector-mutants.npz", [*recipe, *also, "--library", index, "--out", str(out / "selector-mutants.npz")]
        )
        for split in ("novel_premises", "random"):
            alone, both = out / f"{split}.npz", out / f"{split}-mutants.npz"
            made(alone, [*recipe, "--split", split, "--out", str(alone)])
            made(both, [*recipe, *also, "--split", split, "--out", str(both)])
            made(out / f"{split}.json", [
                *PROOFSMITH, "eval", "premises", "--source", str(args.source), "--split", split, "--limit", str(args.states),
                "--model", str(alone), "--against", str(both), "--out", str(out / f"{split}.json"),
            ])  # fmt: skip
    ranker = args.ranker or made(out / "ranker.npz", [
        *PROOFSMITH, "calibrate", "--ranker", "data/starter", "--library", str(args.outcomes), "--journal",
        str(out / "outcomes.jsonl"), "--out", str(out / "ranker.npz"),
    ])  # fmt: skip
    return plain, taught, ranker


def runs(args: argparse.Namespace) -> list[tuple[str, Path]]:
    """The runs, each with one part more than the one before."""
    plain, taught, ranker = parts(args)
    rungs: list[tuple[str, str, dict[str, str]]] = [("symbolic", "symbolic", {SELECTOR: "", RANKER: ""})]
    for label, variable, path in (
        ("+ selector", SELECTOR, plain), ("+ mutants in the selector", SELECTOR, taught), ("+ ranker", RANKER, ranker)
    ):  # fmt: skip
        if path is not None:
            rungs.append((label, "symbolic", rungs[-1][2] | {variable: str(path.resolve())}))
    rungs.append(("+ generative model", "builtin", rungs[-1][2]))
    found = []
    for number, (label, policy, variables) in enumerate(rungs):
        folder = args.out / f"{number}-{label.strip('+ ').replace(' ', '-')}"
        made(folder, [
            *PROOFSMITH, "eval", "library", "--split", "valid", "--sample", str(args.sample), "--policy", policy,
            "--lean-seconds", str(args.lean_seconds), "--timeout", str(args.timeout), "--workers", str(args.workers),
            "--tactic-timeout", str(args.tactic_timeout), "--out", str(folder),
        ], variables | {MODEL_VARIABLE: os.environ.get(MODEL_VARIABLE, str(args.model))})  # fmt: skip
        found.append((label, folder))
    return found


def table(found: Sequence[tuple[str, Path]]) -> str:
    """A line a run; gained, lost and p are against the line before."""
    lines = ["| policy | proved | expansions | seconds in Lean | gained | lost | p |", "|---|---|---|---|---|---|---|"]
    before: Path | None = None
    for label, folder in found:
        s = read_summary(folder)
        paired = "| | | |"
        if before is not None:
            c = compare(before, folder)
            paired = f"| {', '.join(c.gained) or '–'} | {', '.join(c.lost) or '–'} | {c.p:.2g} |"
        lines.append(f"| {label} | {s['proved']} of {s['total']} | {s['expansions']} | {s['lean_seconds']} {paired}")
        before = folder
    return "\n".join(lines) + "\n"


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="lean-dojo-4.20.0.tar.gz, or none")
    parser.add_argument("--out", type=Path, default=Path("runs/ladder"), help="default runs/ladder")
    parser.add_argument("--sample", type=int, default=100, help="theorems of library valid (default 100)")
    parser.add_argument("--lean-seconds", type=float, default=8.0, help="of a theorem (default 8)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds a theorem by the clock (default 120)")
    parser.add_argument("--tactic-timeout", type=float, default=20.0, help="seconds a tactic by the clock (default 20)")
    parser.add_argument("--workers", type=int, default=2, help="Lean processes (default 2)")
    parser.add_argument("--outcomes", type=int, default=500, help="theorems of library train for the ranker (default 500)")
    parser.add_argument("--mutant-core-hours", type=float, default=0.3, help="default 0.3")
    parser.add_argument("--passes", type=float, default=6.0, help="of the selector's training (default 6)")
    parser.add_argument("--states", type=int, default=1000, help="of each split of LeanDojo Benchmark 4 (default 1000)")
    parser.add_argument("--selector", type=Path, help="one trained without mutants")
    parser.add_argument("--mutant-selector", type=Path, help="one trained with mutants")
    parser.add_argument("--ranker", type=Path, help="a ranker that is there")
    parser.add_argument("--model", type=Path, default=Path("prover/policy/model"), help="the generative model's folder")
    args = parser.parse_args()
    args.source = None if str(args.source) == "none" else args.source
    args.out.mkdir(parents=True, exist_ok=True)
    text = table(runs(args))
    write_atomically(args.out / "table.md", text)
    show(text, lines=True)
    return EXIT_DONE


if __name__ == "__main__":
    raise SystemExit(main())
