"""Proves the starter theorems with a native backend over the stand-ins, and with the embedded Lean, and compares.

    python -m tests.standins.starter --lean repl --out runs/standin-repl
    python -m tests.standins.starter --lean dojo --out runs/standin-dojo data/starter/bool.lean

Everything that `proofsmith prove --lean repl|dojo` uses runs for real: reading, search, LeanDojo or the REPL client, audit,
writing. Only `lake` is played (see server.py). Exit code 0 when each theorem has the same verdict as with the embedded Lean.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from prover.cli.main import main as proofsmith
from tests.standins.server import make_project, standing_in

STARTER = Path(__file__).resolve().parents[2] / "data" / "starter"


def verdicts(arguments: list[str], out: Path) -> tuple[dict[str, str], float]:
    """Runs `proofsmith prove`; the status of each theorem, and how many seconds it took."""
    started = time.monotonic()
    code = proofsmith(["prove", *arguments, "--out", str(out)])
    seconds = time.monotonic() - started
    if code not in (0, 1):
        raise SystemExit(f"proofsmith prove ended with exit code {code}")
    records = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    return {r["id"]: r["status"] for r in records}, seconds


def run() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="default: data/starter")
    parser.add_argument("--lean", choices=("repl", "dojo"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="a folder; an interrupted comparison goes on")
    parser.add_argument("--max-expansions", type=int, default=8, help="default 8")
    parser.add_argument(
        "--tactic-timeout", type=int, default=30, metavar="S",
        help="default 30: so long that Lean's heartbeats decide, also on a loaded machine",
    )  # fmt: skip
    args = parser.parse_args()
    paths = [str(p) for p in args.paths or [STARTER]]
    budget = ["--timeout", "0", "--max-expansions", str(args.max_expansions), "--tactic-timeout", str(args.tactic_timeout)]
    limits = [*budget, "--workers", "1", "--quiet"]
    embedded, embedded_s = verdicts([*paths, "--lean", "embedded", *limits], args.out / "embedded")
    project = args.out / "project"
    if not project.exists():
        make_project(project)
    (args.out / "play").mkdir(exist_ok=True)
    with standing_in(args.out / "play") as server:
        server.tactic_timeout_ms = int(1000 * (args.tactic_timeout - 1))
        native, native_s = verdicts([*paths, "--lean", args.lean, "--project", str(project), *limits], args.out / args.lean)
        faults = list(server.faults)
    different = {name: (embedded[name], native.get(name)) for name in embedded if native.get(name) != embedded[name]}
    table = {
        "lean": args.lean, "theorems": len(native), "max_expansions": args.max_expansions,
        "embedded": dict(Counter(embedded.values())), args.lean: dict(Counter(native.values())),
        "seconds": {"embedded": round(embedded_s), args.lean: round(native_s)}, "different": different, "faults": faults,
    }  # fmt: skip
    print(json.dumps(table, ensure_ascii=False, indent=2))
    return int(bool(different) or embedded.keys() != native.keys())


if __name__ == "__main__":
    sys.exit(run())
