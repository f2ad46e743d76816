"""The proof states of an open theorem: how each came about, where it lives in the engine's present process, and LeanDojo's own
states and results, as every backend gives them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lean_dojo import DojoTacticTimeoutError, LeanError, ProofFinished, ProofGivenUp, TacticState
from lean_dojo.interaction import parse_goals as parsed

from prover.errors import LeanProcessError
from prover.lean.answers import Goal, ProofView
from prover.lean.engine import Engine, Limits, again
from prover.lean.targets import Target

INNER_TURNSTILE = re.compile(r"(?<!^)⊢", re.MULTILINE)
STAND_IN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class TacticTimeout:
    """A tactic was stopped after `seconds`; the state it was run on is as it was."""

    seconds: float


class TurnstileState(TacticState):
    """A state whose text holds ⊢ inside a goal too (a string literal, the notation of a logic).

    LeanDojo tells goals apart by their ⊢ and refuses such a text; a goal's own begins its line.
    """

    def __post_init__(self) -> None:
        def back(text: str) -> str:
            return text.replace(STAND_IN, "⊢")

        goals = []
        for goal in parsed.parse_goals(INNER_TURNSTILE.sub(STAND_IN, self.pp)):
            assumptions = [parsed.Declaration(back(d.ident), back(d.lean_type)) for d in goal.assumptions]
            goals.append(parsed.Goal(assumptions, back(goal.conclusion)))
        object.__setattr__(self, "goals", goals)


def tactic_state(goals: Sequence[str], sid: int, message: str | None = None) -> TacticState:
    """LeanDojo's state of some goals as text."""
    pp = "\n\n".join(goals)
    return (TurnstileState if INNER_TURNSTILE.search(pp) else TacticState)(pp, sid, message)


def goals_of(text: str) -> tuple[str, ...]:
    """The goals of a state as Lean prints it, each as text."""
    return tuple(goal for goal in text.split("\n\n") if goal.strip())


Result: TypeAlias = TacticState | ProofFinished | LeanError | ProofGivenUp | TacticTimeout


def reply_of(result: Result) -> dict[str, Any]:
    """What LeanDojo's process would have answered. Raises DojoTacticTimeoutError for a tactic past its time."""
    reply: dict[str, Any] = {"sid": None, "tacticState": None, "error": None, "message": ""}
    match result:
        case TacticState():
            reply |= {"sid": result.id, "tacticState": result.pp, "message": result.message}
        case ProofFinished():
            reply |= {"sid": result.tactic_state_id, "tacticState": "no goals", "message": result.message}
        case LeanError():
            reply["error"] = result.error
        case ProofGivenUp():
            reply["error"] = "proof contains `sorry`"
        case TacticTimeout():
            raise DojoTacticTimeoutError()
    return reply


NO_GOALS = ProofView(None, ())


@dataclass
class _Known:
    """How a state came about: what `tactic` left of `parent` (None: the root), or a `part` of `parent`; and where it lives."""

    parent: int | None
    tactic: str
    part: int | None = None
    view: ProofView = NO_GOALS
    generation: int = -1


class LiveStates:
    """States by number, 0 the root.

    A process can be lost at any step. The states it held are then made again, when next needed, by entering the theorem
    anew and running the tactics that led to them.

    Args:
        target: the theorem.
        engine: has the states in its process.
        limits: of the tactics that are run again.
    """

    def __init__(self, target: Target, engine: Engine, limits: Limits) -> None:
        self._target = target
        self._engine = engine
        self._limits = limits
        self._states: dict[int, _Known] = {}
        self._parts: dict[int, list[int]] = {}
        self._owned: list[ProofView] = []
        self._owned_generation = -1

    def __contains__(self, sid: int) -> bool:
        return sid in self._states

    def open(self) -> None:
        """Makes the root, state 0. Raises DojoInitError when the theorem cannot be entered."""
        self._states[0] = _Known(None, "")
        self.restore(0)

    def restore(self, sid: int) -> None:
        """Makes a state live again, on as many processes as the engine has patience for: losing one is no tactic's fault."""
        again(lambda: self.locate(sid), self._engine.patience, lambda: self._engine.stopping)

    def locate(self, sid: int) -> ProofView:
        """The state in the present process, made again when the process that had it is gone."""
        known = self._states[sid]
        if self._engine.alive and known.generation == self._engine.generation:
            return known.view
        view = self._made(known)
        if known.generation >= 0 and [g.pp for g in view.goals] != [g.pp for g in known.view.goals]:
            raise LeanProcessError(f"{known.tactic!r} does not do again what it did before the Lean process was lost")
        known.view, known.generation = view, self._engine.generation
        return view

    def add(self, parent: int, tactic: str, view: ProofView) -> int:
        """A new state: what a tactic left of `parent`."""
        self.own(view)
        return self._new(_Known(parent, tactic, None, view, self._engine.generation))

    def add_finished(self, parent: int, tactic: str) -> int:
        """A state without goals."""
        return self._new(_Known(parent, tactic))

    def parts(self, sid: int) -> list[int]:
        """The states that hold one goal each of a state whose goals do not depend on each other."""
        if sid not in self._parts:
            views = self._engine.split(self.locate(sid)) if len(self.goals(sid)) > 1 else []
            self._parts[sid] = [self._new(_Known(sid, "", i, v, self._engine.generation)) for i, v in enumerate(views)]
        return self._parts[sid]

    def own(self, view: ProofView) -> None:
        """Takes a state that the process made, to let it go with the others."""
        if self._owned_generation != self._engine.generation:
            self._owned, self._owned_generation = [], self._engine.generation
        self._owned.append(view)

    def goals(self, sid: int) -> tuple[Goal, ...]:
        """The goals of a state."""
        return self._states[sid].view.goals

    def tactic_state(self, sid: int, message: str | None = None) -> TacticState:
        """LeanDojo's view of a state."""
        return tactic_state([g.pp for g in self.goals(sid)], sid, message)

    def forget(self) -> None:
        """Lets all states go."""
        if self._owned and self._owned_generation == self._engine.generation and self._engine.alive:
            self._engine.release(self._owned)
        self._owned = []
        self._states.clear()
        self._parts.clear()

    def _made(self, known: _Known) -> ProofView:
        if known.parent is None:
            view = self._engine.enter(self._target)
        elif known.part is not None:
            parts = self._engine.split(self.locate(known.parent))
            if known.part >= len(parts):
                raise LeanProcessError("a state cannot be split again as it was before the Lean process was lost")
            return parts[known.part]
        else:
            reply = self._engine.run(self.locate(known.parent), [known.tactic], self._limits)[0]
            if reply.proof is None:
                raise LeanProcessError(f"{known.tactic!r} does not do again what it did before the Lean process was lost")
            view = reply.proof
        self.own(view)
        return view

    def _new(self, known: _Known) -> int:
        sid = len(self._states)
        self._states[sid] = known
        return sid
