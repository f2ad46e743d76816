"""One theorem of a batch: what is given, how it is tried, what is noted of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from prover.audit.auditor import MAX_TRIES, Verdict
from prover.audit.outcome import Candidate, Effort, Failure, Proof, Refusal, audited
from prover.errors import DEBUG_VARIABLE, DataError, LeanProcessError, LeanSetupError, ProverError
from prover.lean.dojo import Dojo
from prover.lean.engine import Engine
from prover.lean.holes import declaration_of
from prover.lean.targets import Target
from prover.prove.evaluator import ViewPolicy
from prover.prove.goals import KnownGoals
from prover.prove.theorem import SearchSettings, find_candidate
from prover.prove.turn import Turn
from prover.refute.disproof import disprove
from prover.refute.falsifier import FalseTheorem

TACTIC_TIMEOUT_S = 5.0
LAST_RESORT_S = 120.0


@dataclass(frozen=True)
class Item:
    """A theorem of a batch; `id` is unique in it. `auto_bound` are the names that its statement binds automatically."""

    id: str
    target: Target
    file: str
    auto_bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchSettings:
    """`tactic_timeout_s` and `heartbeats` (in thousands) limit a single tactic, `memory_mb` a Lean process, of which there are
    `workers`; in each so many theorems are `open` at a time (`prover.prove.turn`).

    Heartbeats are deterministic, seconds are not: where only expansions limit a theorem, a tactic's seconds are left as the
    last resort, so that the same inputs give the same proofs. None chooses accordingly. With `learn` the selector learns from
    each proof at once, and what is found depends on what was proved before; so it does with `share_goals`, where a goal that one
    search proved or refuted is known to the others. With `deadline_s` seconds for the whole batch, budgets move between theorems
    (`prover.prove.moves`), and `search.timeout_s` is the most that one gets; so they do with `patience`: a theorem is then
    given up when it has had so many times what the costliest proof of the batch took.
    """

    search: SearchSettings = field(default_factory=SearchSettings)
    workers: int = 2
    tactic_timeout_s: float | None = None
    heartbeats: int = 200_000
    memory_mb: int = 3000
    minimise: bool = True
    learn: bool = False
    open: int = 1
    share_goals: bool = False
    deadline_s: float | None = None
    patience: float | None = None

    def noted(self) -> dict[str, Any]:
        """What decides the outcomes, for run folders: everything but how many are at work."""
        facts = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("workers", "open")}
        for key, usual in (("learn", False), ("share_goals", False), ("deadline_s", None), ("patience", None)):
            if facts[key] == usual:
                del facts[key]
        return facts | {"search": self.search.noted()}

    @property
    def tactic_seconds(self) -> float:
        """Seconds that a single tactic may take."""
        if self.tactic_timeout_s is not None:
            return self.tactic_timeout_s
        return TACTIC_TIMEOUT_S if self.search.timeout_s is not None else LAST_RESORT_S


def attempt_item(
    item: Item,
    worker: Engine,
    policy: ViewPolicy,
    settings: BatchSettings,
    cancelled: Callable[[], bool],
    accepts: Callable[[str], Verdict] | None = None,
    on_expansion: Callable[[Any, Any], None] | None = None,
    audit: Callable[[Target, str], Verdict] | None = None,
    spent_s: float = 0.0,
    turn: Turn | None = None,
    known: KnownGoals | None = None,
) -> Candidate | Failure | None:
    """One theorem searched, again when its Lean was lost; None when the run was cancelled meanwhile.

    Its time begins when Lean is there and has read what stands before the theorem; a Lean that is lost later is started again
    within it, or not at all; `spent_s` of it was spent before. With `audit`, which judges disproofs, counterexamples are looked
    for beside the search. `turn`, held now, is that of a theorem which shares the worker with others; `known` is what other
    searches know of goals.

    See `prover.prove.theorem.find_candidate`. Raises LeanSetupError when Lean cannot be had.
    """
    target = item.target
    if target.problem is not None:
        return Failure(target.problem, status="error")
    turn = turn or Turn()
    accepts = turn.apart(accepts) if accepts is not None else None
    started = turn.used()
    deadline: float | None = None
    search = settings.search if audit is not None else replace(settings.search, refute=False)
    unproved: FalseTheorem | None = None
    for attempt_number in range(1, MAX_TRIES + 1):
        try:
            worker.prepare(target)
            if turn.ready_at is None:
                turn.ready_at = turn.used()
            if deadline is None and settings.search.timeout_s is not None:
                deadline = turn.deadline = turn.used() + settings.search.timeout_s - spent_s
            searched = partial(
                find_candidate, policy=policy, file_context=worker.file_context(target), deadline=deadline, accepts=accepts,
                cancelled=cancelled, on_expansion=on_expansion, minimised=settings.minimise, turn=turn, known=known,
            )  # fmt: skip
            dojo = partial(Dojo, target, worker, settings.tactic_seconds, settings.heartbeats, deadline, turn.now)
            try:
                found = searched(dojo(), settings=search)
            except FalseTheorem as false:
                assert audit is not None  # else nothing is looked for
                disproof = disprove(worker, target, false.counterexample, turn.apart(audit), deadline, turn.now)
                if disproof is not None:
                    return Failure(disproof.said(), _spent(turn, started, deadline), "refuted", disproof)
                search, unproved = replace(search, refute=False), false
                found = searched(dojo(), settings=search)
        except DataError as error:
            return Failure(str(error), Effort(turn.used() - started), "error")
        except LeanProcessError as error:
            if cancelled():
                return None
            if isinstance(error, LeanSetupError):
                raise
            if deadline is not None and turn.now() + worker.start_s >= deadline:
                return Failure(f"out of time; Lean was lost: {error}", _spent(turn, started, deadline))
            if attempt_number == MAX_TRIES:
                reason = f"set aside: Lean was lost {MAX_TRIES} times over this theorem, last: {error}"
                return Failure(reason, Effort(turn.used() - started), "error")
            continue
        except ProverError:
            raise
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            reason = f"internal error: {type(error).__name__}: {error}; please report it with what {DEBUG_VARIABLE}=1 shows"
            return Failure(reason, Effort(turn.used() - started), "error")
        # A search whose Lean was taken away by the cancellation looks as if it had nothing left to try.
        if isinstance(found, Failure) and cancelled():
            return None
        found = replace(found, effort=replace(found.effort, over_s=_spent(turn, started, deadline).over_s))
        if isinstance(found, Failure) and unproved is not None:
            return replace(found, reason=f"{found.reason}; {unproved} by evaluation, of which no proof was found")
        return found
    raise AssertionError("unreachable")


def _spent(turn: Turn, started: float, deadline: float | None) -> Effort:
    """The time since an attempt began, and since its budget ended."""
    return Effort(turn.used() - started, over_s=turn.now() - deadline if deadline is not None else float("-inf"))


def judged(audit: Callable[[Target, str], Verdict], item: Item, candidate: Candidate, waited_s: float = 0.0) -> Proof | Refusal:
    """The audit's word on a candidate, its time and the wait for it counted; an audit that loses its Lean over it refuses."""
    began = time.monotonic()
    try:
        outcome = audited(audit, item.target, candidate)
    except LeanSetupError:
        raise
    except LeanProcessError as error:
        outcome = Refusal(candidate, f"the audit lost its Lean over it: {error}")
    return replace(outcome, candidate=replace(candidate, effort=candidate.effort.longer(time.monotonic() - began, waited_s)))


def prove_item(
    item: Item,
    worker: Engine,
    policy: ViewPolicy,
    settings: BatchSettings,
    cancelled: Callable[[], bool],
    audit: Callable[[Target, str], Verdict],
    turn: Turn,
) -> Proof | Failure | None:
    """One theorem searched and audited; when the audit refuses, searched again with the audit asked about each candidate.

    See `attempt_item`; None when the run was cancelled meanwhile.
    """
    found = attempt_item(item, worker, policy, settings, cancelled, audit=audit, turn=turn)
    if not isinstance(found, Candidate):
        return found
    outcome = turn.apart(judged)(audit, item, found)
    if isinstance(outcome, Refusal) and not spent(settings, outcome):
        earlier = outcome.candidate.effort
        again = attempt_item(
            item, worker, policy, settings, cancelled, partial(audit, item.target), None, audit, earlier.seconds, turn
        )  # fmt: skip
        if again is None:
            return None
        again = replace(again, effort=again.effort.after(earlier))
        if isinstance(again, Failure):
            return again
        outcome = turn.apart(judged)(audit, item, again)
    return outcome if isinstance(outcome, Proof) else refused(outcome)


def spent(settings: BatchSettings, refusal: Refusal) -> bool:
    """Whether nothing of a theorem's budget is left for another search."""
    timeout_s = settings.search.timeout_s
    return timeout_s is not None and refusal.candidate.effort.seconds >= timeout_s


def refused(refusal: Refusal) -> Failure:
    """The end of a theorem whose second candidate was refused, too."""
    return Failure(f"refused: {refusal.reason}", refusal.candidate.effort)


def record_of(item: Item, outcome: Proof | Candidate | Failure) -> dict[str, Any]:
    """A line of results.jsonl."""
    candidate = outcome.candidate if isinstance(outcome, Proof) else outcome if isinstance(outcome, Candidate) else None
    proof = outcome if isinstance(outcome, Proof) else None
    effort = outcome.effort
    return {
        "id": item.id,
        "name": item.target.name,
        "file": item.file,
        "line": item.target.line,
        "statement": item.target.statement,
        "auto_bound": list(item.auto_bound),
        "status": outcome.status if isinstance(outcome, Failure) else "unaudited" if proof is None else "proved",
        "proof": candidate.proof if candidate is not None else None,
        "reason": _why(outcome) if isinstance(outcome, Failure) else None,
        "seconds": round(effort.seconds, 3),
        "expansions": effort.expansions,
        "tactics_run": effort.tactics_run,
        "lean_seconds": round(effort.lean_seconds, 3),
        "policy_calls": effort.policy_calls,
        "policy_seconds": round(effort.policy_seconds, 3),
        "policy_tokens": effort.policy_tokens,
        "over_s": round(max(0.0, effort.over_s), 3),
        "candidates_refused": effort.candidates_refused,
        "axioms": list(proof.axioms) if proof is not None else [],
        "depends_on": list(proof.depends_on) if proof is not None else [],
        "closed_by": dict(candidate.closed_by) if candidate is not None else {},
        "premises": dict(candidate.premises) if candidate is not None else {},
        "refusals": list(effort.refusals),
        "set_aside": list(effort.set_aside),
        "policy_faults": dict(effort.policy_faults),
        "vacuous": candidate is not None and candidate.vacuous,
        "disproof": outcome.disproof.noted() if isinstance(outcome, Failure) and outcome.disproof is not None else None,
    }


def _why(failure: Failure) -> str:
    """The reason, with what the audit said most often of candidates on the way."""
    refusals = Counter(failure.effort.refusals)
    if not refusals or failure.reason.startswith("refused"):
        return failure.reason
    many = f"{refusals.total()} candidates refused" if refusals.total() > 1 else "a candidate refused"
    return f"{failure.reason}; {many}: {refusals.most_common(1)[0][0]}"


def settle_dependencies(records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Proofs may use earlier theorems of their file as stated; they count once those are proved.

    Returns the records with a proof that rests on an unproved theorem counted as failed, its proof kept.
    """
    settled = {key: dict(record) for key, record in records.items()}
    changed = True
    while changed:
        changed = False
        proved = _proved(settled.values())
        for record in settled.values():
            missing = [d for d in record["depends_on"] if (record["file"], d) not in proved]
            if record["status"] == "proved" and missing:
                record["status"] = "failed"
                record["reason"] = f"proved only given {', '.join(missing)}, which is not proved"
                changed = True
    return settled


def _proved(records: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """The theorems and places that are proved, and the declarations all of whose places are, with their files."""
    states: dict[tuple[str, str], bool] = {}
    for r in records:
        for name in (r["name"], declaration_of(r["name"])):
            key = (r["file"], name)
            states[key] = states.get(key, True) and r["status"] == "proved"
    return {key for key, proved in states.items() if proved}


GRACE_S = 5.0
"""An attempt may end so much after its budget; what takes longer is reported."""


def cost_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums over the records of a run: theorem time, time inside tactics, expansions, tactics, what the policy was asked."""

    def total(key: str) -> float:
        return sum(float(r.get(key) or 0) for r in records)

    return {
        "theorem_seconds": round(total("seconds"), 1),
        "lean_seconds": round(total("lean_seconds"), 1),
        "expansions": int(total("expansions")),
        "tactics_run": int(total("tactics_run")),
        "policy_calls": int(total("policy_calls")),
        "policy_seconds": round(total("policy_seconds"), 1),
        "policy_tokens": int(total("policy_tokens")),
    }


def over_budget(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many attempts ended more than GRACE_S after their budget, and the worst overrun of all."""
    over = [float(r.get("over_s") or 0) for r in records]
    return {"theorems": sum(s > GRACE_S for s in over), "worst_s": round(max(over, default=0.0), 1)}
