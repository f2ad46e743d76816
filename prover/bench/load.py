"""A server under load: many clients at once, clients that leave, and what it holds meanwhile."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prover.server.app import Server, background
from prover.server.guard import ServeSettings
from prover.server.service import Service
from prover.server.session import Session

THEOREMS = (
    "theorem t{i} (n : Nat) : n + {i} = {i} + n := by\n  sorry\n",
    "theorem t{i} (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry\n",
    "theorem t{i} (xs : List Nat) : (xs ++ []).length = xs.length := by\n  sorry\n",
)
PATIENCE_S = 600.0


@dataclass
class Tally:
    """What clients were told (by status; 0: no answer), and how long those waited that were answered (200)."""

    codes: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, code: int, seconds: float) -> None:
        """One answer."""
        with self._lock:
            self.codes[code] += 1
            if code == 200:
                self.seconds.append(seconds)


def question(number: int) -> bytes:
    """A request for suggestions; each client has its own theorem."""
    text = THEOREMS[number % len(THEOREMS)].replace("{i}", str(number))
    return json.dumps({"text": text, "line": 2, "column": 2, "limit": 3, "timeout_s": 5}).encode()


def ask(address: str, number: int) -> tuple[int, float]:
    """One request on a connection of its own: status (0 when there was none) and seconds."""
    there = urlsplit(address)
    started = time.monotonic()
    connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=PATIENCE_S)
    try:
        connection.request("POST", "/v1/suggest", question(number), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        return reply.status, time.monotonic() - started
    except OSError:
        return 0, time.monotonic() - started
    finally:
        connection.close()


def at_once(clients: int, work: Callable[[int], None]) -> float:
    """Each client in a thread, all let go at the same moment; seconds until the last is done."""
    gate = threading.Barrier(clients + 1)

    def one(number: int) -> None:
        gate.wait()
        work(number)

    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join(PATIENCE_S)
    return time.monotonic() - started


def leave(address: str, number: int) -> None:
    """Asks and hangs up without waiting for the answer."""
    there = urlsplit(address)
    body = question(10_000 + number)
    with socket.create_connection((there.hostname or "", there.port or 80), timeout=PATIENCE_S) as connection:
        head = f"POST /v1/suggest HTTP/1.1\r\nHost: {there.netloc}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.2)


def measure(clients: int = 200, workers: int = 2, waiting: int = 64, memory_mb: int = 3000) -> dict[str, Any]:
    """Three rounds against a server in this process.

    First every client asks once and takes what it gets. Then every client asks until it is answered, waiting as long as the
    server says after a 429. Then as many ask and hang up. Memory is that of this process with all its Leans.

    Returns:
        Counts by status, seconds waited by those who were answered, memory in MB before and at its highest.
    """
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Session(workers, memory_mb))
        settings = ServeSettings(
            port=0, running=workers, waiting=waiting, runs=Path(folder), state=Path(folder) / "state", grace_s=2.0
        )
        server = Server(service, settings)
        memory = _Highest(service.memory_mb)
        with background(server) as address, memory:
            for number in range(workers):  # the processes start
                ask(address, 20_000 + number)
            before = service.memory_mb()
            once, held = Tally(), Tally()
            first_s = at_once(clients, lambda i: once.note(*ask(address, i)))

            def until_answered(number: int) -> None:
                began = time.monotonic()
                while time.monotonic() - began < PATIENCE_S:
                    code, _ = ask(address, number)
                    held.note(code, time.monotonic() - began)
                    if code != 429:
                        return
                    time.sleep(1.0)

            second_s = at_once(clients, until_answered)
            at_once(clients, lambda i: leave(address, i))
            began = time.monotonic()
            while (server.gate.running or server.gate.queue) and time.monotonic() - began < PATIENCE_S:
                time.sleep(0.05)
            settled_s = time.monotonic() - began
            after, seconds = ask(address, 0)
        return {
            "clients": clients, "workers": workers, "may_wait": waiting,
            "asked_once": {"codes": dict(once.codes), "seconds": round(first_s, 1), **_waited(once.seconds)},
            "asked_until_answered": {"codes": dict(held.codes), "seconds": round(second_s, 1), **_waited(held.seconds)},
            "hung_up": {
                "clients": clients, "counted": server.gate.counts.left, "quiet_after_s": round(settled_s, 2),
                "next_answer": after, "next_answer_s": round(seconds, 2),
            },
            "memory_mb": {"before": before, "highest": memory.highest},
        }  # fmt: skip


class _Highest:
    """Looks at the memory a few times a second while the block runs."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self.highest = 0

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self.highest = max(self.highest, self._look())

    def __enter__(self) -> _Highest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(5)


def _waited(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        "p50_s": round(statistics.median(ordered), 2),
        "p95_s": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
        "longest_s": round(ordered[-1], 2),
    }
