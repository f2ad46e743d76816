"""The queue of policy calls: everyone gets the own answer, what waits goes out together, no one waits for a batch to fill."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from prover.errors import PolicyError
from prover.policy.queue import PolicyQueue


def test_everyone_gets_the_own_answer_and_batches_are_shared() -> None:
    sizes: list[int] = []

    def compute(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        time.sleep(0.002)
        return [n * n for n in batch]

    queue = PolicyQueue(compute, max_batch=4)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(queue.ask, range(200))) == [n * n for n in range(200)]
    assert sum(sizes) == queue.requests == 200 and len(sizes) == queue.batches
    assert max(sizes) == 4 and len(sizes) < 100


def test_what_waits_while_a_batch_is_computed_is_the_next_batch() -> None:
    going_on, first_runs, batches = threading.Event(), threading.Event(), []

    def compute(batch: Sequence[str]) -> list[str]:
        batches.append(sorted(batch))
        first_runs.set()
        assert going_on.wait(10)
        return list(batch)

    queue = PolicyQueue(compute, max_batch=10, kind=str.isupper)
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(queue.ask, "a")]
        assert first_runs.wait(10)
        answers += [pool.submit(queue.ask, text) for text in ("b", "c", "D")]
        while len(queue.waiting) < 3:
            time.sleep(0.001)
        assert batches == [["a"]], "the first does not wait for others"
        going_on.set()
        assert [a.result(10) for a in answers] == ["a", "b", "c", "D"]
    assert sorted(batches) == [["D"], ["a"], ["b", "c"]], "kinds do not mix"


def test_an_error_is_everyones_in_the_batch_and_the_next_batch_is_computed() -> None:
    broken = [True]

    def compute(batch: Sequence[int]) -> list[int]:
        if broken[0]:
            raise PolicyError("out of memory")
        return list(batch)

    queue = PolicyQueue(compute, max_batch=4)
    with pytest.raises(PolicyError, match="out of memory"):
        queue.ask(1)
    broken[0] = False
    assert queue.ask(2) == 2
