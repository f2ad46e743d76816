"""What becomes of a theorem. A search finds a `Candidate` or comes to a `Failure`; the audit alone makes a candidate a `Proof`
or a `Refusal`: `audited` is the only place that makes either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from prover.audit.auditor import Verdict
from prover.lean.targets import Target

Audit: TypeAlias = Callable[[Target, str], Verdict]
"""Judges tactics as a proof of a theorem; a `SharedAuditor` is one."""
ADDED = ("seconds", "lean_seconds", "policy_calls", "policy_seconds", "policy_tokens")


@dataclass(frozen=True)
class Effort:
    """What a theorem cost, and what was met on the way.

    Attributes:
        seconds: wall time, the audit's included.
        lean_seconds: of it inside tactics.
        policy_calls, policy_seconds, policy_tokens: what the policy was asked, how long it took, what a language model read and
            wrote for it.
        over_s: from the end of the theorem's budget to the verdict; below 0 when the budget was not used up.
        candidates_refused, refusals: candidates that the audit did not take while the search went on, and why.
        set_aside: tactics that ended Lean again and again.
        policy_faults: how often which proposer failed; a search without a candidate may owe it to them.
        tree: the search graph in the schema of docs/architecture.md.
    """

    seconds: float = 0.0
    expansions: int = 0
    tactics_run: int = 0
    lean_seconds: float = 0.0
    policy_calls: int = 0
    policy_seconds: float = 0.0
    policy_tokens: int = 0
    over_s: float = float("-inf")
    candidates_refused: int = 0
    refusals: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    policy_faults: Mapping[str, int] = field(default_factory=dict)
    tree: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    def after(self, earlier: Effort) -> Effort:
        """This effort and the cost of an earlier one on the same theorem."""
        return replace(
            self,
            **{key: getattr(self, key) + getattr(earlier, key) for key in ADDED},
            over_s=max(self.over_s, earlier.over_s),
        )

    def longer(self, seconds: float, waited_s: float = 0.0) -> Effort:
        """With so much more wall time, after so much of waiting."""
        return replace(self, seconds=self.seconds + seconds, over_s=self.over_s + seconds + waited_s)


@dataclass(frozen=True)
class Candidate:
    """What a search holds for a proof: its tactics, one a line, and how many of them which proposer offered.

    `premises` are the library's theorems that the tactics name, with the rank at which the selector has each at the state
    where it is used; None where it is not among the best hundred, or nobody ranks. `lessons` has these states with the theorems
    that served there, for a selector that learns.

    `vacuous`: it proves that the hypotheses contradict each other, and so the theorem.
    """

    proof: str
    effort: Effort = field(default_factory=Effort)
    closed_by: Mapping[str, int] = field(default_factory=dict)
    premises: Mapping[str, int | None] = field(default_factory=dict)
    lessons: Sequence[tuple[str, tuple[str, ...]]] = ()
    vacuous: bool = False


@dataclass(frozen=True)
class Disproof:
    """An audited proof of a theorem's negation. `disproof_of` is the only place that makes one.

    `values` are the variables with the values at which the theorem is false. `text` is a Lean file of its own: what stands
    before the theorem, the theorem with `sorry`, and the negation with its proof, which does not use the theorem.
    """

    values: Mapping[str, str]
    statement: str
    proof: str
    text: str
    axioms: tuple[str, ...] = ()

    def said(self) -> str:
        """`this is false: n = 0, xs = [1]`."""
        at = ", ".join(f"{name} = {value}" for name, value in self.values.items())
        return f"this is false: {at}" if at else "this is false"

    def noted(self) -> dict[str, Any]:
        """For results.jsonl."""
        return {
            "values": dict(self.values), "statement": self.statement, "proof": self.proof, "axioms": list(self.axioms),
            "text": self.text,
        }  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """No candidate, and why: the search ended without one (failed), could not be made (error), or was stopped (cancelled), or the
    theorem is false (refuted, with a disproof)."""

    reason: str
    effort: Effort = field(default_factory=Effort)
    status: Literal["failed", "error", "cancelled", "refuted"] = "failed"
    disproof: Disproof | None = None


@dataclass(frozen=True)
class Proof:
    """A candidate that the audit accepted; `depends_on` names unproved theorems of its file that it uses as stated."""

    candidate: Candidate
    axioms: tuple[str, ...]
    depends_on: tuple[str, ...]

    @property
    def effort(self) -> Effort:
        """The candidate's."""
        return self.candidate.effort

    @property
    def proof(self) -> str:
        """The candidate's tactics, one a line."""
        return self.candidate.proof


@dataclass(frozen=True)
class Refusal:
    """A candidate that the audit did not accept."""

    candidate: Candidate
    reason: str


def disproof_of(
    audit: Audit, negation: Target, proof: str, values: Mapping[str, str], text: str
) -> Disproof | None:
    """Have a proof of a theorem's negation judged; None when it is refused, or rests on an unproved theorem.

    Args:
        negation: the theorem's negation, the last theorem of `text`.
        text: a Lean file that ends with `negation` and `sorry` in place of its proof.

    Raises LeanProcessError when the audit's Lean was lost over it.
    """
    verdict = audit(negation, proof)
    if not verdict.accepted or verdict.depends_on:
        return None
    written = "\n".join(f"  {line}" for line in proof.splitlines())
    whole = f"{text[: text.rindex(':=')]}:= by\n{written}\n"
    return Disproof(values, negation.statement, proof, whole, verdict.axioms)


def audited(audit: Audit, target: Target, candidate: Candidate) -> Proof | Refusal:
    """Have a candidate judged. Raises LeanProcessError when the audit's Lean was lost over it."""
    verdict = audit(target, candidate.proof)
    if verdict.accepted:
        return Proof(candidate, verdict.axioms, verdict.depends_on)
    return Refusal(candidate, verdict.reason or "refused")
