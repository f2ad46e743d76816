"""Looks for counterexamples beside a search: of the theorem, cheaply first and harder later, and of each state once.

A state with a false goal cannot lead to a proof, so it fails, and with it every tactic that needs it. How much is looked at goes
by expansions and evaluations, not by the clock: the same inputs give the same search.
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
LATER = {
    2: Looking(tries=3_000, seconds=1.0), 4: Looking(tries=10_000, seconds=2.0), 10: Looking(tries=25_000, seconds=3.0),
    20: Looking(tries=100_000, seconds=8.0),
}  # fmt: skip
"""What is looked at once more of the theorem itself, by the number of the expansion: so that it takes a part of the search's
time, since most theorems that need several expansions are true, and most false ones fall to the first thousands of values."""
LAST = Looking(tries=80_000, seconds=6.0)
"""When the search has ended without a proof."""
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
        known: whether a state was found to be false elsewhere.
        note: told of each state after the first that is found to be false.
    """

    def __init__(
        self, dojo: CanFalsify, root: TacticState, of_theorem: bool = True,
        known: Callable[[TacticState], bool] = lambda state: False, note: Callable[[TacticState], None] = lambda state: None,
    ) -> None:  # fmt: skip
        self._dojo = dojo
        self._known = known
        self._note = note
        self._of_theorem = of_theorem
        self._root = root
        self._dead: dict[int, bool] = {root.id: False}
        self._expansions = 0
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
        if (effort := LATER.get(self._expansions)) is not None:
            self.look(effort)
        if state.id not in self._dead:
            self._dead[state.id] = self._known(state) or self._dojo.falsify(state, STATE).found is not None
            if self._dead[state.id]:
                self._note(state)
        return self._dead[state.id]

    @property
    def looks_vacuous(self) -> bool:
        """Whether no values were found yet at which the hypotheses hold together."""
        return self.last.hypotheses > 0 and self.last.satisfied == 0 and self.last.tried > 0
