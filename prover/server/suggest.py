"""The next tactic: what the policy offers for a state, tried in Lean, the surest and cheapest first."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lean_dojo import ProofFinished, TacticState

from prover.lean.context import FileContext
from prover.lean.dojo import Dojo
from prover.lean.states import goals_of
from prover.lean.tactic_text import searches_library
from prover.policy.base import GoalText
from prover.prove.environment import UNCHANGED, DojoEnvironment, SearchState, view_of
from prover.prove.evaluator import ViewPolicy
from prover.server.completion import Prefix, tuples
from search.types import Advanced, Closed, Proposal, Rejected

IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*")
NAME = re.compile(r"([^\s()\[\]{}⟨⟩,:;|@←→↔∧∨¬=≠≤≥<>+*/%^∣∈∉.-]+)((?:\.[^\s()\[\]{}⟨⟩,:;|]+)?)")
BINDER = re.compile(r"[({⦃]([^\s:(){}]+(?: [^\s:(){}]+)*) :|(?:∀|∃!?|∑|fun|λ) ([^\s,:(){}]+(?: [^\s,:(){}]+)*?) ?(?:,|=>|↦|:|∈)")
IDEA = re.compile(r"[\w?!'.]+|\S+")
SHOWS = frozenset({"show", "change"})
PROOF_FOLLOWS = {"calc": " := ", "have": " := ", "obtain": " := ", "suffices": " from "}
"""What stands between a statement and its proof."""
T = TypeVar("T")
QUICK = frozenset({
    "rfl", "assumption", "omega", "intro", "constructor", "exact", "contradiction", "simp", "refine", "rw", "apply",
    "cases", "obtain", "rcases", "left", "right", "exists", "funext", "ext", "subst", "injection", "symm", "split",
})  # fmt: skip
"""First words of tactics that are over in milliseconds, whatever the goal."""
TITLE = 110
VISITS = 2
"""A state is looked at so often: as a search would expand it."""
INTROS = frozenset({"intro", "intros"})
"""What follows these is suggested with them, where nothing closes the goal."""
OF_ONE_IDEA = 2
"""So many offers of one idea are shown before all other ideas had their turn."""
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

    @property
    def title(self) -> str:
        """On one line: the tactic, and what it leaves."""
        tactic = " ".join(self.tactic.split())
        if self.closes:
            return f"{tactic}  (closes the goal)"
        left = "; ".join(" ".join(f"⊢{goal.rpartition('⊢')[2]}".split()) for goal in self.goals_after)
        count = len(self.goals_after)
        title = f"{tactic}  ({count} goal{'s' if count > 1 else ''}: {left})"
        return title if len(title) <= TITLE else title[: TITLE - 1] + "…"


def unnamed(goal: str) -> str:
    """A goal with numbers in place of the names of hypotheses and bound variables, without its case.

    Goals that differ in names alone become the same.
    """
    lines = [line for line in goal.split("\n") if not line.startswith("case ")]
    heads = [line.partition(" : ")[0] for line in lines if " : " in line and not line.startswith((" ", "⊢"))]
    text = "\n".join(lines)
    named = [*heads, *(m[1] or m[2] for m in BINDER.finditer(text))]
    numbers = {name: f"#{i}" for i, name in enumerate(dict.fromkeys(n for names in named for n in names.split()))}
    return NAME.sub(lambda m: numbers.get(m[1], m[1]) + m[2], text)


def idea(tactic: str) -> str:
    """The first word of a tactic, of what follows when that is `intro`: what tells one idea from another."""
    words = [found[0] for line in tactic.split("\n") if (found := IDEA.match(line)) is not None]
    return next((word for word in words if word not in INTROS), words[0] if words else tactic)


def ranked(found: Sequence[Suggestion], goals_now: int) -> list[Suggestion]:
    """Best first: what closes everything, then different ideas, of one idea what leaves fewer goals, then the likeliest."""
    best = sorted(found, key=lambda s: (not s.closes, len(s.goals_after) >= goals_now, -s.log_prob))
    return varied(best, lambda s: (not s.closes, s.tactic))


def varied(ordered: Sequence[T], rank_and_tactic: Callable[[T], tuple[bool, str]]) -> list[T]:
    """The same order within each rank and idea, but the first of each idea before the second of any."""
    seen: Counter[tuple[bool, str]] = Counter()
    turns: list[tuple[bool, int]] = []
    for one in ordered:
        rank, tactic = rank_and_tactic(one)
        turns.append((rank, seen[rank, idea(tactic)]))
        seen[rank, idea(tactic)] += 1
    order = sorted(range(len(ordered)), key=lambda i: turns[i])
    return [ordered[i] for i in order]


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
        dojo: Dojo,
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
        """Suggestions as they are found: at most `limit`, for `timeout_s` seconds.

        Two that leave the same goals are one, be their hypotheses named differently.
        """
        deadline = time.monotonic() + timeout_s
        ran = _Ran(limit, lambda: time.monotonic() > deadline or cancelled())
        for visit in range(VISITS):
            yield from self._offers(SearchState(state), ran, visit=visit)
            if ran.full() or ran.closing:
                yield from ran.left_over()
                return  # dearer attempts are for goals that resist
        for tactic, after in ran.intros[:1]:
            yield from self._offers(SearchState(after), ran, tactic)
        yield from ran.left_over()

    def _offers(self, at: SearchState, ran: _Ran, first: str = "", visit: int = 0) -> Iterator[Suggestion]:
        """What the policy offers for a state that helps; `first` leads to the state and is part of what is suggested."""
        for proposal in in_order(self._policy.propose(view_of(at, self._file_context, visit))):
            if ran.full():
                return
            if not self._searches and searches_library(proposal.tactic):
                continue
            if not ran.begins(first, proposal.tactic):
                continue
            outcome = self._environment.step(at, [proposal.tactic])[0]
            if not isinstance(outcome, Closed | Advanced):
                continue
            suggestion = self._suggestion(proposal, outcome, first)
            if ran.is_new(suggestion):
                if isinstance(outcome, Advanced) and len(outcome.parts) == 1 and idea(suggestion.tactic) in INTROS and not first:
                    ran.intros.append((suggestion.tactic, outcome.parts[0].state.tactic_state))
                yield suggestion

    def offers(self, state: TacticState) -> tuple[GoalText | None, tuple[Proposal, ...]]:
        """The first goal of a state, and all that the policy offers for it."""
        offered: dict[str, Proposal] = {}
        for visit in range(VISITS):
            view = view_of(SearchState(state), self._file_context, visit)
            for p in in_order(self._policy.propose(view)):
                offered.setdefault(p.tactic, p)
        return (view.goals[0] if view.goals else None), tuple(offered.values())

    def left(self, state: TacticState, offers: Sequence[Proposal], over: Callable[[], bool]) -> Iterator[str]:
        """What quick tactics leave to be shown."""
        for suggestion in self.of(state, [p for p in offers if is_quick(p.tactic)][:AFTER_CLOSING], AFTER_CLOSING, over):
            for goal in suggestion.goals_after:
                yield " ".join(goal.rpartition("⊢")[2].split())

    def stated(self, state: TacticState, opening: str, statements: Sequence[str], over: Callable[[], bool]) -> list[Proposal]:
        """`opening` with each statement that Lean reads, and its proof by one tactic where one is needed and found."""
        found: list[Proposal] = []
        for statement in statements:
            if over():
                break
            tactic = f"{opening}{statement}"
            between = PROOF_FOLLOWS.get(idea(tactic))
            if between is None:
                if self._left(state, tactic) is not None:
                    found.append(Proposal(tactic, -1.0, "prefix.statement"))
                continue
            for turn in ("", "\nrotate_left"):  # one of the two goals is what is stated
                left = self._left(state, f"{tactic}{between}?_{turn}")
                for proof in self._one_line(left[0]) if left else ():
                    whole = f"{tactic}{between}by {proof.tactic}"
                    if not over() and self._left(state, whole) is not None:
                        found.append(Proposal(whole, max(-20.0, proof.log_prob - 1), "prefix.statement"))
                        break
        return found

    def tupled(self, state: TacticState, prefix: Prefix, over: Callable[[], bool]) -> list[Proposal]:
        """The prefix with a proof in each place of the anonymous constructor in which it ends."""
        found: list[Proposal] = []
        for opening in tuples(prefix):
            left = self._left(state, opening) or []
            proofs = [p.tactic for part in left if (p := self._closing(part, over)) is not None]
            if proofs and len(proofs) == len(left):
                terms = [p.removeprefix("exact ") if p.startswith("exact ") else f"by {p}" for p in proofs]
                found.append(Proposal(f"{prefix.base}{', '.join(terms)}{prefix.closing}", -1.0, "prefix.tuple"))
        return found

    def _left(self, state: TacticState, tactic: str) -> list[TacticState] | None:
        """What a tactic leaves, each goal by itself where that can be; None when it fails."""
        match self._environment.dojo.run_tacs(state, [tactic])[0]:
            case ProofFinished():
                return []
            case TacticState() as after:
                return list(self._environment.dojo.parts(after))
        return None

    def _closing(self, state: TacticState, over: Callable[[], bool]) -> Suggestion | None:
        """One tactic on one line that closes a goal."""
        return next((s for s in self.of(state, self._one_line(state), AFTER_CLOSING, over) if s.closes), None)

    def _one_line(self, state: TacticState) -> list[Proposal]:
        """The likeliest offers of one line."""
        likeliest = sorted(self.offers(state)[1], key=lambda p: -p.log_prob)
        return [p for p in likeliest if "\n" not in p.tactic and ";" not in p.tactic][:AFTER_CLOSING]

    def of(self, state: TacticState, tactics: Sequence[Proposal], limit: int, over: Callable[[], bool]) -> Iterator[Suggestion]:
        """Those of given tactics that Lean takes, at most `limit`, until `over`."""
        ran = _Ran(limit, over)
        for proposal in tactics:
            if ran.full():
                break
            if not ran.begins("", proposal.tactic):
                continue
            outcome = self._environment.step(SearchState(state), [proposal.tactic])[0]
            if isinstance(outcome, Rejected) and outcome.error == UNCHANGED and idea(proposal.tactic) in SHOWS:
                outcome = Advanced((self._environment.part(state),))
            if isinstance(outcome, Closed | Advanced) and ran.is_new(found := self._suggestion(proposal, outcome)):
                yield found
        yield from ran.left_over()

    def _suggestion(self, proposal: Proposal, outcome: Closed | Advanced[SearchState], first: str = "") -> Suggestion:
        own = outcome.instead or proposal.tactic
        tactic = f"{first}\n{own}" if first else own
        goals = () if isinstance(outcome, Closed) else tuple(g for p in outcome.parts for g in goals_of(p.text))
        premises = tuple(dict.fromkeys(name for name in IDENTIFIER.findall(tactic) if self._named(name)))
        return Suggestion(tactic, goals, not goals, proposal.log_prob, proposal.proposer, premises)


class _Ran:
    """What a list of suggestions has so far, and what may still be tried."""

    def __init__(self, limit: int, over: Callable[[], bool]) -> None:
        self._limit = limit
        self._over = over
        self._tried: set[tuple[str, str]] = set()
        self._left: set[tuple[str, ...]] = set()
        self._ideas: Counter[str] = Counter()
        self._later: list[Suggestion] = []
        self._found = self._since = self.closing = 0
        self.intros: list[tuple[str, TacticState]] = []

    def full(self) -> bool:
        """Whether nothing more is to be tried."""
        return self._found >= self._limit or self._since > AFTER_CLOSING or self._over()

    def begins(self, first: str, tactic: str) -> bool:
        """Whether a tactic is to be tried; a model may offer what an earlier stage had."""
        new = (first, tactic) not in self._tried
        self._tried.add((first, tactic))
        self._since += self.closing > 0
        return new

    def is_new(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion is to be shown: it leaves what no other one leaves, or is among the first that close the goal."""
        left = tuple(map(unnamed, suggestion.goals_after))
        if (left in self._left and not suggestion.closes) or (suggestion.closes and self.closing == ENOUGH_CLOSING):
            return False
        self.closing += suggestion.closes
        self._left.add(left)
        self._ideas[idea(suggestion.tactic)] += 1
        if not suggestion.closes and self._ideas[idea(suggestion.tactic)] > OF_ONE_IDEA:
            self._later.append(suggestion)
            return False
        self._found += 1
        return True

    def left_over(self) -> list[Suggestion]:
        """What had to wait for other ideas and finds place now."""
        return self._later[: max(0, self._limit - self._found)]


def in_order(proposals: Sequence[Proposal]) -> list[Proposal]:
    """What costs milliseconds before what may cost seconds; of these the likeliest of each idea, then the next of each."""
    likeliest = sorted(proposals, key=lambda p: (not is_quick(p.tactic), -p.log_prob))
    return varied(likeliest, lambda p: (not is_quick(p.tactic), p.tactic))


def is_quick(tactic: str) -> bool:
    """Whether a tactic is over in milliseconds."""
    words = [part.split()[0] for part in re.split(r"<;>|;|\n", tactic.replace("(", " ").replace("·", " ")) if part.split()]
    return bool(words) and all(word in QUICK for word in words)
