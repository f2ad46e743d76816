"""A Dojo without Lean: a dictionary says what each tactic does. For the tests of whatever works on a Dojo.

A second implementation of the environment seam; keeps the rules of `tests/prover/lean/test_conformance.py`.

    table = {"⊢ True ∧ True": {"constructor": "⊢ True\\n\\n⊢ True"}, "⊢ True": {"trivial": DONE}}
    with FakeDojo(FakeTheorem("t", "⊢ True ∧ True", table)) as (dojo, state): ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import lean_dojo
from lean_dojo import (
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.errors import DataError
from prover.lean.embedded.worker import MAX_TRIES
from prover.lean.states import Result, TacticTimeout, tactic_state


@dataclass(frozen=True)
class Leaves:
    """The tactic leaves these goals, as LeanDojo's text (a blank line between two), and says `message`."""

    goals: str
    message: str = ""


@dataclass(frozen=True)
class Done:
    """The tactic closes the goal."""

    message: str = ""


@dataclass(frozen=True)
class Slow:
    """The tactic takes so many seconds; with a shorter timeout it is stopped. Nobody waits."""

    seconds: float
    then: Answer = Done()


@dataclass
class Crash:
    """The tactic takes the process along, so many times; then it does what `then` says."""

    times: int = MAX_TRIES
    then: Answer = Done()


DONE = Done()
Answer: TypeAlias = str | Leaves | Done | LeanError | ProofGivenUp | Slow | Crash
"""What a tactic does; a `str` is `Leaves` without a message."""
Table: TypeAlias = Mapping[str, Mapping[str, Answer]]
"""State or goal as text → tactic → what it does. A state of several goals that is not a key is looked up by
its first goal; the others stay behind what the tactic leaves of it."""

GIVES_UP = re.compile(r"\b(sorry|admit)\b|^stop$")
METAVARIABLE = re.compile(r"\?\w")


@dataclass(frozen=True)
class FakeTheorem:
    """A name, the initial state as text, what tactics do. With a `problem` it cannot be opened."""

    name: str
    goal: str
    table: Table
    problem: str | None = None


class FakeDojo(lean_dojo.Dojo):
    """A theorem open for tactics that a dictionary answers; the same surface as `Dojo`.

    A tactic that the table has not is a LeanError, and one with `sorry` or `admit` in it gives up. Goals that
    mention `?x` depend on each other. `processes_lost` counts what `Crash` took.

    Raises:
        DataError: a state in the table is no goal as Lean prints it.
    """

    def __init__(self, theorem: FakeTheorem, timeout: float = 10.0) -> None:
        for text in (theorem.goal, *theorem.table):
            if not _goals(text) or any("⊢" not in goal for goal in _goals(text)):
                raise DataError(f"{text!r} is no tactic state: every goal of the table has its ⊢")
        self.entry = theorem
        self.timeout = timeout
        self.additional_imports: list[str] = []
        self.file_path = Path("<fake>")
        self.is_successful = False
        self.is_crashed = False
        self.has_timedout = False
        self.lean_ms = 0.0
        self.set_aside: list[str] = []
        self.processes_lost = 0
        self._crashed: dict[tuple[str, str], int] = {}
        self._states: list[tuple[str, ...]] = []
        self._parts: dict[int, list[int]] = {}

    @property
    def uses_tactics(self) -> bool:
        """A theorem is open, so tactics are what it takes."""
        return True

    @property
    def uses_commands(self) -> bool:
        """There are no commands here."""
        return False

    def __enter__(self) -> tuple[FakeDojo, TacticState]:
        """Opens the theorem. Raises DojoInitError when it has a problem."""
        if self.entry.problem is not None:
            raise DojoInitError(self.entry.problem)
        return self, self._state(self._new(_goals(self.entry.goal)))

    def __exit__(self, *_: object) -> None:
        """Leaves the theorem; its states are forgotten."""
        self._states.clear()
        self._parts.clear()

    def run_tac(
        self, state: TacticState, tactic: str
    ) -> TacticState | ProofFinished | LeanError | ProofGivenUp:
        """LeanDojo's `run_tac`. A tactic past its time raises DojoTacticTimeoutError; the theorem is open."""
        if not isinstance(state, TacticState):
            raise RuntimeError(f"Attempting to run a tactic on an invalid state {state}.")
        result = self.run_tacs(state, [tactic])[0]
        if isinstance(result, TacticTimeout):
            self.has_timedout = True
            raise DojoTacticTimeoutError()
        return result

    def run_tacs(
        self, state: TacticState, tactics: Sequence[str], stop_when_done: bool = False
    ) -> list[Result]:
        """Runs each tactic on `state` itself; one result each, fewer when `stop_when_done` cut them short."""
        goals = self._goals_of(state)
        results: list[Result] = []
        for tactic in tactics:
            results.append(self._run(goals, tactic))
            if stop_when_done and isinstance(results[-1], ProofFinished):
                break
        return results

    def parts(self, state: TacticState) -> list[TacticState]:
        """The goals as states of their own, when they do not depend on each other; else the state alone."""
        goals = self._goals_of(state)
        if len(goals) == 1 or any(METAVARIABLE.search(goal) for goal in goals):
            return [state]
        if state.id not in self._parts:
            self._parts[state.id] = [self._new((goal,)) for goal in goals]
        return [self._state(sid) for sid in self._parts[state.id]]

    def key(self, state: TacticState) -> tuple[object, ...]:
        """What tells this state from others: its goals; unique when one mentions metavariables."""
        goals = self._goals_of(state)
        return ("state", state.id) if any(METAVARIABLE.search(goal) for goal in goals) else goals

    # ------------------------------------------------------------------ below the seam

    def _run(self, goals: tuple[str, ...], tactic: str) -> Result:
        whole = "\n\n".join(goals)
        at, rest = (whole, ()) if whole in self.entry.table else (goals[0], goals[1:])
        tactic = tactic.strip()
        answer = self.entry.table.get(at, {}).get(tactic)
        if answer is None:
            return ProofGivenUp() if GIVES_UP.search(tactic) else LeanError(f"unknown tactic {tactic[:80]!r}")
        return self._result(at, rest, tactic, answer)

    def _result(self, at: str, rest: tuple[str, ...], tactic: str, answer: Answer) -> Result:
        match answer:
            case str():
                return self._left(_goals(answer) + rest, "")
            case Leaves(goals, message):
                return self._left(_goals(goals) + rest, message)
            case Done(message):
                return self._left(rest, message)
            case Slow(seconds, then):
                self.lean_ms += 1000 * min(seconds, self.timeout)
                if seconds > self.timeout:
                    return TacticTimeout(self.timeout)
                return self._result(at, rest, tactic, then)
            case Crash(times, then):
                here = (at, tactic)
                taken = min(times - self._crashed.get(here, 0), MAX_TRIES)
                self._crashed[here] = self._crashed.get(here, 0) + taken
                self.processes_lost += taken
                if taken == MAX_TRIES:
                    self.set_aside.append(tactic)
                    return LeanError(f"set aside: Lean was lost {MAX_TRIES} times in this tactic")
                return self._result(at, rest, tactic, then)
            case _:
                return answer

    def _left(self, goals: tuple[str, ...], message: str) -> Result:
        sid = self._new(goals)
        if goals:
            return self._state(sid, message)
        self.is_successful = True
        return ProofFinished(sid, message)

    def _new(self, goals: tuple[str, ...]) -> int:
        self._states.append(goals)
        return len(self._states) - 1

    def _state(self, sid: int, message: str | None = None) -> TacticState:
        return tactic_state(self._states[sid], sid, message)

    def _goals_of(self, state: TacticState) -> tuple[str, ...]:
        if not 0 <= state.id < len(self._states) or not self._states[state.id]:
            raise RuntimeError(
                f"Attempting to run a tactic on a state that this theorem does not have: {state.id}."
            )
        goals: tuple[str, ...] = self._states[state.id]
        return goals


def _goals(text: str) -> tuple[str, ...]:
    return tuple(goal for goal in text.split("\n\n") if goal.strip())
