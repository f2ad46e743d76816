"""Models in this process, on toy models with random weights."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from prover.errors import ConfigError, PolicyError
from prover.policy.neural.generator import Completion, Message, PromptTooLongError, Sampling
from prover.policy.neural.local import LocalGenerator
from prover.policy.neural.presets import DECODER, ENCODER_DECODER

PROMPT = "<|state|>n : Nat\n⊢ n + 0 = n<|tactic|>"
BEAM = Sampling(samples=4, max_tokens=16)
DRAW = Sampling(samples=6, temperature=1.5, max_tokens=24, seed=3)
MANY_ENDS = frozenset(range(0, 300, 6))
"""Random weights rarely end a text; so that they do, many tokens count as its end."""


@pytest.fixture(scope="module")
def llama(toy_llama: str) -> LocalGenerator:
    made = LocalGenerator(toy_llama)
    made._ends = MANY_ENDS
    return made


@pytest.fixture(scope="module")
def byt5(toy_byt5: str) -> LocalGenerator:
    made = LocalGenerator(toy_byt5, ENCODER_DECODER)
    made._ends = MANY_ENDS
    return made


def said_by_the_model(made: LocalGenerator, prompt: str, tokens: list[int]) -> tuple[float, list[float]]:
    """The log-probability of tokens after a prompt, and those of each next token, in one pass without a cache."""
    import torch

    model, ids = made._model, made._tokenizer(prompt)["input_ids"]
    with torch.inference_mode():
        if made.architecture == DECODER:
            logits = model(torch.tensor([ids + tokens])).logits[0, len(ids) - 1 :]
        else:
            logits = model(torch.tensor([ids]), decoder_input_ids=torch.tensor([[0, *tokens]])).logits[0]
        logits = logits.float().log_softmax(-1)
    return float(sum(logits[i, t] for i, t in enumerate(tokens))), logits[-1].tolist()


@pytest.mark.parametrize("kind", ["llama", "byt5"])
@pytest.mark.parametrize("sampling", [BEAM, DRAW], ids=["beam", "draw"])
def test_the_log_probability_is_the_models_own_the_ending_included(
    kind: str, sampling: Sampling, request: pytest.FixtureRequest
) -> None:
    made: LocalGenerator = request.getfixturevalue(kind)
    found = made._run([request_for(made, PROMPT, sampling)])[0]
    assert found
    for one in found:
        assert len(one.log_probs) == len(one.tokens) + 1 and not MANY_ENDS.intersection(one.tokens)
        before, after = said_by_the_model(made, PROMPT, list(one.tokens))
        assert sum(one.log_probs[:-1]) == pytest.approx(before, abs=1e-3)
        assert min(abs(one.log_probs[-1] - after[end]) for end in MANY_ENDS) < 1e-3


def request_for(made: LocalGenerator, prompt: str, sampling: Sampling) -> object:
    from prover.policy.neural.local import _Request

    return _Request(made._ids(prompt), sampling)


def test_a_beam_wide_enough_finds_the_likeliest_completions_of_all(llama: LocalGenerator) -> None:
    """Against every text of one token."""
    found = llama.complete(PROMPT, Sampling(samples=30, max_tokens=4))
    scores = [c.log_prob for c in found]
    assert scores == sorted(scores, reverse=True) and len(scores) == 30
    single, after = said_by_the_model(llama, PROMPT, [])
    empty = sorted((after[end] for end in MANY_ENDS), reverse=True)
    assert scores[0] == pytest.approx(empty[0], abs=1e-4), "no longer text is likelier than the likeliest end, with these weights"
    likeliest = max((t for t in range(300) if t not in MANY_ENDS), key=lambda t: after[t])
    single, ends = said_by_the_model(llama, PROMPT, [likeliest])
    best = single + max(ends[e] for e in MANY_ENDS)
    assert any(score == pytest.approx(best, abs=1e-4) for score in scores)


@pytest.mark.parametrize("sampling", [BEAM, DRAW, Sampling(samples=1, max_tokens=24)], ids=["beam", "draw", "greedy"])
def test_searches_that_ask_at_once_share_a_batch_and_get_what_each_would_alone(llama: LocalGenerator, sampling: Sampling) -> None:
    prompts = [f"<|state|>n : Nat\n⊢ n + {'0' * i} = n<|tactic|>" for i in range(4)]
    alone = [llama.complete(p, sampling) for p in prompts]
    batches = llama.queue.batches
    together: dict[int, list[Completion]] = {}
    llama.queue._busy = True
    threads = [
        threading.Thread(target=lambda i=i: together.update({i: llama.complete(prompts[i], sampling)}))  # type: ignore[misc]
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    while len(llama.queue.waiting) < 4:
        pass
    with llama.queue._changed:
        llama.queue._busy = False
        llama.queue._changed.notify_all()
    for thread in threads:
        thread.join()
    assert llama.queue.batches == batches + 1
    for i, expected in enumerate(alone):
        assert [c.text for c in together[i]] == [c.text for c in expected]
        assert [c.log_prob for c in together[i]] == pytest.approx([c.log_prob for c in expected], abs=1e-3)


def test_draws_are_the_same_for_the_same_seed_only(llama: LocalGenerator) -> None:
    first, again = llama.complete(PROMPT, DRAW), llama.complete(PROMPT, DRAW)
    other = llama.complete(PROMPT, Sampling(samples=6, temperature=1.5, max_tokens=24, seed=4))
    assert first == again != other


def test_a_stop_string_ends_a_draw_and_is_not_part_of_it(llama: LocalGenerator) -> None:
    whole = max((c.text for c in llama.complete(PROMPT, DRAW)), key=len)
    stop = whole[len(whole) // 2]
    stopped = llama.complete(PROMPT, Sampling(6, 1.5, 24, (stop,), seed=3))
    assert whole.split(stop)[0] in [c.text for c in stopped]
    assert not any(stop in c.text for c in stopped)


def test_a_prompt_that_does_not_fit_is_said_to_be_too_long(llama: LocalGenerator) -> None:
    with pytest.raises(PromptTooLongError, match=r"longer than the context of .* of 256\)"):
        llama.complete("x = " * 200, BEAM)


def test_a_model_without_a_chat_template_says_so(llama: LocalGenerator) -> None:
    with pytest.raises(PolicyError, match="has no chat template"):
        llama.complete((Message("user", "⊢ p"),), BEAM)


def test_a_model_of_another_architecture_and_no_model_at_all(toy_byt5: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is an encoder-decoder model \(t5\), the preset is for decoder ones"):
        LocalGenerator(toy_byt5)
    with pytest.raises(PolicyError, match=r"holds no model: there is no config.json"):
        LocalGenerator(str(tmp_path))
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "config.json").touch()
    with pytest.raises(PolicyError, match=r"there is no config.json in it; give .*model$"):
        LocalGenerator(str(tmp_path / "run"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(PolicyError, match="cannot be loaded: "):
        LocalGenerator(str(tmp_path))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(PolicyError, match=r"pip install 'proofsmith\[neural\]'"):
        LocalGenerator("anything")
