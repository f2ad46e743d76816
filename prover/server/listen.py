"""Serving: sockets, signals, and the end in good order."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from prover.errors import ConfigError
from prover.printable import tell
from prover.server.app import Server
from prover.server.settings import ServeSettings


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
