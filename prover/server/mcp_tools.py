"""Tools for coding agents over the Model Context Protocol: goals, suggest, prove, check, search_premises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from prover import __version__
from prover.errors import DataError, ProverError
from prover.lean.targets import load
from prover.server import wire
from prover.server.jobs import Live
from prover.server.service import Service

T = TypeVar("T")
PROGRESS_PAUSE_S = 0.5
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
INSTRUCTIONS = (
    "Proofsmith proves Lean 4 theorems in a Lean of its own that has Init, Std and Lean but not Mathlib. Lines count from 1, "
    "columns from 0 in characters. `file` is a .lean file of the workspace; `text` is a file's content instead. Nothing is "
    "written: `prove` returns the proof, and the file's text with the proof in place."
)
File = Annotated[str | None, Field(description="A .lean file of the workspace")]
Text = Annotated[str | None, Field(description="The content of a Lean file, in place of `file`")]
Line = Annotated[int, Field(ge=1, description="Line, from 1")]
Column = Annotated[int, Field(ge=0, description="Column, from 0 in characters")]


def text_of(workspace: Path, file: str | None, text: str | None) -> str:
    """What a tool works on: a text, or a .lean file of the workspace.

    Args:
        workspace: the folder; nothing outside it is read, links that lead out included.
        file: a path, relative to the workspace or absolute.
        text: in place of a file.

    Raises:
        DataError: neither or both are given, the file is elsewhere, or it cannot be read.
    """
    if (file is None) == (text is None):
        raise DataError("give `file` (a .lean file of the workspace) or `text`, one of the two")
    if text is not None:
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise DataError("the text is not UTF-8, or holds a NUL; Lean could not read it")
        return text
    assert file is not None
    root = workspace.resolve()
    try:
        path = (root / file).resolve()
    except (OSError, ValueError) as error:
        raise DataError(f"{file!r} is no path") from error
    if not path.is_relative_to(root):
        raise DataError(f"{file} lies outside the workspace {root}; start `proofsmith mcp --workspace FOLDER` for another")
    if path.suffix != ".lean":
        raise DataError(f"{file} is not a .lean file")
    return load(path)


class ProofReply(BaseModel):
    """What a search came to. `proved` has the audit's word; `text` is the file with the proof in place. `refuted`: the theorem is
    false at the `values` of `disproof`, which has an audited proof of the negation."""

    theorem: str
    status: str
    proof: str | None = None
    reason: str | None = None
    text: str | None = None
    axioms: list[str] = []
    seconds: float = 0.0
    expansions: int = 0
    disproof: dict[str, Any] | None = None


def tools(service: Service, workspace: Path) -> MCPServer[None]:
    """A server with the tools.

    Args:
        service: does the Lean work.
        workspace: the folder whose files may be named.
    """
    server: MCPServer[None] = MCPServer(
        "proofsmith", title="Proofsmith", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )

    @server.tool(annotations=READS)
    async def goals(line: Line, column: Column, file: File = None, text: Text = None) -> wire.GoalsReply:
        """The goals at a position in a proof: at a `sorry`, behind a `by`, at a tactic."""
        return await _worked(
            lambda stop: service.goals(
                wire.PositionRequest(text=text_of(workspace, file, text), line=line, column=column, timeout_s=60), stop
            )
        )

    @server.tool(annotations=READS)
    async def suggest(
        line: Line, column: Column, file: File = None, text: Text = None, limit: Annotated[int, Field(ge=1, le=40)] = 10
    ) -> wire.SuggestReply:
        """Tactics for a position, each one run by Lean, with the goals that it leaves; the best first."""
        return await _worked(
            lambda stop: service.suggest(
                wire.SuggestRequest(text=text_of(workspace, file, text), line=line, column=column, limit=limit), stop
            )
        )

    @server.tool(annotations=READS)
    async def prove(
        ctx: Context[None],
        file: File = None,
        text: Text = None,
        theorem: Annotated[str | None, Field(description="Its full name; needed when several wait for a proof")] = None,
        line: Annotated[int | None, Field(ge=1, description="Or a position in its proof")] = None,
        column: Annotated[int | None, Field(ge=0)] = None,
        timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0,
    ) -> ProofReply:
        """Searches for a proof of a theorem whose proof is `sorry`, or of the goal at a position, and audits it."""
        live = Live()
        body = wire.ProveRequest(
            text=text_of_checked(workspace, file, text), theorem=theorem, line=line, column=column, timeout_s=timeout_s
        )

        def work(stop: Callable[[], bool]) -> ProofReply:
            result = service.job(body.model_dump(exclude_none=True), live)
            return ProofReply(**{key: result[key] for key in ProofReply.model_fields if key in result})

        async def report() -> None:
            while True:
                await asyncio.sleep(PROGRESS_PAUSE_S)
                seconds = float(live.progress.get("seconds", 0.0))
                said = f"{live.progress['expansions']} states expanded" if live.progress else "reading the file"
                await ctx.report_progress(min(seconds, timeout_s), timeout_s, said)

        reporting = asyncio.create_task(report())
        try:
            return await _worked(work, live.cancelled)
        finally:
            reporting.cancel()

    @server.tool(annotations=READS)
    async def check(
        file: File = None,
        text: Text = None,
        against: Annotated[str | None, Field(description="A file that states theorems with sorry: audit their proofs")] = None,
        allow_disproof: Annotated[bool, Field(description="A theorem may be disproved instead, under its own name too")] = False,
        timeout_s: Annotated[float, Field(gt=0, le=300)] = 60.0,
    ) -> wire.CheckReply:
        """What Lean says of a file; `ok`: no error and no sorry. With `against`: whether it proves what that one states.

        Definitions that `against` leaves open (`def answer : Nat := sorry`) are the file's to fill; the reply shows the values.
        """
        def body() -> wire.CheckBody:
            given = text_of(workspace, file, text)
            return wire.CheckBody(text=given, against=against, allow_disproof=allow_disproof, timeout_s=timeout_s)

        return await _worked(lambda stop: service.check(body(), stop))

    @server.tool(annotations=READS)
    async def search_premises(
        query: Annotated[str, Field(min_length=1, description="A goal, or words of a name or statement")],
        limit: Annotated[int, Field(ge=1, le=200)] = 20,
    ) -> wire.PremisesReply:
        """Theorems of Lean's library that fit a goal or a description."""
        return await _worked(lambda stop: service.premises(wire.PremisesRequest(query=query, limit=limit), stop))

    return server


def text_of_checked(workspace: Path, file: str | None, text: str | None) -> str:
    """`text_of` with its errors as the protocol's."""
    try:
        return text_of(workspace, file, text)
    except ProverError as error:
        raise ToolError(str(error)) from error


async def _worked(work: Callable[[Callable[[], bool]], T], cancel: threading.Event | None = None) -> T:
    """Does work in a thread; a call that is cancelled tells it to stop. Our errors become the protocol's."""
    stop = cancel or threading.Event()
    try:
        return await asyncio.to_thread(work, stop.is_set)
    except ProverError as error:
        raise ToolError(str(error)) from error
    finally:
        stop.set()
