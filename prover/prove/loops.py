"""Proofs of loops by invariants: of the candidates for premises those stay that hold at the start and that each round keeps.

That is Houdini's way (Flanagan and Leino, 2001): all that hold at the start are assumed, what a round does not keep is thrown
out, and so on until the rest keeps itself; the largest such set is found, if Lean's automation can prove what is true of it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from lean_dojo import ProofFinished, TacticState

from prover.lean.context import FileContext
from prover.policy.base import introduced
from prover.policy.goal import Goal, first_goal
from prover.policy.lemmas.invariant import Invariant, at_once, invariants, loops, opened
from prover.prove.environment import SearchState, view_of
from search.types import Proposal

ROUNDS = 6
START_S, GOAL_S = 1.0, 2.0
"""For a premise at the start, and for one at the end of a round."""
PART_OF_BUDGET, MAX_S = 0.4, 20.0
LOG_PROB = -0.02
CASE = re.compile(r"^case \S*\binv(\d+)$", re.MULTILINE)


@runtime_checkable
class Runs(Protocol):
    """A Dojo, as far as it is needed here."""

    def run_tacs(self, state: TacticState, tactics: Sequence[str], /, stop_when_done: bool = False) -> Sequence[object]:
        """One result for each tactic, each run on `state` itself."""
        ...

    def parts(self, state: TacticState, /) -> Sequence[TacticState]:
        """One state for each independent goal."""
        ...

    def limited(self, seconds: float, /) -> AbstractContextManager[None]:
        """Inside, a single tactic has at most so many seconds."""
        ...


@dataclass
class LoopSteps:
    """The invariants of one search.

    Args:
        dojo: the theorem.
        file_context: its functions and types.
        timeout_s: the theorem's budget in seconds, of which invariants take at most a part; None: no seconds limit anything here,
            so that the same expansions give the same proofs.
    """

    dojo: object
    file_context: FileContext
    timeout_s: float | None = None
    _closing: dict[str, str] = field(default_factory=dict, init=False)
    """By a tactic that states an invariant, what closes the goals that it leaves."""

    def offers(self, state: SearchState, visit: int) -> list[Proposal]:
        """For a statement about the start of a loop an invariant from which it follows; for what that leaves, what closes it.

        On the first visit for what no pattern ends, since little else is of use then; on the second for other recursions.
        """
        dojo = self.dojo
        if visit == 0 and state.before and (close := self._closing.get(state.before[-1])) is not None:
            return [Proposal(close, LOG_PROB, "loops.close")]
        if visit > 1 or not introduced(state.before) or not isinstance(dojo, Runs):
            return []
        goal = first_goal(view_of(state, self.file_context))
        if goal is None or goal.shape in ("∀", "→") or goal.unnamed:
            return []
        began = time.monotonic()
        budget_s = math.inf if self.timeout_s is None else min(MAX_S, PART_OF_BUDGET * self.timeout_s)
        chosen = [loop for loop in loops(goal) if loop.function.endless == (visit == 0)]
        for invariant in (i for loop in chosen for i in invariants(goal, loop)):
            found = self._kept(dojo, state.tactic_state, goal, invariant, lambda: time.monotonic() - began > budget_s)
            if found is not None:
                opening, self._closing[opening] = found[0], found[1]
                return [Proposal(opening, LOG_PROB, "loops.invariant")]
        return []

    def _kept(
        self, dojo: Runs, state: TacticState, goal: Goal, invariant: Invariant, over: Callable[[], bool]
    ) -> tuple[str, str] | None:
        """The tactic that states the premises which hold at the start and are kept, and what closes all that it leaves."""
        close = f"grind [{', '.join(n for n in goal.equations if not _recursive(goal, n))}]"
        starts = [f"have inv : {invariant.at_start(p)} := {at_once(close)}" for p in invariant.premises]
        with self._limited(dojo, START_S):
            results = dojo.run_tacs(state, starts)
        kept = [p for p, r in zip(invariant.premises, results, strict=False) if isinstance(r, TacticState)]
        for _ in range(ROUNDS):
            opening = opened(goal, invariant, kept, close)
            [below] = dojo.run_tacs(state, [opening])
            if not isinstance(below, TacticState):
                return None
            lost = self._lost(dojo, below, close, over)
            if lost is None:
                return None
            if not lost:
                return opening, close
            kept = [p for i, p in enumerate(kept) if i not in lost]
        return None

    def _lost(self, dojo: Runs, below: TacticState, close: str, over: Callable[[], bool]) -> set[int] | None:
        """The premises that some round does not keep; None: where the loop ends not all follows from them, or time is up."""
        lost: set[int] = set()
        cases = [(CASE.search(part.pp), part) for part in dojo.parts(below)]
        for case, part in sorted(cases, key=lambda c: c[0] is not None):
            if case is not None and int(case[1]) - 1 in lost:
                continue
            if over():
                return None
            with self._limited(dojo, GOAL_S):
                [result] = dojo.run_tacs(part, [close])
            if not isinstance(result, ProofFinished):
                if case is None:
                    return None
                lost.add(int(case[1]) - 1)
        return lost

    def _limited(self, dojo: Runs, seconds: float) -> AbstractContextManager[None]:
        return nullcontext() if self.timeout_s is None else dojo.limited(seconds)


def _recursive(goal: Goal, name: str) -> bool:
    return any(f.name == name and f.recursive for f in goal.functions)
