"""Looks for counterexamples beside a search: of the theorem, cheaply first and harder later, and of each state once.

A state with a false goal cannot lead to a proof, so it fails, and with it every tactic that needs it. Looks have a part of the
search's time. Where no clock limits the search, expansions and evaluations are counted instead: the same inputs give the same
search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from lean_dojo import TacticState

from prover.errors import ProverError
from prover.lean.evaluated import Counterexample, Falsification, Looking

FIRST = Looking(tries=300, seconds=0.5)
"""Before the first expansion, which proves most theorems that are true."""
PART = 0.2
"""Of the search's time so far, for further looks at the theorem; a theorem that falls at once is looked at no more."""
GROWTH = 2.0
"""A look has so many times the last one's time at least, since it begins with the size of values at which that one ended."""
COUNTED = {
    2: Looking(tries=3_000, seconds=1.0), 4: Looking(tries=10_000, seconds=2.0), 10: Looking(tries=25_000, seconds=3.0),
    20: Looking(tries=100_000, seconds=8.0),
}  # fmt: skip
"""Further looks where no clock limits the search, by the number of the expansion."""
LAST = Looking(tries=80_000, seconds=6.0)
"""When the search has ended without a proof."""
MOST_TRIES = 1_000_000
STATE = Looking(tries=150, seconds=0.1, lenient=True)


class CanFalsify(Protocol):
    """A theorem that is open; `prover.lean.dojo.Dojo` is one."""

    def falsify(self, state: TacticState, effort: Looking) -> Falsification:
        """Values at which a goal of the state is false."""
        ...


class FalseTheorem(ProverError):
    """The theorem under search is false by evaluation; ends the search. Caught where the search was begun."""

    def __init__(self, counterexample: Counterexample) -> None:
        super().__init__(f"false: {counterexample.said()}")
        self.counterexample = counterexample


class Falsifier:
    """One for each search.

    Args:
        dojo: the open theorem.
        root: its first state.
        of_theorem: look for counterexamples of the theorem too; else only states after the first are looked at.
        clock: gives the search's time in seconds; None: no clock limits it.
        known: whether a state was found to be false elsewhere.
        note: told of each state after the first that is found to be false.
    """

    def __init__(
        self, dojo: CanFalsify, root: TacticState, of_theorem: bool = True, clock: Callable[[], float] | None = None,
        known: Callable[[TacticState], bool] = lambda state: False, note: Callable[[TacticState], None] = lambda state: None,
    ) -> None:  # fmt: skip
        self._dojo = dojo
        self._known = known
        self._note = note
        self._of_theorem = of_theorem
        self._root = root
        self._dead: dict[int, bool] = {root.id: False}
        self._clock = clock
        self._began = clock() if clock is not None else 0.0
        self._expansions = 0
        self._spent_s = self._last_s = 0.0
        self.last = Falsification()

    def look(self, effort: Looking) -> None:
        """Looks at the theorem, from the size of values that was come to. Raises FalseTheorem with the counterexample."""
        if not self._of_theorem or self.last.exhausted or (self._expansions and not self.last.tried):
            return  # every value was covered, or it cannot be evaluated
        self.last = self._dojo.falsify(self._root, replace(effort, from_size=self.last.size))
        if self.last.found is not None:
            raise FalseTheorem(self.last.found)

    def is_dead(self, state: TacticState) -> bool:
        """Whether a state that is about to be expanded has a false goal. Raises FalseTheorem as `look` does."""
        self._expansions += 1
        effort = COUNTED.get(self._expansions) if self._clock is None else self._granted(self._clock() - self._began)
        if effort is not None:
            self.look(effort)
        if state.id not in self._dead:
            self._dead[state.id] = self._known(state) or self._dojo.falsify(state, STATE).found is not None
            if self._dead[state.id]:
                self._note(state)
        return self._dead[state.id]

    def _granted(self, elapsed_s: float) -> Looking | None:
        """A further look at the theorem, when its part of the time has grown enough."""
        grant_s = PART * elapsed_s - self._spent_s
        if grant_s < max(FIRST.seconds, GROWTH * self._last_s):
            return None
        self._last_s = grant_s
        self._spent_s += grant_s
        return Looking(tries=MOST_TRIES, seconds=grant_s)

    @property
    def looks_vacuous(self) -> bool:
        """Whether no values were found yet at which the hypotheses hold together."""
        return self.last.hypotheses > 0 and self.last.satisfied == 0 and self.last.tried > 0
