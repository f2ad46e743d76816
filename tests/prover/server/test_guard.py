"""Who is answered, and how large a question may be. No Lean runs here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from prover.server.app import Server

ASK = {"state": "n : Nat\n⊢ n + 0 = n"}
Make = Callable[..., Server]


def request(server: Server, method: str, path: str, base: str = "http://127.0.0.1:23337", **more: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app), base_url=base) as client:
            return await client.request(method, path, **more)

    return asyncio.run(go())


@pytest.mark.parametrize("host", ["127.0.0.1:23337", "localhost:9", "[::1]:23337", "LOCALHOST"])
def test_its_own_names_are_answered(make_server: Make, host: str) -> None:
    assert request(make_server(), "GET", "/health", headers={"host": host}).json()["status"] == "ok"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.7", "", "a@localhost", "[::1"]
)
def test_a_name_that_was_pointed_here_is_refused(make_server: Make, host: str) -> None:
    reply = request(make_server(), "GET", "/", headers={"host": host})
    assert reply.status_code == 403 and "detail" in reply.json()


def test_a_further_name_is_answered_when_it_is_allowed(make_server: Make) -> None:
    server = make_server(hosts=("lean.example",))
    assert request(server, "GET", "/health", headers={"host": "lean.example:80"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null", "http://localhost:23337", "https://127.0.0.1"])
def test_another_pages_request_is_refused(make_server: Make, stub: Any, origin: str) -> None:
    reply = request(make_server(), "POST", "/v1/suggest", json=ASK, headers={"origin": origin})
    assert reply.status_code == 403 and origin in reply.json()["detail"]
    assert "access-control-allow-origin" not in reply.headers and stub.asked == []


def test_its_own_page_and_programs_are_answered(make_server: Make) -> None:
    server = make_server()
    assert request(server, "POST", "/v1/suggest", json=ASK).status_code == 200
    own = {"origin": "http://127.0.0.1:23337", "sec-fetch-site": "same-origin"}
    assert request(server, "POST", "/v1/suggest", json=ASK, headers=own).status_code == 200


def test_a_picture_or_script_of_another_site_gets_nothing_but_a_link_does(make_server: Make) -> None:
    server = make_server()
    across = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert request(server, "GET", "/v1/prove", headers=across).status_code == 403
    assert request(server, "GET", "/", headers=across | {"sec-fetch-mode": "navigate"}).status_code == 200


def test_an_allowed_page_is_answered_and_its_question_before_is_too(make_server: Make) -> None:
    server = make_server(origins=("https://page.example",))
    before = request(server, "OPTIONS", "/v1/suggest", headers={"origin": "https://page.example"})
    assert before.status_code == 204 and before.headers["access-control-allow-origin"] == "https://page.example"
    reply = request(server, "POST", "/v1/suggest", json=ASK, headers={"origin": "https://page.example"})
    assert reply.status_code == 200 and reply.headers["access-control-allow-origin"] == "https://page.example"


def test_a_token_is_needed_where_there_is_one(make_server: Make, stub: Any) -> None:
    server = make_server(token="s" * 20)
    assert request(server, "POST", "/v1/suggest", json=ASK).status_code == 401
    wrong = {"authorization": "Bearer " + "s" * 19}
    assert request(server, "GET", "/v1/status", headers=wrong).status_code == 401
    assert stub.asked == []
    right = {"authorization": "Bearer " + "s" * 20}
    assert request(server, "POST", "/v1/suggest", json=ASK, headers=right).status_code == 200
    assert request(server, "GET", "/").status_code == 200  # the page, which then sends the token


def test_a_body_that_is_too_large_is_refused_unread(make_server: Make, stub: Any) -> None:
    server = make_server(max_body_bytes=1000)
    reply = request(server, "POST", "/v1/document", json={"text": "x" * 10_000_000})
    assert reply.status_code == 413 and "--max-body" in reply.json()["detail"]
    assert stub.asked == []


def test_a_body_without_a_length_is_stopped_at_the_limit(make_server: Make) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000:
            sent += 100
            yield b" " * 100

    reply = request(make_server(max_body_bytes=1000), "POST", "/v1/document", content=endless())
    assert reply.status_code == 413 and sent <= 1200


def test_what_all_bodies_take_together_is_limited_and_given_back(make_server: Make) -> None:
    server = make_server(max_bodies_bytes=500, max_body_bytes=1000)
    text = {"text": "x" * 600}
    assert request(server, "POST", "/v1/document", json=text).status_code == 429
    assert request(server, "POST", "/v1/document", json={"text": "x"}).status_code == 200
    assert server.guard._bytes_held == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "JSON"),
        (b"[" * 100_000, ""),
        (b'{"text": 5}', "text"),
        (b'{"text": "a", "colour": 1}', "colour"),
        (b'{"text": "\\ud800"}', "text"),
        (b'{"text": "a\\u0000b"}', "NUL"),
        (b'{"text": "a", "timeout_s": -1}', "timeout_s"),
        (b'{"text": "a", "timeout_s": 1e400}', "timeout_s"),
    ],
)
def test_a_malformed_body_is_refused_with_what_is_wrong(make_server: Make, body: bytes, says: str) -> None:
    reply = request(make_server(), "POST", "/v1/document", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422) and says in reply.json()["detail"]


def test_a_question_that_lean_cannot_read_is_the_askers_error(make_server: Make) -> None:
    reply = request(make_server(), "POST", "/v1/document", json={"text": "import Mathlib"})
    assert reply.status_code == 422 and "Mathlib" in reply.json()["detail"]


def test_the_page_may_run_only_its_own_scripts(make_server: Make) -> None:
    server = make_server()
    reply = request(server, "GET", "/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    for name in ("index.html", "page.js", "tree.js", "report.css"):
        assert request(server, "GET", f"/page/{name}").status_code == 200
    assert request(server, "GET", "/page/..%2Fapp.py").status_code == 404


def test_every_endpoint_is_documented(make_server: Make) -> None:
    schema = request(make_server(), "GET", "/openapi.json").json()
    assert all(
        operation.get("description") for path in schema["paths"].values() for operation in path.values()
    ), json.dumps(schema["paths"])[:200]
