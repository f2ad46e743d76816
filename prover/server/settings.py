"""What a server is told: where it listens, whom it answers, and how much it takes on."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class ServeSettings:
    """Settings of `proofsmith serve`; see its help for the options that set them.

    `host` is the address to listen on, `token` what a request has to carry (None: nothing, loopback only), `hosts` further
    names in a Host header and `origins` further pages (`https://name:port`) that are answered. At most `waiting` requests
    wait for a Lean and `jobs_waiting` jobs for their turn; a body has at most `max_body_bytes` and comes within
    `body_timeout_s`. `runs` is the folder of past batches, `state` that of the server's own jobs. At the end a job has
    `grace_s` seconds to finish.
    """

    host: str = "127.0.0.1"
    port: int = 23337
    token: str | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    running: int = 2
    waiting: int = 64
    jobs_running: int = 1
    jobs_waiting: int = 32
    max_connections: int = 1000
    max_body_bytes: int = 4 * MEBIBYTE
    max_bodies_bytes: int = 128 * MEBIBYTE
    body_timeout_s: float = 30.0
    max_request_s: float = 300.0
    max_job_s: float = 3600.0
    runs: Path = Path("runs")
    state: Path = Path("runs/server")
    grace_s: float = 10.0

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
