"""The HTTP backend against a server on this machine that misbehaves when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from prover.errors import ConfigError, PolicyError
from prover.policy.neural.generator import Message, PromptTooLongError, Sampling
from prover.policy.neural.server import ServerGenerator
from prover.testing.model_server import FakeServer

BEAM = Sampling(samples=3)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def client(server: FakeServer, **options: object) -> tuple[ServerGenerator, list[str], list[float]]:
    said: list[str] = []
    slept: list[float] = []
    made = ServerGenerator(server.url, server.model, say=said.append, sleep=slept.append, **options)  # type: ignore[arg-type]
    return made, said, slept


def test_the_request_asks_for_a_beam_search_by_the_sum_and_for_every_log_probability(server: FakeServer) -> None:
    asked, _, _ = client(server)
    found = asked.complete("⊢ p:::", BEAM)
    assert [(c.text, round(c.log_prob, 6), c.tokens) for c in found] == [("omega", -0.7, 2), ("simp", -1.2, 2), ("rfl", -1.6, 2)]
    body = server.seen[0]
    assert {k: body[k] for k in ("prompt", "n", "temperature", "use_beam_search", "length_penalty", "logprobs")} == {
        "prompt": "⊢ p:::", "n": 3, "temperature": 0.0, "use_beam_search": True, "length_penalty": 0.0, "logprobs": 0,
    }  # fmt: skip


def test_one_completion_at_temperature_0_is_greedy_and_draws_carry_seed_and_stop(server: FakeServer) -> None:
    asked, _, _ = client(server)
    asked.complete("x", Sampling(samples=1))
    asked.complete("x", Sampling(samples=4, temperature=0.7, seed=5, stop=("---",)))
    assert "use_beam_search" not in server.seen[0]
    assert (server.seen[1]["seed"], server.seen[1]["stop"], server.seen[1]["n"]) == (5, ["---"], 4)


def test_a_chat_prompt_goes_to_the_chat_interface(server: FakeServer) -> None:
    asked, _, _ = client(server)
    found = asked.complete((Message("user", "⊢ p"),), Sampling(samples=2))
    assert [(c.text, round(c.log_prob, 6)) for c in found] == [("omega", -0.7), ("simp", -1.2)]
    assert server.seen[0]["messages"] == [{"role": "user", "content": "⊢ p"}]


def test_what_ran_out_of_tokens_is_left_out_and_missing_log_probabilities_are_an_error(server: FakeServer) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        done = {"text": "simp", "logprobs": {"token_logprobs": [-0.5, None], "text_offset": [0, 4]}, "finish_reason": "stop"}
        return httpx.Response(200, json={"choices": [done, done | {"finish_reason": "length"}]})

    asked, _, _ = client(server, transport=httpx.MockTransport(reply))
    assert [c.text for c in asked.complete("x", BEAM)] == ["simp"]
    choice = {"text": "simp", "logprobs": None, "finish_reason": "stop"}
    bare, _, _ = client(server, transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"choices": [choice]})))
    with pytest.raises(PolicyError, match="it gives no log-probabilities"):
        bare.complete("x", BEAM)


def test_so_many_requests_at_once_and_no_more(server: FakeServer) -> None:
    asked, _, _ = client(server, concurrency=3)
    server.hold = threading.Event()
    threads = [threading.Thread(target=asked.complete, args=("x", BEAM)) for _ in range(9)]
    for thread in threads:
        thread.start()
    while server.most_at_once < 3:
        pass
    server.hold.set()
    for thread in threads:
        thread.join()
    assert (server.most_at_once, len(server.seen)) == (3, 9)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_a_few_times_with_growing_pauses(server: FakeServer, status: int) -> None:
    asked, said, slept = client(server, tries=4)
    server.status = status
    with pytest.raises(PolicyError, match=f"busy or ill: HTTP {status}: it was told to fail"):
        asked.complete("x", BEAM)
    assert len(server.seen) == 4 and slept == [0.25, 0.5, 1.0]
    assert len(said) == 1 and "goes on without it" in said[0]


def test_an_outage_is_said_once_and_its_end_too(server: FakeServer) -> None:
    asked, said, _ = client(server)
    server.stop()
    for _ in range(3):
        with pytest.raises(PolicyError, match="no answer from http"):
            asked.complete("x", BEAM)
    server.start()
    assert asked.complete("x", BEAM) and asked.complete("x", BEAM)
    assert [line.split(":")[0] for line in said] == ["the model is away", "the model at http"]
    assert "answers again after" in said[1] and asked.outage.times == 1


def test_during_an_outage_a_request_is_sent_once(server: FakeServer) -> None:
    asked, _, slept = client(server)
    server.garbage = True
    for _ in range(2):
        with pytest.raises(PolicyError, match="not JSON"):
            asked.complete("x", BEAM)
    assert len(server.seen) == 3 + 1 and len(slept) == 2


def test_a_prompt_that_does_not_fit_is_no_outage(server: FakeServer) -> None:
    asked, said, _ = client(server)
    asked.check()
    with pytest.raises(PromptTooLongError, match=r"longer than the context of table \(2000 tokens\)"):
        asked.complete("word " * 3000, BEAM)
    assert len(server.seen) == 1 and not said


def test_a_model_that_is_taken_away_is_named(server: FakeServer) -> None:
    asked, _, _ = client(server)
    server.model = "another"
    with pytest.raises(PolicyError, match="does not serve 'table'"):
        asked.complete("x", BEAM)
    assert len(server.seen) == 1, "asking again would not help"


def test_the_check_before_a_run_names_what_is_wrong(server: FakeServer) -> None:
    client(server)[0].check()
    with pytest.raises(ConfigError, match=r"does not serve 'mine'; it serves table: give that as --model"):
        ServerGenerator(server.url, "mine").check()
    server.garbage = True
    with pytest.raises(PolicyError, match="no OpenAI-compatible server"):
        client(server)[0].check()
    server.stop()
    with pytest.raises(PolicyError, match=r"no server answers at .* start one \(vllm serve MODEL\)"):
        client(server)[0].check()
    with pytest.raises(ConfigError, match="begins with http"):
        ServerGenerator("localhost:8000", "mine")
