"""Serves suggestions, proofs and checks over HTTP, and a page to work on.

Opens a workbench at the address that it prints. Other tools' clients work
unchanged: LeanCopilot, llmstep, LLMLean, Kimina (docs/server.md). It listens on
this machine only; with --host for others it needs a token, which clients send as
`Authorization: Bearer TOKEN`. Ctrl-C ends it: searches under way may finish within
--grace, the others are taken up again by the next server.
"""

from __future__ import annotations

import argparse
import os
import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from prover.cli.daemon import started
from prover.cli.options import add_default_policy_option, add_lean_options, at_least, chosen
from prover.errors import EXIT_DONE, ConfigError, LeanSetupError
from prover.printable import show, tell

if TYPE_CHECKING:
    from prover.server.session import Session

TOKEN_VARIABLE = "PROOFSMITH_TOKEN"
MIN_TOKEN = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith serve`."""
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=23337, metavar="N", help="port; 0 takes a free one (default 23337, LeanCopilot's)"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE",
        help=f"holds the token that requests need (default: the variable {TOKEN_VARIABLE}; without either a new one is made "
        "and shown when --host is not this machine's own)",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a further name by which this server may be asked"
    )
    parser.add_argument(
        "--allow-origin", action="append", default=[], metavar="ORIGIN", help="a page's origin that may use it, https://name:port"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="Lean processes, one more audits (default 2)")
    parser.add_argument(
        "--spares", type=int, default=1, metavar="N", help="further Lean processes, kept for when one is lost (default 1)"
    )
    parser.add_argument("--queue", type=int, default=64, metavar="N", help="requests that may wait; more get 429 (default 64)")
    parser.add_argument("--searches", type=int, default=1, metavar="N", help="proof searches at a time (default 1)")
    parser.add_argument("--max-body", type=float, default=4.0, metavar="MB", help="size of a request (default 4)")
    add_lean_options(parser, "you are in one")
    parser.add_argument("--cold", action="store_true", help="start Lean when it is first needed, not ahead")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="past batches (default runs)")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="the server's own jobs (default RUNS/server)")
    parser.add_argument("--grace", type=float, default=10.0, metavar="S", help="seconds for searches at the end (default 10)")
    parser.add_argument(
        "--daemon", action=argparse.BooleanOptionalAction, default=True,
        help="start the background process, too, which makes other commands quick (`proofsmith daemon --help`; 1.7 GB with its "
        "Leans; default: yes, but not with --cold)",
    )  # fmt: skip
    add_default_policy_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    from prover.server.app import Server, bind, serve
    from prover.server.guard import ServeSettings, is_loopback
    from prover.server.service import Service
    from prover.server.session import Session

    at_least(args, 1, "workers", "searches")
    at_least(args, 0, "spares", "queue")
    if args.searches >= args.workers > 1:
        raise ConfigError(f"--searches is {args.searches}, --workers {args.workers}; leave a worker for other requests")
    if not 0 <= args.port <= 65535:
        raise ConfigError(f"--port is {args.port}; it must be 0 to 65535")
    if not 0 < args.max_body <= 1000 or not 0 <= args.grace < 3600:
        raise ConfigError("--max-body must be above 0 and at most 1000 (MB), --grace 0 to 3600 (seconds)")
    token = _token(args.token_file)
    shown = ""
    if token is None and not is_loopback(args.host):
        token = shown = secrets.token_urlsafe(24)
    settings = ServeSettings(
        host=args.host,
        port=args.port,
        token=token,
        hosts=tuple(args.allow_host),
        origins=tuple(origin.rstrip("/") for origin in args.allow_origin),
        running=args.workers,
        waiting=args.queue,
        jobs_running=args.searches,
        max_body_bytes=int(args.max_body * (1 << 20)),
        runs=args.runs.absolute(),
        state=(args.state or args.runs / "server").absolute(),
        grace_s=args.grace,
    )
    backend = chosen(args)
    listening = bind(settings)
    port = listening.getsockname()[1]
    spares = 0 if args.cold else args.spares
    session = Session(args.workers, args.memory, model=args.policy == "builtin", spares=spares, backend=backend)
    try:
        server = Server(Service(session), settings)
    except BaseException:
        session.close()
        raise
    if not args.cold:
        session.start()
        session.start_audit()
        if args.daemon:
            threading.Thread(target=_start_background, name="daemon", daemon=True).start()
    host = f"[{args.host}]" if ":" in args.host else args.host
    address = f"http://{host}:{port}/"
    show(f"{address}{f'#token={token}' if token else ''}")
    if shown:
        tell(f"made a token for this run: {shown}")
    if args.cold:
        tell(f"ready: {address} (Lean starts with the first request)")
    else:
        tell("starting Lean …")
        threading.Thread(target=_tell_when_ready, args=(session, address), daemon=True).start()
    serve(server, listening)
    return EXIT_DONE


def _start_background() -> None:
    try:
        started()
    except (ConfigError, LeanSetupError) as error:
        tell(f"proofsmith: {error}; other commands start Lean themselves")


def _tell_when_ready(session: Session, address: str) -> None:
    """Says that requests are answered at once, or why they are not."""
    told = ""
    while not (lean := session.readiness).serving:
        if lean.problem is not None and str(lean) != told:
            told = str(lean)
            tell(told)
        time.sleep(0.2)
    tell(f"ready: {address}")


def _token(path: Path | None) -> str | None:
    if path is not None:
        try:
            token = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the token in {path}: {error}") from error
        source = str(path)
    else:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        source = TOKEN_VARIABLE
        if not token:
            return None
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"the token in {source} has to be at least {MIN_TOKEN} printable characters without spaces")
    return token
