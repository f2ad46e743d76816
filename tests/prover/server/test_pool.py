"""Warm processes: who loses one does not make the next one pay for it. On real Lean, and on workers of a table."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from prover.errors import LeanCrashedError, LeanSetupError, LeanTimeoutError
from prover.server import pool as pool_module
from prover.server.kimina import repl
from prover.server.pool import Busy, Cancelled, Limit, Pool
from prover.server.session import Session

TRUE = "theorem a1 (n : Nat) : n ≤ n + 1 := by omega"
ENDLESS = (
    "theorem r : 5 ^ 99999999999 % 3 = 1 := by decide +kernel",
    "theorem r : (List.range 10000000000).length = 10000000000 := by decide +kernel",
    "theorem r : Nat.gcd (7 ^ 99999999999) 3 = 1 := by decide +kernel",
)


class FakeWorker:
    """A worker whose process takes `start_s` to start; `fail` keeps it from starting."""

    start_s = 0.0
    fail: LeanSetupError | None = None
    stays = True

    def __init__(self) -> None:
        self.alive = False
        self.stopping = False
        self.big = False
        self.ran = False
        self.generation = 0

    def run(self) -> None:
        """What the first stage does."""
        if self.fail is not None:
            raise self.fail
        end = time.monotonic() + self.start_s
        while time.monotonic() < end:
            if self.stopping:
                raise LeanCrashedError("ended")
            time.sleep(0.005)
        self.alive, self.generation = True, self.generation + 1

    @property
    def ready(self) -> bool:
        return self.alive

    def recycle_if_big(self) -> None:
        if self.big:
            self.close()

    def settle(self, programs: bool) -> None:
        if self.ran and programs:
            self.close()

    def interrupt(self) -> None:
        self.stopping = True
        self.alive = False

    def close(self) -> None:
        self.alive = False


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorker]:
    monkeypatch.setattr(pool_module, "GRACE_S", 0.1)
    monkeypatch.setattr(FakeWorker, "start_s", 0.0)
    monkeypatch.setattr(FakeWorker, "fail", None)
    return FakeWorker


@pytest.fixture
def pools(fakes: Any) -> Iterator[Any]:
    made: list[Pool] = []

    def make(count: int, **more: Any) -> Pool:
        made.append(Pool(count, fakes, [lambda w: w.run()], **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def lose(pool: Pool, how: str) -> None:
    """Has a request lose its process, in one of the ways there are."""
    if how == "crash":
        with pytest.raises(LeanCrashedError), pool.lease(5) as lease:
            lease.worker.alive = False  # type: ignore[misc]
            raise LeanCrashedError("gone")
    elif how == "memory":
        with pool.lease(5) as lease:
            lease.worker.big = True  # type: ignore[attr-defined]
    elif how == "timeout":
        limit = Limit(0.05)
        with pytest.raises(LeanTimeoutError), pool.lease(5, limit=limit) as lease, limit.counting():
            _stuck(lease)
    elif how == "client":
        left = threading.Event()
        threading.Timer(0.1, left.set).start()
        with pytest.raises(Cancelled), pool.lease(5, left.is_set) as lease:
            _stuck(lease)
    else:
        with pool.lease(5) as lease:
            pass
        lease.worker.alive = False  # type: ignore[misc]


def _stuck(lease: Any) -> None:
    while lease.worker.alive:
        time.sleep(0.01)
    raise LeanCrashedError("ended")


@pytest.mark.parametrize("how", ["crash", "memory", "timeout", "client", "idle"])
def test_the_next_request_finds_a_spare_at_once(pools: Any, fakes: Any, how: str) -> None:
    pool = pools(1, spares=1)
    pool.start()
    assert pool.warmed(5)
    fakes.start_s = 2.0
    lose(pool, how)
    began = time.monotonic()
    with pool.lease(5) as lease:
        assert lease.worker.alive and time.monotonic() - began < 0.5
    assert pool.lost == 1


@pytest.mark.parametrize("how", ["crash", "memory", "timeout", "client", "idle"])
def test_without_a_spare_the_start_is_not_on_the_next_ones_clock(pools: Any, fakes: Any, how: str) -> None:
    pool = pools(1)
    pool.start()
    assert pool.warmed(5)
    fakes.start_s = 0.6
    lose(pool, how)
    limit = Limit(0.3)
    with pool.lease(0.2, limit=limit) as lease, limit.counting():
        lease.check()
        assert lease.worker.alive


@pytest.mark.parametrize(("spares", "stays"), [(None, True), (0, False), (1, False)])
def test_a_process_in_which_a_strangers_program_ran_serves_nobody_else(pools: Any, spares: int | None, stays: bool) -> None:
    pool = pools(1, spares=spares)
    with pool.lease(5) as first:
        first.worker.ran = True
    with pool.lease(5) as second:
        assert (second.worker is first.worker and second.worker.generation == 1) == stays


def test_a_pool_that_is_cold_starts_what_is_asked_for_and_says_so(pools: Any, fakes: Any) -> None:
    fakes.start_s = 0.5
    pool = pools(2, spares=1)
    assert not pool.readiness.serving
    threading.Timer(0.1, lambda: said.append(str(pool.readiness))).start()
    said: list[str] = []
    with pool.lease(5):
        assert (pool.readiness.ready, pool.readiness.at_work, pool.readiness.starting) == (0, 1, 0)
    assert said == ["Lean is not ready: 1 process being started"]


def test_what_keeps_lean_from_starting_is_told_to_whoever_waits(pools: Any, fakes: Any) -> None:
    fakes.fail = LeanSetupError("no Node here")
    pool = pools(1)
    with pytest.raises(LeanSetupError, match="no Node here"), pool.lease(5):
        pass
    assert "no Node here" in str(pool.readiness)


def test_no_more_leases_than_are_allowed_whatever_is_warm(pools: Any) -> None:
    pool = pools(1, spares=2)
    pool.start()
    assert pool.warmed(5)
    with pool.lease(5), pytest.raises(Busy, match="at work"), pool.lease(0):
        pass


def test_a_stage_that_costs_a_process_is_done_without(pools: Any) -> None:
    tried: list[Any] = []

    def deadly(worker: Any) -> None:
        tried.append(worker)
        worker.close()
        raise LeanCrashedError("gone")

    pool = pools(1)
    pool.start([deadly])
    assert pool.warmed(20) and len(tried) == 1


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_snippet_that_never_ends_does_not_fail_the_next_one(pooled: Session, endless: str) -> None:
    """The true one has less time than a process takes to start."""
    with pytest.raises(LeanTimeoutError):
        repl(pooled, endless, 2, lambda: False)
    assert repl(pooled, TRUE, 5, lambda: False) == {"env": 0}


@pytest.fixture(scope="module")
def pooled() -> Iterator[Session]:
    with Session(workers=1, audit=False) as session:
        session.start(library=False)
        yield session
