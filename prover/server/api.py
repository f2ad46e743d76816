"""Our own endpoints, under /v1: suggest, goals, document, check, premises, prove as a job, and the runs of past batches."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse

from prover.server import wire
from prover.server.gate import Cancelled, Gate
from prover.server.guard import Refused, ServeSettings
from prover.server.jobs import Jobs
from prover.server.service import Service

WAITING_ALLOWANCE_S = 60.0
"""A request may spend so long in the queue, beyond the time that it asked for."""
EVENT_PAUSE_S = 0.25
HEARTBEAT_S = 10.0
REPORT_POLICY = "sandbox allow-scripts allow-modals; frame-ancestors 'none'"
"""A report is a page of its own origin: its scripts cannot reach this server."""
REPORT = "report.html"
MAX_SUMMARY_BYTES = 2_000_000
MAX_LISTED = 500
TICKET_S = 600.0
SHOWN = ("title", "command", "lean", "commit", "started", "seconds", "workers", "total", "proved", "refuted", "failed", "error")


class Runs:
    """The run folders directly below `folder`. Symbolic links are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tickets: dict[str, tuple[str, float]] = {}

    def known(self) -> list[dict[str, Any]]:
        """What is known of each run, the latest first."""
        found = []
        try:
            folders = [f for f in self._folder.iterdir() if f.is_dir() and not f.is_symlink()]
        except OSError:
            return []
        for folder in folders:
            summary = _summary(folder)
            if summary is not None:
                facts = {key: summary.get(key) for key in SHOWN}
                found.append({"name": folder.name, **facts, "report": _plain_file(folder / REPORT)})
        found.sort(key=lambda run: str(run["started"] or ""), reverse=True)
        return found[:MAX_LISTED]

    def results(self, name: str) -> list[dict[str, Any]]:
        """The theorems of a run, as lines of results.jsonl have them. Raises Refused (404)."""
        path = self._run(name) / "results.jsonl"
        if not _plain_file(path):
            raise Refused(404, f"the run {name!r} has no results.jsonl")
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def ticket(self, name: str) -> str:
        """Lets a browser open the report by its address for ten minutes, where a token cannot be sent. Raises Refused (404)."""
        self.report(name)
        now = time.monotonic()
        self._tickets = {t: (n, end) for t, (n, end) in self._tickets.items() if end > now}
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = (name, now + TICKET_S)
        return ticket

    def admits(self, ticket: str, name: str) -> bool:
        """Whether the ticket is for this run's report and still good."""
        known, end = self._tickets.get(ticket, ("", 0.0))
        return known == name and end > time.monotonic()

    def report(self, name: str) -> Path:
        """The report's file. Raises Refused (404)."""
        path = self._run(name) / REPORT
        if not _plain_file(path):
            raise Refused(404, f"the run {name!r} has no {REPORT}")
        return path

    def _run(self, name: str) -> Path:
        # Compared with what is there, never joined blindly: a name cannot lead out of the folder.
        try:
            known = {f.name for f in self._folder.iterdir() if f.is_dir() and not f.is_symlink()}
        except OSError:
            known = set()
        if name not in known:
            raise Refused(404, f"there is no run {name[:80]!r}")
        return self._folder / name


def _plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _summary(folder: Path) -> dict[str, Any] | None:
    path = folder / "summary.json"
    try:
        if not _plain_file(path) or path.stat().st_size > MAX_SUMMARY_BYTES:
            return None
        summary = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and "total" in summary else None


def api_routes(service: Service, gate: Gate, jobs: Jobs, runs: Runs, settings: ServeSettings) -> APIRouter:
    """The routes, bound to what answers them."""
    router = APIRouter()

    def asked(path: str, name: str, work: Callable[[Any, Cancelled], Any], takes: type[Any], gives: type[Any]) -> None:
        async def answer(body: Any, request: Request) -> Any:
            seconds = getattr(body, "timeout_s", 0.0) + WAITING_ALLOWANCE_S
            return await gate.run(request, lambda stop: work(body, stop), seconds)

        answer.__annotations__ |= {"body": takes, "request": Request}
        router.post(path, tags=["proofs"], response_model=gives, name=name, description=work.__doc__)(answer)

    asked("/v1/suggest", "suggest", service.suggest, wire.SuggestRequest, wire.SuggestReply)
    asked("/v1/goals", "goals", service.goals, wire.PositionRequest, wire.GoalsReply)
    asked("/v1/document", "document", service.document, wire.DocumentRequest, wire.DocumentReply)
    asked("/v1/check", "check", service.check, wire.CheckBody, wire.CheckReply)
    asked("/v1/premises", "premises", service.premises, wire.PremisesRequest, wire.PremisesReply)

    @router.post("/v1/prove", status_code=202, tags=["jobs"])
    async def prove(body: wire.ProveRequest) -> wire.JobReply:
        """Begins a search. It goes on when the client leaves; look at it again, or cancel it, by its id."""
        if body.timeout_s > settings.max_job_s:
            raise Refused(422, f"timeout_s is {body.timeout_s:g}; this server searches for {settings.max_job_s:g} s at most")
        job = await asyncio.to_thread(jobs.add, body.model_dump(exclude_none=True))
        return wire.JobReply(**job)

    @router.get("/v1/prove", tags=["jobs"])
    async def recent(limit: int = 50) -> list[wire.JobReply]:
        """The latest jobs, newest first, without their texts."""
        found = await asyncio.to_thread(jobs.recent, max(1, min(limit, 200)))
        return [wire.JobReply(**job) for job in found]

    @router.get("/v1/prove/{job}", tags=["jobs"])
    async def one(job: str) -> wire.JobReply:
        """A job and, when it is finished, its result."""
        return wire.JobReply(**await asyncio.to_thread(jobs.get, job))

    @router.delete("/v1/prove/{job}", tags=["jobs"])
    async def cancel(job: str) -> wire.JobReply:
        """Cancels a job; one that is finished stays as it is."""
        return wire.JobReply(**await asyncio.to_thread(jobs.cancel, job))

    @router.get("/v1/prove/{job}/tree", tags=["jobs"])
    async def tree(job: str) -> dict[str, Any] | None:
        """The search tree as far as it is known, in the schema of docs/architecture.md."""
        return await asyncio.to_thread(jobs.tree, job)

    @router.get("/v1/prove/{job}/events", tags=["jobs"], response_class=StreamingResponse)
    async def events(job: str, request: Request) -> StreamingResponse:
        """Server-sent events: `progress`, `tree` (what the page draws), and at the end `result`."""
        await asyncio.to_thread(jobs.get, job)
        return StreamingResponse(
            _events(job, request, service, jobs), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    @router.get("/v1/runs", tags=["runs"])
    async def list_runs() -> list[dict[str, Any]]:
        """The past batches in the server's folder of runs, the latest first."""
        return await asyncio.to_thread(runs.known)

    @router.get("/v1/runs/{name}", tags=["runs"])
    async def results(name: str) -> list[dict[str, Any]]:
        """The results of a batch, one object a theorem."""
        return await asyncio.to_thread(runs.results, name)

    @router.post("/v1/runs/{name}/ticket", tags=["runs"])
    async def ticket(name: str) -> dict[str, str]:
        """An address, good for ten minutes, at which a browser opens the batch's report."""
        return {"address": f"/runs/{name}/report.html?ticket={await asyncio.to_thread(runs.ticket, name)}"}

    @router.get("/runs/{name}/report.html", tags=["runs"], response_class=FileResponse)
    async def report(name: str, ticket: str = "") -> FileResponse:
        """The report of a batch."""
        if settings.token is not None and not runs.admits(ticket, name):
            raise Refused(403, "this address has expired; open the report from the page again")
        path = await asyncio.to_thread(runs.report, name)
        return FileResponse(path, media_type="text/html", headers={"content-security-policy": REPORT_POLICY})

    @router.get("/v1/status", tags=["server"])
    async def status() -> dict[str, Any]:
        """How busy the server is."""
        counts = gate.counts
        return {
            "lean": service.lean,
            "processes": asdict(service.readiness),
            "requests": {
                "running": gate.running, "waiting": gate.queue, "admitted": counts.admitted, "refused": counts.refused,
                "left": counts.left, "late": counts.late,
            },
            "jobs": await asyncio.to_thread(lambda: jobs.counts),
            "memory_mb": await asyncio.to_thread(service.memory_mb),
        }  # fmt: skip

    return router


async def _events(job: str, request: Request, service: Service, jobs: Jobs) -> AsyncIterator[str]:
    """What changed since the last look, a few times a second; a slow reader misses what lies between."""
    seen, drawn, told = -1, None, time.monotonic()
    while not jobs.closed and not await request.is_disconnected():
        live = jobs.live(job)
        if live is None:
            tree = await asyncio.to_thread(jobs.tree, job)
            if tree is not None:
                yield _event("tree", await asyncio.to_thread(service.picture, tree))
            yield _event("result", await asyncio.to_thread(jobs.get, job))
            return
        if live.version != seen:
            seen, told = live.version, time.monotonic()
            facts = await asyncio.to_thread(jobs.get, job)
            yield _event("progress", {key: facts[key] for key in ("status", "place", "progress", "started", "created")})
            if live.tree is not None and live.tree is not drawn:
                drawn = live.tree
                yield _event("tree", await asyncio.to_thread(service.picture, drawn))
        elif time.monotonic() - told > HEARTBEAT_S:
            told = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(EVENT_PAUSE_S)


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
