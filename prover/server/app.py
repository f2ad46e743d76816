"""The server: routes, the page, errors in one form, the guard in front of all; its sockets, and its end in good order."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from prover import __version__
from prover.errors import ConfigError, DataError, LeanTimeoutError, ProverError
from prover.printable import tell
from prover.server.api import Runs, api_routes
from prover.server.foreign import foreign_routes
from prover.server.gate import ClientLeft, Gate
from prover.server.guard import PAGE_POLICY, Guard, Refused, ServeSettings
from prover.server.jobs import Jobs
from prover.server.kimina import kimina_routes
from prover.server.pool import Busy, Cancelled, NotReady
from prover.server.service import Service

PAGE = Path(__file__).with_name("page")
SHARED = tuple(Path(__file__).parents[1] / "templates" / name for name in ("tree.js", "report.css"))
"""The picture of a search and the look: the same files as in the report of a run."""
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DESCRIPTION = "Suggests and proves in Lean 4. What the endpoints promise and what other tools' clients get: docs/server.md."


class Server:
    """Everything behind the sockets; `app` is what a web server runs.

    Args:
        service: does the Lean work; closed at the end.
        settings: limits, names, folders.

    Raises:
        ConfigError: another server uses the folder of jobs.
    """

    def __init__(self, service: Service, settings: ServeSettings) -> None:
        self.service = service
        self.settings = settings
        self.jobs = Jobs(settings.state, service.job, settings.jobs_running, settings.jobs_waiting)
        self.gate = Gate(settings.running, settings.waiting, lambda: _not_ready(service))
        self.runs = Runs(settings.runs)
        self._end: float | None = None
        self.guard = Guard(self._application(), settings)

    @property
    def app(self) -> ASGIApp:
        """The application, guarded."""
        return self.guard

    def _application(self) -> FastAPI:
        # FastAPI's own pages of documentation load scripts from elsewhere; the page's policy forbids that.
        app = FastAPI(title="Proofsmith", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None)
        app.include_router(api_routes(self.service, self.gate, self.jobs, self.runs, self.settings))
        app.include_router(foreign_routes(self.service, self.gate))
        app.include_router(kimina_routes(self.service, self.gate))
        app.add_exception_handler(Refused, _refused)
        app.add_exception_handler(ClientLeft, _left)
        app.add_exception_handler(Cancelled, _left)
        app.add_exception_handler(RequestValidationError, _malformed)
        app.add_exception_handler(HTTPException, _http)
        app.add_exception_handler(ProverError, _failed)

        @app.get("/", include_in_schema=False)
        async def page() -> Response:
            return _file(PAGE / "index.html")

        @app.get("/page/{name}", include_in_schema=False)
        async def part(name: str) -> Response:
            files = {path.name: path for path in (*PAGE.iterdir(), *SHARED)}
            if name not in files:
                raise Refused(404, "there is no such file")
            return _file(files[name])

        return app

    def closing(self) -> None:
        """Takes on nothing more; what is under way goes on until `stop`. Called in a signal handler."""
        self.gate.close()
        self.jobs.close()
        self._end = time.monotonic() + self.settings.grace_s

    def stop(self) -> None:
        """Takes on nothing more, lets jobs finish within their grace, puts the others back, ends Lean."""
        if self._end is None:
            self.closing()
        assert self._end is not None
        self.gate.stop()
        self.jobs.stop(max(0.0, self._end - time.monotonic()))
        self.service.close()


def _not_ready(service: Service) -> str | None:
    lean = service.readiness
    return None if lean.serving else f"{lean}; ask again in some seconds"


def _file(path: Path) -> Response:
    return Response(
        path.read_bytes(),
        media_type=TYPES.get(path.suffix, "application/octet-stream"),
        headers={"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"},
    )


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps({"detail": detail}, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, headers, "application/json")


async def _refused(_: Request, error: Any) -> Response:
    return _answer(error.status, error.detail, {name.decode(): value.decode() for name, value in error.headers})


async def _left(_: Request, error: Any) -> Response:
    return Response(status_code=499)  # nobody reads it; the number is nginx's for this


async def _malformed(_: Request, error: Any) -> Response:
    problems = []
    for problem in error.errors()[:5]:
        place = ".".join(str(part) for part in problem["loc"] if part != "body")
        problems.append(f"{place}: {problem['msg']}" if place else str(problem["msg"]))
    return _answer(422, "; ".join(problems))


async def _http(_: Request, error: Any) -> Response:
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def _failed(_: Request, error: Any) -> Response:
    if isinstance(error, DataError | ConfigError):
        return _answer(422, str(error))
    if isinstance(error, NotReady):
        return _answer(503, str(error), {"retry-after": "5"})
    if isinstance(error, Busy):
        return _answer(429, str(error), {"retry-after": "1"})
    return _answer(504 if isinstance(error, LeanTimeoutError) else 503, str(error))


class _Uvicorn(uvicorn.Server):
    """Tells the application at once that it is to end; uvicorn itself only does when every connection is gone."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._server = server

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called for SIGINT and SIGTERM. Unlike uvicorn's own it does not send the signal again when all is done."""
        if self.should_exit:
            self.force_exit = True
            return
        tell("stopping: jobs under way may finish …")
        self._server.closing()
        self.should_exit = True


def bind(settings: ServeSettings) -> socket.socket:
    """The listening socket. Raises ConfigError when the address cannot be had."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(512)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}; choose another with --port"
        ) from error
    return listening


def serve(server: Server, listening: socket.socket) -> None:
    """Answers requests until SIGINT or SIGTERM, then ends in good order."""
    try:
        _Uvicorn(_config(server), server).run(sockets=[listening])
    finally:
        listening.close()
        server.stop()


@contextmanager
def background(server: Server) -> Iterator[str]:
    """Serves in a thread of this process; gives the address. Ends in good order with the block."""
    listening = bind(server.settings)
    answering = _Uvicorn(_config(server), server)
    thread = threading.Thread(target=answering.run, kwargs={"sockets": [listening]}, name="server", daemon=True)
    thread.start()
    try:
        while not answering.started and thread.is_alive():
            time.sleep(0.01)
        host, port = listening.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.closing()
        answering.should_exit = True
        thread.join(server.settings.grace_s + 10)
        listening.close()
        server.stop()


def _config(server: Server) -> uvicorn.Config:
    return uvicorn.Config(
        server.app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        limit_concurrency=server.settings.max_connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(server.settings.grace_s)),
        server_header=False,
        date_header=True,
        ws="none",
    )
