"""Serves goals, suggestions, proofs and checks to coding agents (MCP, over stdin and stdout).

Tools: goals, suggest, prove, check, search_premises. They read .lean files below
--workspace and write nothing. Set-up for common agents: docs/server.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.cli.options import add_default_policy_option, add_lean_options, at_least, chosen
from prover.errors import EXIT_DONE, ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith mcp`."""
    parser.add_argument(
        "--workspace", type=Path, default=Path("."), metavar="FOLDER", help="files below it may be read (default: here)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="Lean processes (default 1)")
    add_lean_options(parser, "the workspace lies in one")
    add_default_policy_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serves until stdin ends."""
    from prover.server.mcp_tools import tools
    from prover.server.service import Service
    from prover.server.session import Session

    at_least(args, 1, "workers")
    if not args.workspace.is_dir():
        raise ConfigError(f"--workspace {args.workspace} is not a folder")
    service = Service(Session(args.workers, args.memory, model=args.policy == "builtin", backend=chosen(args, [args.workspace])))
    try:
        tools(service, args.workspace).run("stdio")
    finally:
        service.close()
    return EXIT_DONE
