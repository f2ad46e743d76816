"""A text as the editor counts it, and edits that follow the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types

from prover.lean.positions import Places, Position
from prover.server.answers import Edit
from prover.server.suggest import Suggestion

TITLE = 110


@dataclass(frozen=True)
class Text:
    """An open text; `encoding` says in which units the editor counts columns (`utf-16`, `utf-8` or `utf-32`)."""

    text: str
    path: Path | None
    encoding: str
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places(self.text))

    def position(self, place: types.Position) -> Position | None:
        """The editor's position in codepoints; None where the text has no such line."""
        if not 0 <= place.line < self.places.lines or place.character < 0:
            return None
        line = self.places.line(place.line)
        if self.encoding == "utf-16":
            return Position(place.line, self.places.from_utf16(place.line, place.character))
        if self.encoding == "utf-8":
            return Position(place.line, len(line.encode()[: place.character].decode(errors="ignore")))
        return Position(place.line, min(place.character, len(line)))

    def client(self, place: Position) -> types.Position:
        """A position as the editor counts."""
        if self.encoding == "utf-16":
            return types.Position(place.line, self.places.utf16(place))
        if self.encoding == "utf-8":
            return types.Position(place.line, len(self.places.line(place.line)[: place.column].encode()))
        return types.Position(place.line, place.column)

    def range(self, start: Position, end: Position) -> types.Range:
        """A span as the editor counts."""
        return types.Range(self.client(start), self.client(end))


def moved(edit: Edit, old: str, new: str) -> Edit | None:
    """The same change in a text that was edited meanwhile; None when the edit touched its place."""
    if old == new:
        return edit
    before, after = Places(old), Places(new)
    start = before.character(edit.start.line, edit.start.column)
    end = before.character(edit.end.line, edit.end.column)
    assert start is not None and end is not None
    if new.startswith(old[:end]):
        return edit
    shift = len(new) - len(old)
    if new.endswith(old[start:]):
        return Edit(after.position(start + shift), after.position(end + shift), edit.new_text)
    return None


def short(suggestion: Suggestion) -> str:
    """A suggestion on one line: the tactic, and what it leaves."""
    tactic = " ".join(suggestion.tactic.split())
    if suggestion.closes:
        return f"{tactic}  (closes the goal)"
    targets = ["⊢" + goal.rpartition("⊢")[2] for goal in suggestion.goals_after]
    left = "; ".join(" ".join(t.split()) for t in targets)
    count = len(targets)
    title = f"{tactic}  ({count} goal{'s' if count > 1 else ''}: {left})"
    return title if len(title) <= TITLE else title[: TITLE - 1] + "…"
