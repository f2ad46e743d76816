"""What a session answers: a text as Lean has read it, with what waits for a proof; goals, edits, proofs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prover.audit import outcome as audit
from prover.audit.outcome import Candidate, Disproof, Effort, Failure
from prover.errors import DataError
from prover.lean import answers, targets
from prover.lean.commands import masked
from prover.lean.holes import Hole
from prover.lean.positions import Places, Position
from prover.lean.targets import PROVABLE, SORRY_WARNING, LeanFile
from prover.prove.script import script
from prover.server.suggest import Suggestion
from search.types import ProofTree

SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")


@dataclass(frozen=True)
class Diagnostic:
    """What Lean says about a span. `start_utf16` and `end_utf16` are the columns in UTF-16 code units."""

    severity: str  # info, warning, error
    text: str
    start: Position
    end: Position
    start_utf16: int
    end_utf16: int


@dataclass(frozen=True)
class Waiting:
    """A theorem without a whole proof, or a definition with `sorry` in it.

    `kind` is `sorry` (the whole proof is), `partial` (some `sorry` inside) or `unfinished` (the proof ends early or is
    wrong). `start` and `end` span the command; `places` are where tactics are missing: each `sorry`, or the end.
    """

    name: str
    statement: str
    kind: str
    start: Position
    end: Position
    places: tuple[Position, ...]


@dataclass(frozen=True)
class Document:
    """A text that was elaborated. `waiting` are its theorems without a whole proof, `theorems` the names of all."""

    text: str
    path: Path | None
    modules: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    waiting: tuple[Waiting, ...]
    theorems: tuple[str, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return tuple(d for d in self.diagnostics if d.severity == "error")

    def named(self, name: str) -> Waiting | None:
        """The waiting theorem of a name."""
        return next((w for w in self.waiting if w.name == name), None)

    def to_prove(self, name: str) -> Waiting:
        """The same. Raises DataError when there is none."""
        found = self.named(name)
        if found is None:
            known = "it is proved already" if name in self.theorems else "the text has no theorem of this name"
            raise DataError(f"there is nothing to prove for {name}: {known}")
        return found

    @property
    def sorries(self) -> list[Position]:
        """Every `sorry` that counts: none where Lean says of no declaration that it uses it."""
        if not any(SORRY_WARNING in d.text for d in self.diagnostics):
            return []
        places = Places(self.text)
        return [places.position(m.start()) for m in SORRY.finditer(masked(self.text))]

    def at(self, line: int) -> Waiting | None:
        """The waiting theorem whose command spans a line."""
        return next((w for w in self.waiting if w.start.line <= line <= w.end.line), None)


def document_of(file: LeanFile, commands: Sequence[answers.Command]) -> Document:
    """Reads diagnostics and theorems off a file's commands."""
    places = Places(file.text)
    waiting: list[Waiting] = []
    names: list[str] = []
    for command in commands:
        found = None
        if command.declaration in PROVABLE and command.value is not None:
            names.append(targets.full_name(file, command))
            found = _waiting(file, places, command)
        elif command.declaration is not None and not command.errors:
            found = _waiting_inside(file, places, command)
        if found is not None:
            waiting.append(found)
    return Document(
        file.text, file.path, file.modules, tuple(_diagnostics(places, commands)), tuple(waiting), tuple(names)
    )


def _diagnostics(places: Places, commands: Sequence[answers.Command]) -> Iterator[Diagnostic]:
    for command in commands:
        for message in (*command.messages, *targets.unmatched_end(command)):
            at, to = places.at_byte(message.start), places.at_byte(max(message.start, message.end))
            start, end = places.position(at), places.position(to)
            yield Diagnostic(message.severity, message.text, start, end, places.utf16(start), places.utf16(end))


def _waiting(file: LeanFile, places: Places, command: answers.Command) -> Waiting | None:
    assert command.value is not None
    first, last = places.at_byte(command.value[0]), places.at_byte(command.value[1])
    inside = [e for e in command.errors if e.start >= command.value[0]]
    sorry = command.sorries or any(SORRY_WARNING in m.text for m in command.messages)
    if not sorry and not inside:
        return None
    whole = command.body is not None and targets.is_sorry(file.span(*command.body))
    commented = targets.COMMENT.search(file.span(*command.value)) is not None  # it is kept: the `sorry` is a place
    spots = [first + m.start() for m in SORRY.finditer(masked(file.text[first:last]))]
    kind = "unfinished" if inside and not whole else "partial" if not inside and (not whole or commented) else "sorry"
    return Waiting(
        targets.full_name(file, command),
        file.span(command.start, command.value[0]).rstrip(),
        kind,
        places.position(places.at_byte(command.start)),
        places.position(last),
        tuple(map(places.position, spots or [last])),
    )


def _waiting_inside(file: LeanFile, places: Places, command: answers.Command) -> Waiting | None:
    """A definition or an instance with `sorry` in it: each is a place."""
    first, last = places.at_byte(command.start), places.at_byte(command.end)
    spots = [first + m.start() for m in SORRY.finditer(masked(file.text[first:last]))]
    if not spots or not (command.sorries or any(SORRY_WARNING in m.text for m in command.messages)):
        return None
    stated = file.span(command.start, command.value[0] if command.value is not None else command.end).rstrip()
    start, end = places.position(first), places.position(last)
    return Waiting(targets.full_name(file, command), stated, "partial", start, end, tuple(map(places.position, spots)))


@dataclass(frozen=True)
class Edit:
    """A change of a text: what stands between two places becomes `new_text`."""

    start: Position
    end: Position
    new_text: str

    def span(self, text: str) -> tuple[int, int]:
        """Where it begins and ends in the text, in characters."""
        places = Places(text)
        start = places.character(self.start.line, self.start.column)
        end = places.character(self.end.line, self.end.column)
        assert start is not None and end is not None
        return start, end


def applied(text: str, edits: Sequence[Edit]) -> str:
    """A text with changes that do not overlap, all of them as of `text`."""
    spans = [(*edit.span(text), edit.new_text) for edit in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
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
