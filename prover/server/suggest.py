"""The next tactic: what the policy offers for a state, tried in Lean, the surest and cheapest first."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lean_dojo import TacticState

from prover.lean.context import FileContext
from prover.lean.embedded.dojo import LIBRARY_SEARCHES, EmbeddedDojo
from prover.prove.environment import DojoEnvironment, SearchState, view_of
from prover.prove.evaluator import ViewPolicy
from search.types import Advanced, Closed, Proposal

IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*")
QUICK = frozenset({
    "rfl", "assumption", "omega", "intro", "constructor", "exact", "contradiction", "simp", "refine", "rw", "apply",
    "cases", "obtain", "rcases", "left", "right", "exists", "funext", "ext", "subst", "injection", "symm", "split",
})  # fmt: skip
"""First words of tactics that are over in milliseconds, whatever the goal."""
VISITS = 2
"""A state is looked at so often: as a search would expand it."""
ENOUGH_CLOSING = 3
"""So many tactics that close the goal are shown."""
AFTER_CLOSING = 24
"""Once one closes the goal, only so many others are tried."""


@dataclass(frozen=True)
class Suggestion:
    """A tactic that Lean has run here.

    `goals_after` are the goals that it leaves, `closes` says that there are none; `log_prob` (natural logarithm) is the
    policy's, `proposer` who offered it, `premises` the library's theorems that it names.
    """

    tactic: str
    goals_after: tuple[str, ...]
    closes: bool
    log_prob: float
    proposer: str
    premises: tuple[str, ...] = ()


def goals_of(text: str) -> tuple[str, ...]:
    """A state's goals, each as text."""
    return tuple(goal for goal in text.split("\n\n") if goal.strip())


def ranked(found: Sequence[Suggestion], goals_now: int) -> list[Suggestion]:
    """Best first: what closes everything, what leaves fewer goals, then the likeliest."""
    return sorted(found, key=lambda s: (not s.closes, len(s.goals_after) >= goals_now, -s.log_prob))


class Suggester:
    """Tries tactics on one state.

    Args:
        dojo: the theorem, opened.
        policy: offers tactics.
        file_context: what the file offers.
        named: whether a name is a theorem of the library, for `Suggestion.premises`.
        searches: whether library searches (`exact?`) are tried; they are slow until their index is built.
    """

    def __init__(
        self,
        dojo: EmbeddedDojo,
        policy: ViewPolicy,
        file_context: FileContext,
        named: Callable[[str], bool] = lambda _: False,
        searches: bool = True,
    ) -> None:
        self._environment = DojoEnvironment(dojo)
        self._policy = policy
        self._file_context = file_context
        self._named = named
        self._searches = searches

    def run(
        self, state: TacticState, limit: int, timeout_s: float, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Suggestion]:
        """Suggestions as they are found: at most `limit`, for `timeout_s` seconds. Two that leave the same goals are one."""
        deadline = time.monotonic() + timeout_s
        seen: set[tuple[str, ...]] = set()
        tried: set[str] = set()
        found = closing = since = 0
        at = SearchState(state)
        for visit in range(VISITS):
            offered = in_order(self._policy.propose(view_of(at, self._file_context, visit)))
            for proposal in offered:
                if found >= limit or time.monotonic() > deadline or cancelled():
                    return
                if not self._searches and any(s in proposal.tactic for s in LIBRARY_SEARCHES):
                    continue
                if proposal.tactic in tried:
                    continue  # a model may offer what an earlier visit had
                tried.add(proposal.tactic)
                since += closing > 0
                if since > AFTER_CLOSING:
                    return
                suggestion = self._tried(at, proposal)
                if suggestion is None or (not suggestion.closes and suggestion.goals_after in seen):
                    continue
                if suggestion.closes:
                    if closing == ENOUGH_CLOSING:
                        continue
                    closing += 1
                seen.add(suggestion.goals_after)
                found += 1
                yield suggestion
            if closing:
                return  # dearer attempts are for goals that resist

    def _tried(self, at: SearchState, proposal: Proposal) -> Suggestion | None:
        outcome = self._environment.step(at, [proposal.tactic])[0]
        if not isinstance(outcome, Closed | Advanced):
            return None
        tactic = outcome.instead or proposal.tactic
        goals = () if isinstance(outcome, Closed) else tuple(g for p in outcome.parts for g in goals_of(p.text))
        premises = tuple(dict.fromkeys(name for name in IDENTIFIER.findall(tactic) if self._named(name)))
        return Suggestion(tactic, goals, not goals, proposal.log_prob, proposal.proposer, premises)


def in_order(proposals: Sequence[Proposal]) -> list[Proposal]:
    """The likeliest first, but what costs milliseconds before what may cost seconds."""
    return sorted(proposals, key=lambda p: (not is_quick(p.tactic), -p.log_prob))


def is_quick(tactic: str) -> bool:
    """Whether a tactic is over in milliseconds."""
    words = [part.split()[0] for part in re.split(r"<;>|;|\n", tactic.replace("(", " ").replace("·", " ")) if part.split()]
    return bool(words) and all(word in QUICK for word in words)
