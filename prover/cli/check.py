"""Checks whether a Lean file proves what another one states.

TARGET.lean states theorems whose proof is sorry; SUBMISSION.lean is supposed to
prove them, whoever wrote it. Statements are compared after elaboration, with every
definition that they rest on; all constants of a proof are followed and checked
again by the kernel; only the axioms propext, Classical.choice and Quot.sound are
allowed. Files with commands that run programs (#eval, run_cmd, elab, initialize)
are refused before these run.

A definition whose value is sorry in TARGET.lean is the submission's to fill; the
value is shown. `theorem NAME.disproof : ¬ …` for the closed statement of theorem
NAME is said to be a disproof.

Where a native toolchain answers, the submission is also compiled by it (by the
project's around the file, or --project's), and put to leanchecker and, if
installed, to comparator; what these refuse is refused. Which checks ran is said.

Exit code 0 when every theorem is accepted, 1 when one is refused or missing.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.cli.options import above_zero
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError, LeanSetupError
from prover.printable import json_line, printable, show, tell

if TYPE_CHECKING:
    from prover.audit.auditor import Answer, TheoremVerdict
    from prover.audit.toolchain import NativeChecks

MEMORY_MB = 4000
"""All of Lean (`import Lean`) takes 3.2 GB."""
OFF = "not run: leanchecker, comparator (--native off)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith check`."""
    parser.add_argument("submission", type=Path, metavar="SUBMISSION.lean", help="the file with the proofs")
    parser.add_argument("--against", type=Path, required=True, metavar="TARGET.lean", help="the file that states the theorems")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument(
        "--timeout",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds for each file, and for each native check (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-disproof", action="store_true",
        help="a theorem of the target's name may state the negation, and a disproof counts as done (exit code 0)",
    )  # fmt: skip
    parser.add_argument(
        "--native", choices=("auto", "off", "required"), default="auto",
        help="leanchecker and comparator: run what is there; run neither; end with code 3 unless both ran (default auto)",
    )  # fmt: skip
    parser.add_argument(
        "--project", type=Path, metavar="PATH", help="the Lake project whose toolchain checks (default: the submission's)"
    )


def run(args: argparse.Namespace) -> int:
    """Judges every theorem of the target and says why."""
    from prover.audit.embedded import CHECKS
    from prover.audit.trust import FAULTS, kernel
    from prover.lean.targets import load

    above_zero(args, "timeout")
    if args.project is not None and args.native == "off":
        raise ConfigError("--project names whose toolchain checks, and --native off has none check: leave one of them out")
    target, submission = load(args.against), load(args.submission)
    tell(f"starting Lean to check {args.submission} …")
    lean, verdicts = judge(args, target, submission)
    native = natively(args, target, submission, verdicts)
    if native is not None:
        verdicts = with_refusals(verdicts, native)
        if args.native == "required" and not native.complete and any(v.accepted for v in verdicts):
            lines = "; ".join(r.line() for r in native.reports if r.outcome == "not run")
            raise LeanSetupError(f"--native required, but {lines}")
    accepted = sum(v.accepted for v in verdicts)
    disproved = sum(v.category == "disproved" for v in verdicts)
    leans = [f"Lean {lean} (embedded)", *([native.lean] if native is not None and native.lean is not None else [])]
    further = [r.line() for r in native.reports] if native is not None else [OFF]
    checks = [*CHECKS, *further]
    if args.json:
        theorems = [asdict(v) for v in verdicts]
        report: dict[str, Any] = {"lean": f"Lean {lean}", "leans": leans, "kernel": kernel(lean), "faults_looked_for": FAULTS}
        report |= {"checks": checks, "theorems": theorems, "disproved": disproved}
        tools = [asdict(r) for r in native.reports] if native is not None else []
        show(json_line({**report, "native": tools, "accepted": accepted, "total": len(verdicts)}))
    else:
        for verdict in verdicts:
            show(line(verdict))
            for answer in verdict.answers:
                show(answer_line(answer))
        also = f", {disproved} disproved" if disproved else ""
        tell(f"{accepted} of {len(verdicts)} accepted{also}, by {' and '.join(leans)}")
        if accepted:
            tell("what was accepted passed:" if accepted < len(verdicts) else "passed:")
        for check in (*(checks if accepted else further), kernel(lean), *(f"  {fault}" for fault in FAULTS)):
            tell(f"  {check}")
    done = accepted + (disproved if args.allow_disproof else 0)
    return EXIT_DONE if done == len(verdicts) else EXIT_NOT_PROVED


def natively(args: argparse.Namespace, target: str, submission: str, verdicts: list[TheoremVerdict]) -> NativeChecks | None:
    """What leanchecker and comparator say of what was accepted; None when they are not asked."""
    if args.native == "off":
        return None
    from prover.audit.toolchain import check_natively
    from prover.lean.native.project import find_project
    from prover.lean.targets import LeanFile

    project = find_project(args.project or args.submission)
    if args.project is not None and project is None:
        raise ConfigError(f"--project {args.project}: no lakefile.toml or lakefile.lean there or above")
    names = [v.name for v in verdicts if v.accepted]
    return check_natively(target, LeanFile(submission, (), 0, args.submission), names, project, args.timeout)


def with_refusals(verdicts: list[TheoremVerdict], native: NativeChecks) -> list[TheoremVerdict]:
    """The verdicts, those refused that a native check refuses."""
    return [
        replace(v, accepted=False, category=no.category, reason=no.reason) if (no := native.refusals.get(v.name)) else v
        for v in verdicts
    ]


def judge(args: argparse.Namespace, target: str, submission: str) -> tuple[str, list[TheoremVerdict]]:
    """The Lean that judged, and its verdicts."""
    from prover.audit.auditor import SharedAuditor
    from prover.audit.embedded import Auditor
    from prover.lean.embedded.worker import LeanWorker

    auditor = Auditor(LeanWorker(memory_mb=MEMORY_MB, timeout_s=args.timeout))
    auditor.stays = False  # there is no next verdict
    shared = SharedAuditor(auditor)
    try:
        return auditor.lean, shared.judge(target, submission, args.against, args.submission, args.allow_disproof)
    finally:
        shared.close()


def line(verdict: TheoremVerdict) -> str:
    """A verdict on one line; names and reasons come from files that may hold anything."""
    if verdict.accepted:
        axioms = f" (axioms: {', '.join(verdict.axioms)})" if verdict.axioms else ""
        return f"accepted  {printable(verdict.name)}{axioms}"
    if verdict.category == "disproved":
        return f"disproved {printable(verdict.name)}: {printable(verdict.reason or '')}"
    return f"refused   {printable(verdict.name)}: {printable(verdict.reason or '')} [{verdict.category}]"


def answer_line(answer: Answer) -> str:
    """What a submission fills in for an open definition, and what the reader should know of it."""
    remark = f" (is this an answer? {answer.remark})" if answer.remark else ""
    return f"          {printable(answer.name)} := {printable(answer.value or '(cannot be printed)')}{printable(remark)}"
