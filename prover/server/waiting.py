"""What waits for a proof in a text: the theorem or place at the cursor, or all of them one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from prover.audit.outcome import Failure
from prover.errors import DataError
from prover.lean.holes import NoPlace
from prover.lean.positions import Places, Position
from prover.prove.theorem import SearchSettings
from prover.server.answers import Edit, Proof, applied, settled
from prover.server.document import Waiting
from prover.server.reading import WAIT_S
from prover.server.session import Session


def to_prove(
    session: Session,
    text: str,
    place: Position,
    path: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str | Position:
    """What `Session.prove` is to be asked when the cursor is at a place: the theorem around it, or a place in its proof.

    Raises NoPlace when nothing there waits for a proof.
    """
    waiting = session.document(text, path, cancelled).at(place.line)
    if waiting is None:
        raise NoPlace(f"{path or 'the text'}:{place.line + 1}: no theorem here waits for a proof")
    if waiting.kind == "sorry":
        return waiting.name
    if waiting.kind == "partial":
        behind = [p for p in waiting.places if (p.line, p.column + len("sorry")) >= (place.line, place.column)]
        return behind[0] if behind else waiting.places[-1]
    try:
        session.goals(text, place.line, place.column, path, cancelled)
    except DataError:
        return waiting.places[-1]
    return place


def prove_all(
    session: Session,
    text: str,
    settings: SearchSettings | None = None,
    on_theorem: Callable[[int, int, Waiting, Proof | None], None] = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
    path: Path | None = None,
) -> list[Proof]:
    """Every waiting theorem of a text, one after the other, each as the text stands; the edits do not overlap.

    Args:
        on_theorem: told number, total, theorem, and None before the search or its proof after it.
    """
    document = session.document(text, path, cancelled)
    proofs: list[Proof] = []
    for number, waiting in enumerate(document.waiting, start=1):
        if cancelled():
            break
        on_theorem(number, len(document.waiting), waiting, None)
        try:
            proof = prove_waiting(session, text, waiting, settings, cancelled, path)
        except DataError as error:
            proof = Proof(waiting.name, "error", Failure(str(error), status="error"), None, str(error))
        proofs.append(proof)
        on_theorem(number, len(document.waiting), waiting, proof)
    return settled(proofs)


def prove_waiting(
    session: Session,
    text: str,
    waiting: Waiting,
    settings: SearchSettings | None,
    cancelled: Callable[[], bool] = lambda: False,
    path: Path | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    wait_s: float = WAIT_S,
) -> Proof:
    """The places of a half-written proof one by one, the last first; other proofs as a whole."""
    if waiting.kind != "partial":
        return session.prove(text, waiting.name, settings, on_event, cancelled, path, wait_s)
    now = text
    for place in reversed(waiting.places):
        proof = session.prove(now, place, settings, on_event, cancelled, path, wait_s)
        if proof.edit is None:
            return proof
        now = applied(now, [proof.edit])
    end = Places(text).character(waiting.end.line, waiting.end.column)
    assert end is not None
    behind = len(text) - end
    start = Places(text).character(waiting.start.line, waiting.start.column)
    return replace(proof, edit=Edit(waiting.start, waiting.end, now[start : len(now) - behind]))
