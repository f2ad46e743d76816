"""Serves goals, suggestions, proofs and checks to coding agents (MCP, over stdin and stdout).

Tools: goals, suggest, prove, check, search_premises. They read .lean files below
--workspace and write nothing. Set-up for common agents: docs/server.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prover.cli.policy_options import add_default_policy_option
from prover.errors import EXIT_DONE, ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith mcp`."""
    parser.add_argument(
        "--workspace", type=Path, default=Path("."), metavar="FOLDER", help="files below it may be read (default: here)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="Lean processes (default 1)")
    parser.add_argument("--memory", type=int, default=3000, metavar="MB", help="ceiling of a Lean process (default 3000)")
    add_default_policy_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serves until stdin ends."""
    from prover.server.mcp_tools import tools
    from prover.server.service import Service
    from prover.server.session import Session

    if args.workers < 1 or args.memory < 1:
        raise ConfigError("--workers and --memory must be at least 1")
    if not args.workspace.is_dir():
        raise ConfigError(f"--workspace {args.workspace} is not a folder")
    service = Service(Session(args.workers, args.memory, model=args.policy == "builtin"))
    try:
        tools(service, args.workspace).run("stdio")
    finally:
        service.close()
    return EXIT_DONE
