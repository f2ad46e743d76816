"""Our own endpoints, under /v1: suggest, goals, document, check, premises, prove as a job, and the runs of past batches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse

from prover.server import wire
from prover.server.gate import Gate
from prover.server.guard import Refused
from prover.server.jobs import Jobs
from prover.server.runs import Runs
from prover.server.service import Service
from prover.server.settings import ServeSettings

WAITING_ALLOWANCE_S = 60.0
"""A request may spend so long in the queue, beyond the time that it asked for."""
EVENT_PAUSE_S = 0.25
HEARTBEAT_S = 10.0
REPORT_POLICY = "sandbox allow-scripts allow-modals; frame-ancestors 'none'"
"""A report is a page of its own origin: its scripts cannot reach this server."""


def api_routes(service: Service, gate: Gate, jobs: Jobs, runs: Runs, settings: ServeSettings) -> APIRouter:
    """The routes, bound to what answers them."""
    router = APIRouter()

    @router.post("/v1/suggest", tags=["proofs"])
    async def suggest(body: wire.SuggestRequest, request: Request) -> wire.SuggestReply:
        """Tactics for a position or a goal, checked by Lean, the best first."""
        return await gate.run(request, lambda stop: service.suggest(body, stop), body.timeout_s + WAITING_ALLOWANCE_S)

    @router.post("/v1/goals", tags=["proofs"])
    async def goals(body: wire.PositionRequest, request: Request) -> wire.GoalsReply:
        """The goals at a position."""
        return await gate.run(request, lambda stop: service.goals(body, stop), body.timeout_s + WAITING_ALLOWANCE_S)

    @router.post("/v1/document", tags=["proofs"])
    async def document(body: wire.DocumentRequest, request: Request) -> wire.DocumentReply:
        """The theorems of a file that wait for a proof."""
        return await gate.run(request, lambda stop: service.document(body, stop), body.timeout_s + WAITING_ALLOWANCE_S)

    @router.post("/v1/check", tags=["proofs"])
    async def check(body: wire.CheckBody, request: Request) -> wire.CheckReply:
        """What Lean says of a file; with `against`, whether it proves what another one states."""
        return await gate.run(request, lambda stop: service.check(body, stop), body.timeout_s + WAITING_ALLOWANCE_S)

    @router.post("/v1/premises", tags=["proofs"])
    async def premises(body: wire.PremisesRequest, request: Request) -> wire.PremisesReply:
        """Theorems of the library that fit a query."""
        return await gate.run(request, lambda stop: service.premises(body, stop), 60.0)

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
