"""A theorem in LeanDojo's process, for the search.

`LakeDojo` opens an untraced theorem (`prover.lean.leandojo.untraced`), or one of a traced repository through
`lean_dojo.Dojo` itself:
results are passed through, crashes, timeouts and failures to start are translated, and a lost process is replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import threading
import time
from collections.abc import Callable
from typing import Any

import lean_dojo
import pexpect
from lean_dojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_dojo.interaction.dojo import kill_descendants

from prover.errors import LeanCrashedError, LeanSetupError, LeanTimeoutError
from prover.lean.leandojo.untraced import HIDDEN_TURNSTILE, STARTING, Lines, UntracedDojo
from prover.lean.native.library import MODULE, said_in
from prover.lean.recovering import RecoveringDojo, Step
from prover.lean.repl.process import private_mb
from prover.lean.source import Target
from prover.lean.tactic_text import only_goal, says_sorry, suggests

LONGEST_TACTIC_BYTES = 3500
"""LeanDojo speaks through a terminal, which cuts lines at 4,096 bytes."""


class LakeDojo(RecoveringDojo):
    """A theorem in LeanDojo's process, for the search; the surface is `EmbeddedDojo`'s.

    Args:
        target: the theorem (its name and text; for a traced one, what was known of it).
        make: gives a fresh Dojo, not entered: an `UntracedDojo`, or `lean_dojo.Dojo(theorem)` of a traced repository.
        timeout: seconds for a tactic.
        memory_mb: ceiling of the process's own memory.
    """

    def __init__(self, target: Target, make: Callable[[], lean_dojo.Dojo], timeout: float = 10.0, memory_mb: int = 8000) -> None:
        super().__init__(target, timeout)
        self.memory_mb = memory_mb
        self._make = make
        self._dojo: lean_dojo.Dojo | None = None
        self._first: TacticState | None = None
        self._count = 0
        self._watch: threading.Thread | None = None
        self.processes_lost = 0

    def _generation(self) -> int:
        if self._dojo is None:
            self._dojo, self._first = self._entered(self._make())
            self._count += 1
        return self._count

    def _open(self) -> Step:
        self._generation()
        assert self._first is not None
        return Step((self._first, False), goals_of(self._first))

    def _step(self, native: Any, tactic: str) -> Step:
        state, is_part = native
        result = self._run(state, tactic)
        if isinstance(result, TacticState | ProofFinished) and suggests(tactic):
            result = dataclasses.replace(result, message="\n".join(self._messages(native, tactic)))
        match result:
            case TacticState():
                return Step((result, is_part), goals_of(result), message=result.message)
            case ProofFinished():
                return Step(done=True, message=result.message)
            case ProofGivenUp():
                # In a part the other goals were given up, so Lean4Repl never says more than this.
                return Step(done=True) if is_part and not says_sorry(tactic) else Step(gave_up=True)
        assert isinstance(result, LeanError), result
        return Step(error=result.error)

    def _split(self, native: Any, goals: tuple[str, ...]) -> list[Any]:
        """One state for each goal, the others given up in it. The end of such a part is told by its last goal only."""
        parts: list[Any] = []
        for i, goal in enumerate(goals):
            left = self._run(native[0], only_goal(i, len(goals)))
            if not isinstance(left, TacticState) or goals_of(left) != (goal,):
                return []
            parts.append((left, True))
        return parts

    def _messages(self, native: Any, tactic: str) -> list[str]:
        """By a tactic of our own that fails with what others say: LeanDojo's process tells nothing but errors."""
        if MODULE not in getattr(self._dojo, "additional_imports", ()):
            return []
        result = self._run(native[0], f"proofsmith_says\n{tactic}")
        return (said_in(result.error) or []) if isinstance(result, LeanError) else []

    def _run(self, state: TacticState, tactic: str) -> TacticState | ProofFinished | ProofGivenUp | LeanError:
        """LeanDojo's `run_tac`; what it raises is translated, and the process is gone then."""
        if len(tactic.encode()) > LONGEST_TACTIC_BYTES:
            return LeanError(f"the tactic has more than {LONGEST_TACTIC_BYTES} bytes, LeanDojo's terminal would cut it")
        assert self._dojo is not None
        self._dojo.proc.timeout = self.timeout
        try:
            result: TacticState | ProofFinished | ProofGivenUp | LeanError = self._dojo.run_tac(state, tactic)
            return result
        except DojoTacticTimeoutError as error:
            self._lose()
            raise LeanTimeoutError(f"Lean did not answer within {self.timeout:g} s; it was ended") from error
        except DojoCrashError as error:
            said = "it ran out of memory" if error.is_out_of_memory else str(error)
            self._lose()
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {said}") from error
        except (EOFError, OSError, pexpect.ExceptionPexpect, AssertionError) as error:
            self._lose()
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {type(error).__name__}") from error

    def _leave(self) -> None:
        if self._dojo is not None:
            dojo, self._dojo = self._dojo, None
            _end(dojo)

    def _lose(self) -> None:
        self.processes_lost += 1
        self._leave()

    def _entered(self, dojo: lean_dojo.Dojo) -> tuple[lean_dojo.Dojo, TacticState]:
        try:
            with contextlib.nullcontext() if isinstance(dojo, UntracedDojo) else STARTING:
                _, state = dojo.__enter__()
        except DojoInitError as error:
            said = _said(dojo)
            _end(dojo)
            raise _init_error(f"{error}{f'; Lean said: {said}' if said else ''}", said) from error
        except (AssertionError, DojoCrashError, EOFError, ValueError, OSError, pexpect.ExceptionPexpect) as error:
            said = _said(dojo)
            _end(dojo)
            what = str(error) or type(error).__name__
            raise _init_error(f"LeanDojo could not open it: {what}{f'; Lean said: {said}' if said else ''}", said) from error
        if not isinstance(dojo, UntracedDojo):
            dojo.proc.timeout = self.timeout
            dojo.proc.delaybeforesend = None
            Lines(dojo.proc, io.StringIO())
        self._watch = threading.Thread(target=self._watch_memory, args=(dojo,), daemon=True)
        self._watch.start()
        return dojo, state

    def interrupt(self) -> None:
        """From another thread: ends the process that runs."""
        dojo = self._dojo
        if dojo is not None:
            kill_descendants(dojo.proc.pid)

    def _watch_memory(self, dojo: lean_dojo.Dojo) -> None:
        pid: int = dojo.proc.pid
        while True:
            time.sleep(0.5)
            if self._dojo is not dojo:
                return
            if private_mb(pid) > self.memory_mb:
                kill_descendants(pid)
                return


def goals_of(state: TacticState) -> tuple[str, ...]:
    """The goals as text."""
    return tuple(g.replace(HIDDEN_TURNSTILE, "⊢") for g in state.pp.split("\n\n") if "⊢" in g)


def _said(dojo: lean_dojo.Dojo) -> str:
    output = getattr(dojo, "output", None)
    lines = [line.strip() for line in output.getvalue().splitlines() if line.strip()] if output is not None else []
    telling = [line for line in lines if "error" in line] or lines
    return telling[0][:300] if telling else ""


def _init_error(message: str, said: str) -> DojoInitError | LeanSetupError:
    """Where Lean did not even read the file, nothing else will start either."""
    if "invalid -D parameter" in said:
        return LeanSetupError(f"Lean refuses LeanDojo's --memory flag: {said}. Use --lean repl for this project")
    if "Lean4Repl" in said:
        return LeanSetupError(f"Lean cannot load LeanDojo's Lean4Repl: {said}. Use --lean repl for this project")
    return DojoInitError(message)


def _end(dojo: lean_dojo.Dojo) -> None:
    if isinstance(dojo, UntracedDojo):
        dojo.clean_up()
        dojo.scratch.remove()
    elif getattr(dojo, "proc", None) is not None:
        with contextlib.suppress(OSError):
            dojo.__exit__(None, None, None)
