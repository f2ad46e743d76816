"""One Lean host process: started, asked, watched, ended.

Requests and replies are JSON lines over pipes; a pseudo-terminal would cut lines at 4,096 bytes. Every request has a
deadline. A process that misses it, dies, answers nonsense or outgrows its memory is killed and the request fails with an
exception that says which; the caller starts another process (`prover.lean.embedded.worker`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from prover.errors import DataError, LeanCrashedError, LeanProtocolError, LeanSetupError, LeanTimeoutError
from prover.lean.embedded import package, protocol, shapes

HOST = Path(__file__).parents[1] / "host" / "main.cjs"
STACK_MB = 900
"""The elaborator recurses deeply; with Node's own stack, `decide` on a small bound ended the process."""
DEFAULT_MEMORY_MB = 3000
START_TIMEOUT_S = 180.0
MAX_LINE_BYTES = 512 * 1024 * 1024
MAX_WRITTEN_BYTES = 64 * 1024 * 1024
"""No file that the process writes may grow beyond this; what Lean prints on stderr is kept in one."""
WATCH_INTERVAL_S = 0.5
IDS_APART = 1_000_000_000
"""Ids of one process are never those of another, so an id that outlived its process is not misread."""


class RequestRefused(DataError):
    """Lean could not do what was asked, for a reason that lies in the request: a module that is not there, say."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LeanStartError(LeanSetupError):
    """A process that was started did not come so far as to answer; perhaps the next one does."""


class LeanProcess:
    """A running host. Not for several threads at once, but for `interrupt`.

    Args:
        memory_mb: ceiling of its resident memory.
        stopping: set by another thread that wants no more of this; waiting ends within half a second.

    `inside_s` is the time that the process spent in requests, `waiting_s` the time between first request and last reply.
    """

    _numbers = itertools.count()

    def __init__(self, memory_mb: int = DEFAULT_MEMORY_MB, stopping: threading.Event | None = None) -> None:
        found = package.ensure()
        self.memory_mb = memory_mb
        self.inside_s = 0.0
        self.first_request: float | None = None
        self.last_reply = 0.0
        self.lean = ""
        self._stopping = stopping or threading.Event()
        self._ended = False
        self._next_id = 1
        self._buffer = bytearray()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill()
        self._process = subprocess.Popen(
            self._command(found),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=_environment(),
            preexec_fn=_set_limits,
            start_new_session=True,  # Ctrl-C is for us to handle
        )
        assert self._process.stdout is not None and self._process.stdin is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        os.set_blocking(self._process.stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        try:
            reply = protocol.checked(self._read_reply(time.monotonic() + START_TIMEOUT_S, START_TIMEOUT_S), 0)
            self.lean = shapes.check("hello", reply.get("ok"))["lean"]
        except (LeanCrashedError, LeanProtocolError) as error:
            self.kill()
            raise LeanStartError(f"the embedded Lean does not start: {error}. Try: proofsmith setup --check") from error
        except LeanTimeoutError as error:
            raise LeanSetupError(f"the embedded Lean did not start within {START_TIMEOUT_S:.0f} s") from error
        except BaseException:
            self.kill()
            raise

    def _command(self, found: package.EmbeddedPackage) -> list[str]:
        """The program and its arguments."""
        first_id = next(self._numbers) * IDS_APART + 1
        stack = f"--stack-size={(STACK_MB - 100) * 1024}"
        return [str(found.node), stack, *_permissions(found), str(HOST), str(found.root), str(found.lib_dir), str(first_id)]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def memory_used_mb(self) -> int:
        """Resident memory now, in MB; 0 when the process is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss / 1e6)
        except psutil.Error:
            return 0

    def request(self, op: str, timeout_s: float, **fields: Any) -> protocol.Json:
        """Asks and waits.

        Args:
            op: the operation, see host/main.cjs.
            timeout_s: seconds after which the process is killed.
            fields: the operation's arguments.

        Returns:
            The `ok` part of the reply.

        Raises:
            RequestRefused: the process is well, the request is not.
            LeanTimeoutError, LeanCrashedError, LeanProtocolError: the process is gone.
        """
        if self._ended:
            raise LeanCrashedError("the Lean process was ended before this request")
        request_id, self._next_id = self._next_id, self._next_id + 1
        line = json.dumps({"id": request_id, "op": op, **fields}, ensure_ascii=True).encode() + b"\n"
        started = time.monotonic()
        self.first_request = self.first_request or started
        deadline = started + timeout_s
        try:
            self._write(line, deadline, timeout_s)
            reply = protocol.checked(self._read_reply(deadline, timeout_s), request_id)
            if "ok" in reply:
                shapes.check(op, reply["ok"])
        except (LeanProtocolError, KeyboardInterrupt):
            self.kill()
            raise
        self.last_reply = time.monotonic()
        inside_ms = reply.get("inside_ms", 0)
        self.inside_s = inside_ms / 1000 if isinstance(inside_ms, int) else 0.0
        if "ok" in reply:
            ok: protocol.Json = reply["ok"]
            return ok
        error = reply["error"] if isinstance(reply["error"], dict) else {}
        kind, message = str(error.get("kind")), str(error.get("message", ""))
        if kind == "crash":
            self.kill()
            raise LeanCrashedError(f"Lean crashed during {op!r}: {message.splitlines()[0] if message else 'no message'}")
        if kind == "gone":
            raise LeanCrashedError(f"the Lean process that held it is gone: {message}")
        raise RequestRefused(kind, message)

    def interrupt(self) -> None:
        """From another thread: ends the process; the request under way fails as if it had died."""
        self._stopping.set()
        self._signal_end()

    def kill(self) -> None:
        """Ends the process at once, with all that it may have started."""
        self._ended = True
        self._signal_end()
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _signal_end(self) -> None:
        if self._process.poll() is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _write(self, line: bytes, deadline: float, timeout_s: float) -> None:
        assert self._process.stdin is not None
        fd = self._process.stdin.fileno()
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._expire(timeout_s)
                self._look_up()
                time.sleep(0.001)
            except OSError:
                self._died()

    def _read_reply(self, deadline: float, timeout_s: float) -> object:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                try:
                    return json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise LeanProtocolError(
                        f"the Lean host wrote {line[:80]!r}, which is not JSON; it is replaced"
                    ) from error
            searched = len(self._buffer)
            if searched > MAX_LINE_BYTES:
                raise LeanProtocolError(f"the Lean host wrote a line of more than {MAX_LINE_BYTES} bytes; it is replaced")
            left = deadline - time.monotonic()
            if left <= 0:
                self._expire(timeout_s)
            self._look_up()
            if not self._selector.select(min(left, WATCH_INTERVAL_S)):
                used = self.memory_used_mb()
                if used > self.memory_mb:
                    self.kill()
                    raise LeanCrashedError(f"Lean used {used} MB, its ceiling is {self.memory_mb} MB; it was ended")
                continue
            try:
                chunk = self._receive(fd)
            except BlockingIOError:
                continue
            if not chunk:
                self._died()
            self._buffer += chunk

    def _receive(self, fd: int) -> bytes:
        """What can be read now; empty when the process has closed its end."""
        return os.read(fd, 1 << 20)

    def _look_up(self) -> None:
        """While it waits: whether somebody wants it to stop."""
        if self._stopping.is_set():
            self.kill()
            raise LeanCrashedError("the Lean process was ended: the run is being stopped")

    def _expire(self, timeout_s: float) -> None:
        self.kill()
        raise LeanTimeoutError(f"Lean did not answer within {timeout_s:g} s; it was ended")

    def _died(self) -> None:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:  # it closed its output and goes on
            self._signal_end()
            code = self._process.wait()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 100_000))
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").splitlines()]
        telling = [line for line in lines if "rror" in line and "DEBUG" not in line]
        said = f": {telling[-1][:200]}" if telling else ""
        self.kill()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise LeanCrashedError(f"the Lean process ended ({how}){said}")


def _set_limits() -> None:
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    wanted = STACK_MB * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_STACK, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    size = MAX_WRITTEN_BYTES if hard == resource.RLIM_INFINITY else min(MAX_WRITTEN_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def _permissions(found: package.EmbeddedPackage) -> list[str]:
    """What Node's permission model grants: the package and our programs to read, the corrected script to write, threads.

    `@[extern]` in a Lean file can call Lean's C library, which starts programs and opens files through Node. The script has
    nothing behind such calls any more (`host/glue.cjs`); this stands behind the script.
    """
    readable = (found.root, found.lib_dir, HOST.parent)
    return [
        "--permission", "--allow-worker", *(f"--allow-fs-read={folder}" for folder in readable),
        f"--allow-fs-write={found.root}/lean.host-*",
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """Nothing of the user's environment reaches Lean but what Node needs to start."""
    return {key: os.environ[key] for key in ("PATH", "LANG", "PROOFSMITH_DEBUG") if key in os.environ}
