"""What a session answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prover.audit import outcome as audit
from prover.audit.auditor import TheoremVerdict
from prover.audit.outcome import Candidate, Disproof, Effort, Failure
from prover.lean.holes import Hole
from prover.lean.positions import Places, Position
from prover.prove.script import script
from prover.server.document import Document
from prover.server.suggest import Suggestion
from search.types import ProofTree


@dataclass(frozen=True)
class Edit:
    """A change of a text: what stands between two places becomes `new_text`."""

    start: Position
    end: Position
    new_text: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """A text with changes that do not overlap, all of them as of `text`."""
    places = Places(text)
    spans = [(places.character(e.start.line, e.start.column), places.character(e.end.line, e.end.column), e) for e in edits]
    for start, end, edit in sorted(spans, key=lambda span: span[0] or 0, reverse=True):
        assert start is not None and end is not None
        text = text[:start] + edit.new_text + text[end:]
    return text


@dataclass(frozen=True)
class GoalsAt:
    """The tactic state at a place of a theorem's proof.

    `passed` are the tactics in front; `start` and `end` span what a tactic written here would replace, `tactic` is what
    stands there now. `edit` gives the change that writes tactics (one a line) at this place.
    """

    theorem: str
    goals: tuple[str, ...]
    passed: tuple[str, ...]
    start: Position
    end: Position
    tactic: str | None
    hole: Hole

    @property
    def text(self) -> str:
        """The goals as one text."""
        return "\n\n".join(self.goals) or "no goals"

    def edit(self, tactics: str) -> Edit:
        """What to change so that `tactics` stand here."""
        return Edit(self.start, self.end, self.hole.written(tactics))

    def step(self, suggestion: Suggestion) -> Edit:
        """What to change so that a suggestion stands here, with a `sorry` for each goal that it leaves."""
        left = tuple(ProofTree("sorry") for _ in suggestion.goals_after)
        return self.edit(script(ProofTree(suggestion.tactic, left)))


@dataclass(frozen=True)
class Proof:
    """What became of a theorem, or of one place in its proof.

    `status` is proved (with the audit's word), closed (Lean has no goal left here, but the whole cannot be judged: `reason`),
    failed, refuted (with an audited `disproof`), error or cancelled. `edit` inserts the proof.
    """

    name: str
    status: str
    outcome: audit.Proof | Candidate | Failure
    edit: Edit | None = None
    reason: str | None = None

    @property
    def tactics(self) -> str | None:
        """What was found, one tactic a line."""
        match self.outcome:
            case Failure():
                return None
            case Candidate(proof):
                return proof
            case audit.Proof(candidate):
                return candidate.proof

    @property
    def disproof(self) -> Disproof | None:
        """The audited proof of the negation, of a theorem that is refuted."""
        return self.outcome.disproof if isinstance(self.outcome, Failure) else None

    @property
    def effort(self) -> Effort:
        """What it cost."""
        return self.outcome.effort

    @property
    def axioms(self) -> tuple[str, ...]:
        """What it rests on outside the library's theorems."""
        return self.outcome.axioms if isinstance(self.outcome, audit.Proof) else ()

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Unproved theorems of the text that it uses."""
        return self.outcome.depends_on if isinstance(self.outcome, audit.Proof) else ()


@dataclass(frozen=True)
class Sorry:
    """A `sorry` of a text, and its goals."""

    place: Position
    goals: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """What Lean says about a text; `verdicts` are the audit's, when it was asked and the text has neither error nor `sorry`."""

    document: Document
    sorries: tuple[Sorry, ...]
    verdicts: tuple[TheoremVerdict, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there is neither an error nor a `sorry`."""
        return not self.document.errors and not self.document.waiting


def proof_of(hole: Hole, outcome: audit.Proof | Candidate | Failure, start: Position, end: Position) -> Proof:
    """What a search for a hole, which spans `start` to `end`, came to."""
    match outcome:
        case Failure(reason):
            return Proof(hole.name, outcome.status, outcome, None, reason)
        case Candidate(proof):
            left = f"this place is closed; the theorem has {hole.others} more `sorry`" if hole.others else "no audit runs here"
            return Proof(hole.name, "closed", outcome, Edit(start, end, hole.written(proof)), left)
        case audit.Proof(candidate):
            edit = Edit(start, end, hole.written(candidate.proof))
            if outcome.depends_on:
                open_ones = f"proved only given {', '.join(outcome.depends_on)}, which is not proved"
                return Proof(hole.name, "closed", outcome, edit, open_ones)
            return Proof(hole.name, "proved", outcome, edit)


def settled(proofs: list[Proof]) -> list[Proof]:
    """A proof that rests on another theorem counts once that one is proved."""
    proved = {p.name for p in proofs if p.status == "proved"}
    result = list(proofs)
    changed = True
    while changed:
        changed = False
        for i, p in enumerate(result):
            if p.status == "closed" and p.depends_on and set(p.depends_on) <= proved:
                result[i] = replace(p, status="proved", reason=None)
                proved.add(p.name)
                changed = True
    return result
