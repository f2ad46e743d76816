"""A text elaborated as Lean's REPL would, and answered in its form; for Kimina's clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from prover.errors import DataError
from prover.lean.commands import header, masked
from prover.lean.positions import Places, Position
from prover.server.document import Document
from prover.server.pool import Limit
from prover.server.session import Session

SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")
IMPORT = re.compile(r"\s*(?:public\s+|meta\s+)*import\s+(?:all\s+)?(\S+)")
SORRY_WARNING = "declaration uses"
LIBERAL = "set_option autoImplicit true"
"""Files are read more strictly here than Lean does by itself; Kimina's clients expect Lean's own way."""

WAIT_S = 600.0
"""A snippet waits for a Lean as long as its client does."""


def repl(session: Session, code: str, timeout_s: float, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """A text elaborated as the REPL would, in its form of an answer (messages and sorries)."""
    _, end = header(code)
    raw = code.encode()
    added = f"\n{LIBERAL}" if end else f"{LIBERAL}\n"
    text = (raw[:end] + added.encode() + raw[end:]).decode()
    first = raw[:end].count(b"\n") + (1 if end else 0)
    limit = Limit(timeout_s)
    try:
        found = session.document(text, cancelled=cancelled, wait_s=WAIT_S, limit=limit)
    except DataError as error:
        return {"env": 0, "messages": [{"severity": "error", **_import_span(code, str(error)), "data": str(error)}]}
    sorries = []
    for place in sorries_of(found):
        try:
            goal = session.goals(text, place.line, place.column, cancelled=cancelled, wait_s=WAIT_S, limit=limit).text
        except DataError:
            goal = ""
        sorries.append({**_span(place, Position(place.line, place.column + len("sorry")), first), "goal": goal})
    messages = [
        {"severity": d.severity, **_span(d.start, d.end, first), "data": d.text} for d in found.diagnostics
    ]
    answer: dict[str, Any] = {"env": 0}
    if messages:
        answer["messages"] = messages
    if sorries:
        answer["sorries"] = sorries
    return answer


def sorries_of(document: Document) -> list[Position]:
    """Every `sorry` that counts: none where Lean says of no declaration that it uses it."""
    if not any(SORRY_WARNING in d.text for d in document.diagnostics):
        return []
    places = Places(document.text)
    return [places.position(m.start()) for m in SORRY.finditer(masked(document.text))]


def _import_span(code: str, message: str) -> dict[str, Any]:
    """Where a text imports the module that a message names; its beginning when it names none."""
    for number, line in enumerate(code.splitlines(), start=1):
        found = IMPORT.match(line)
        if found is not None and found[1] in message:
            return {"pos": {"line": number, "column": 0}, "endPos": {"line": number, "column": len(line)}}
    return {"pos": {"line": 1, "column": 0}, "endPos": {"line": 1, "column": 0}}


def _span(start: Position, end: Position, added_at: int) -> dict[str, Any]:
    """A span as the REPL gives it: lines from 1, without the line that was added before `added_at` (from 0)."""

    def pos(position: Position) -> dict[str, int]:
        return {"line": position.line + (0 if position.line >= added_at else 1), "column": position.column}

    return {"pos": pos(start), "endPos": pos(end)}
