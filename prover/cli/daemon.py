"""The background process that makes the next commands quick: is it there, start it, stop it.

It has Proofsmith loaded and Lean started, and suggest, prove, check, lsp and mcp
are run by it when it is there: the same answers, without the seconds of a start.
`--daemon` of these commands starts it, as `proofsmith serve` does; it ends by
itself after ten minutes without a command. Only its user can reach it, through a
socket in a folder of mode 0700. A process of another version or other settings is
not used. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError, LeanSetupError
from prover.printable import show, tell
from prover.server import handover

SERVED = ("suggest", "prove", "check", "lsp", "mcp")
"""Commands that are handed over."""
IDLE_S = 600.0
ANSWER_S = 10.0
START_S = 180.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith daemon`."""
    parser.add_argument("what", choices=("status", "start", "stop", "run"), help="run: in this process, until it is stopped")
    parser.add_argument(
        "--idle", type=float, default=IDLE_S, metavar="S", help="it ends after so many seconds without a command (default 600)"
    )


def run(args: argparse.Namespace) -> int:
    """Asks it, starts it, stops it, or is it. Exit code 1 when there is none to ask."""
    from prover.cli.options import above_zero

    above_zero(args, "idle")
    if args.what == "run":
        _be(args.idle)
    elif args.what == "start":
        started(args.idle)
        show("running")
    elif (found := asked("stop" if args.what == "stop" else "status")) is None:
        show("not running")
        return EXIT_NOT_PROVED
    elif args.what == "stop":
        show("stopped")
    else:
        same = "" if found["identity"] == handover.identity() else "; of another version or other settings, so it is not used"
        show(
            f"running: process {found['pid']}, version {found['version']}, up {found['up_s']} s, "
            f"{found['commands']['done']} commands done, {found['commands']['under_way']} under way, "
            f"Lean waiting: {found['ready']['search']} to search, {found['ready']['audit']} to audit{same}"
        )
    return EXIT_DONE


def _be(idle_s: float) -> None:
    from prover.cli.main import load, main
    from prover.server.daemon import Daemon

    if not hasattr(os, "pidfd_open"):
        raise ConfigError("the background process needs Linux 5.3 or later")
    daemon = Daemon(handover.folder(), main, idle_s)
    for verb in SERVED:
        load(verb)
    import prover.prove.run
    import prover.server.lsp
    import prover.server.mcp_tools
    import prover.server.session  # noqa: F401 - what the commands import when they begin

    daemon.serve()


def started(idle_s: float = IDLE_S) -> None:
    """Sees to it that one runs that can be used here.

    Raises:
        LeanSetupError: it does not start.
        ConfigError: its folder cannot be used.
    """
    own, place = handover.identity(), handover.folder()
    deadline = time.monotonic() + START_S
    try:
        if (found := asked("status")) is not None:
            if found["identity"] == own:
                return
            asked("stop")
            while _is_held(place) and time.monotonic() < deadline:
                time.sleep(0.05)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with handover.opened(place), (place / handover.LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prover.cli.main", "daemon", "run", "--idle", str(idle_s)],
                cwd=handover.PACKAGES, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
    except (handover.Unusable, OSError) as error:
        raise ConfigError(f"no background process: {error}") from error
    while time.monotonic() < deadline:
        if (found := asked("status")) is not None and found["identity"] == own:
            return
        if process.poll() is not None and not _is_held(place):  # held: another one was quicker
            break
        time.sleep(0.05)
    said = (place / handover.LOG).read_text("utf-8", "replace").strip().splitlines()
    raise LeanSetupError(f"the background process does not start: {said[-1] if said else 'it says nothing'}")


def _is_held(place: Path) -> bool:
    """Whether a process holds the lock: it starts, runs or ends."""
    with handover.opened(place) as at:
        if (lock := handover.locked(at)) is not None:
            os.close(lock)
    return lock is None


def asked(what: str) -> dict[str, Any] | None:
    """Its answer; None when there is none."""
    try:
        with handover.connected(handover.folder(), ANSWER_S) as connection:
            handover.send(connection, {"ask": what})
            return handover.line(connection)
    except (handover.Unusable, OSError, ValueError):
        return None


def handed_over(argv: Sequence[str], wanted: bool | None) -> int | None:
    """Has the background process do a command; its exit code, or None when the command is to be done here.

    Args:
        argv: the command's arguments, its name first.
        wanted: whether one is started when there is none; None: used when it is there; False: not used.
    """
    if wanted is False:
        return None
    if wanted:
        try:
            started()
        except (ConfigError, LeanSetupError) as error:
            tell(f"proofsmith: {error}; going on without it")
            return None
    try:
        with handover.connected(handover.folder(), ANSWER_S) as connection:
            request = {
                "ask": "run", "identity": handover.identity(), "argv": list(argv), "cwd": os.getcwd(), "env": dict(os.environ),
                "umask": _umask(), "encoding": [sys.stdout.encoding, sys.stdout.errors],
            }  # fmt: skip
            handover.send(connection, request, (0, 1, 2))
            first = handover.line(connection)
            if first is None or "pid" not in first:
                return None
            connection.sendall(handover.GO)
            return _waited(connection, int(first["pid"]))
    except (handover.Unusable, OSError, ValueError):
        return None


def _waited(connection: socket.socket, pid: int) -> int | None:
    """Until the command ends; Ctrl-C is passed on to it."""
    connection.settimeout(None)
    while True:
        try:
            last = handover.line(connection)
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            continue
        if last is None:
            tell("proofsmith: the background process was lost; the command is done here")
            return None
        if "problem" in last:
            tell(f"proofsmith: in the background process: {last['problem']}")
        return int(last["exit"])


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
