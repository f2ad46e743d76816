"""The protocol of the Kimina Lean server: `/verify`, `/api/check`, `/health`; its own clients work unchanged.

A snippet is elaborated as Lean's REPL would, from its imports on, and answered in the REPL's form. Not given: info trees, and
ids of proof states, which that server's clients cannot use either.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, model_validator

from prover.errors import DataError, LeanTimeoutError, ProverError
from prover.lean.commands import header
from prover.lean.positions import Position
from prover.server.gate import Cancelled, Gate
from prover.server.pool import Busy, Limit
from prover.server.service import Service
from prover.server.session import Session
from prover.server.wire import LeanText

WAITING_ALLOWANCE_S = 60.0
"""Beyond its own time a snippet may wait so long for a Lean: one may be lost on every snippet."""
MAX_SNIPPETS = 256
MAX_SNIPPET_S = 300.0
IMPORT = re.compile(r"\s*(?:public\s+|meta\s+)*import\s+(?:all\s+)?(\S+)")
LIBERAL = "set_option autoImplicit true"
"""A project may set it to false; Kimina's clients expect Lean's own default."""

LEAN_WAIT_S = 600.0
"""A snippet waits for a Lean as long as its client does."""


class Code(BaseModel):
    """A snippet of `/verify`; its text is `proof` or `code`."""

    custom_id: str | int
    proof: LeanText | None = None
    code: LeanText | None = None

    @model_validator(mode="after")
    def has_text(self) -> Code:
        """One of the two is there."""
        if self.proof is None and self.code is None:
            raise ValueError(f"the code {self.custom_id!r} has neither `proof` nor `code`")
        return self


class VerifyRequest(BaseModel):
    """The body of `/verify`."""

    codes: list[Code] = Field(max_length=MAX_SNIPPETS)
    timeout: int = Field(default=300, ge=0)
    infotree_type: str | None = None
    disable_cache: bool = False


class Snippet(BaseModel):
    """A snippet of `/api/check`."""

    id: str
    code: LeanText


class CheckRequest(BaseModel):
    """The body of `/api/check`."""

    snippets: list[Snippet] = Field(min_length=1, max_length=MAX_SNIPPETS)
    timeout: int = Field(default=30, ge=0)
    debug: bool = False
    reuse: bool = True
    infotree: str | None = None

    @model_validator(mode="after")
    def ids_differ(self) -> CheckRequest:
        """An id names one snippet."""
        if len({s.id for s in self.snippets}) != len(self.snippets):
            raise ValueError("`snippets` must have different ids")
        return self


def kimina_routes(service: Service, gate: Gate) -> APIRouter:
    """The routes, bound to what answers them."""
    router = APIRouter(tags=["Kimina"])

    async def run(request: Request, snippets: list[tuple[str, str]], timeout_s: float) -> list[dict[str, Any]]:
        limit = min(timeout_s, MAX_SNIPPET_S)
        return await gate.run(
            request,
            lambda stop: [_one(service, name, code, limit, stop) for name, code in snippets if not stop()],
            (limit + WAITING_ALLOWANCE_S) * len(snippets),
        )

    @router.post("/verify")
    @router.post("/one_pass_verify_batch", include_in_schema=False)
    async def verify(body: VerifyRequest, request: Request) -> dict[str, Any]:
        """Elaborates codes; the older form."""
        snippets = [(str(c.custom_id), c.proof if c.proof is not None else c.code or "") for c in body.codes]
        results = await run(request, snippets, float(body.timeout)) if snippets else []
        return {"results": [_older(result) for result in results]}

    @router.post("/api/check")
    @router.post("/api/check/", include_in_schema=False)
    async def check(body: CheckRequest, request: Request) -> dict[str, Any]:
        """Elaborates snippets."""
        return {"results": await run(request, [(s.id, s.code) for s in body.snippets], float(body.timeout))}

    @router.get("/health")
    @router.get("/health/", include_in_schema=False)
    async def health() -> dict[str, Any]:
        """A sign of life, and whether Lean is ready."""
        lean = service.readiness
        return {"status": "ok", "ready": lean.serving, "lean": str(lean)}

    return router


def _one(service: Service, name: str, code: str, timeout_s: float, stop: Cancelled) -> dict[str, Any]:
    started = time.monotonic()
    try:
        answer: dict[str, Any] = {"response": repl(service.session, code, timeout_s, stop)}
    except LeanTimeoutError:
        answer = {"error": f"Lean REPL command timed out in {timeout_s:g} seconds"}
    except Busy:
        raise  # it says nothing about the snippet
    except DataError as error:
        answer = {"response": {"message": str(error)}}
    except ProverError as error:
        answer = {"error": str(error)}
    return {"id": name, "time": round(time.monotonic() - started, 6), **answer}


def _older(result: dict[str, Any]) -> dict[str, Any]:
    """A result of `/api/check` in the form of `/verify`: the time is in the response."""
    changed = {"custom_id": result["id"], **{key: result[key] for key in ("error",) if key in result}}
    if "response" in result:
        changed["response"] = {**result["response"], "time": result["time"]}
    return changed


def repl(session: Session, code: str, timeout_s: float, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """A text elaborated as the REPL would, in its form of an answer (messages and sorries)."""
    _, end = header(code)
    raw = code.encode()
    added = f"\n{LIBERAL}" if end else f"{LIBERAL}\n"
    text = (raw[:end] + added.encode() + raw[end:]).decode()
    first = raw[:end].count(b"\n") + (1 if end else 0)
    limit = Limit(timeout_s)
    try:
        found = session.document(text, cancelled=cancelled, wait_s=LEAN_WAIT_S, within=limit)
    except DataError as error:
        return {"env": 0, "messages": [{"severity": "error", **_import_span(code, str(error)), "data": str(error)}]}
    sorries = []
    for place in found.sorries:
        try:
            goal = session.goals(text, place.line, place.column, cancelled=cancelled, wait_s=LEAN_WAIT_S, within=limit).text
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
