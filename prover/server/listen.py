"""Serving: sockets, signals, and the end in good order."""

from __future__ import annotations

import socket
import sys
from types import FrameType

import uvicorn

from prover.errors import ConfigError
from prover.server.app import Server
from prover.server.settings import ServeSettings

STREAMS_END_S = 3
"""How long open connections may still take once the server stops; streams of events end by themselves."""


class _Uvicorn(uvicorn.Server):
    """Tells the application at once that it is to end; uvicorn itself only does when every connection is gone."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._server = server

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called for SIGINT and SIGTERM."""
        if not self.should_exit:
            print("stopping: jobs under way may finish …", file=sys.stderr, flush=True)
        self._server.closing()
        super().handle_exit(sig, frame)


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
    config = uvicorn.Config(
        server.app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        limit_concurrency=server.settings.max_connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STREAMS_END_S,
        server_header=False,
        date_header=True,
        ws="none",
    )
    try:
        _Uvicorn(config, server).run(sockets=[listening])
    finally:
        listening.close()
        server.stop()
