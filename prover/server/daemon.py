"""The background process: it has everything loaded and Lean processes started, and runs commands that are handed over to it.

Each command runs in a fork of it, with the standard files, the folder and the environment of its client, and with Lean processes
that were started ahead (`prover.lean.embedded.spares`). So a command does what it does alone, and one that is killed takes
nothing with it. The process itself has one thread, and starts Lean without waiting for it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from prover import __version__
from prover.errors import ConfigError, LeanProcessError
from prover.lean.embedded import spares
from prover.lean.embedded.spares import AUDIT, SEARCH, Spare
from prover.printable import tell
from prover.prove.premises import preload
from prover.server import handover

KEPT = {SEARCH: 1, AUDIT: 2}
"""Spares that wait for commands; one for audits is used once, so a second stands behind it."""
NEEDS = {"suggest": (SEARCH,), "prove": (SEARCH, AUDIT), "check": (AUDIT,), "lsp": (SEARCH, AUDIT), "mcp": (SEARCH, AUDIT)}
"""What each command is lent."""
REQUEST_S = 2.0
"""A client has its request ready before it connects."""
GO_S = 30.0
QUICK_S = 5.0
"""A command may be over in so long; then what it was lent is there again, and the processor free."""
RETRY_S = 10.0
LOOKS = 3
SPARE_MB = 3000
Run = Callable[[Sequence[str]], int]


@dataclass(eq=False)
class _Command:
    """A command under way: its process, the client's connection, the pipe on which it says what it gives back."""

    pid: int
    client: socket.socket
    report: int
    lent: list[Spare]
    since: float
    said: bytes = b""


class Daemon:
    """The process that holds everything; one for each user and runtime folder.

    Args:
        place: the folder of the socket (`prover.server.handover`); made when it is not there.
        run: does a command, given its arguments; returns its exit code.
        idle_s: it ends after so many seconds without a command.

    Raises:
        ConfigError: another one runs, or the folder is not this user's alone.
    """

    def __init__(self, place: Path, run: Run, idle_s: float) -> None:
        self._run, self._idle_s = run, idle_s
        self._spares: list[Spare] = []
        self._commands: list[_Command] = []
        self._done = 0
        self._used = self._since = time.monotonic()
        self._refused_until = 0.0
        self._over = False
        self._poll = select.poll()
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=0o700, parents=True)
        with contextlib.ExitStack() as held:
            try:
                self._at = held.enter_context(handover.opened(place))
            except handover.Unusable as error:
                raise ConfigError(f"no background process: {error}") from error
            lock = handover.locked(self._at)
            for _ in range(LOOKS):  # whoever looks whether one runs holds the lock for a moment
                if lock is None:
                    time.sleep(0.1)
                    lock = handover.locked(self._at)
            if lock is None:
                raise ConfigError(f"a background process runs already ({place})")
            held.callback(os.close, lock)
            self._lock, self._held = lock, held.pop_all()
        self.identity = handover.identity()

    def serve(self) -> None:
        """Loads what commands need, then runs them until it is told to stop, or nobody needs it."""
        try:
            preload()
            gc.collect()
            gc.freeze()
            self._listener = self._listen()
            self._poll.register(self._listener, select.POLLIN)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            while not self._over:
                self._keep()
                for file, _ in self._poll.poll(1000):
                    self._hear(file)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(handover.address(self._at))
            for spare in self._spares:
                spare.end()
            self._held.close()

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):  # left by one that was killed; the lock says that it is gone
            os.unlink(handover.address(self._at))
        listener.bind(handover.address(self._at))
        listener.listen(64)
        return listener

    def _stop(self, *_: object) -> None:
        self._over = True

    # ------------------------------------------------------------------ what happens

    def _hear(self, file: int) -> None:
        if file == self._listener.fileno():
            self._accept()
        elif (gone := next((c for c in self._commands if c.client.fileno() == file), None)) is not None:
            self._poll.unregister(file)
            with contextlib.suppress(ProcessLookupError):
                os.kill(gone.pid, signal.SIGKILL)
        elif (command := next((c for c in self._commands if c.report == file), None)) is not None:
            if more := os.read(file, 1 << 16):
                command.said += more
            else:
                self._ended(command)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(REQUEST_S)
        files: list[int] = []
        try:
            if handover.peer(connection) != os.getuid():
                return
            request, files = handover.receive(connection)
            self._answer(request, files, connection)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # whoever asked in this way is not answered
        finally:
            for file in files:
                os.close(file)
            if not any(c.client is connection for c in self._commands):
                connection.close()

    def _answer(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        match request["ask"]:
            case "status":
                handover.tell(connection, self._status())
            case "stop":
                self._stop()
                handover.tell(connection, {"stopped": os.getpid()})
            case "run" if request["identity"] == self.identity and len(files) == 3:
                self._begin(request, files, connection)
            case _:
                handover.tell(connection, {"refused": f"this is Proofsmith {__version__}, of another version or other settings"})

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(), "version": __version__, "identity": self.identity, "up_s": round(time.monotonic() - self._since),
            "commands": {"under_way": len(self._commands), "done": self._done},
            "ready": {use: sum(s.use == use for s in self._spares) for use in KEPT},
        }  # fmt: skip

    # ------------------------------------------------------------------ commands

    def _begin(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        lent = []
        for use in NEEDS.get(request["argv"][0], ()):
            if (spare := next((s for s in self._spares if s.use == use and s.process.alive), None)) is not None:
                self._spares.remove(spare)
                lent.append(spare)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            self._command(request, files, connection, lent, write)
        os.close(write)
        command = _Command(pid, connection, read, lent, time.monotonic())
        self._commands.append(command)
        self._poll.register(read, select.POLLIN)
        self._poll.register(connection, select.POLLRDHUP)  # what the client says is for the command

    def _command(
        self, request: dict[str, Any], files: list[int], client: socket.socket, lent: list[Spare], report: int
    ) -> NoReturn:
        """In the fork: does the command, and ends."""
        code = 70
        try:
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
            atexit._clear()
            self._forget_others(lent)
            _become(request, files)
            spares.LENT[:] = lent
            client.settimeout(GO_S)
            handover.tell(client, {"pid": os.getpid()})
            if client.recv(1) != handover.GO:  # it did not wait
                os._exit(code)
            code = self._run(request["argv"])
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            untouched, good = spares.given_back()
            used = {s.process.pid: s.process.lean for s in good}
            os.write(report, json.dumps([[s.process.pid for s in untouched], used]).encode())
            handover.tell(client, {"exit": code})  # last: when the client is gone, this process is ended
        except BaseException as error:  # noqa: BLE001 - the outermost level of this process
            with contextlib.suppress(Exception):
                handover.tell(client, {"exit": code, "problem": f"{type(error).__name__}: {error}"})
        finally:
            os._exit(code)

    def _forget_others(self, lent: list[Spare]) -> None:
        """Closes what belongs to the parent and to other commands: as long as it is open here, they cannot see an end."""
        self._listener.close()
        os.close(self._at)
        os.close(self._lock)
        for command in self._commands:
            command.client.close()
            os.close(command.report)
            for spare in command.lent:
                spare.let_go()
        for spare in self._spares:
            spare.let_go()

    def _ended(self, command: _Command) -> None:
        self._commands.remove(command)
        self._done += 1
        self._used = time.monotonic()
        self._poll.unregister(command.report)
        with contextlib.suppress(KeyError):
            self._poll.unregister(command.client)
        os.close(command.report)
        _, status = os.waitpid(command.pid, 0)
        if os.WIFSIGNALED(status):
            with contextlib.suppress(OSError):
                handover.tell(command.client, {"exit": 128 + os.WTERMSIG(status)})
        command.client.close()
        try:
            untouched, good = json.loads(command.said)
        except ValueError:
            untouched, good = [], {}
        for spare in command.lent:
            if (lean := good.get(str(spare.process.pid))) is not None:
                spare.greeted, spare.process.lean = True, lean  # what it answered was heard in the command's process
            elif spare.process.pid not in untouched:
                spare.end()
                continue
            self._spares.insert(0, spare)
            of_use = [s for s in self._spares if s.use == spare.use]
            for colder in of_use[KEPT[spare.use] :]:  # they have not worked yet, so they are slower
                self._spares.remove(colder)
                colder.end()

    # ------------------------------------------------------------------ spares, and the end

    def _missing(self, use: str) -> bool:
        return sum(s.use == use for s in self._spares) < KEPT[use]

    def _keep(self) -> None:
        """Starts the spares that are missing, but not beside a command that may soon be over; ends after a long rest."""
        now = time.monotonic()
        if not self._commands and now - self._used > self._idle_s:
            self._over = True
            return
        for spare in [s for s in self._spares if not s.process.alive]:
            self._spares.remove(spare)
            spare.end()
        uses = [use for use in KEPT if self._missing(use)]
        if uses and now > self._refused_until and all(now - c.since > QUICK_S for c in self._commands):
            try:
                self._spares.append(Spare.start(uses[0], SPARE_MB))
            except LeanProcessError as error:
                tell(f"no spare Lean: {error}")
                self._refused_until = now + RETRY_S


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Takes over the client's standard files, folder, environment and arguments."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    encoding, errors = request["encoding"]
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding, errors)  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), encoding, errors, line_buffering=os.isatty(1))  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(open(2, "wb", closefd=False), encoding, "backslashreplace", line_buffering=True)  # noqa: SIM115
    sys.argv = ["proofsmith", *request["argv"]]
