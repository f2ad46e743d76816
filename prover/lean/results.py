"""LeanDojo's states and results, as every backend gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lean_dojo import DojoTacticTimeoutError, LeanError, ProofFinished, ProofGivenUp, TacticState
from lean_dojo.interaction.parse_goals import Declaration, Goal, parse_goals

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
        for goal in parse_goals(INNER_TURNSTILE.sub(STAND_IN, self.pp)):
            assumptions = [Declaration(back(d.ident), back(d.lean_type)) for d in goal.assumptions]
            goals.append(Goal(assumptions, back(goal.conclusion)))
        object.__setattr__(self, "goals", goals)


def tactic_state(goals: Sequence[str], sid: int, message: str | None = None) -> TacticState:
    """LeanDojo's state of some goals as text."""
    pp = "\n\n".join(goals)
    return (TurnstileState if INNER_TURNSTILE.search(pp) else TacticState)(pp, sid, message)


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
