"""Shows what was found to prove with, and what to type for what is missing.

Looks for the embedded Lean and its Node, elan, lake, Lean, a Lake project with
its Mathlib and REPL, lean-dojo, ray, torch, a GPU, a vLLM server and the model that
comes with Proofsmith. Nothing is installed or downloaded. Exit code 3 when no Lean can be used, or when --project
was given and cannot be worked on natively.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from prover.cli.options import EITHER, EMBEDDED_ONLY, above_zero, lean_by_command
from prover.errors import EXIT_DONE, EXIT_ENVIRONMENT, ConfigError
from prover.printable import json_line, show

if TYPE_CHECKING:
    from prover.lean.native.discover import Finding

MARKS = {"ok": "ok", "missing": "MISSING", "broken": "BROKEN", "too old": "TOO OLD", "none": "-"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith doctor`."""
    parser.add_argument("--project", type=Path, metavar="PATH", help="a Lake project (default: the one that you are in)")
    parser.add_argument("--vllm", metavar="URL", help="a vLLM server (default: PROOFSMITH_VLLM_URL, localhost:8000)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds for each program (default 10)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    """Looks, and says what it found."""
    from prover.lean.native.discover import discover, usable
    from prover.lean.native.project import find_project

    above_zero(args, "timeout")
    if args.project is not None and not args.project.exists():
        raise ConfigError(f"--project {args.project}: there is no such file or folder")
    project = find_project(args.project or Path.cwd())
    if args.project is not None and project is None:
        raise ConfigError(f"--project {args.project}: no lakefile.toml or lakefile.lean there or above")
    findings = [*discover(project, args.vllm, args.timeout), _model()]
    embedded, native = usable(findings)
    used = lean_by_command(project, embedded, native)
    if args.json:
        facts = {"embedded": embedded, "native": native, "findings": [asdict(f) for f in findings], "commands": used}
        show(json_line(facts, indent=2), lines=True)
    else:
        for finding in findings:
            show(f"{finding.name:<14} {MARKS[finding.status]:<8} {finding.detail}")
            if finding.advice is not None and finding.status != "none":
                show(f"{'':<14} {'':<8} type: {finding.advice}")
        show(f"\n{', '.join(EITHER)}: {used[EITHER[0]]}", lines=True)
        for verb in EMBEDDED_ONLY:
            show(f"{verb}: {used[verb]}")
        verdicts = ["the embedded Lean"] * embedded + [f"the native Lean of {project.root}" if project else ""] * native
        show(f"\nusable: {' and '.join(verdicts) or 'no Lean'}", lines=True)
    return EXIT_DONE if (native if args.project is not None else embedded or native) else EXIT_ENVIRONMENT


def _model() -> Finding:
    from prover.errors import PolicyError
    from prover.lean.native.discover import BROKEN, NONE, OK, Finding
    from prover.policy.neural import default

    folder = default.model_folder()
    if folder is None:
        switched_off = default.MODEL_VARIABLE in os.environ
        why = f"switched off by {default.MODEL_VARIABLE}" if switched_off else "none comes with this copy"
        return Finding("default model", NONE, f"{why}; the symbolic proposers work alone")
    try:
        model = default.load(folder)
    except PolicyError as error:
        return Finding("default model", BROKEN, str(error), "proofsmith prove --policy symbolic … goes without it")
    size = model.generator.model.size / 1e6
    return Finding("default model", OK, f"{folder}, {size:.1f} million weights, SHA-256 {model.sha256[:12]}…")
