"""Lemmas that a search finds for itself, when a theorem did not fall to the first look at it.

On the second visit of the statement the file's functions are explored (`prover.explore.theory`). The lemmas found become steps of
the search, one `have` each, so that a proof shows them and what it does not need can be left out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lean_dojo import TacticState

from prover.errors import LeanProcessError, LeanSetupError
from prover.explore.induction import inductions
from prover.explore.theory import LEMMA, Steps, Theory, lemmas
from prover.lean.context import FileContext
from prover.lean.evaluated import Equation
from prover.prove.environment import SearchState
from prover.prove.goals import KnownGoals
from search.types import Proposal

VISIT = 1
"""The statement's visit on which exploration begins: its first look costs less and proves most."""
LEMMA_LOG_PROB = -0.05
SCRIPT_LOG_PROB, SCRIPT_STEP = -0.5, 0.05
PART_OF_BUDGET = 0.4
MAX_S = 20.0


class Explorable(Steps, Protocol):
    """A Dojo that conjectures."""

    def conjectures(self, functions: tuple[str, ...], /) -> tuple[Equation, ...]:
        """Equations that hold of small values."""
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
    _theory: Theory = field(init=False)

    def __post_init__(self) -> None:
        self._theory = Theory(tuple(self.file_context.definitions), frozenset(self.file_context.inductives))

    def offers(self, state: SearchState, visit: int) -> tuple[list[Proposal], bool]:
        """Proposals for a state, and whether they are all that is to be tried on it."""
        if self._plan is None and visit == VISIT and not state.before:
            self._plan = self._explored(state.tactic_state)
        if not self._plan or self._plan[: len(state.before)] != state.before:
            return [], False
        if len(state.before) < len(self._plan):
            wanted = visit == 0 or not state.before
            return ([Proposal(self._plan[len(state.before)], LEMMA_LOG_PROB, "explore.lemma")] if wanted else []), visit == 0
        return self._scripts(state.tactic_state) if visit == 0 else [], False

    def _explored(self, state: TacticState) -> tuple[str, ...]:
        dojo, theory = self.dojo, self._theory
        if not theory.functions or not hasattr(dojo, "conjectures") or not hasattr(dojo, "run_tacs"):
            return ()
        explorable: Explorable = dojo
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
            plan = tuple(lemma.tactic for lemma in lemmas(explorable, state, conjectures, theory, budget_s))
            self.known.note_theory(key, budget_s, plan)
        return plan

    def _scripts(self, state: TacticState) -> list[Proposal]:
        """Inductions on the statement's own variables, now that the lemmas stand in the context."""
        theory = self._theory
        variables = theory.variables((a.ident, a.lean_type) for a in state.goals[0].assumptions if not _is_sort(a.lean_type))
        own = [v for v in variables if "✝" not in v.name and not v.name.startswith(LEMMA)]
        return [
            Proposal(script, SCRIPT_LOG_PROB - SCRIPT_STEP * i, "explore.induction")
            for i, script in enumerate(inductions(own, theory.functions))
        ]


def _is_sort(of_type: str) -> bool:
    return of_type.split(" ", 1)[0] in ("Type", "Prop", "Sort")
