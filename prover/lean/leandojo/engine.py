"""Theorems in LeanDojo's own process, as an engine: a process for each theorem that is open.

It opens an untraced theorem (`prover.lean.leandojo.untraced`), or one of a traced repository through `lean_dojo.Dojo`
itself: results are passed through; crashes, timeouts and failures to start are translated.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

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
from prover.lean.answers import Message, ProofView, TacticReply
from prover.lean.engine import Limits
from prover.lean.leandojo.untraced import HIDDEN_TURNSTILE, STARTING, Lines, UntracedDojo
from prover.lean.native.engine import NativeEngine, depend, view_of
from prover.lean.native.library import MODULE, said_in
from prover.lean.native.project import Project
from prover.lean.native.reader import NativeReader
from prover.lean.repl.engine import private_mb
from prover.lean.tactic_text import only_goal, says_sorry, suggests
from prover.lean.targets import Target

LONGEST_TACTIC_BYTES = 3500
"""LeanDojo speaks through a terminal, which cuts lines at 4,096 bytes."""
Result: TypeAlias = TacticState | ProofFinished | ProofGivenUp | LeanError


class OpenedDojo:
    """An entered Dojo of LeanDojo, as a process.

    Args:
        dojo: not entered yet.
        memory_mb: ceiling of the process's own memory.
    """

    def __init__(self, dojo: lean_dojo.Dojo, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self.inside_s = 0.0
        self.first_request: float | None = None
        self.last_reply = 0.0
        self.alive = True
        self._dojo = dojo
        self.first = self._entered()
        threading.Thread(target=self._watch_memory, daemon=True).start()

    @property
    def speaks(self) -> bool:
        """Whether it can be asked what a tactic says."""
        return MODULE in getattr(self._dojo, "additional_imports", ())

    def memory_used_mb(self) -> int:
        """Nothing that counts between theorems: the process ends with its theorem."""
        return 0

    def interrupt(self) -> None:
        """From another thread: ends the process."""
        kill_descendants(self._dojo.proc.pid)

    def kill(self) -> None:
        """Ends the process."""
        if self.alive:
            self.alive = False
            _end(self._dojo)

    def run(self, state: TacticState, tactic: str, timeout_s: float) -> Result:
        """LeanDojo's `run_tac`; what it raises is translated, and the process is gone then."""
        if len(tactic.encode()) > LONGEST_TACTIC_BYTES:
            return LeanError(f"the tactic has more than {LONGEST_TACTIC_BYTES} bytes, LeanDojo's terminal would cut it")
        started = time.monotonic()
        self.first_request = self.first_request or started
        self._dojo.proc.timeout = timeout_s
        try:
            result: Result = self._dojo.run_tac(state, tactic)
            return result
        except DojoTacticTimeoutError as error:
            self.kill()
            raise LeanTimeoutError(f"Lean did not answer within {timeout_s:g} s; it was ended") from error
        except DojoCrashError as error:
            self.kill()
            said = "it ran out of memory" if error.is_out_of_memory else str(error)
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {said}") from error
        except (EOFError, OSError, pexpect.ExceptionPexpect, AssertionError) as error:
            self.kill()
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {type(error).__name__}") from error
        finally:
            self.last_reply = time.monotonic()
            self.inside_s += self.last_reply - started

    def _entered(self) -> TacticState:
        dojo = self._dojo
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
            dojo.proc.delaybeforesend = None
            Lines(dojo.proc, io.StringIO())
        return state

    def _watch_memory(self) -> None:
        pid: int = self._dojo.proc.pid
        while True:
            time.sleep(0.5)
            if not self.alive:
                return
            if private_mb(pid) > self.memory_mb:
                kill_descendants(pid)
                return


class DojoEngine(NativeEngine[OpenedDojo]):
    """See `prover.lean.engine.Engine`. One theorem at a time: entering another ends its process.

    Args:
        project: where Lean runs.
        make: gives a Dojo for a theorem, not entered: an `UntracedDojo`, or `lean_dojo.Dojo(theorem)` of a traced repository.
        memory_mb: ceiling of a process's own memory.
        reader: see `NativeEngine`.
        lean: its version line.
    """

    stays = False

    def __init__(
        self, project: Project, make: Callable[[Target], lean_dojo.Dojo], memory_mb: int = 8000,
        reader: NativeReader | None = None, lean: str = "",
    ) -> None:  # fmt: skip
        super().__init__(project, memory_mb, reader, lean)
        self._make = make
        self._target: Target | None = None

    def new_process(self) -> OpenedDojo:
        """LeanDojo's process for the theorem that is entered."""
        assert self._target is not None
        return OpenedDojo(self._make(self._target), self.memory_mb)

    def enter(self, target: Target) -> ProofView:
        """See `Engine`."""
        if self._target is not target:
            self.close()
        self._target = target
        return _view(self.process.first, False)

    def step(self, view: ProofView, tactic: str, timeout_s: float) -> TacticReply:
        """See `NativeEngine`."""
        state, is_part = view.sid
        result = self._ask(state, tactic, timeout_s)
        notes: tuple[str, ...] = (result.message,) if isinstance(result, TacticState | ProofFinished) and result.message else ()
        if isinstance(result, TacticState | ProofFinished) and suggests(tactic):
            notes = tuple(self.messages(view, tactic, Limits(timeout_s)))
        match result:
            case TacticState():
                return TacticReply(0.0, _view(result, is_part), notes=notes)
            case ProofFinished():
                return TacticReply(0.0, done=True, notes=notes)
            case ProofGivenUp():
                # In a part the other goals were given up, so Lean4Repl never says more than this.
                done = is_part and not says_sorry(tactic)
                return TacticReply(0.0, done=done, gave_up=not done)
        assert isinstance(result, LeanError), result
        return TacticReply(0.0, error=result.error)

    def split(self, view: ProofView) -> list[ProofView]:
        """One state for each goal, the others given up in it. The end of such a part is told by its last goal only."""
        parts: list[ProofView] = []
        for i, goal in enumerate(() if depend(view) else view.goals):
            left = self._ask(view.sid[0], only_goal(i, len(view.goals)), self.timeout_s)
            if not isinstance(left, TacticState) or goals_of(left) != (goal.pp,):
                return []
            parts.append(ProofView((left, True), (goal,)))
        return parts

    def messages(self, view: ProofView, tactic: str, limits: Limits) -> list[str]:
        """See `Engine`: by a tactic of our own that fails with what others say; LeanDojo's process tells only errors."""
        if not self.process.speaks:
            return []
        result = self._ask(view.sid[0], f"proofsmith_says\n{tactic}", limits.timeout_s)
        return (said_in(result.error) or []) if isinstance(result, LeanError) else []

    def says_of(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """See `NativeEngine`: as one tactic on the statement."""
        view = _view(self.process.first, False) if self.alive and self._target is target else self.enter(target)
        reply = self.step(view, f"(\n{proof}\n)", timeout_s)
        return [] if reply.done else [Message("error", reply.error or "it leaves goals", 0, 0)]

    def release(self, views: Sequence[ProofView]) -> None:
        """Ends the theorem's process."""
        self.close()

    def _ask(self, state: TacticState, tactic: str, timeout_s: float) -> Result:
        if not self.alive or self._process is None:
            raise LeanCrashedError("the Lean process was lost between two requests")
        return self._process.run(state, tactic, timeout_s)


def _view(state: TacticState, is_part: bool) -> ProofView:
    return view_of((state, is_part), goals_of(state))


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
