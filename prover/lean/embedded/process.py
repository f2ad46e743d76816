"""One host process of the embedded Lean, asked in JSON lines (`prover.lean.process`).

A request that fails costs the process; the caller starts another (`prover.lean.embedded.worker`).
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from prover.errors import DataError, LeanCrashedError, LeanProcessError, LeanProtocolError, LeanSetupError, LeanTimeoutError
from prover.lean.embedded import package, prepared, protocol
from prover.lean.process import SKIPPED, JsonProcess

HOST = Path(__file__).parents[1] / "host" / "main.cjs"
STACK_MB = 900
"""The elaborator recurses deeply; with Node's own stack, `decide` on a small bound ended the process."""
DEFAULT_MEMORY_MB = 3000
START_TIMEOUT_S = 180.0
MAX_LINE_BYTES = 512 * 1024 * 1024
MAX_WRITTEN_BYTES = 64 * 1024 * 1024
"""No file that the process writes may grow beyond this; what Lean prints on stderr is kept in one."""
LAZY = "--wasm-lazy-validation"
"""A function of the module, whose hash set-up has checked, is validated when it is first compiled; most are never called."""
IDS_APART = 1_000_000_000
"""Ids of one process are never those of another, so an id that outlived its process is not misread."""
FURTHER = ("refute", "mutation")
"""Folders of the host with programs that not every process needs; one that audits has none of them."""


class RequestRefused(DataError):
    """Lean could not do what was asked, for a reason that lies in the request: a module that is not there, say."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LeanStartError(LeanSetupError):
    """A process that was started did not come so far as to answer; perhaps the next one does."""


class LeanProcess(JsonProcess):
    """A running host. `inside_s` is by its own clock; `start_parts` tells where its start spent time, see `host/boot.cjs`.

    Args:
        memory_mb: ceiling of its resident memory.
        stopping: see `JsonProcess`.
        wait: until it answers; without, `answers_ahead` comes before the first request.
        further: the folders of the host, of `FURTHER`, that the process may load.
    """

    title = "Lean"
    _numbers = itertools.count()

    def __init__(
        self,
        memory_mb: int = DEFAULT_MEMORY_MB,
        stopping: threading.Event | None = None,
        wait: bool = True,
        further: tuple[str, ...] = FURTHER,
    ) -> None:
        self._running: int | None = None
        self._further = further
        self.first_state = next(self._numbers) * IDS_APART + 1
        super().__init__(self._command(package.ensure()), memory_mb, _environment(), None, _set_limits, stopping)
        self.lean = ""
        self.start_parts: list[protocol.Json] = []
        self.bases: dict[tuple[tuple[str, ...], bool], int] = {}
        """States behind imports, strict or not, that were made ahead (`prover.lean.embedded.spares`)."""
        self._next_id = 1
        self._ahead: list[tuple[int, str]] = []
        if wait:
            self.greet()

    def greet(self) -> None:
        """Waits until the process answers. Raises LeanSetupError when it does not."""
        try:
            reply = protocol.checked(self.receive(time.monotonic() + START_TIMEOUT_S, START_TIMEOUT_S), 0)
            hello = protocol.read("hello", reply.get("ok"))
            self.lean, self.start_parts = hello["lean"], hello["start"]
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
        start = prepared.ensure(found)
        stack = f"--stack-size={(STACK_MB - 100) * 1024}"
        readable = [start, found.lib_dir, *(p for p in HOST.parent.iterdir() if p.is_file())]
        readable += [HOST.parent / name for name in self._further]
        program = [str(found.node), stack, LAZY, *_permissions(readable), str(HOST)]
        return [*program, str(start), str(found.lib_dir), str(self.first_state), ",".join(self._further)]

    def memory_used_mb(self) -> int:
        """Resident memory now, in MB; 0 when the process is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss / 1e6)
        except psutil.Error:
            return 0

    def cpu_used_s(self) -> float:
        """Processor time so far, in seconds; 0 when the process is gone."""
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def max_reply_bytes(self) -> int:
        """Size of the largest answer."""
        return MAX_LINE_BYTES

    def parsed(self, raw: bytes) -> Any:
        """A reply; a line that says which tactic begins is noted and skipped."""
        reply = super().parsed(raw)
        if isinstance(reply, dict) and "running" in reply:
            self._running = reply["running"]
            return SKIPPED
        return reply

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
            LeanTimeoutError, LeanCrashedError, LeanProtocolError: the process is gone; `running` is the tactic that it was at.
        """
        request_id, line = self._line(op, fields)
        return self._answer(request_id, op, lambda: self.exchange(line, timeout_s))

    def ask_ahead(self, op: str, **fields: Any) -> None:
        """Sends a small request; `answers_ahead` waits for the reply."""
        request_id, line = self._line(op, fields)
        self._ahead.append((request_id, op))
        self.send(line)

    def answers_ahead(self) -> list[protocol.Json]:
        """The replies to what was asked ahead, the greeting read before them; raises what `request` does."""
        self.greet()
        asked, self._ahead = self._ahead, []
        deadline = time.monotonic() + START_TIMEOUT_S
        return [self._answer(*one, lambda: self.receive(deadline, START_TIMEOUT_S)) for one in asked]

    def _line(self, op: str, fields: dict[str, Any]) -> tuple[int, bytes]:
        request_id, self._next_id = self._next_id, self._next_id + 1
        return request_id, json.dumps({"id": request_id, "op": op, **fields}, ensure_ascii=True).encode() + b"\n"

    def _answer(self, request_id: int, op: str, exchange: Callable[[], object]) -> protocol.Json:
        self._running = None
        try:
            reply = protocol.checked(exchange(), request_id)
            ok = protocol.read(op, reply["ok"]) if "ok" in reply else None
        except LeanProcessError as lost:
            lost.running = self._running
            if isinstance(lost, LeanProtocolError):
                self.kill()
            raise
        self.last_reply = time.monotonic()
        inside_ms = reply.get("inside_ms", 0)
        self.inside_s = inside_ms / 1000 if isinstance(inside_ms, int) else 0.0
        if ok is not None:
            return ok
        error = reply["error"] if isinstance(reply["error"], dict) else {}
        kind, message = str(error.get("kind")), str(error.get("message", ""))
        if kind == "crash":
            self.kill()
            crash = LeanCrashedError(f"Lean crashed during {op!r}: {message.splitlines()[0] if message else 'no message'}")
            crash.running = self._running
            raise crash
        if kind == "gone":
            raise LeanCrashedError(f"the Lean process that held it is gone: {message}")
        raise RequestRefused(kind, message)

    def death(self, code: int, how: str, lines: list[str]) -> LeanProcessError:
        """A crash, with the last error that it told."""
        telling = [line for line in lines if "rror" in line and "DEBUG" not in line]
        return LeanCrashedError(f"the Lean process ended ({how})" + (f": {telling[-1][:200]}" if telling else ""))


def _set_limits() -> None:
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    wanted = STACK_MB * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_STACK, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    size = MAX_WRITTEN_BYTES if hard == resource.RLIM_INFINITY else min(MAX_WRITTEN_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def _permissions(readable: Sequence[Path]) -> list[str]:
    """What Node's permission model grants: the library, the prepared start and the programs in use to read; threads.

    `@[extern]` in a Lean file can call Lean's C library, which starts programs and opens files through Node. The script has
    nothing behind such calls any more (`host/glue.cjs`); this stands behind the script.
    """
    return ["--permission", "--allow-worker", *(f"--allow-fs-read={path}" for path in readable)]


def _environment() -> dict[str, str]:
    """Nothing of the user's environment reaches Lean but what Node needs to start."""
    return {key: os.environ[key] for key in ("PATH", "LANG", "PROOFSMITH_DEBUG") if key in os.environ}
