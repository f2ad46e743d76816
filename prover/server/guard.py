"""What a server is told (its settings), and what stands before every request: who may ask, and how large a question may be.

A browser lets any page send requests to this machine, and a page's own name may be pointed at it (DNS rebinding). So a
request is answered only when its Host header names this server and its Origin, if it has one, is this server's own page or
one that the settings allow. A body is read whole, within bytes and seconds, before anything else looks at it; the bodies of
all requests together are limited too.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEBIBYTE = 1 << 20
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
OPEN_PATHS = frozenset({"/", "/health", "/favicon.ico"})
"""Need no token: the page itself, which is the same for everyone, and the sign of life."""
OPEN_FOLDER = "/page/"


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


class Refused(Exception):
    """A request that is answered here. `status` is the HTTP status, `detail` says why."""

    def __init__(self, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class Guard:
    """The application behind it sees only requests that may be answered, with whole bodies.

    Args:
        app: the application.
        settings: limits, names, token.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._settings = settings
        self._bytes_held = 0
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers or passes on one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        allowed = origin is not None and origin in self._settings.origins
        extra = (*HEADERS, *(_cors(origin) if allowed and origin is not None else ()))
        if not allowed:
            extra = (*extra, (b"cross-origin-resource-policy", b"same-origin"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(h for h in extra if h[0] not in known)]
            await send(message)

        held = 0
        try:
            self._check(scope, headers)
            if allowed and scope["method"] == "OPTIONS":
                await _answer(send_with_headers, 204, None)
                return
            self._check_token(scope, headers)
            body = await self._body(receive, headers)
            held = len(body)
            await self._app(scope, _Replay(body, receive), send_with_headers)
        except Refused as refusal:
            self.refused += 1
            await _answer(send_with_headers, refusal.status, refusal.detail, *refusal.headers)
        finally:
            self._bytes_held -= held

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refused(
                403, f"this server is not {_short(host)!r}; ask it by its own address, or start it with --allow-host NAME"
            )
        origin = headers.get("origin")
        if origin is not None and origin not in self._settings.origins and not self._same(origin, host):
            raise Refused(
                403, f"pages of {_short(origin)!r} may not use this server; --allow-origin {_short(origin)} would let them"
            )
        navigation = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        if origin is None and headers.get("sec-fetch-site") == "cross-site" and not navigation:
            raise Refused(403, "pages of other sites may not use this server")

    def _check_token(self, scope: Scope, headers: dict[str, str]) -> None:
        token = self._settings.token
        path = scope["path"]
        public = scope["method"] in ("GET", "HEAD") and (path in OPEN_PATHS or path.startswith((OPEN_FOLDER, "/runs/")))
        if token is None or public:
            return
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(given.encode("latin-1"), token.encode()):
            raise Refused(
                401, "this server needs its token: Authorization: Bearer TOKEN", (b"www-authenticate", b"Bearer")
            )

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        if name is None:
            return False
        if name in (h.lower() for h in (*self._settings.hosts, self._settings.host)) or is_loopback(name):
            return True
        try:
            # No rebinding here: an attacker's page is asked for by name, and keeps that name in the header.
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return not self._settings.loopback

    def _same(self, origin: str, host: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()

    async def _body(self, receive: Receive, headers: dict[str, str]) -> bytes:
        limit = self._settings.max_body_bytes
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit:
            raise Refused(413, _too_large(limit))
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(400, "the request ended before its body did")
                    piece = message.get("body", b"")
                    size += len(piece)
                    self._bytes_held += len(piece)
                    pieces.append(piece)
                    if size > limit:
                        raise Refused(413, _too_large(limit))
                    if self._bytes_held > self._settings.max_bodies_bytes:
                        raise Refused(429, "too much is being sent at once; try again in a moment", (b"retry-after", b"2"))
                    if not message.get("more_body"):
                        return b"".join(pieces)
        except TimeoutError:
            self._bytes_held -= size
            raise Refused(408, f"the body did not come within {self._settings.body_timeout_s:g} s") from None
        except BaseException:
            self._bytes_held -= size
            raise


class _Replay:
    """Gives a body that was read already; what comes after it is the connection's."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()


def _name_of(host: str) -> str | None:
    """The name in a Host header, without the port; None when it is no such header."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return name if name and parts.netloc == host and "@" not in host else None


def _cors(origin: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", b"GET, POST, DELETE"),
        (b"access-control-allow-headers", b"authorization, content-type"),
        (b"vary", b"origin"),
    )


def _too_large(limit: int) -> str:
    return f"the body is larger than {limit} bytes; the server takes more when started with --max-body"


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:100] + "…"


async def _answer(send: Send, status: int, detail: str | None, *headers: tuple[bytes, bytes]) -> None:
    content = b"" if detail is None else json.dumps({"detail": detail}, ensure_ascii=False).encode("utf-8", "replace")
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            *([(b"content-type", b"application/json")] if content else []),
            (b"content-length", str(len(content)).encode()),
            *([(b"connection", b"close")] if status in (408, 413) else []),
            *headers,
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": content})
