"""Serves editors: goals, suggested tactics and proofs in .lean files, over the language server protocol.

Started by an editor and spoken to on stdin and stdout; set-up for VS Code, Neovim
and Emacs is in docs/editors.md. Works alone or beside Lean's own server
(--no-diagnostics then leaves the messages to that one).
"""

from __future__ import annotations

import argparse

from prover.cli.options import above_zero, add_default_policy_option, add_lean_options, chosen
from prover.errors import EXIT_DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith lsp`."""
    parser.add_argument("--stdio", action="store_true", help="what editors add; it is the only way to speak")
    parser.add_argument("--no-diagnostics", action="store_true", help="Lean's own server runs beside this one")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="warm Lean processes (default %(default)s)")
    add_lean_options(parser, "the workspace lies in one")
    parser.add_argument(
        "--suggest-timeout", type=float, default=4.0, metavar="S", help="seconds for suggestions at a place (default %(default)g)"
    )
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for a proof (default %(default)g)")
    add_default_policy_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serves until the editor ends it."""
    above_zero(args, "workers", "suggest_timeout", "timeout", what="above 0")
    from prover.lean.embedded.worker import EMBEDDED
    from prover.server.lsp import Options, serve
    from prover.server.session import Session

    backend = EMBEDDED if args.project is None else chosen(args)
    choose = None if args.project is not None else lambda root: chosen(args, [root])  # the editor names its workspace
    limits = (args.suggest_timeout, args.timeout)
    with Session(workers=args.workers, memory_mb=args.memory, model=args.policy == "builtin", backend=backend) as session:
        serve(session, Options(not args.no_diagnostics, True, *limits, choose))
    return EXIT_DONE
