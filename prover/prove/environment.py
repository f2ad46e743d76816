"""Lean as the search sees it: a `lean_dojo.Dojo` whose states are nodes, and a state as the policy sees it.

Whether Lean behind the Dojo is embedded or native is not known here. The embedded one can do more than LeanDojo's interface asks
(`run_tacs`: many tactics a round trip; `parts`: goals that can be proved apart; `key`: equal states of a search), and is used so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lean_dojo
from lean_dojo import LeanError, ProofFinished, ProofGivenUp, TacticState

from prover.lean.context import FileContext
from prover.policy.base import GoalText, Hypothesis, View
from prover.prove.guard import endless
from prover.prove.oracles import found_instead
from search.types import Advanced, Closed, Outcome, Part, Rejected, TimedOut

UNCHANGED = "leaves the goal as it was"


@dataclass(frozen=True)
class SearchState:
    """A state of the search: LeanDojo's, and the tactics that led to it. LeanDojo's number alone tells states apart."""

    tactic_state: TacticState
    before: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.tactic_state.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchState) and self.tactic_state.id == other.tactic_state.id


class DojoEnvironment:
    """A Dojo as the search sees it."""

    def __init__(self, dojo: lean_dojo.Dojo) -> None:
        self.dojo = dojo

    def part(self, state: TacticState, before: tuple[str, ...] = ()) -> Part[SearchState]:
        """A state as a node of the search."""
        key = self.dojo.key(state) if hasattr(self.dojo, "key") else ("state", state.id)
        return Part(SearchState(state, before), key, state.pp)

    def step(self, state: SearchState, tactics: Sequence[str]) -> list[Outcome[SearchState]]:
        """Runs the tactics; stops early once one of them closes the state."""
        here = self.part(state.tactic_state, before=state.before)
        refused = {tactic: why for tactic in tactics if (why := endless(tactic, here.text)) is not None}
        results = iter(self._run(state.tactic_state, [tactic for tactic in tactics if tactic not in refused]))
        outcomes: list[Outcome[SearchState]] = []
        for tactic in tactics:
            if tactic in refused:
                outcomes.append(Rejected(refused[tactic], gave_up=True))
            elif (result := next(results, None)) is not None:
                outcomes.append(self._outcome(here, tactic, result))
            if outcomes and isinstance(outcomes[-1], Closed):
                break
        return outcomes

    def _run(self, state: TacticState, tactics: list[str]) -> list[Any]:
        if hasattr(self.dojo, "run_tacs"):
            return list(self.dojo.run_tacs(state, tactics, stop_when_done=True))
        results: list[Any] = []
        for tactic in tactics:
            results.append(self.dojo.run_tac(state, tactic))
            if isinstance(results[-1], ProofFinished):
                break
        return results

    def _outcome(self, here: Part[SearchState], tactic: str, result: Any) -> Outcome[SearchState]:
        match result:
            case TacticState():
                states = self.dojo.parts(result) if hasattr(self.dojo, "parts") else [result]
                before = (*here.state.before, tactic)
                parts = tuple(self.part(s, before=before) for s in states)
                if any(p.key == here.key for p in parts):
                    return Rejected(UNCHANGED)
                return Advanced(parts, instead=found_instead(tactic, result.message))
            case ProofFinished():
                return Closed(instead=found_instead(tactic, result.message))
            case ProofGivenUp():
                return Rejected("gives up (sorry)", gave_up=True)
            case LeanError():
                return Rejected(result.error)
            case _:
                return TimedOut(result.seconds)


def view_of(state: SearchState, file_context: FileContext, visit: int = 0, theorem: str = "") -> View:
    """What the policy sees of a state that was expanded `visit` times before."""
    texts = [g for g in state.tactic_state.pp.split("\n\n") if "⊢" in g]
    goals = []
    for goal, text in zip(state.tactic_state.goals, texts, strict=False):
        case = text.split("\n", 1)[0].removeprefix("case ") if text.startswith("case ") else None
        goals.append(GoalText(tuple(Hypothesis(d.ident, d.lean_type) for d in goal.assumptions), goal.conclusion, case))
    return View(state.tactic_state.pp, tuple(goals), file_context, visit, 0, theorem, state.before)
