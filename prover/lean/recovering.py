"""A `lean_dojo.Dojo` over a native process that can be lost at any tactic.

States are known by how they came about. When the process is gone, the ones that are needed again are made again in the
next one, by opening the theorem anew and running the tactics that led to them. What differs between the REPL and LeanDojo
is below four methods.
"""

from __future__ import annotations

import json
import re
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lean_dojo
from lean_dojo import (
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.errors import LeanProcessError, LeanSetupError, LeanTimeoutError
from prover.lean.commands import masked
from prover.lean.embedded.dojo import WARM_UP, WARM_UP_TIMEOUT_S
from prover.lean.results import Result, TacticTimeout, reply_of, tactic_state
from prover.lean.source import Target
from prover.lean.tactic_text import mentions_metavariables, no_tactic, searches_library

MAX_LOST = 20
"""So many processes lost over one theorem mean that something else is wrong."""
HOPELESS = -1  # in place of a process's number: one was lost over the index of these imports, no other will try
SORRY = re.compile(r"\bsorry\b")
SEVERAL = re.compile(r"[\n;]")
DOES_NOT_PARSE = re.compile(r"<\w+>:\d+:\d+: ")


@dataclass(frozen=True)
class Step:
    """What a tactic did: exactly one of `goals`, `done`, `gave_up`, `error` tells. `native` names the new state."""

    native: Any = None
    goals: tuple[str, ...] | None = None
    done: bool = False
    gave_up: bool = False
    error: str | None = None
    message: str | None = None


@dataclass
class _Known:
    parent: int | None
    tactic: str
    part: int | None = None
    goals: tuple[str, ...] = ()
    generation: int = -1
    native: Any = None


class RecoveringDojo(lean_dojo.Dojo):
    """A theorem, open for tactics; `ProofFinished` is a candidate, and the audit has the last word.

    Args:
        target: the theorem.
        timeout: seconds for a single tactic; one that takes longer costs its process.
    """

    def __init__(self, target: Target, timeout: float) -> None:
        self.entry = target
        self.timeout = timeout
        self.additional_imports: list[str] = []
        self.file_path = target.file.path or Path("<statement>")
        self.is_successful = False
        self.is_crashed = False
        self.has_timedout = False
        self.lean_ms = 0.0
        self.crashes = 0
        self.set_aside: list[str] = []
        self._states: dict[int, _Known] = {}
        self._warm: set[tuple[int, tuple[str, ...]]] = set()
        self._cannot_judge = False

    # ------------------------------------------------------------------ what a native process can do

    @abstractmethod
    def _generation(self) -> int:
        """Counts processes; starts one when there is none."""

    @abstractmethod
    def _open(self) -> Step:
        """Opens the theorem in the present process. Raises DojoInitError when it cannot be."""

    @abstractmethod
    def _step(self, native: Any, tactic: str) -> Step:
        """Runs a tactic on a state of the present process. Raises LeanProcessError when the process is lost."""

    @abstractmethod
    def _leave(self) -> None:
        """Lets go of the theorem."""

    def _split(self, native: Any, goals: tuple[str, ...]) -> list[Any]:
        """States that hold one goal each, when the process can make such; else none."""
        return []

    def _holds(self, proof: str) -> bool:
        """Whether a whole proof is taken: here, as one tactic on the statement."""
        return self._step(self._locate(0), f"(\n{proof}\n)").done

    def _messages(self, native: Any, tactic: str) -> list[str]:
        """What a tactic says, when the process can be asked for it; else nothing."""
        return []

    # ------------------------------------------------------------------ LeanDojo's surface

    uses_tactics = property(lambda self: True, doc="A theorem is open, so tactics are what it takes.")
    uses_commands = property(lambda self: False, doc="No commands here.")

    def __enter__(self) -> tuple[RecoveringDojo, TacticState]:
        """Opens the theorem. Raises DojoInitError when it cannot be opened, LeanSetupError when nothing can."""
        target: Target = self.entry
        if target.problem is not None:
            raise DojoInitError(target.problem)
        self._states[0] = _Known(None, "")
        try:
            self._locate(0)
            if any(SORRY.search(masked(goal)) for goal in self._states[0].goals):
                raise DojoInitError("the statement, or a hypothesis that it is given, was elaborated with a hole (sorry)")
            return self, self._tactic_state(0)
        except BaseException as error:
            self._leave()
            if isinstance(error, LeanProcessError) and not isinstance(error, LeanSetupError):
                raise DojoInitError(str(error)) from error
            raise

    def __exit__(self, *_: object) -> None:
        """Leaves the theorem."""
        self._leave()
        self._states.clear()

    def run_tac(self, state: TacticState, tactic: str) -> TacticState | ProofFinished | LeanError | ProofGivenUp:
        """LeanDojo's `run_tac`. A tactic past its time raises DojoTacticTimeoutError; the theorem stays open."""
        if not isinstance(state, TacticState):
            raise RuntimeError(f"Attempting to run a tactic on an invalid state {state}.")
        result = self.run_tacs(state, [tactic])[0]
        if isinstance(result, TacticTimeout):
            self.has_timedout = True
            raise DojoTacticTimeoutError()
        return result

    def run_tacs(self, state: TacticState, tactics: Sequence[str], stop_when_done: bool = False) -> list[Result]:
        """Runs each tactic on `state` itself; fewer results when `stop_when_done` and one closed it."""
        if state.id not in self._states:
            raise RuntimeError(f"Attempting to run a tactic on a state that this theorem does not have: {state.id}.")
        results: list[Result] = []
        for tactic in tactics:
            results.append(self._run_one(state.id, tactic))
            if stop_when_done and isinstance(results[-1], ProofFinished):
                break
        return results

    def parts(self, state: TacticState) -> list[TacticState]:
        """The goals of a state as states of their own, when the process can make such; else the state alone."""
        known = self._states[state.id]
        if len(known.goals) < 2 or any(map(mentions_metavariables, known.goals)):
            return [state]
        try:
            native = self._split(self._locate(state.id), known.goals)
        except LeanSetupError:
            raise
        except LeanProcessError:
            return [state]
        made = []
        for i, (one, goal) in enumerate(zip(native, known.goals, strict=False)):
            made.append(self._new(_Known(state.id, "", i, (goal,), known.generation, one)))
        return [self._tactic_state(sid) for sid in made] or [state]

    def key(self, state: TacticState) -> tuple[object, ...]:
        """What tells this state from others: its text; unique when a goal mentions metavariables. It may only prune."""
        goals = self._states[state.id].goals
        return ("state", state.id) if any(map(mentions_metavariables, goals)) else goals

    def messages_of(self, state: TacticState, tactic: str) -> list[str]:
        """What a tactic says, whether or not it leads anywhere; `apply?` and `rw?` tell what could be tried."""
        started = time.monotonic()
        try:
            return self._messages(self._warmed(state.id), tactic)
        except LeanSetupError:
            raise
        except LeanProcessError:
            return []  # a search for ideas is not worth a second process
        finally:
            self.lean_ms += 1000 * (time.monotonic() - started)

    def holds(self, proof: str) -> bool:
        """Whether this Lean takes a whole proof without error or `sorry`. A search's opinion, not an audit's."""
        if self._cannot_judge or no_tactic(proof) is not None:
            return False
        try:
            return self._holds(proof)
        except (LeanProcessError, DojoInitError):
            self._cannot_judge = True  # smaller proofs are not worth more processes
            return False

    # ------------------------------------------------------------------ below

    def _submit_request(self, req: str) -> dict[str, Any]:
        """LeanDojo's request and reply lines."""
        request = json.loads(req)
        return reply_of(self.run_tacs(self._tactic_state(request["sid"]), [request["cmd"]])[0])

    def _run_one(self, sid: int, tactic: str) -> Result:
        if (refused := no_tactic(tactic)) is not None:
            return LeanError(refused)
        native = self._warmed(sid) if searches_library(tactic) else self._locate(sid)
        started = time.monotonic()
        try:
            step = self._several(native, tactic)
        except LeanTimeoutError:
            return TacticTimeout(self.timeout)
        except LeanSetupError:
            raise
        except LeanProcessError as error:
            self.crashes += 1
            self.set_aside.append(tactic)
            if self.crashes >= MAX_LOST:
                raise
            return LeanError(f"Lean was lost in this tactic: {error}")
        finally:
            self.lean_ms += 1000 * (time.monotonic() - started)
        if step.done:
            self.is_successful = True
            return ProofFinished(self._new(_Known(sid, tactic)), step.message)
        if step.gave_up:
            return ProofGivenUp()
        if step.goals is None:
            return LeanError((step.error or "").strip())
        new = self._new(_Known(sid, tactic, None, step.goals, self._generation(), step.native))
        return self._tactic_state(new, step.message)

    def _warmed(self, sid: int) -> Any:
        """A state, in a process that has indexed the library: no tactic pays for that, and none is stopped over it."""
        native, modules = self._locate(sid), self.entry.file.modules
        here = (self._generation(), modules)
        if self._warm & {here, (HOPELESS, modules)}:
            return native
        self._warm.add(here)
        patience, self.timeout = self.timeout, max(self.timeout, WARM_UP_TIMEOUT_S)
        try:
            for tactic in WARM_UP:
                self._step(native, tactic)
        except LeanSetupError:
            raise
        except LeanProcessError:
            self._warm.add((HOPELESS, modules))
        finally:
            self.timeout = patience
        return self._locate(sid)

    def _several(self, native: Any, tactic: str) -> Step:
        """Runs a tactic, or several of them, one a line or with semicolons: native processes parse one tactic only."""
        if SEVERAL.search(tactic):
            step = self._step(native, f"(\n{tactic}\n)")
            if step.error is None or not DOES_NOT_PARSE.match(step.error):
                return step
        return self._step(native, tactic)

    def _new(self, known: _Known) -> int:
        sid = len(self._states)
        self._states[sid] = known
        return sid

    def _tactic_state(self, sid: int, message: str | None = None) -> TacticState:
        return tactic_state(self._states[sid].goals, sid, message)

    def _locate(self, sid: int) -> Any:
        """The present process's name for a state, made again when the process that had it is gone."""
        known = self._states[sid]
        if known.generation == self._generation():
            return known.native
        if known.parent is None:
            step = self._open()
        elif known.part is not None:
            parent = self._locate(known.parent)
            parts = self._split(parent, self._states[known.parent].goals)
            step = Step(parts[known.part], known.goals) if known.part < len(parts) else Step(error="no such part")
        else:
            step = self._several(self._locate(known.parent), known.tactic)
        if step.goals is None or (known.generation >= 0 and step.goals != known.goals):
            raise LeanProcessError(f"{known.tactic!r} does not do again what it did before the process was lost")
        known.generation, known.native, known.goals = self._generation(), step.native, step.goals
        return known.native
