"""Serves editors: goals, suggested tactics and proofs in .lean files, over the language server protocol.

Started by an editor and spoken to on stdin and stdout; set-up for VS Code, Neovim
and Emacs is in docs/editors.md. Works alone or beside Lean's own server
(--no-diagnostics then leaves the messages to that one).
"""

from __future__ import annotations

import argparse

from prover.cli.policy_options import add_default_policy_option
from prover.errors import EXIT_DONE, ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith lsp`."""
    parser.add_argument("--stdio", action="store_true", help="what editors add; it is the only way to speak")
    parser.add_argument("--no-diagnostics", action="store_true", help="Lean's own server runs beside this one")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="warm Lean processes (default %(default)s)")
    parser.add_argument("--memory", type=int, default=3000, metavar="MB", help="ceiling of a Lean process (default %(default)s)")
    parser.add_argument(
        "--suggest-timeout", type=float, default=4.0, metavar="S", help="seconds for suggestions at a place (default %(default)g)"
    )
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for a proof (default %(default)g)")
    add_default_policy_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serves until the editor ends it."""
    for name in ("workers", "memory", "suggest_timeout", "timeout"):
        if not 0 < getattr(args, name) < float("inf"):
            raise ConfigError(f"--{name.replace('_', '-')} is {getattr(args, name):g}; it must be above 0")
    from prover.server.lsp import Options, serve
    from prover.server.session import Session

    with Session(workers=args.workers, memory_mb=args.memory, model=args.policy == "builtin") as session:
        serve(session, Options(not args.no_diagnostics, True, args.suggest_timeout, args.timeout))
    return EXIT_DONE
