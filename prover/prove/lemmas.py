"""Lemmas that a search finds for itself, when a theorem did not fall to the first look at it.

What a first induction leaves is worked on for a few states. Then, on the second visit of the statement, introduced
(`prover.policy.base.introduced`), the file's functions are explored (`prover.explore.theory`). The lemmas found become steps of
the search, one `have` each, so that a proof shows them and what it does not need can be left out again.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from lean_dojo import ProofFinished, TacticState

from prover.errors import LeanProcessError, LeanSetupError
from prover.explore.induction import derivations, inductions
from prover.explore.theory import Lemma, Steps, Theory, proved
from prover.lean.context import FileContext
from prover.lean.evaluated import Counterexample, Equation, Looking
from prover.policy.base import introduced
from prover.policy.goal import first_goal
from prover.policy.sources import function_in
from prover.prove.environment import SearchState, view_of
from prover.prove.goals import KnownGoals
from search.types import Proposal

VISIT = 1
"""The statement's visit on which exploration begins: its first look costs less and proves most."""
BEFORE, BEFORE_PART = 8, 0.12
"""So many states below the statement are worked on before exploration, in so much of the budget; others give up
a visit to it."""
LEMMA_LOG_PROB = -0.05
SCRIPT_LOG_PROB, SCRIPT_STEP = -0.5, 0.05
PART_OF_BUDGET = 0.5
MAX_S = 20.0
HEARTBEATS = 1500
"""Of one tactic of the exploration, in thousands: well under a second."""
MOST = 12
"""Lemmas of one exploration."""
TRYING = 0.5
"""Part of an exploration's time in which the statement itself is tried, after each lemma: few theorems need all of them."""
TRIED = 3
"""Inductions on the statement that are tried then."""
SCRIPTS = 8
"""Inductions on the statement behind the lemmas."""
APART = 2
"""Inductions on the statement in which `grind` may take variables apart."""
CHECK = Looking(tries=300, seconds=0.2)
"""Of a conjecture, for values at which it is false."""


@runtime_checkable
class Explorable(Steps, Protocol):
    """A Dojo that conjectures."""

    def conjectures(self, functions: tuple[str, ...], /) -> tuple[Equation, ...]:
        """Equations that hold of small values."""
        ...

    def run_tacs(self, state: TacticState, tactics: Sequence[str], /, stop_when_done: bool = False) -> Sequence[object]:
        """One result for each tactic, each run on `state` itself; the rest may be left out behind one that closes it."""
        ...

    def limited(self, *, heartbeats: int) -> AbstractContextManager[None]:
        """Inside, a single tactic has at most so many heartbeats, in thousands."""
        ...


@runtime_checkable
class Falsifiable(Protocol):
    """A Dojo that evaluates a proposition at small values; `prover.lean.dojo.Dojo` is one."""

    def falsified(self, proposition: str, effort: Looking, /) -> Counterexample | None:
        """Values at which it is false."""
        ...


@dataclass
class LemmaSteps:
    """The lemma steps of one search.

    Args:
        dojo: the theorem; one that does not conjecture gives no lemmas.
        file_context: its functions and types.
        timeout_s: the theorem's budget in seconds, of which exploration takes at most a part; None: no limit but MAX_S.
        known: the lemmas that the same file's other theorems have found already; those of a smaller budget are found anew.
        file: tells the file apart.
    """

    dojo: object
    file_context: FileContext
    timeout_s: float | None = None
    known: KnownGoals = field(default_factory=KnownGoals)
    file: str = ""
    _plan: tuple[str, ...] | None = field(default=None, init=False)
    _closing: str | None = field(default=None, init=False)
    _from: tuple[str, ...] = field(default=(), init=False)
    _states: int = field(default=0, init=False)
    _below_since: float = field(default=0.0, init=False)
    _theory: Theory = field(init=False)
    _explorable: Explorable | None = field(init=False)

    def __post_init__(self) -> None:
        self._theory = theory_of(self.file_context, self.file_context.definitions)
        self._explorable = self.dojo if isinstance(self.dojo, Explorable) else None

    def offers(self, state: SearchState, visit: int) -> tuple[list[Proposal], bool]:
        """Proposals for a state, and whether they are all that is to be tried on it."""
        if self._explorable is None:
            return [], False
        if visit == 0 and introduced(state.before):
            goal = first_goal(view_of(state, self.file_context))
            self._theory = theory_of(self.file_context, goal.hints if goal is not None else ())
        if self._plan is None and visit == VISIT and introduced(state.before):
            self._from, self._plan = state.before, self._explored(state.tactic_state)
        if self._plan is None and self._theory.functions and not introduced(state.before):
            if self._states == 0:
                self._below_since = self._clock()
            self._states += visit == 0
            over = self.timeout_s is not None and self._clock() - self._below_since > BEFORE_PART * self.timeout_s
            return [], over or self._states > BEFORE
        first = len(self._from)
        done = state.before[first:]
        if not self._plan or state.before[:first] != self._from or self._plan[: len(done)] != done:
            return [], False
        if len(done) < len(self._plan):
            step = [Proposal(self._plan[len(done)], LEMMA_LOG_PROB, "explore.lemma")]
            return (step, True) if visit == 0 or (not done and visit == VISIT) else ([], False)
        if visit > 0:
            return [], False
        if self._closing is not None:
            return [Proposal(self._closing, LEMMA_LOG_PROB, "explore.induction")], True
        scripts = self._scripts(state.tactic_state)
        return [Proposal(s, SCRIPT_LOG_PROB - SCRIPT_STEP * i, "explore.induction") for i, s in enumerate(scripts)], False

    def _explored(self, state: TacticState) -> tuple[str, ...]:
        theory = self._theory
        explorable = self._explorable
        if explorable is None or not theory.functions:
            return ()
        budget_s = MAX_S if self.timeout_s is None else min(MAX_S, PART_OF_BUDGET * self.timeout_s)
        key = " ".join([self.file, *theory.functions])
        seconds, plan = self.known.theories.get(key, (0.0, ()))
        if seconds < budget_s:
            try:
                conjectures = explorable.conjectures(theory.functions)
            except LeanSetupError:
                raise
            except LeanProcessError:
                return ()  # nothing is known of the file's functions, so nothing is noted
            found, seconds = self._lemmas(explorable, state, conjectures, budget_s)
            plan = tuple(lemma.tactic for lemma in found)
            self.known.note_theory(key, seconds, plan)
        return plan

    def _lemmas(
        self, explorable: Explorable, state: TacticState, conjectures: Sequence[Equation], budget_s: float
    ) -> tuple[list[Lemma], float]:
        """The lemmas that are found until the statement falls to an induction with them, or the budget is spent; and the budget
        that they are worth.
        """
        began = self._clock()
        tried_s = 0.0
        found: list[Lemma] = []

        def spent_s() -> float:
            return self._clock() - began

        def over() -> bool:
            return spent_s() > budget_s

        with explorable.limited(heartbeats=HEARTBEATS):
            for lemma in proved(explorable, state, conjectures, self._theory, over, MOST, self._is_false):
                found.append(lemma)
                if tried_s > TRYING * spent_s():
                    continue
                before_s = spent_s()
                self._closing = self._closes(explorable, lemma.after)
                tried_s += spent_s() - before_s
                if self._closing is not None:
                    return found, spent_s()
        return found, budget_s

    def _closes(self, explorable: Explorable, state: TacticState) -> str | None:
        """A first induction, or `grind` alone, that closes the statement."""
        scripts = [*derivations(self._theory.equations), *self._scripts(state)[:TRIED]]
        results = explorable.run_tacs(state, scripts, stop_when_done=True)
        return next((s for s, r in zip(scripts, results, strict=False) if isinstance(r, ProofFinished)), None)

    def _clock(self) -> float:
        """Seconds in Lean where the Dojo counts them, since other work on the machine costs the budget nothing then."""
        ms = getattr(self.dojo, "lean_ms", None)
        return time.monotonic() if ms is None else float(ms) / 1000

    def _is_false(self, equation: Equation) -> bool:
        dojo = self.dojo
        return isinstance(dojo, Falsifiable) and dojo.falsified(equation.statement, CHECK) is not None

    def _scripts(self, state: TacticState) -> list[str]:
        """Inductions on the statement's own variables, now that the lemmas stand in the context."""
        theory = self._theory
        goal = first_goal(view_of(SearchState(state), self.file_context))
        own = theory.variables((v.name, v.type) for v in goal.data) if goal is not None else []
        text = state.goals[0].conclusion
        apart = list(inductions(own, theory.equations, text, theory.types, False, theory.consumed, theory.changing))[:APART]
        plain = list(dict.fromkeys(inductions(own, theory.equations, text, (), True, theory.consumed, theory.changing)))
        return list(dict.fromkeys([*plain[:SCRIPTS], *apart]))


def theory_of(context: FileContext, functions: Collection[str]) -> Theory:
    """Some of a file's functions, and its types, as exploration uses them."""
    named = [n for n in context.definitions if n in functions]
    own = {n: function_in(context, n) for n in named}
    return Theory(
        tuple(own), frozenset(context.inductives), frozenset(n for n, f in own.items() if f.reducible),
        {n: f.splits_on for n, f in own.items() if f.recursive},
        {n: tuple({*f.splits_on, *f.changing}) for n, f in own.items() if f.recursive},
        {n: frozenset(m for m, g in own.items() if m != n and g.last in f.uses) for n, f in own.items()},
    )  # fmt: skip
