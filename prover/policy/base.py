"""What a policy is given and what it is made of.

A policy is a mixture of proposers. Each proposer looks at a goal and offers tactics with log-probabilities of its own;
the mixture replaces those of known templates by calibrated ones, adds the log of the proposer's weight and keeps, for
each tactic, the best offer. A neural proposer joins by being one more of them.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import NamedTuple, Protocol

from prover.errors import PolicyError
from prover.lean.context import FileContext
from search.types import Proposal

MAX_TACTIC_LENGTH = 10_000
ROUNDING = 1e-6
"""A log-probability may lie so far above 0."""
FIRST_BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 60.0
MAX_FAULTS_IN_A_ROW = 12
"""A proposer that failed so often without an answer between is left out for the rest of the run: six minutes of silence,
because a server that loads a model of several billion weights anew needs some of them."""


@dataclass(frozen=True)
class Hypothesis:
    """One name of the local context and its type, as Lean prints it."""

    name: str
    type: str

    @property
    def accessible(self) -> bool:
        """Whether a tactic can say the name."""
        return "✝" not in self.name


@dataclass(frozen=True)
class GoalText:
    """A goal as text: hypotheses in order, and what is to be shown."""

    hypotheses: tuple[Hypothesis, ...]
    target: str
    case: str | None = None

    @property
    def named(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that a tactic can name."""
        return tuple(h for h in self.hypotheses if h.accessible)


class Failed(NamedTuple):
    """A tactic that Lean refused, with Lean's message and who offered it."""

    tactic: str
    error: str
    proposer: str


@dataclass(frozen=True)
class View:
    """What a proposer sees of a state.

    `pp` is LeanDojo's text of the whole state, `goals` its goals in order (the first is worked on), `stage` how often
    this state has been given back for harder attempts, `depth` the number of tactics before it. `theorem` is the name of
    what is being proved and `before` the tactics from its statement to here; both may be unknown (empty). `failed` has the
    likeliest tactic of each proposer that failed here at the last visit.
    """

    pp: str
    goals: tuple[GoalText, ...]
    file_context: FileContext
    stage: int = 0
    depth: int = 0
    theorem: str = ""
    before: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()


class Offer(NamedTuple):
    """A tactic, its natural log-probability (≤ 0), and the template that it is an instance of.

    Offers of one template are calibrated together; without a template the log-probability stands as it is.
    """

    tactic: str
    log_prob: float
    template: str = ""


class Proposer(Protocol):
    """Offers tactics for the first goal of a state."""

    @property
    def name(self) -> str:
        """Who offers, in reports."""
        ...

    def propose(self, view: View, /) -> Iterable[Offer]:
        """Offers in any order."""
        ...


class Leader(Proposer, Protocol):
    """A proposer that works some states alone at first: the other members come to them later."""

    def leads(self, view: View, /) -> int:
        """For how many visits this state is one of them; 0: it is none."""
        ...


def introduced(before: Sequence[str]) -> bool:
    """Whether the tactics only introduced what the statement assumes or put definitions in: the goal is the statement still."""
    return all(t.startswith(("intro ", "dsimp only", "simp only")) for t in before)


class Rates(Protocol):
    """What experience says of a template's offers: `prover.policy.ranker`, `prover.policy.calibration`."""

    def log_prob(self, template: str, view: View, prior: float) -> float:
        """The natural log-probability to use in place of the proposer's own; −∞: not worth its time on this state."""
        ...


_noted: ContextVar[Counter[str] | None] = ContextVar("policy faults", default=None)
_tokens: ContextVar[Counter[str] | None] = ContextVar("policy tokens", default=None)


@contextmanager
def noting_faults() -> Iterator[Counter[str]]:
    """Counts, by proposer, the faults of whatever proposes inside, in this thread."""
    counter: Counter[str] = Counter()
    token = _noted.set(counter)
    try:
        yield counter
    finally:
        _noted.reset(token)


@contextmanager
def noting_tokens() -> Iterator[Counter[str]]:
    """Counts, by proposer, the tokens that language models write for whatever proposes inside, in this thread."""
    counter: Counter[str] = Counter()
    token = _tokens.set(counter)
    try:
        yield counter
    finally:
        _tokens.reset(token)


def note_tokens(proposer: str, count: int) -> None:
    """A language model wrote so many tokens."""
    counter = _tokens.get()
    if counter is not None:
        counter[proposer] += count


def note_fault(proposer: str) -> None:
    """A proposer failed, or offered what cannot be a tactic."""
    counter = _noted.get()
    if counter is not None:
        counter[proposer] += 1


@dataclass
class Health:
    """Which proposers are left out, and until when. Shared by all threads.

    A proposer that fails is left out for a back-off time that doubles from fault to fault, up to LONGEST_BACK_OFF_S; after
    MAX_FAULTS_IN_A_ROW for good. An answer makes it well again.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    last: str = ""
    _faults: dict[str, int] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def left_out(self, name: str) -> bool:
        """Whether the proposer is not to be asked now."""
        with self._lock:
            return self._until.get(name, -math.inf) > self.clock()

    def failed(self, name: str, why: str = "") -> None:
        """It did not answer. Several searches that met the same outage at once count as one fault."""
        with self._lock:
            self.last = why
            if self._until.get(name, -math.inf) > self.clock():
                return
            count = self._faults[name] = self._faults.get(name, 0) + 1
            pause = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2 ** (count - 1))
            self._until[name] = math.inf if count >= MAX_FAULTS_IN_A_ROW else self.clock() + pause

    def answered(self, name: str) -> None:
        """It is well."""
        if name in self._faults:
            with self._lock:
                self._faults.pop(name, None)
                self._until.pop(name, None)

    def wait_for_one(self, names: Iterable[str]) -> bool:
        """Sleeps until one of the proposers may be asked again; False when none ever may."""
        with self._lock:
            until = min((self._until.get(name, -math.inf) for name in names), default=math.inf)
            left = until - self.clock()
        if left > 0 and left < math.inf:
            self.sleep(left)
        return left < math.inf


def is_tactic(offer: object) -> bool:
    """Whether an offer has the form of one: a text that Lean can be asked, and a log-probability."""
    if not isinstance(offer, tuple) or len(offer) not in (2, 3):
        return False
    tactic, log_prob = offer[0], offer[1]
    return (
        isinstance(tactic, str)
        and 0 < len(tactic.strip()) <= len(tactic) <= MAX_TACTIC_LENGTH
        and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in tactic)
        and isinstance(log_prob, int | float)
        and -math.inf < log_prob <= ROUNDING
        and all(isinstance(template, str) for template in offer[2:])
    )


def names_itself(tactic: str, theorem: str) -> bool:
    """Whether a tactic cites the very theorem that it is to prove: Lean would take that for recursion without an end."""
    if not theorem or theorem not in tactic:
        return False
    return re.search(rf"(?<![\w.]){re.escape(theorem)}(?![\w.'!?])", tactic) is not None


@dataclass(frozen=True)
class Mixture:
    """Several proposers as one policy.

    A member that raises PolicyError is left out for a while (`Health`), and the others go on without it. Offers that
    cannot be tactics are dropped. Both are counted, see `noting_faults`.

    Args:
        members: proposer and weight in (0, 1]; an offer's log-probability is the proposer's plus log weight.
        width: at most so many tactics for a state, the likeliest.
        rates: calibrated log-probabilities; None leaves the proposers' own.
        leaders: members of weight 1 that are asked alone on the first visits to a state that one of them leads.
        scales: by a proposer's name, what its offers without a template count instead of their log-probability.
    """

    members: Sequence[tuple[Proposer, float]]
    width: int = 40
    rates: Rates | None = None
    leaders: Sequence[Leader] = ()
    scales: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    health: Health = field(default_factory=Health, compare=False, repr=False)

    def offers(self, view: View) -> list[tuple[Proposer, float, Offer]]:
        """Everything that is offered, with proposer and weight, in the members' order.

        Raises PolicyError when no member answers any more.
        """
        members = self.members
        alone = max((leader.leads(view) for leader in self.leaders), default=0)
        if view.stage < alone:
            members = [(leader, 1.0) for leader in self.leaders]
        else:
            view = replace(view, stage=view.stage - alone)
        while True:
            found: list[tuple[Proposer, float, Offer]] = []
            answered = not members
            for proposer, weight in members:
                if self.health.left_out(proposer.name):
                    continue
                try:
                    offers = list(proposer.propose(view))
                except PolicyError as error:
                    note_fault(proposer.name)
                    self.health.failed(proposer.name, str(error))
                    continue
                good = [Offer(*offer) for offer in offers if is_tactic(offer)]
                if len(good) < len(offers):
                    note_fault(proposer.name)
                self.health.answered(proposer.name)
                answered = True
                found += [(proposer, weight, offer) for offer in good]
            if answered:
                return found
            if not self.health.wait_for_one(proposer.name for proposer, _ in members):
                raise PolicyError(f"no proposer answers any more; the last fault: {self.health.last}")

    def propose(self, view: View) -> list[Proposal]:
        """The likeliest `width` tactics, each once, with the name of the template or of who offered it.

        What the file's imports cannot run is not among them, nor what is not worth its time on this state, nor a template that
        cites the theorem itself: a model may mean recursion by that, a template never does.
        """
        best: dict[str, Proposal] = {}
        for proposer, weight, offer in self.offers(view):
            if not runs(offer.tactic, view.file_context.imported):
                continue
            if offer.template and names_itself(offer.tactic, view.theorem):
                continue
            log_prob = offer.log_prob
            if self.rates is not None and offer.template:
                log_prob = self.rates.log_prob(offer.template, view, log_prob)
                if log_prob == -math.inf:
                    continue
            elif not offer.template and proposer.name in self.scales:
                log_prob = self.scales[proposer.name](log_prob)
            log_prob = min(0.0, log_prob + math.log(weight))
            if offer.tactic not in best or log_prob > best[offer.tactic].log_prob:
                best[offer.tactic] = Proposal(offer.tactic, log_prob, offer.template or proposer.name)
        return sorted(best.values(), key=lambda p: -p.log_prob)[: self.width]


NEEDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (
        re.compile(r"(?<![\w.])(?:grind|lia|cutsat|grobner)(?![\w.])"),
        frozenset({"Init.Grind.Norm", "Init.Grind.Util", "Init.Grind.ToInt", "Init.Grind.Ring.Basic"}),
    ),
    (re.compile(r"(?<![\w.])(?:bv_)?omega(?![\w.])"), frozenset({"Init.Omega.Int"})),
)
"""Words of a tactic, and the modules that hold the lemmas it cannot do without."""


def runs(tactic: str, imported: frozenset[str] | None) -> bool:
    """Whether a tactic can succeed with these modules; `None` is the whole library. Errs on the side of yes."""
    return imported is None or all(modules <= imported for word, modules in NEEDS if word.search(tactic))


def chosen_file(variable: str, package: str, name: str) -> Path | None:
    """The file that an environment variable names (empty: none); without it the one of a package, if that has one."""
    chosen = os.environ.get(variable)
    if chosen is not None:
        return Path(chosen) if chosen.strip() else None
    path = Path(str(resources.files(package).joinpath(name)))
    return path if path.is_file() else None
