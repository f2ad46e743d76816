"""The same rules for the fake server and for a real one.

A real server is held to them when PROOFSMITH_VLLM_URL and PROOFSMITH_VLLM_MODEL name it; docs/model.md says how to start one
on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from prover.errors import ConfigError
from prover.lean.context import FileContext
from prover.policy.base import Failed, View
from prover.policy.neural.generator import PromptTooLongError, Sampling
from prover.policy.neural.presets import PRESETS, chat_repair
from prover.policy.neural.server import ServerGenerator
from prover.testing.model_server import FakeServer

PROMPT = "<|state|>p q : Prop\nh : p ∧ q\n⊢ q ∧ p<|tactic|>"


@pytest.fixture(params=["fake", "real"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerGenerator]:
    if request.param == "fake":
        with FakeServer() as running:
            yield ServerGenerator(running.url, running.model)
        return
    url, model = os.environ.get("PROOFSMITH_VLLM_URL"), os.environ.get("PROOFSMITH_VLLM_MODEL")
    if not url or not model:
        pytest.skip("no real server: PROOFSMITH_VLLM_URL and PROOFSMITH_VLLM_MODEL are not set")
    yield ServerGenerator(url, model)


def test_it_serves_the_model_and_tells_its_context(server: ServerGenerator) -> None:
    server.check()
    assert server.context is not None and server.context > 100
    with pytest.raises(ConfigError, match="does not serve 'no-such-model'"):
        ServerGenerator(server.url, "no-such-model").check()


def test_beams_differ_are_ordered_and_the_same_each_time(server: ServerGenerator) -> None:
    first = server.complete(PROMPT, Sampling(samples=4, max_tokens=48))
    texts = [c.text for c in first]
    assert 2 <= len(texts) <= 4 and len(set(texts)) == len(texts)
    assert all(c.log_prob <= 0 and c.tokens > 0 for c in first)
    assert [c.log_prob for c in first] == sorted((c.log_prob for c in first), reverse=True)
    again = server.complete(PROMPT, Sampling(samples=4, max_tokens=48))
    assert [c.text for c in again] == texts


def test_a_chat_is_gone_on_with_after_an_answer_that_failed(server: ServerGenerator) -> None:
    view = View("n : Nat\n⊢ n + 0 = n", (), FileContext())
    asked = PRESETS["chat"].ask(view)
    mended = chat_repair(asked, Failed("exact foo", "Unknown identifier `foo`", "model"))
    for prompt in (asked, mended):
        found = server.complete(prompt, Sampling(samples=2, max_tokens=48))
        assert found and all(c.log_prob <= 0 and c.tokens > 0 for c in found)


def test_a_single_completion_is_greedy(server: ServerGenerator) -> None:
    assert len({server.complete(PROMPT, Sampling(samples=1, max_tokens=48))[0].text for _ in range(2)}) == 1


def test_draws_are_as_many_as_asked_for_at_most_and_follow_the_seed(server: ServerGenerator) -> None:
    drawn = [server.complete(PROMPT, Sampling(6, 1.0, 48, seed=seed)) for seed in (1, 1, 2, 3)]
    assert all(1 <= len(d) <= 6 for d in drawn)
    assert [c.text for c in drawn[0]] == [c.text for c in drawn[1]]
    assert len({tuple(sorted(c.text for c in d)) for d in drawn}) > 1


def test_a_prompt_longer_than_the_context_is_told_from_other_faults(server: ServerGenerator) -> None:
    with pytest.raises(PromptTooLongError, match="longer than the context"):
        server.complete("omega simp " * 9000, Sampling(samples=1, max_tokens=8))
    assert not server.outage.going_on


def test_many_threads_are_answered_each_its_own(server: ServerGenerator) -> None:
    prompts = [f"<|state|>n : Nat\n⊢ n + {i} = {i} + n<|tactic|>" for i in range(6)]
    alone = [server.complete(p, Sampling(samples=1, max_tokens=48)) for p in prompts]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda p: server.complete(p, Sampling(samples=1, max_tokens=48)), prompts))
    assert [[c.text for c in found] for found in together] == [[c.text for c in found] for found in alone]
