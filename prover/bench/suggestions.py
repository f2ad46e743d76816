"""How long a user waits for a suggestion: the time from the request to the first checked one, on a warm session."""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from data import minif2f
from prover.errors import DataError, LeanProcessError
from prover.lean.positions import Position
from prover.printable import tell
from prover.server.answers import Document, applied
from prover.server.session import Session
from prover.server.suggest import Suggestion

LIMIT = 8
TIMEOUT_S = 10.0
OPEN_S = 600.0
WARM_UP_LIMIT_S = 600.0


@dataclass(frozen=True)
class Place:
    """A position of a text, and where it is from."""

    source: str
    text: str
    at: Position


@dataclass(frozen=True)
class Measured:
    """One request: seconds to the first suggestion (None: there was none) and to the last, and what was suggested."""

    source: str
    first_s: float | None
    all_s: float
    found: tuple[Suggestion, ...]


def measure(wanted: int = 200, minif2f_path: Path | None = None, workers: int = 2) -> dict[str, Any]:
    """Asks at `wanted` places: each `sorry` of the starter set and of the miniF2F statements that elaborate, and then one step
    further in, behind a tactic that was suggested there.

    Args:
        wanted: how many places.
        minif2f_path: JSON lines of miniF2F; None goes without.
        workers: warm Lean processes.

    Returns:
        Figures; seconds at the median and at the 95th percentile, requests without a suggestion counted with all their time.

    Raises:
        DataError: the statements cannot be read.
    """
    load = os.getloadavg()[0]
    began = time.monotonic()
    results: list[Measured] = []
    with Session(workers=workers, audit=False) as session:
        session.start()
        session.warmed(WARM_UP_LIMIT_S)
        warm_s = time.monotonic() - began
        later: list[Place] = []
        for place in _places(session, minif2f_path):
            if len(results) == wanted:
                break
            results.append(_ask(session, place))
            further = _further(session, place, results[-1])
            if further is not None:
                later.append(further)
            if len(results) % 20 == 0:
                tell(f"{len(results)} of {wanted}")
        for place in later[: wanted - len(results)]:
            with suppress(DataError, LeanProcessError):
                session.document(place.text, wait_s=OPEN_S)
                results.append(_ask(session, place))
    first = [r.all_s if r.first_s is None else r.first_s for r in results]
    return {
        "suggest_positions": len(results),
        "suggest_by_source": {s: sum(r.source == s for r in results) for s in dict.fromkeys(r.source for r in results)},
        "suggest_first_p50_s": _quantile(first, 50),
        "suggest_first_p95_s": _quantile(first, 95),
        "suggest_all_p50_s": _quantile([r.all_s for r in results], 50),
        "suggest_all_p95_s": _quantile([r.all_s for r in results], 95),
        "suggest_none": sum(r.first_s is None for r in results),
        "suggest_closing": sum(any(s.closes for s in r.found) for r in results),
        "suggest_workers": workers,
        "suggest_warm_up_s": round(warm_s, 1),
        "suggest_seconds": round(time.monotonic() - began),
        "cores": os.cpu_count(),
        "load_before_after": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def _places(session: Session, minif2f_path: Path | None) -> Iterator[Place]:
    """Places in texts that the session has read, as an editor's are when the user asks; two of ours to one of miniF2F's."""
    ours, theirs = _starter(session), iter(()) if minif2f_path is None else _minif2f(session, minif2f_path)
    turns: list[Iterator[Place]] = [ours, ours, theirs]
    while turns:
        for turn in list(turns):
            place = next(turn, None)
            if place is None:
                turns = [t for t in turns if t is not turn]
            else:
                yield place


def _starter(session: Session) -> Iterator[Place]:
    folder = Path(str(files("data") / "starter"))
    places: list[Place] = []
    for path in sorted(folder.glob("*.lean")):
        places += _waiting("starter", session.document(path.read_text("utf-8"), wait_s=OPEN_S))
    yield from sorted(places, key=_mixed)


def _minif2f(session: Session, path: Path) -> Iterator[Place]:
    try:
        statements = minif2f.read(path)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    for statement in sorted(statements, key=lambda s: hashlib.sha256(s.name.encode()).hexdigest()):
        with suppress(DataError, LeanProcessError):
            document = session.document(statement.lean, wait_s=OPEN_S)
            if not document.errors:
                yield from _waiting(f"miniF2F {statement.split}", document)


def _mixed(place: Place) -> str:
    """An order that is the same every time and takes no file first."""
    return hashlib.sha256(f"{place.at}{place.text}".encode()).hexdigest()


def _waiting(source: str, document: Document) -> Iterator[Place]:
    for waiting in document.waiting:
        yield Place(source, document.text, waiting.places[0])


def _ask(session: Session, place: Place) -> Measured:
    first: list[float] = []
    began = time.monotonic()
    _, found = session.suggest_at(
        place.text, place.at.line, place.at.column, LIMIT, TIMEOUT_S,
        on_suggestion=lambda _: first.append(time.monotonic() - began), wait_s=OPEN_S,
    )  # fmt: skip
    return Measured(place.source, first[0] if first else None, time.monotonic() - began, tuple(found))


def _further(session: Session, place: Place, measured: Measured) -> Place | None:
    """The first place that a suggested step leaves open, in the text with that step."""
    step = next((s for s in measured.found if not s.closes), None)
    if step is None:
        return None
    at = session.goals(place.text, place.at.line, place.at.column, wait_s=OPEN_S)
    edit = at.step(step)
    text = applied(place.text, [edit])
    before = edit.new_text[: edit.new_text.index("sorry")]
    line = edit.start.line + before.count("\n")
    column = len(before) - before.rfind("\n") - 1 + (0 if "\n" in before else edit.start.column)
    return Place(f"{place.source}, a step in", text, Position(line, column))


def _quantile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return round(values[0], 3) if values else None
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 3)
