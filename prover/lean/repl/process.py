"""One REPL process: JSON in, JSON out, blank lines between (`prover.lean.process`).

What a tactic prints on stdout would stand in front of the reply and is skipped.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from prover.errors import LeanCrashedError, LeanProcessError, LeanProtocolError, LeanSetupError
from prover.lean.native.lake import environment
from prover.lean.process import SKIPPED, JsonProcess

MAX_REPLY_BYTES = 256 * 1024 * 1024
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


class ReplProcess(JsonProcess):
    """A running REPL."""

    title = "the REPL"
    separator = b"\n\n"

    def __init__(self, argv: list[str], cwd: Path, memory_mb: int, stopping: threading.Event | None = None) -> None:
        super().__init__(argv, memory_mb, environment(()), cwd, None, stopping)
        self._program = argv[-1]

    def memory_used_mb(self) -> int:
        """See `private_mb`."""
        return private_mb(self.pid)

    def max_reply_bytes(self) -> int:
        """Size of the largest answer."""
        return MAX_REPLY_BYTES

    def request(self, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Asks and waits; see `JsonProcess.exchange` for what it raises, after which the process is gone.

        Raises LeanSetupError when it ends or answers nonsense instead of its first answer: the next one would do no better.
        """
        started = time.monotonic()
        try:
            reply = self.exchange(json.dumps(body, ensure_ascii=False).encode() + b"\n\n", timeout_s)
        except LeanProtocolError as error:
            if not self.last_reply:
                raise LeanSetupError(f"{self._program} is no REPL: {error}. {REBUILD}") from error
            raise
        assert isinstance(reply, dict)
        self.last_reply = time.monotonic()
        self.inside_s += self.last_reply - started
        return reply

    def parsed(self, raw: bytes) -> Any:
        """The reply in a piece of output; lines in front of it were printed by somebody else."""
        text = raw.decode(errors="replace").strip()
        at = 0
        while text and at >= 0:
            try:
                found = json.loads(text[at:])
            except ValueError:
                found = None
            if isinstance(found, dict):
                return found
            newline = text.find("\n{", at)
            at = newline + 1 if newline >= 0 else -1
        if text.startswith("{"):
            raise LeanProtocolError(f"the REPL wrote {text[:80]!r}, which is not JSON; it is replaced")
        return SKIPPED

    def death(self, code: int, how: str, lines: list[str]) -> LeanProcessError:
        """A crash; no REPL at all, when it has answered nothing before."""
        said = f" and said: {' '.join(lines[-2:])[:300]}" if lines else f". Likely causes: {CAUSES}"
        if 0 < code < 128 and not self.last_reply:  # above: a signal, of the program that lake started
            return LeanSetupError(f"the REPL ended before its first answer (exit code {code}){said}. {REBUILD}")
        return LeanCrashedError(f"the REPL ended ({how}){said}")
