"""The options that say which Lean works, for every command that elaborates Lean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prover.errors import ConfigError

if TYPE_CHECKING:
    from prover.lean.engine import Backend
    from prover.lean.native.project import Project

EITHER = ("prove", "suggest", "lsp", "serve", "mcp", "eval", "trace")
"""Commands with the options below."""
EMBEDDED_ONLY = {
    "explore": "equations are conjectured by the embedded host's evaluator",
    "check": "the audit of a file by the embedded Lean; a native one is asked besides, where there is one",
    "mutate": "its operators are programs of the embedded host",
    "corpus": "the library's terms are read by the embedded host; another Lean's come in by --from",
    "train": "rollouts hold many theorems open in one process",
    "improve": "its searches and traces are compared over rounds",
}
"""Commands that use the embedded Lean, and why."""


def lean_by_command(project: Project | None, embedded: bool, native: bool) -> dict[str, str]:
    """Which Lean each command uses with `--lean auto`, in words.

    Args:
        project: where one is, or None.
        embedded: whether the embedded Lean can be used.
        native: whether the project's own can.
    """
    own = "the embedded Lean" if embedded else "none: the embedded Lean is missing"
    if native and project is not None:
        how = "the REPL" if project.repl() is not None else "LeanDojo, since no REPL is built"
        either = f"the Lean of {project.root} through {how}"
    else:
        either = own
    return dict.fromkeys(EITHER, either) | {verb: f"{own} ({why})" for verb, why in EMBEDDED_ONLY.items()}


def add_lean_options(parser: argparse.ArgumentParser, where: str = "the files lie in one") -> None:
    """`--lean`, `--project`, `--memory`; `where` says of the default when a project is taken."""
    group = parser.add_argument_group("Lean")
    group.add_argument(
        "--lean", choices=("auto", "embedded", "repl", "dojo"), default="auto",
        help="whose Lean: the embedded one, or a Lake project's own through the REPL or LeanDojo; auto: the project's "
        f"when {where} and its toolchain answers (default auto)",
    )  # fmt: skip
    group.add_argument("--project", type=Path, metavar="PATH", help=f"the Lake project (default: the one where {where})")
    group.add_argument(
        "--memory", type=int, metavar="MB", help="ceiling of a Lean process (default 3000; 8000 for a native one)"
    )


def chosen(args: argparse.Namespace, paths: Sequence[Path] = ()) -> Backend:
    """The backend that was asked for, or that fits the files; without files, the present folder.

    Raises:
        ConfigError: something contradicts.
        LeanSetupError: what is asked for cannot be had.
    """
    from prover.lean.backends import choose

    if args.memory is not None and args.memory < 1:
        raise ConfigError(f"--memory is {args.memory}; it must be at least 1")
    return choose(args.lean, args.project, paths)


def memory_of(args: argparse.Namespace, backend: Backend) -> int:
    """The ceiling of a Lean process, in MB."""
    return int(args.memory or backend.default_memory_mb)


def workers_of(args: argparse.Namespace, backend: Backend) -> int:
    """How many Lean processes search: `--workers`, else as many as there are cores and, natively, memory."""
    from prover.lean.backends import native_workers

    if backend.name == "embedded":
        return int(args.workers or os.cpu_count() or 1)
    return native_workers(args.workers, memory_of(args, backend))
