"""Lean processes that were started ahead, by a parent of this process, and are lent to it (`prover.server.daemon`).

A spare has been asked, without waiting, to import Init and to try some tactics; whoever takes it reads the replies. A spare for
searches may be given back: what was made in it is released, and one in which a program of a text ran is ended instead. A spare
for audits is used once.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
from dataclasses import dataclass
from typing import cast

from prover.errors import LeanProcessError, LeanProtocolError
from prover.lean.embedded.process import FURTHER, LeanProcess
from prover.lean.targets import STRICT

SETUP = "noncomputable section\n"
"""In front of every text: definitions need no code generation."""
SEARCH, AUDIT = "search", "audit"
FURTHER_OF = {SEARCH: FURTHER, AUDIT: ()}
"""What a process may load beyond what every process does; one that audits, nothing."""
WARM_UP = """\
theorem warm₁ (n m : Nat) (h : n = m) : m + 0 = n ∧ n + m = m + n := by constructor <;> omega
theorem warm₂ (xs : List Nat) : (xs ++ []).length = xs.length := by simp
theorem warm₃ (p q : Prop) (h : p ∧ q) : q ∧ p := by grind
theorem warm₄ : 2 + 2 = 4 := by decide
"""
MODULES = ("Init",)
MADE = 4
"""So many states are made ahead."""
SETTLE_S = 60.0
LARGEST_MB = 1200
"""A process that has grown beyond this is not given back."""


class _Sibling:
    """In place of the `Popen` of a process that is another process's child: it can be looked at, not waited for."""

    returncode = -9

    def __init__(self, process: subprocess.Popen[bytes], pidfd: int) -> None:
        self.pid, self.stdin, self.stdout = process.pid, process.stdin, process.stdout
        self._pidfd = pidfd

    def poll(self) -> int | None:
        """The exit code, which is not known, once it has ended."""
        return self.returncode if self._over(0.0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end."""
        if not self._over(timeout):
            raise subprocess.TimeoutExpired("Lean", timeout or 0.0)
        return self.returncode

    def _over(self, timeout_s: float | None) -> bool:
        return bool(select.select([self._pidfd], [], [], timeout_s)[0])


@dataclass(eq=False)
class Spare:
    """A process that was started ahead for one use; `greeted`: its replies have been read."""

    use: str
    process: LeanProcess
    pidfd: int
    greeted: bool = False

    @classmethod
    def start(cls, use: str, memory_mb: int) -> Spare:
        """Starts one and does not wait for it. Raises LeanSetupError when there can be none."""
        process = LeanProcess(memory_mb, wait=False, further=FURTHER_OF[use])
        first = process.first_state
        process.ask_ahead("import", modules=list(MODULES))
        process.ask_ahead("elaborate", state=first, text=SETUP)
        process.ask_ahead("elaborate", state=first, text=f"{STRICT}{SETUP}")
        process.ask_ahead("elaborate", state=first + 1, text=WARM_UP)
        process.ask_ahead("release", states=[first, first + 3])
        process.bases |= {(MODULES, False): first + 1, (MODULES, True): first + 2}
        return cls(use, process, os.pidfd_open(process.pid))

    def lent(self, memory_mb: int, stopping: threading.Event) -> LeanProcess:
        """The process, for one that is not its parent."""
        sibling = cast("subprocess.Popen[bytes]", _Sibling(self.process.child, self.pidfd))
        self.process.lent(sibling, memory_mb, stopping)
        return self.process

    def let_go(self) -> None:
        """Closes what this process has open of it, which goes on."""
        os.close(self.pidfd)
        self.process.close_files()

    def end(self) -> None:
        """Ends the process."""
        self.process.kill()
        os.close(self.pidfd)


LENT: list[Spare] = []
"""What this process may take."""
_taken: list[Spare] = []
_lock = threading.Lock()


def take(use: str, memory_mb: int, stopping: threading.Event) -> LeanProcess | None:
    """A process that answers and has imported Init; None when none is lent for this use, or none of them works."""
    while True:
        with _lock:
            spare = next((s for s in LENT if s.use == use), None)
            if spare is None:
                return None
            LENT.remove(spare)
            _taken.append(spare)
        process = spare.lent(memory_mb, stopping)
        try:
            if not spare.greeted:
                states = [a["state"] for a in process.answers_ahead() if "state" in a]
                if states != list(range(process.first_state, process.first_state + MADE)):
                    raise LeanProtocolError(f"the spare Lean numbered its states {states}")
                spare.greeted = True
            if process.alive:
                return process
        except LeanProcessError:
            process.kill()
            if stopping.is_set():
                raise


def spoil(process: LeanProcess) -> None:
    """A program of a text ran in a process: it is not given back."""
    with _lock:
        _taken[:] = [s for s in _taken if s.process is not process]


def kept(process: LeanProcess) -> bool:
    """Whether a process that is not needed any more stays, to be given back."""
    small = process.alive and not process.asked and process.memory_used_mb() <= LARGEST_MB
    return small and any(s.process is process and s.use == SEARCH for s in _taken)


def given_back() -> tuple[list[Spare], list[Spare]]:
    """At the end of this process: the spares that it did not take, and those that are as good as before."""
    good = []
    for spare in _taken:
        with contextlib.suppress(LeanProcessError):
            if spare.use == SEARCH and _is_reusable(spare.process):
                good.append(spare)
    return list(LENT), good


def _is_reusable(process: LeanProcess) -> bool:
    if not process.alive or process.asked or process.memory_used_mb() > LARGEST_MB:
        return False
    found = process.request("settle", SETTLE_S)
    if found["changed"] or found["ran"]:
        return False
    process.request("forget", SETTLE_S, **{"from": process.first_state + MADE})
    return True
