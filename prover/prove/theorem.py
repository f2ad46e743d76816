"""One theorem, proved: the place that joins environment, policy and search.

The search works on a `lean_dojo.Dojo`; whether Lean behind it is embedded or native it does not know. What it finds is a
candidate. `prove` returns "proved" only with the auditor's word.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lean_dojo

from prover.audit.auditor import Verdict
from prover.errors import LeanProcessError
from prover.lean.context import FileContext
from prover.policy.base import noting_faults
from prover.prove.environment import DojoEnvironment, SearchState
from prover.prove.evaluator import REVISIT_LOG_PROBS, LeanEvaluator, TextCritic, ViewPolicy
from prover.prove.minimise import minimise
from prover.prove.script import script
from search import BestFirst, Priority, search, to_json
from search.types import Budget, ProofTree, SearchResult, Status

NO_FILE_CONTEXT = FileContext()


@dataclass(frozen=True)
class SearchSettings:
    """Budgets of one theorem, and what decides the order of the search.

    `timeout_s` is wall time; `max_expansions` is exact and deterministic. With a critic, a state's priority has
    `critic_weight` times the logarithm of its value in it (`search.Priority`).
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
            messages_of = getattr(opened, "messages_of", None)
            result = search(
                environment,
                LeanEvaluator(policy, file_context, messages_of, _name_of(dojo), settings.critic),
                environment.part(initial),
                BestFirst(Priority(settings.alpha, settings.critic_weight)),
                budget=Budget(settings.max_expansions, settings.timeout_s),
                accept=accept,
                revisits=REVISIT_LOG_PROBS,
                cancelled=cancelled,
                on_expansion=on_expansion,
            )
            attempt = _attempt(result, opened)
            if result.candidate is not None:
                proof = result.candidate
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
    tree = to_json(result.graph, result.scores)
    return Attempt(
        status="proved" if result.status is Status.FOUND else "failed",
        reason=None if result.status is Status.FOUND else result.status.value,
        expansions=result.expansions,
        tactics_run=result.tactics_run,
        lean_seconds=getattr(opened, "lean_ms", 0.0) / 1000,
        candidates_refused=result.candidates_refused,
        closed_by=_proposers(tree, result.candidate) if result.candidate is not None else {},
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
    offered = {e["tactic"]: e["proposer"] for e in tree["edges"] if e["status"] == "closed"}
    return dict(Counter(offered.get(t, "?") for t in proof.tactics()))
