"""One Lean process that is spoken to in JSON over pipes: started, asked, watched, ended.

Pipes and not a pseudo-terminal, which would cut lines at 4,096 bytes. Every request has a deadline. A process that misses it,
dies, writes too much or outgrows its memory is killed with all that it started, and the request fails with an exception that
says which.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from prover.errors import LeanCrashedError, LeanProcessError, LeanProtocolError, LeanSetupError, LeanTimeoutError

WATCH_INTERVAL_S = 0.5
KEPT_STDERR_BYTES = 100_000
SKIPPED = object()
"""In place of the JSON in a piece of output that has none."""


def end_group(pid: int) -> None:
    """Ends a process that leads a group, with the group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class JsonProcess:
    """A running process. Not for several threads at once, but for `interrupt`.

    Args:
        argv: the program and its arguments.
        memory_mb: ceiling of its memory, see `memory_used_mb`.
        env: its environment.
        cwd: where it runs; None: here.
        prepare: run in the child before the program.
        stopping: set by another thread that wants no more of this; waiting ends within half a second.

    `inside_s` is the time in requests, `first_request` and `last_reply` are monotonic times.
    """

    title: ClassVar[str] = "the Lean process"
    separator: ClassVar[bytes] = b"\n"

    def __init__(
        self, argv: Sequence[str], memory_mb: int, env: Mapping[str, str], cwd: Path | None = None,
        prepare: Callable[[], None] | None = None, stopping: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.memory_mb = memory_mb
        self.inside_s = 0.0
        self.first_request: float | None = None
        self.last_reply = 0.0
        self._stopping = stopping or threading.Event()
        self.silence_s: float | None = None
        """A request under way is given up when nothing is heard for so long."""
        self._heard = 0.0
        self._ended = False
        self.asked = False
        """Whether a request is under way, or went wrong."""
        self._buffer = bytearray()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill()
        try:
            self._process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, preexec_fn=prepare,
                start_new_session=True,  # Ctrl-C is for us to handle
            )  # fmt: skip
        except OSError as error:
            self._stderr.close()
            raise LeanSetupError(f"{argv[0]} cannot be run: {error.strerror or error}") from error
        assert self._process.stdout is not None and self._process.stdin is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        os.set_blocking(self._process.stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def memory_used_mb(self) -> int:
        """Memory now, in MB; 0 when the process is gone."""
        raise NotImplementedError

    @property
    def child(self) -> subprocess.Popen[bytes]:
        """The process as its parent has it."""
        return self._process

    def lent(self, child: subprocess.Popen[bytes], memory_mb: int, stopping: threading.Event) -> None:
        """Used from now on by a process that did not start it: `child` stands for what only its parent can wait for."""
        self._process, self.memory_mb, self._stopping = child, memory_mb, stopping

    def interrupt(self) -> None:
        """From another thread: ends the process; the request under way fails as if it had died."""
        self._stopping.set()
        self._signal_end()

    def kill(self) -> None:
        """Ends the process at once, with all that it may have started."""
        self._ended = True
        self._signal_end()
        self._process.wait()
        self.close_files()

    def close_files(self) -> None:
        """Closes what this process has open of it."""
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    # ------------------------------------------------------------------ for those who make requests of this

    def exchange(self, message: bytes, timeout_s: float) -> object:
        """Sends a message and waits for the JSON that answers it.

        Raises LeanTimeoutError past `timeout_s`, LeanCrashedError when the process dies or outgrows its memory, and
        LeanProtocolError when it answers what is not JSON; it is gone then.
        """
        if self._ended:
            raise LeanCrashedError(f"{self.title} was ended before this request")
        started = time.monotonic()
        self.first_request = self.first_request or started
        self._heard = started
        self.asked = True
        try:
            self._write(message, started + timeout_s, timeout_s)
            reply = self.receive(started + timeout_s, timeout_s)
            self.asked = False
            return reply
        except (LeanProtocolError, KeyboardInterrupt):
            self.kill()
            raise

    def send(self, message: bytes) -> None:
        """Sends a message whose answer somebody waits for later; it has to fit into the pipe."""
        self._write(message, time.monotonic(), 0.0)

    def receive(self, deadline: float, timeout_s: float) -> object:
        """The next JSON that it writes."""
        assert self._process.stdout is not None
        searched = 0
        while True:
            end = self._buffer.find(self.separator, max(0, searched - 1))
            if end >= 0:
                raw = bytes(self._buffer[:end])
                del self._buffer[: end + len(self.separator)]
                searched = 0
                if (reply := self.parsed(raw)) is not SKIPPED:
                    return reply
                self._heard = time.monotonic()
                continue
            searched = len(self._buffer)
            if searched > self.max_reply_bytes():
                raise LeanProtocolError(f"{self.title} wrote more than {self.max_reply_bytes()} bytes at once; it is replaced")
            now = time.monotonic()
            left = deadline - now
            if self.silence_s is not None:
                left = min(left, self._heard + self.silence_s - now)
            if left <= 0:
                self._expire(now - self._heard if left < deadline - now else timeout_s)
            self._look_up()
            if not self._selector.select(min(left, WATCH_INTERVAL_S)):
                used = self.memory_used_mb()
                if used > self.memory_mb:
                    self.kill()
                    raise LeanCrashedError(f"{self.title} used {used} MB, its ceiling is {self.memory_mb} MB; it was ended")
                continue
            try:
                chunk = self._receive(self._process.stdout.fileno())
            except BlockingIOError:
                continue
            if not chunk:
                self._died()
            self._buffer += chunk.replace(b"\r", b"")

    def parsed(self, raw: bytes) -> Any:
        """The JSON in a piece of output; SKIPPED: it is none of the process's own."""
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise LeanProtocolError(f"{self.title} wrote {raw[:80]!r}, which is not JSON; it is replaced") from error

    def max_reply_bytes(self) -> int:
        """Size of the largest answer."""
        raise NotImplementedError

    def death(self, code: int, how: str, lines: list[str]) -> LeanProcessError:
        """What to raise for a process that ended by itself; `lines` are those of its stderr."""
        raise NotImplementedError

    # ------------------------------------------------------------------ below

    def _receive(self, fd: int) -> bytes:
        """What can be read now; empty when the process has closed its end."""
        return os.read(fd, 1 << 20)

    def _signal_end(self) -> None:
        if self._process.poll() is None:  # else its number may be another's by now
            end_group(self._process.pid)

    def _write(self, message: bytes, deadline: float, timeout_s: float) -> None:
        assert self._process.stdin is not None
        rest = memoryview(message)
        while rest:
            try:
                rest = rest[os.write(self._process.stdin.fileno(), rest) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._expire(timeout_s)
                self._look_up()
                time.sleep(0.001)
            except (OSError, ValueError):
                self._died()

    def _look_up(self) -> None:
        """While it waits: whether somebody wants it to stop."""
        if self._stopping.is_set():
            self.kill()
            raise LeanCrashedError(f"{self.title} was ended: the run is being stopped")

    def _expire(self, timeout_s: float) -> NoReturn:
        self.kill()
        raise LeanTimeoutError(f"{self.title} did not answer within {timeout_s:g} s; it was ended")

    def _died(self) -> NoReturn:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:  # it closed its output and goes on
            self._signal_end()
            code = self._process.wait()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - KEPT_STDERR_BYTES))
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").splitlines() if line.strip()]
        self.kill()
        raise self.death(code, f"signal {-code}" if code < 0 else f"exit code {code}", lines)
