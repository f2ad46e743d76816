"""A Dojo without Lean: a dictionary says what each tactic does. For the tests of whatever works on a Dojo.

The engine is a table; what makes LeanDojo's interface of it is `prover.lean.dojo`, as for every other engine.

    table = {"⊢ True ∧ True": {"constructor": "⊢ True\\n\\n⊢ True"}, "⊢ True": {"trivial": DONE}}
    with FakeDojo(FakeTheorem("t", "⊢ True ∧ True", table)) as (dojo, state): ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from lean_dojo import LeanError, ProofGivenUp

from prover.errors import DataError, LeanCrashedError
from prover.lean.answers import Goal, ProofView, TacticReply
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import MAX_TRIES
from prover.lean.engine import Engine, Limits
from prover.lean.states import goals_of
from prover.lean.targets import LeanFile, Target


@dataclass(frozen=True)
class Leaves:
    """The tactic leaves these goals, as LeanDojo's text (a blank line between two), and says `message`."""

    goals: str
    message: str = ""


@dataclass(frozen=True)
class Done:
    """The tactic closes the goal."""

    message: str = ""


@dataclass(frozen=True)
class Slow:
    """The tactic takes so many seconds; with a shorter timeout it is stopped. Nobody waits."""

    seconds: float
    then: Answer = Done()


@dataclass(frozen=True)
class Crash:
    """The tactic takes the process along, so many times; then it does what `then` says."""

    times: int = MAX_TRIES
    then: Answer = Done()


DONE = Done()
Answer: TypeAlias = str | Leaves | Done | LeanError | ProofGivenUp | Slow | Crash
"""What a tactic does; a `str` is `Leaves` without a message."""
Table: TypeAlias = Mapping[str, Mapping[str, Answer]]
"""State or goal as text → tactic → what it does. A state of several goals that is not a key is looked up by
its first goal; the others stay behind what the tactic leaves of it."""

GIVES_UP = re.compile(r"\b(sorry|admit)\b|^stop$")
METAVARIABLE = re.compile(r"\?\w")


@dataclass(frozen=True)
class FakeTheorem:
    """A name, the initial state as text, what tactics do. With a `problem` it cannot be opened."""

    name: str
    goal: str
    table: Table
    problem: str | None = None


class FakeEngine:
    """Answers from a theorem's table; has what `Dojo` asks of an engine. A state is the texts of its goals, so none is ever lost.

    A tactic that the table has not is an error, and one with `sorry` or `admit` in it gives up. Goals that mention `?x` depend on
    each other. `processes_lost` counts what `Crash` took.
    """

    at_once = 1000
    tries = MAX_TRIES
    patience = 5
    stops = True
    start_s = 0.0
    alive = True
    stopping = False

    def __init__(self, theorem: FakeTheorem) -> None:
        self.theorem = theorem
        self.generation = self.processes_lost = 0
        self._crashed: Counter[tuple[str, str]] = Counter()

    def enter(self, _: Target) -> ProofView:
        """The theorem's goal."""
        return _view(goals_of(self.theorem.goal))

    def run(
        self, view: ProofView, tactics: Sequence[str], limits: Limits, stop_when_done: bool = False
    ) -> list[TacticReply]:
        """What the table says of each tactic. Raises LeanCrashedError for `Crash`."""
        replies: list[TacticReply] = []
        for tactic in tactics:
            replies.append(self._reply(tuple(g.pp for g in view.goals), tactic.strip(), limits))
            if stop_when_done and replies[-1].done:
                break
        return replies

    def split(self, view: ProofView) -> list[ProofView]:
        """The goals, when none mentions a metavariable."""
        return [] if any(g.fingerprint is None for g in view.goals) else [ProofView(None, (g,)) for g in view.goals]

    def release(self, views: Sequence[ProofView]) -> None:
        """Nothing is held."""

    def messages(self, view: ProofView, tactic: str, limits: Limits) -> list[str]:
        """A search of the library finds nothing."""
        return []

    def is_warm(self, modules: tuple[str, ...]) -> bool:
        """There is no library to index."""
        return True

    def _reply(self, goals: tuple[str, ...], tactic: str, limits: Limits) -> TacticReply:
        whole = "\n\n".join(goals)
        at, rest = (whole, ()) if whole in self.theorem.table else (goals[0], goals[1:])
        answer = self.theorem.table.get(at, {}).get(tactic)
        seconds = 0.0
        while True:
            match answer:
                case Slow(seconds, then) if seconds <= limits.timeout_s:
                    answer = then
                case Slow():
                    return TacticReply(1000 * limits.timeout_s, timed_out=True)
                case Crash(times, _) if self._crashed[at, tactic] < times:
                    self._crashed[at, tactic] += 1
                    self.processes_lost += 1
                    self.generation += 1
                    raise LeanCrashedError("the fake ended, as its table says")
                case Crash(_, then):
                    answer = then
                case str():
                    answer = Leaves(answer)
                case Done(message):
                    answer = Leaves("", message)
                case Leaves(left, message):
                    view = _view(goals_of(left) + rest)
                    notes = (message,) if message else ()
                    return TacticReply(1000 * seconds, view if view.goals else None, done=not view.goals, notes=notes)
                case LeanError(error):
                    return TacticReply(1000 * seconds, error=error)
                case ProofGivenUp():
                    return TacticReply(1000 * seconds, gave_up=True)
                case None:
                    answer = ProofGivenUp() if GIVES_UP.search(tactic) else LeanError(f"unknown tactic {tactic[:80]!r}")


class FakeDojo(Dojo):
    """A theorem open for tactics that a dictionary answers. Raises DataError for a state in it that Lean would not print."""

    def __init__(self, theorem: FakeTheorem, timeout: float = 10.0) -> None:
        for text in (theorem.goal, *theorem.table):
            if not goals_of(text) or any("⊢" not in goal for goal in goals_of(text)):
                raise DataError(f"{text!r} is no tactic state: every goal of the table has its ⊢")
        target = Target(LeanFile(theorem.goal, (), 0), 0, theorem.name, 0, 0, (0, 0), theorem.problem)
        super().__init__(target, cast(Engine, FakeEngine(theorem)), timeout)


def _view(goals: tuple[str, ...]) -> ProofView:
    return ProofView(None, tuple(Goal(goal, None if METAVARIABLE.search(goal) else hash(goal)) for goal in goals))
