"""One REPL process: JSON in, JSON out, blank lines between; deadline, memory ceiling, and an end with all it started.

A pipe and not a pseudo-terminal: a terminal cuts lines at 4,096 bytes. What a tactic prints on stdout would stand in front
of the reply and is skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from prover.errors import LeanCrashedError, LeanProtocolError, LeanSetupError, LeanTimeoutError
from prover.lean.native.lake import end_group, environment

MAX_REPLY_BYTES = 256 * 1024 * 1024
WATCH_INTERVAL_S = 0.5
CAUSES = "not enough memory, a REPL built for another Lean than the project's, or an uncaught exception in it"

REBUILD = "Build it with the project's Lean: lake build repl in the project, or see `proofsmith doctor`"


def private_mb(pid: int) -> int:
    """Memory of a process and its children in MB, without what they map and share: compiled libraries are gigabytes."""
    total = 0
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        for process in [leader, *leader.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                memory = process.memory_info()
                total += memory.rss - getattr(memory, "shared", 0)
    return int(total / 1e6)


class ReplProcess:
    """A running REPL. Not for several threads at once, but for `interrupt`.

    `inside_s` is the time in requests; `first_request` and `last_reply` are monotonic times.
    """

    def __init__(self, argv: list[str], cwd: Path, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self.inside_s = 0.0
        self.first_request: float | None = None
        self.last_reply = 0.0
        self._program = argv[-1]
        self._buffer = bytearray()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill
        try:
            self._process = subprocess.Popen(
                argv, cwd=cwd, env=environment(()), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr,
                start_new_session=True,
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
        """Whether it runs."""
        return self._process.poll() is None

    def memory_used_mb(self) -> int:
        """See `private_mb`."""
        return private_mb(self._process.pid)

    def request(self, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Asks and waits. After an exception the process is gone.

        Raises LeanTimeoutError past `timeout_s`, LeanCrashedError when it dies or outgrows its memory, LeanProtocolError
        when it answers what is not JSON, and LeanSetupError when it does either instead of its first answer: the next
        one would do no better.
        """
        started = time.monotonic()
        self.first_request = self.first_request or started
        deadline = started + timeout_s
        try:
            self._write(json.dumps(body, ensure_ascii=False).encode() + b"\n\n", deadline, timeout_s)
            reply = self._read(deadline, timeout_s)
        except LeanProtocolError as error:
            self.kill()
            if not self.last_reply:
                raise LeanSetupError(f"{self._program} is no REPL: {error}. {REBUILD}") from error
            raise
        self.last_reply = time.monotonic()
        self.inside_s += self.last_reply - started
        return reply

    def interrupt(self) -> None:
        """From another thread: ends the process; the request under way fails as if it had died."""
        end_group(self._process.pid)

    def kill(self) -> None:
        """Ends it, with all that it started."""
        end_group(self._process.pid)
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _write(self, line: bytes, deadline: float, timeout_s: float) -> None:
        assert self._process.stdin is not None
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._process.stdin.fileno(), rest) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._expire(timeout_s)
                time.sleep(0.001)
            except (OSError, ValueError):
                self._died()

    def _read(self, deadline: float, timeout_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        searched = 0
        while True:
            end = self._buffer.find(b"\n\n", max(0, searched - 1))
            if end >= 0:
                text = bytes(self._buffer[:end]).decode(errors="replace").strip()
                del self._buffer[: end + 2]
                searched = 0
                if text and (reply := _json(text)) is not None:
                    return reply
                if text.startswith("{"):
                    raise LeanProtocolError(f"the REPL wrote {text[:80]!r}, which is not JSON; it is replaced")
                continue
            searched = len(self._buffer)
            if searched > MAX_REPLY_BYTES:
                raise LeanProtocolError(f"the REPL wrote more than {MAX_REPLY_BYTES} bytes at once; it is replaced")
            left = deadline - time.monotonic()
            if left <= 0:
                self._expire(timeout_s)
            if not self._selector.select(min(left, WATCH_INTERVAL_S)):
                used = self.memory_used_mb()
                if used > self.memory_mb:
                    self.kill()
                    raise LeanCrashedError(f"the REPL used {used} MB, its ceiling is {self.memory_mb} MB; it was ended")
                continue
            try:
                chunk = os.read(self._process.stdout.fileno(), 1 << 20)
            except BlockingIOError:
                continue
            if not chunk:
                self._died()
            self._buffer += chunk.replace(b"\r", b"")

    def _expire(self, timeout_s: float) -> None:
        self.kill()
        raise LeanTimeoutError(f"the REPL did not answer within {timeout_s:g} s; it was ended")

    def _died(self) -> None:
        code = self._process.wait()
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").splitlines() if line.strip()]
        said = f" and said: {' '.join(lines[-2:])[:300]}" if lines else f". Likely causes: {CAUSES}"
        self.kill()
        if 0 < code < 128 and not self.last_reply:  # above: a signal, of the program that lake started
            raise LeanSetupError(f"the REPL ended before its first answer (exit code {code}){said}. {REBUILD}")
        raise LeanCrashedError(f"the REPL ended ({f'signal {-code}' if code < 0 else f'exit code {code}'}){said}")


def _json(text: str) -> dict[str, Any] | None:
    """The reply in a piece of output; lines in front of it were printed by somebody else."""
    at = 0
    while at >= 0:
        try:
            found = json.loads(text[at:])
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        newline = text.find("\n{", at)
        at = newline + 1 if newline >= 0 else -1
    return None
