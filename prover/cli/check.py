"""Checks whether a Lean file proves what another one states.

TARGET.lean states theorems whose proof is sorry; SUBMISSION.lean is supposed to
prove them, whoever wrote it. Statements are compared after elaboration, with every
definition that they rest on; all constants of a proof are followed and checked
again by the kernel; only the axioms propext, Classical.choice and Quot.sound are
allowed. Files with commands that run programs (#eval, run_cmd, elab, initialize)
are refused before these run.

Exit code 0 when every theorem is accepted, 1 when one is refused or missing.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError

if TYPE_CHECKING:
    from prover.lean.audit import TheoremVerdict

NATIVE_TOOLS = ("lake", "leanchecker", "comparator")
MEMORY_MB = 4000
"""All of Lean (`import Lean`) takes 3.2 GB."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith check`."""
    parser.add_argument("submission", type=Path, metavar="SUBMISSION.lean", help="the file with the proofs")
    parser.add_argument(
        "--against", type=Path, required=True, metavar="TARGET.lean", help="the file that states the theorems"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument(
        "--timeout",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds for each file (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Judges every theorem of the target and says why."""
    from prover.lean.audit import CHECKS
    from prover.lean.source import load

    if not 0 < args.timeout < float("inf"):
        raise ConfigError(f"--timeout is {args.timeout}; it must be a number of seconds above 0")
    target, submission = load(args.against), load(args.submission)
    lean, verdicts = judge(target, submission, args.against, args.submission, args.timeout)
    accepted = sum(v.accepted for v in verdicts)
    checks = [*CHECKS, *further_checks()]
    if args.json:
        theorems = [asdict(v) for v in verdicts]
        report = {"lean": f"Lean {lean}", "checks": checks, "theorems": theorems}
        print(json.dumps({**report, "accepted": accepted, "total": len(verdicts)}, ensure_ascii=False))
    else:
        for verdict in verdicts:
            print(line(verdict))
        print(f"{accepted} of {len(verdicts)} accepted, by Lean {lean} (embedded)", file=sys.stderr)
        for check in checks:
            print(f"  {check}", file=sys.stderr)
    return EXIT_DONE if accepted == len(verdicts) else EXIT_NOT_PROVED


def judge(
    target: str, submission: str, target_path: Path, submission_path: Path, timeout_s: float
) -> tuple[str, list[TheoremVerdict]]:
    """The Lean that judged, and its verdicts.

    A submission on which Lean is lost is tried once more, on a new process; then it is refused, because the
    target alone went well.
    """
    from prover.lean.audit import Auditor, SubmissionLost, TheoremVerdict
    from prover.lean.worker import LeanWorker

    attempts = 2
    for attempt in range(1, attempts + 1):
        with LeanWorker(memory_mb=MEMORY_MB, timeout_s=timeout_s) as worker:
            auditor = Auditor(worker)
            lean = auditor.lean
            try:
                return lean, auditor.audit_files(target, submission, target_path, submission_path)
            except SubmissionLost as error:
                lost = error
        if lost.timed_out or attempt == attempts:
            break
    category, reason = "crash", f"{lost}, twice"
    if lost.timed_out:
        category, reason = "timeout", f"Lean was not done with the submission after {timeout_s:g} s"
    return lean, [TheoremVerdict(name, False, category, reason) for name in lost.names]


def further_checks() -> list[str]:
    """What a native toolchain would add: which of its tools ran, or why not."""
    import shutil

    found = [tool for tool in NATIVE_TOOLS if shutil.which(tool)]
    if not found:
        return ["not run: leanchecker and comparator (no native toolchain)"]
    return [f"not run: leanchecker and comparator (found {', '.join(found)}, not used yet)"]


def line(verdict: TheoremVerdict) -> str:
    """A verdict on one line; names and reasons come from files that may hold anything."""
    if verdict.accepted:
        axioms = f" (axioms: {', '.join(verdict.axioms)})" if verdict.axioms else ""
        return f"accepted  {_plain(verdict.name)}{axioms}"
    return f"refused   {_plain(verdict.name)}: {_plain(verdict.reason or '')} [{verdict.category}]"


def _plain(text: str) -> str:
    """Control characters, line breaks among them, become visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
