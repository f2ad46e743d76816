"""One theorem, proved by hand and machine together in a terminal: states, numbered suggestions, search for the rest.

What is built is a tree: a tactic, and below it the goals that it left, worked on in order. Over a pipe it reads the same
lines that a person would type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lean_dojo import LeanError, ProofFinished, ProofGivenUp, TacticState

from prover.audit.outcome import Candidate, Proof, Refusal
from prover.prove.environment import DojoEnvironment
from prover.prove.evaluator import REVISIT_LOG_PROBS, LeanEvaluator, ViewPolicy
from prover.prove.script import script
from prover.prove.theorem import SearchSettings
from prover.server.reading import Opened
from prover.server.session import Session
from prover.server.suggest import Suggestion, ranked
from search import BestFirst, Priority, search
from search.types import Budget, ProofTree

HELP = """\
NUMBER   take that suggestion        undo     take the last step back
a tactic  run it                     finish   search for the rest
more     more suggestions            quit     leave"""
FEW, MANY = 6, 20
SUGGEST_S = 5.0


@dataclass(eq=False)
class Step:
    """A state, and what was done with it: `tactic` with a step for each part, or a `proof` that a search found."""

    state: TacticState
    tactic: str | None = None
    parts: list[Step] = field(default_factory=list)
    proof: ProofTree | None = None

    def open(self) -> Iterator[Step]:
        """The states without a tactic, in order."""
        if self.proof is not None:
            return
        if self.tactic is None:
            yield self
        for part in self.parts:
            yield from part.open()

    def tree(self) -> ProofTree:
        """The proof; `sorry` where there is none yet."""
        if self.proof is not None:
            return self.proof
        if self.tactic is None:
            return ProofTree("sorry")
        return ProofTree(self.tactic, tuple(part.tree() for part in self.parts))


class Terminal:
    """A dialogue over one place.

    Args:
        session: has Lean.
        here: the place, opened.
        policy: offers tactics to suggestions and search.
        ask: gives the next line; None at the end of the input.
        say: shows a line.
        suggest_s: seconds for the suggestions at a state.
    """

    def __init__(
        self,
        session: Session,
        here: Opened,
        policy: ViewPolicy,
        ask: Callable[[], str | None],
        say: Callable[[str], None],
        suggest_s: float = SUGGEST_S,
    ) -> None:
        self._session = session
        self._here = here
        self._policy = policy
        self._ask = ask
        self._say = say
        self._suggest_s = suggest_s
        self._root = Step(here.state)
        self._done: list[Step] = []

    def run(self, settings: SearchSettings) -> Proof | Candidate | None:
        """Talks until the proof is complete and accepted, or the user leaves (None). `settings` is for `finish`.

        Where there is no audit, or other `sorry` remain, what Lean accepts stays a candidate.
        """
        self._say(HELP)
        limit = FEW
        while True:
            step = next(self._root.open(), None)
            if step is None:
                if (judged := self._judged()) is not None:
                    return judged
                continue
            self._show(step)
            offered = self._suggestions(step, limit)
            limit = FEW
            line = self._ask()
            if line is None or line == "quit":
                return None
            match line:
                case "" | "help":
                    self._say(HELP)
                case "undo":
                    self._undo()
                case "more":
                    limit = MANY
                case "finish":
                    self._finish(settings)
                case number if number.isdecimal():
                    if 1 <= int(number) <= len(offered):
                        self._apply(step, offered[int(number) - 1].tactic)
                    else:
                        self._say(f"there is no suggestion {number}")
                case tactic:
                    self._apply(step, tactic)

    def _show(self, step: Step) -> None:
        count = sum(1 for _ in self._root.open())
        self._say(f"\n{step.state.pp}" + (f"\n({count - 1} more after this)" if count > 1 else ""))

    def _suggestions(self, step: Step, limit: int) -> list[Suggestion]:
        found = self._session.suggester(self._here).run(step.state, limit, self._suggest_s)
        offered = ranked(list(found), len(step.state.goals))
        for number, suggestion in enumerate(offered, start=1):
            self._say(f"  {number}. {suggestion.title}")
        if not offered:
            self._say("  no suggestion")
        return offered

    def _apply(self, step: Step, tactic: str) -> None:
        match self._here.dojo.run_tacs(step.state, [tactic])[0]:
            case ProofFinished():
                step.tactic = tactic
            case TacticState() as after:
                step.tactic = tactic
                step.parts = [Step(part) for part in self._here.dojo.parts(after)]
            case LeanError() as failed:
                self._say(f"Lean says: {failed.error}")
                return
            case ProofGivenUp():
                self._say("that gives up (sorry); the proof goes on without it")
                return
            case late:
                self._say(f"stopped after {late.seconds:.0f} s")
                return
        self._done.append(step)

    def _undo(self) -> None:
        if not self._done:
            self._say("there is nothing to take back")
            return
        step = self._done.pop()
        step.tactic, step.parts, step.proof = None, [], None

    def _finish(self, settings: SearchSettings) -> None:
        """Searches for each open state; those that resist stay."""
        environment = DojoEnvironment(self._here.dojo)
        evaluator = LeanEvaluator(self._policy, self._here.lease.worker.file_context(self._here.dojo.entry))
        for step in list(self._root.open()):
            result = search(
                environment, evaluator, environment.part(step.state), BestFirst(Priority(alpha=settings.alpha)),
                budget=Budget(settings.max_expansions, settings.timeout_s), accept=lambda _: True,
                revisits=REVISIT_LOG_PROBS, cancelled=self._here.lease.cancel.is_set,
            )  # fmt: skip
            if result.candidate is not None:
                step.proof = result.candidate
                self._done.append(step)
                self._say(f"found: {' '.join(script(result.candidate).split())}")
            else:
                self._say(f"not found ({result.status.value}, {result.expansions} states expanded)")
                return

    def _judged(self) -> Proof | Candidate | None:
        """What becomes of the tactics so far; when they are refused, the last step is taken back."""
        judged = self._session.judged(self._here, Candidate(script(self._root.tree())))
        if not isinstance(judged, Refusal):
            return judged
        self._say(f"the audit refuses this proof: {judged.reason}; the last step is taken back")
        self._undo()
        return None
