"""One theorem, proved: the place that joins environment, policy and search.

The search works on a `lean_dojo.Dojo`; whether Lean behind it is embedded or native it does not know. What it finds is a
candidate. `prove` returns "proved" only with the auditor's word.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import lean_dojo
from lean_dojo import TacticState

from prover.audit.auditor import Verdict
from prover.errors import LeanProcessError
from prover.lean.context import FileContext
from prover.policy.base import View, noting_faults
from prover.prove.environment import DojoEnvironment, SearchState, view_of
from prover.prove.minimise import minimise
from prover.prove.oracles import SEARCHES, proposals
from prover.prove.script import DEFER, script
from search import best_first, to_json
from search.types import (
    Budget,
    Priority,
    ProofTree,
    Proposal,
    SearchResult,
    Status,
)

MAX_STAGE = 3
NO_FILE_CONTEXT = FileContext()
DEFER_LOG_PROBS = (-1.5, -2.5, -3.0)
"""Of giving a state back for harder attempts, by how often that was done: the later ones cost seconds."""


class TextCritic(Protocol):
    """Guesses from a state's text whether it can be proved; `prover.policy.critic.StateCritic` does."""

    @property
    def sha256(self) -> str:
        """Tells critics apart, in run folders."""
        ...

    def value(self, text: str, depth: int, stage: int, /) -> float:
        """In [0, 1], higher is more hopeful: of the state's text, the tactics before it, how often it was put back."""
        ...


@dataclass(frozen=True)
class SearchSettings:
    """Budgets of one theorem, and what decides the order of the search.

    `timeout_s` is wall time; `max_expansions` is exact and deterministic. With a critic, a state's priority has
    `critic_weight` times the logarithm of its value in it (`search.types.Priority`).
    """

    timeout_s: float | None = 60.0
    max_expansions: int | None = None
    alpha: float = 0.5
    critic: TextCritic | None = None
    critic_weight: float = 0.0

    def noted(self) -> dict[str, Any]:
        """What decides the outcome, for run folders; without a critic there is nothing of one."""
        facts: dict[str, Any] = {"timeout_s": self.timeout_s, "max_expansions": self.max_expansions, "alpha": self.alpha}
        if self.critic is not None:
            facts["critic"] = {"sha256": self.critic.sha256, "weight": self.critic_weight}
        return facts


@dataclass
class Attempt:
    """What became of one theorem.

    `status` is proved, failed or error; `proof` the tactics, one a line; `reason` says why not; `tree` the search graph
    in the schema of docs/architecture.md. `set_aside` are tactics that ended Lean again and again, `policy_faults` says
    how often which proposer failed meanwhile: a search that did not find a proof may owe it to them.
    """

    status: str
    proof: str | None = None
    reason: str | None = None
    seconds: float = 0.0
    expansions: int = 0
    tactics_run: int = 0
    lean_seconds: float = 0.0
    candidates_refused: int = 0
    axioms: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    closed_by: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    policy_faults: dict[str, int] = field(default_factory=dict)
    tree: dict[str, Any] | None = None


class ViewPolicy(Protocol):
    """A policy over views; `prover.policy.base.Mixture` is one."""

    def propose(self, view: View) -> list[Proposal]:
        """Tactics for the view's first goal."""
        ...


@dataclass(frozen=True)
class _OnStates:
    """A critic of texts as the search asks it."""

    critic: TextCritic

    def value(self, state: SearchState) -> float:
        return self.critic.value(state.tactic_state.pp, len(state.before), state.stage)


@dataclass
class StagedPolicy:
    """Asks the policy, late Lean's own searches too, and adds the way back for harder attempts.

    A tactic that was proposed for a state at an earlier stage is not proposed again: it has been run there. One for each search.
    """

    policy: ViewPolicy
    file_context: FileContext
    max_stage: int = MAX_STAGE
    messages_of: Callable[[TacticState, str], Sequence[str]] | None = None
    theorem: str = ""
    _proposed: dict[int, dict[str, int]] = field(default_factory=dict, init=False, repr=False)

    def propose(self, state: SearchState) -> list[Proposal]:
        """The policy's proposals, what searches suggest, and DEFER while there is a stage left."""
        found = self.policy.propose(view_of(state, self.file_context, theorem=self.theorem))
        if self.messages_of is not None:
            for search, log_prob in SEARCHES.get(state.stage, ()):
                found += proposals(search, log_prob, self.messages_of(state.tactic_state, search))
        first = self._proposed.setdefault(state.tactic_state.id, {})
        found = [p for p in found if first.setdefault(p.tactic, state.stage) >= state.stage]
        if state.stage < self.max_stage:
            found.append(Proposal(DEFER, DEFER_LOG_PROBS[state.stage], "stage"))
        return found


def prove(
    dojo: lean_dojo.Dojo,
    policy: ViewPolicy,
    audit: Callable[[str], Verdict],
    settings: SearchSettings,
    file_context: FileContext = NO_FILE_CONTEXT,
    cancelled: Callable[[], bool] = lambda: False,
    on_expansion: Callable[[Any, Any], None] | None = None,
    minimised: bool = True,
) -> Attempt:
    """Searches for a proof of the theorem that `dojo` is open for.

    Args:
        dojo: not yet entered.
        policy: proposes tactics.
        audit: judges a proof text; a refused one is never returned.
        settings: budgets.
        file_context: the file's own definitions and theorems.
        cancelled: looked at before each expansion.
        on_expansion: called with graph and node after each.
        minimised: make the proof smaller before it is returned.

    Returns:
        The attempt; a theorem that could not be opened is an error.

    Raises:
        LeanProcessError: Lean was lost too often; says nothing about the theorem.
        PolicyError: no proposer answers any more.
    """
    started = time.monotonic()
    verdicts: list[Verdict] = []
    refusals: list[str] = []

    def accept(tree: ProofTree) -> bool:
        verdict = audit(script(tree))
        verdicts.append(verdict)
        if not verdict.accepted:
            refusals.append(verdict.reason or "refused")
        return verdict.accepted

    try:
        with noting_faults() as policy_faults, dojo as (opened, initial):
            environment = DojoEnvironment(opened)
            staged = StagedPolicy(policy, file_context, messages_of=getattr(opened, "messages_of", None), theorem=_name_of(dojo))
            result = best_first(
                environment,
                staged,
                environment.part(initial),
                budget=Budget(settings.max_expansions, settings.timeout_s),
                accept=accept,
                priority=Priority(settings.alpha, settings.critic_weight),
                critic=_OnStates(settings.critic) if settings.critic is not None else None,
                cancelled=cancelled,
                on_expansion=on_expansion,
            )
            attempt = _attempt(result, opened)
            if result.proof is not None:
                proof = result.proof
                if minimised:  # while the theorem is open: some processes end with it
                    proof = _minimised(proof, getattr(opened, "holds", None), audit, verdicts)
                attempt.proof, attempt.axioms, attempt.depends_on = script(proof), verdicts[-1].axioms, verdicts[-1].depends_on
    except lean_dojo.DojoInitError as error:
        if isinstance(error.__cause__, LeanProcessError):
            raise error.__cause__ from error
        return Attempt("error", reason=str(error), seconds=time.monotonic() - started)
    attempt.seconds = time.monotonic() - started
    attempt.refusals, attempt.policy_faults = refusals, dict(policy_faults)
    return attempt


def _attempt(result: SearchResult[SearchState], opened: Any) -> Attempt:
    """What a search came to, before its proof is made smaller."""
    tree = to_json(result.graph)
    return Attempt(
        status="proved" if result.status is Status.PROVED else "failed",
        reason=None if result.status is Status.PROVED else result.status.value,
        expansions=result.expansions,
        tactics_run=result.tactics_run,
        lean_seconds=getattr(opened, "lean_ms", 0.0) / 1000,
        candidates_refused=result.candidates_refused,
        closed_by=_proposers(tree, result.proof) if result.proof is not None else {},
        set_aside=list(getattr(opened, "set_aside", ())),
        tree=tree,
    )


def _name_of(dojo: lean_dojo.Dojo) -> str:
    entry = getattr(dojo, "entry", None)
    return str(getattr(entry, "name", "") or getattr(entry, "full_name", ""))


def _minimised(
    proof: ProofTree, holds: Callable[[str], bool] | None, audit: Callable[[str], Verdict], verdicts: list[Verdict]
) -> ProofTree:
    """A smaller proof with the audit's word. Where the search's own Lean can judge a text, it is asked on the way."""
    if holds is None:
        return minimise(proof, lambda smaller: _still_accepted(smaller, audit, verdicts))
    smallest = minimise(proof, lambda smaller: holds(script(smaller)))
    return smallest if script(smallest) == script(proof) or _still_accepted(smallest, audit, verdicts) else proof


def _still_accepted(tree: ProofTree, audit: Callable[[str], Verdict], verdicts: list[Verdict]) -> bool:
    try:
        verdict = audit(script(tree))
    except LeanProcessError:
        return False  # there is a proof already
    if verdict.accepted:
        verdicts.append(verdict)
    return verdict.accepted


def _proposers(tree: dict[str, Any], proof: ProofTree) -> dict[str, int]:
    """Who offered the tactics of the proof."""
    offered = {e["tactic"]: e["proposer"] for e in tree["edges"] if e["status"] == "proved"}
    return dict(Counter(offered.get(t, "?") for t in proof.tactics() if t != DEFER))
