"""Many clients at once, clients that leave, streams, the end: over real sockets, without Lean."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from prover.server.app import Server, background
from prover.server.jobs import Jobs

post = partial(httpx.post, timeout=60)
get = partial(httpx.get, timeout=60)
delete = partial(httpx.delete, timeout=60)
ASK = {"text": "theorem t (n : Nat) : n + 0 = n := by\n  sorry\n", "line": 2, "column": 2}
Make = Callable[..., Server]


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_hundred_clients_are_answered_or_refused_and_the_server_goes_on(make_server: Make, stub: Any) -> None:
    stub.slow_s = 0.05
    server = make_server(running=2, waiting=10)

    async def all_at_once(address: str) -> Counter[int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            replies = await asyncio.gather(*(client.post(f"{address}/v1/suggest", json=ASK) for _ in range(200)))
        for reply in replies:
            assert reply.status_code == 200 or reply.headers["retry-after"] == "1"
        return Counter(reply.status_code for reply in replies)

    with background(server) as address:
        codes = asyncio.run(all_at_once(address))
        assert set(codes) == {200, 429} and codes[200] >= 2
        assert stub.most_at_once <= 2
        assert server.gate.counts.refused == codes[429]
        assert post(f"{address}/v1/suggest", json=ASK).status_code == 200
        assert (server.gate.running, server.gate.queue) == (0, 0)


def test_a_client_that_goes_away_stops_its_work_and_frees_its_place(make_server: Make, stub: Any) -> None:
    stub.slow_s = 60.0
    server = make_server(running=1, waiting=4)
    with background(server) as address:
        there = urlsplit(address)
        body = json.dumps(ASK).encode()
        head = f"POST /v1/suggest HTTP/1.1\r\nHost: {there.netloc}\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        clients = [socket.create_connection((there.hostname, there.port)) for _ in range(3)]
        for client in clients:
            client.sendall(head.encode() + body)
        eventually(lambda: server.gate.running == 1 and server.gate.queue == 2)
        clients[2].close()  # one that waits, then the one that is at work, then the one that came after it
        eventually(lambda: server.gate.queue == 1 and server.gate.counts.left == 1)
        clients[0].close()
        eventually(lambda: stub.cancelled == 1 and server.gate.queue == 0)
        clients[1].close()
        eventually(lambda: stub.cancelled == 2 and server.gate.running == 0)
        stub.slow_s = 0.0
        assert post(f"{address}/v1/suggest", json=ASK).status_code == 200


def test_work_that_takes_too_long_is_stopped(make_server: Make, stub: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("prover.server.api.WAITING_ALLOWANCE_S", 0.1)
    stub.slow_s = 60.0
    server = make_server(running=1)
    with background(server) as address:
        reply = post(f"{address}/v1/suggest", json={**ASK, "timeout_s": 0.1})
        assert reply.status_code == 504
        eventually(lambda: stub.cancelled == 1 and server.gate.running == 0)


def test_a_body_that_never_comes_is_given_up(make_server: Make) -> None:
    with background(make_server(body_timeout_s=0.2)) as address:
        there = urlsplit(address)
        with socket.create_connection((there.hostname, there.port)) as client:
            client.sendall(f"POST /v1/suggest HTTP/1.1\r\nHost: {there.netloc}\r\nContent-Length: 50\r\n\r\n{{".encode())
            assert b" 408 " in client.recv(1000)


def events(address: str, job: str) -> list[tuple[str, Any]]:
    with httpx.stream("GET", f"{address}/v1/prove/{job}/events", timeout=60) as stream:
        blocks = "".join(stream.iter_text()).split("\n\n")
    named = [block.split("\n", 1) for block in blocks if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in named]


def begin(address: str, **more: Any) -> str:
    reply = post(f"{address}/v1/prove", json={"text": ASK["text"], **more})
    assert reply.status_code == 202
    job: str = reply.json()["id"]
    return job


def test_a_search_is_watched_as_it_grows_until_its_result(address: str, stub: Any) -> None:
    stub.step_s, stub.proved_at = 0.3, 4
    told = events(address, begin(address, theorem="t"))
    sizes = [len(data["nodes"]) for name, data in told if name == "tree"]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] == 4
    name, job = told[-1]
    assert name == "result" and job["status"] == "proved"
    assert job["result"]["text"] == "theorem t (n : Nat) : n + 0 = n := by\n  rfl\n"


def test_a_finished_job_tells_its_result_to_whoever_comes_later(address: str) -> None:
    job = begin(address)
    events(address, job)
    assert [name for name, _ in events(address, job)] == ["tree", "result"]
    assert len(get(f"{address}/v1/prove/{job}/tree").json()["nodes"]) == 3
    listed = get(f"{address}/v1/prove").json()
    assert listed[0]["id"] == job and "text" not in listed[0]["request"]


def test_jobs_are_cancelled_while_they_wait_and_while_they_run(address: str, stub: Any) -> None:
    stub.proved_at = None
    runs, waits = begin(address), begin(address)
    eventually(lambda: get(f"{address}/v1/prove/{runs}").json()["status"] == "running")
    assert get(f"{address}/v1/prove/{waits}").json()["place"] == 1
    assert delete(f"{address}/v1/prove/{waits}").json()["status"] == "cancelled"
    delete(f"{address}/v1/prove/{runs}")
    assert events(address, runs)[-1][1]["status"] == "cancelled"
    assert stub.cancelled == 1


def test_more_jobs_than_may_wait_are_refused(make_server: Make, stub: Any) -> None:
    stub.proved_at = None
    with background(make_server(jobs_waiting=1)) as address:
        running = begin(address)
        eventually(lambda: get(f"{address}/v1/prove/{running}").json()["status"] == "running")
        begin(address)
        assert post(f"{address}/v1/prove", json={"text": ASK["text"]}).status_code == 429


def test_an_unknown_job_is_not_there(address: str) -> None:
    for path in ("/v1/prove/nothing", "/v1/prove/nothing/events", "/v1/prove/nothing/tree", "/v1/prove/..%2F..", "/v1/runs/.."):
        assert get(address + path).status_code == 404


def test_the_end_puts_searches_back_ends_streams_and_keeps_results(make_server: Make, stub: Any) -> None:
    server = make_server()
    with background(server) as address:
        done = begin(address)
        events(address, done)
        stub.proved_at = None
        runs, waits = begin(address), begin(address)
        with httpx.stream("GET", f"{address}/v1/prove/{runs}/events", timeout=60) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("event: progress")
            server.closing()
            assert list(lines)  # the stream ends by itself
        assert post(f"{address}/v1/prove", json={"text": ASK["text"]}).status_code == 503
        assert post(f"{address}/v1/suggest", json=ASK).status_code == 503
    assert stub.closed
    worked_on: list[str] = []
    again = Jobs(server.settings.state, lambda request, _: worked_on.append(request["text"]) or {"status": "failed"}, 1, 8)
    eventually(lambda: again.counts == {"waiting": 0, "running": 0})
    assert [again.get(job)["status"] for job in (done, runs, waits)] == ["proved", "failed", "failed"]
    assert len(worked_on) == 2
    again.stop(1)
