"""One theorem, searched: the place that joins environment, policy and search.

The search works on a `lean_dojo.Dojo`; whether Lean behind it is embedded or native it does not know. What it finds is a
candidate; the audit decides (`prover.audit.outcome`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lean_dojo
from lean_dojo import ProofFinished, TacticState

from prover.audit.auditor import Verdict
from prover.audit.outcome import Candidate, Effort, Failure
from prover.errors import LeanProcessError
from prover.lean.context import FileContext
from prover.policy.base import noting_faults, noting_tokens
from prover.policy.retrieval import ranks, retriever_of
from prover.prove.environment import DojoEnvironment
from prover.prove.evaluator import REVISIT_LOG_PROBS, LeanEvaluator, TextCritic, ViewPolicy
from prover.prove.goals import GoalsOfSearch, KnownGoals
from prover.prove.lemmas import LemmaSteps
from prover.prove.loops import LoopSteps
from prover.prove.script import minimise, script
from prover.prove.turn import Turn
from prover.refute.falsifier import FIRST, LAST, Falsifier
from search import Priority, search, to_json
from search.strategies import DEFAULT_STRATEGY, STRATEGIES
from search.types import Budget, ProofTree

NO_FILE_CONTEXT = FileContext()
FOREVER_S = 1e6
BRIEF_S, BRIEF_PART = 1.0, 0.02
"""Seconds, and part of the theorem's budget, that a tactic has when it is first run on a state: of 185 tactics in proofs of the
starter theorems two took longer, and those that fail take most of a search's time."""
CONTRADICTIONS = ("omega", "simp_all", "grind")


@dataclass(frozen=True)
class SearchSettings:
    """Budgets of one theorem, and what decides the order of the search.

    `timeout_s` is wall time; `max_expansions` is exact and deterministic; `lean_s` counts seconds in Lean's tactics, of processor
    time where the engine tells it, and is looked at before each expansion. With a critic, a state's priority has `critic_weight`
    times the logarithm of its value in it (`search.Priority`). `strategy` is a name of `search.strategies.STRATEGIES`. `refute`:
    counterexamples of the theorem are looked for beside the search, where the engine can evaluate.
    """

    timeout_s: float | None = 60.0
    max_expansions: int | None = None
    alpha: float = 0.5
    critic: TextCritic | None = None
    critic_weight: float = 0.0
    strategy: str = DEFAULT_STRATEGY
    refute: bool = True
    lean_s: float | None = None

    def noted(self) -> dict[str, Any]:
        """What decides the outcome, for run folders; without a critic there is nothing of one."""
        facts: dict[str, Any] = {"timeout_s": self.timeout_s, "max_expansions": self.max_expansions, "alpha": self.alpha}
        if self.lean_s is not None:
            facts["lean_s"] = self.lean_s
        if self.strategy != DEFAULT_STRATEGY:
            facts["strategy"] = self.strategy
        if self.critic is not None:
            facts["critic"] = {"sha256": self.critic.sha256, "weight": self.critic_weight}
        if not self.refute:
            facts["refute"] = False
        return facts


def find_candidate(
    dojo: lean_dojo.Dojo,
    policy: ViewPolicy,
    settings: SearchSettings,
    file_context: FileContext = NO_FILE_CONTEXT,
    *,
    deadline: float | None = None,
    accepts: Callable[[str], Verdict] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    on_expansion: Callable[[Any, Any], None] | None = None,
    minimised: bool = True,
    turn: Turn | None = None,
    known: KnownGoals | None = None,
) -> Candidate | Failure:
    """Searches for a proof of the theorem that `dojo` is open for.

    Args:
        dojo: not yet entered.
        policy: proposes tactics.
        settings: budgets.
        file_context: the file's own definitions and theorems.
        deadline: when the search is over, on the turn's clock; None: `settings.timeout_s` from now.
        accepts: what the search goes on past, when given: proof texts that it does not accept.
        cancelled: looked at before each expansion.
        on_expansion: called with graph and node after each.
        minimised: make the candidate smaller, where the search's own Lean can judge a text.
        turn: held now; None: no other theorem shares the Lean.
        known: what other searches know of goals; learns what this one finds.

    Returns:
        A candidate for the audit, or why there is none; a theorem that could not be opened is an error.

    Raises:
        FalseTheorem: it is false by evaluation, which proves nothing yet; with `settings.refute` only.
        LeanProcessError: Lean was lost too often; says nothing about the theorem.
        PolicyError: no proposer answers any more.
    """
    turn = turn or Turn()
    started = turn.used()
    if deadline is None and settings.timeout_s is not None:
        deadline = turn.now() + settings.timeout_s
    ends = turn.now() + FOREVER_S if deadline is None and settings.lean_s is not None else deadline
    refusals: list[str] = []
    known = known or KnownGoals()

    def accept(tree: ProofTree) -> bool:
        if accepts is None:
            return True
        verdict = accepts(script(tree))
        if not verdict.accepted:
            refusals.append(verdict.reason or "refused")
        return verdict.accepted

    try:
        with noting_faults() as policy_faults, noting_tokens() as tokens, dojo as (opened, initial):
            budgets = [s for s in (settings.timeout_s, settings.lean_s) if s is not None]
            brief_s = max(BRIEF_S, BRIEF_PART * min(budgets)) if budgets else None
            environment = DojoEnvironment(opened, brief_s)
            messages_of = getattr(opened, "messages_of", None)
            file = _file_of(dojo)
            goals = GoalsOfSearch(known, opened.key, file) if hasattr(opened, "key") else None
            falsifier = None
            if hasattr(opened, "falsify") and goals is not None:
                clock = turn.used if budgets else None
                falsifier = Falsifier(opened, initial, settings.refute, clock, goals.is_false, goals.refute)
            if falsifier is not None:
                falsifier.look(FIRST)
                if falsifier.looks_vacuous and (contradiction := _contradiction(opened, initial)) is not None:
                    return Candidate(contradiction, Effort(turn.used() - started), {"contradiction": 1}, vacuous=True)
            lemmas = LemmaSteps(opened, file_context, min(budgets, default=None), known, file)
            loops = LoopSteps(opened, file_context, min(budgets, default=None))
            evaluator = LeanEvaluator(
                policy, file_context, messages_of, _name_of(dojo), settings.critic, falsifier, loops, lemmas, goals, turn
            )

            def expanded(graph: Any, node: Any) -> None:
                evaluator.expanded(graph, node)
                if on_expansion is not None:
                    on_expansion(graph, node)

            result = search(
                environment,
                evaluator,
                environment.part(initial),
                STRATEGIES[settings.strategy](Priority(settings.alpha, settings.critic_weight)),
                budget=Budget(settings.max_expansions, None if ends is None else max(0.0, ends - turn.now())),
                clock=lambda: _now(turn, opened, ends, settings.lean_s),
                accept=accept,
                revisits=REVISIT_LOG_PROBS,
                cancelled=cancelled,
                on_expansion=expanded,
            )
            in_time = ends is None or _now(turn, opened, ends, settings.lean_s) < ends
            if falsifier is not None and result.candidate is None and in_time and not cancelled():
                falsifier.look(LAST)
            tree = to_json(result.graph, result.scores)
            proof = result.candidate
            if proof is not None and minimised:  # while the theorem is open: some processes end with it
                proof = _smaller(proof, getattr(opened, "holds", None), accepts)
            effort = Effort(
                expansions=result.expansions,
                tactics_run=result.tactics_run,
                lean_seconds=getattr(opened, "lean_ms", 0.0) / 1000,
                policy_calls=evaluator.calls,
                policy_seconds=evaluator.seconds,
                policy_tokens=tokens.total(),
                candidates_refused=result.candidates_refused,
                refusals=tuple(refusals),
                set_aside=tuple(getattr(opened, "set_aside", ())),
                policy_faults=dict(policy_faults),
                tree=tree,
            )
    except lean_dojo.DojoInitError as error:
        if isinstance(error.__cause__, LeanProcessError):
            raise error.__cause__ from error
        return Failure(str(error), Effort(turn.used() - started), "error")
    effort = replace(effort, seconds=turn.used() - started)
    if proof is None or result.candidate is None:
        return Failure(result.status.value, effort)
    premises, lessons = _premises(tree, proof, policy, file_context)
    return Candidate(script(proof), effort, _proposers(tree, result.candidate), premises, lessons)


def _now(turn: Turn, opened: Any, deadline: float | None, lean_s: float | None) -> float:
    """The time; past the deadline once the Dojo can do nothing more by then, or `lean_s` seconds in Lean are spent."""
    now = turn.now()
    spent = lean_s is not None and getattr(opened, "lean_ms", 0.0) >= 1000 * lean_s
    return max(now, deadline + 1) if deadline is not None and (spent or getattr(opened, "out_of_time", False)) else now


def _contradiction(opened: lean_dojo.Dojo, initial: TacticState) -> str | None:
    """A proof that the hypotheses contradict each other, where a closer finds one."""
    for closer in CONTRADICTIONS:
        tactic = f"intros\nexfalso\n{closer}"
        try:
            if isinstance(opened.run_tac(initial, tactic), ProofFinished):
                return tactic
        except (lean_dojo.DojoTacticTimeoutError, lean_dojo.DojoCrashError):
            continue
    return None


def _name_of(dojo: lean_dojo.Dojo) -> str:
    entry = getattr(dojo, "entry", None)
    return str(getattr(entry, "name", "") or getattr(entry, "full_name", ""))


def _file_of(dojo: lean_dojo.Dojo) -> str:
    return str(getattr(getattr(getattr(dojo, "entry", None), "file", None), "sha256", ""))


def _smaller(
    proof: ProofTree, holds: Callable[[str], bool] | None, accepts: Callable[[str], Verdict] | None
) -> ProofTree:
    """A smaller proof that the search's own Lean takes, and `accepts`, when that is given."""
    if holds is None:
        return proof
    smallest = minimise(proof, lambda smaller: holds(script(smaller)))
    if accepts is None or script(smallest) == script(proof):
        return smallest
    try:
        return smallest if accepts(script(smallest)).accepted else proof
    except LeanProcessError:
        return proof


def _premises(
    tree: dict[str, Any], proof: ProofTree, policy: ViewPolicy, file_context: FileContext
) -> tuple[dict[str, int | None], list[tuple[str, tuple[str, ...]]]]:
    """The library's theorems that the proof's tactics name, with their ranks; and the states where they are used."""
    retriever = retriever_of(policy)
    if retriever is None:
        return {}, []
    states = {node["id"]: node["state"] for node in tree["nodes"]}
    at = {edge["tactic"]: states[edge["parent"]] for edge in tree["edges"] if edge["status"] == "closed"}
    found: dict[str, int | None] = {}
    lessons = []
    for tactic in proof.tactics():
        state = at.get(tactic, "").split("\n\n", 1)[0]
        named = ranks(retriever, state, tactic, file_context.imported) if state else {}
        for name, rank in named.items():
            known = found.get(name)
            found[name] = rank if known is None else known if rank is None else min(rank, known)
        if named:
            lessons.append((state, tuple(named)))
    return found, lessons


def _proposers(tree: dict[str, Any], proof: ProofTree) -> dict[str, int]:
    """Who offered the tactics of the proof."""
    offered = {e["tactic"]: e["proposer"] for e in tree["edges"] if e["status"] == "closed"}
    return dict(Counter(offered.get(t, "?") for t in proof.tactics()))
