"""A text as Lean has read it: what Lean says about it, and which theorems wait for a proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.lean import answers, source
from prover.lean.commands import masked
from prover.lean.positions import Places, Position
from prover.lean.source import PROVABLE, SORRY_WARNING, LeanFile

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
            names.append(source.full_name(file, command))
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
        for message in (*command.messages, *source.unmatched_end(command)):
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
    whole = command.body is not None and source.is_sorry(file.span(*command.body))
    commented = source.COMMENT.search(file.span(*command.value)) is not None  # it is kept: the `sorry` is a place
    spots = [first + m.start() for m in SORRY.finditer(masked(file.text[first:last]))]
    kind = "unfinished" if inside and not whole else "partial" if not inside and (not whole or commented) else "sorry"
    return Waiting(
        source.full_name(file, command),
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
    return Waiting(source.full_name(file, command), stated, "partial", start, end, tuple(map(places.position, spots)))
