"""Lean as the search sees it: a `lean_dojo.Dojo` whose states are nodes, and a state as the policy sees it.

Whether Lean behind the Dojo is embedded or native is not known here. The embedded one can do more than LeanDojo's interface asks
(`run_tacs`: many tactics a round trip; `parts`: goals that can be proved apart; `key`: equal states of a search), and is used so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import lean_dojo
from lean_dojo import LeanError, ProofFinished, ProofGivenUp, TacticState

from prover.lean.context import FileContext
from prover.lean.tactic_text import endless
from prover.policy.base import GoalText, Hypothesis, View, introduced
from search.types import Advanced, Closed, Outcome, Part, Proposal, Rejected, TimedOut

UNCHANGED = "leaves the goal as it was"
PATIENT = 3.0


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
    """A Dojo as the search sees it.

    Args:
        dojo: the theorem.
        brief_s: seconds that a tactic has when it is first run on a state, where the Dojo can stop it at no cost; what needs more
            may be offered again, and then has the Dojo's own limit. None: that limit at once. `grind` alone has PATIENT times as
            many on the statement, which it proves more often than any other tactic.
    """

    def __init__(self, dojo: lean_dojo.Dojo, brief_s: float | None = None) -> None:
        self.dojo = dojo
        self._brief_s = brief_s if getattr(dojo, "stops", False) else None
        self._stopped: set[tuple[int, str]] = set()

    def part(self, state: TacticState, before: tuple[str, ...] = ()) -> Part[SearchState]:
        """A state as a node of the search."""
        key = self.dojo.key(state) if hasattr(self.dojo, "key") else ("state", state.id)
        return Part(SearchState(state, before), key, state.pp)

    def step(self, state: SearchState, tactics: Sequence[str]) -> list[Outcome[SearchState]]:
        """Runs the tactics; stops early once one of them closes the state."""
        here = self.part(state.tactic_state, before=state.before)
        refused = {tactic: why for tactic in tactics if (why := endless(tactic, here.text)) is not None}
        results = iter(self._run(state, [tactic for tactic in tactics if tactic not in refused]))
        outcomes: list[Outcome[SearchState]] = []
        for tactic in tactics:
            if tactic in refused:
                outcomes.append(Rejected(refused[tactic], gave_up=True))
            elif (result := next(results, None)) is not None:
                outcomes.append(self._outcome(here, tactic, result))
            if outcomes and isinstance(outcomes[-1], Closed):
                break
        return outcomes

    def _run(self, state: SearchState, tactics: list[str]) -> list[Any]:
        if hasattr(self.dojo, "run_tacs"):
            return self._briefly_first(state, tactics)
        results: list[Any] = []
        for tactic in tactics:
            results.append(self.dojo.run_tac(state.tactic_state, tactic))
            if isinstance(results[-1], ProofFinished):
                break
        return results

    def _briefly_first(self, state: SearchState, tactics: list[str]) -> list[Any]:
        """Runs tactics in their order, those that were stopped before with all their time."""
        results: list[Any] = []
        for seconds, group in groupby(tactics, lambda tactic: self._first_s(state, tactic)):
            limited = nullcontext() if seconds is None else self.dojo.limited(seconds=seconds)
            with limited:
                results += self.dojo.run_tacs(state.tactic_state, list(group), stop_when_done=True)
            if results and isinstance(results[-1], ProofFinished):
                break
        return results

    def _first_s(self, state: SearchState, tactic: str) -> float | None:
        """Seconds that a tactic has now; None: the Dojo's own limit."""
        if self._brief_s is None or (state.tactic_state.id, tactic) in self._stopped:
            return None
        alone = tactic.startswith("grind") and "<;>" not in tactic
        return self._brief_s * (PATIENT if alone and introduced(state.before) else 1)

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
                stopped = (here.state.tactic_state.id, tactic)
                again = self._brief_s is not None and stopped not in self._stopped and not self.dojo.out_of_time
                self._stopped.add(stopped)
                return TimedOut(result.seconds, again)


def view_of(state: SearchState, file_context: FileContext, visit: int = 0, theorem: str = "") -> View:
    """What the policy sees of a state that was expanded `visit` times before."""
    texts = [g for g in state.tactic_state.pp.split("\n\n") if "⊢" in g]
    goals = []
    for goal, text in zip(state.tactic_state.goals, texts, strict=False):
        case = text.split("\n", 1)[0].removeprefix("case ") if text.startswith("case ") else None
        goals.append(GoalText(tuple(Hypothesis(d.ident, d.lean_type) for d in goal.assumptions), goal.conclusion, case))
    return View(state.tactic_state.pp, tuple(goals), file_context, visit, 0, theorem, state.before)


SUGGESTION = re.compile(r"Try this:\s*(?:\[apply\]\s*)?(?P<tactic>.+)", re.DOTALL)
CLOSING = ("exact?", "apply?", "rw?", "simp?", "simp_all?", "grind?", "try?", "hint", "show_term")
SEARCHES = {2: (("rw?", -2.4),), 3: (("apply?", -2.6),)}
"""By how often a state has come back, with the log-probability of the first suggestion; their order is Lean's, best first.
`apply?` costs half a second and seldom helps, `rw?` a third of that."""
LATER = 0.15
"""Each further suggestion is less likely by so much."""
MOST = 12


def found_instead(tactic: str, message: str | None) -> str | None:
    """What a search that succeeded found, to be written in its place."""
    if not tactic.startswith(CLOSING) or not message:
        return None
    found = SUGGESTION.search(message)
    return found["tactic"].strip().splitlines()[0].strip() if found and "\n" not in found["tactic"].strip() else None


def suggestions(messages: Sequence[str]) -> list[str]:
    """The tactics that messages suggest, each once, without the comments behind them."""
    tactics = []
    for message in messages:
        if (found := SUGGESTION.search(message)) is not None:
            lines = [line for line in found["tactic"].splitlines() if not line.lstrip().startswith("--")]
            tactics.append("\n".join(lines).strip())
    return [t for t in dict.fromkeys(tactics) if t]


def proposals(search: str, log_prob: float, messages: Sequence[str]) -> list[Proposal]:
    """At most MOST proposals from what a search said."""
    name = f"oracle.{search}"
    return [Proposal(t, log_prob - LATER * i, name) for i, t in enumerate(suggestions(messages)[:MOST])]
