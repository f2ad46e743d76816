"""The light runtime: the same completions as transformers' from the same weights, and what shipping does to them."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from prover.errors import PolicyError
from prover.policy.neural import quantised
from prover.policy.neural.generator import Completion, Message, PromptTooLongError, Sampling
from prover.policy.neural.light import LightGenerator
from prover.policy.neural.local import LocalGenerator
from tests.prover.conftest import NEEDS_NEURAL

PROMPTS = (
    "<|state|>n : Nat\n⊢ n + 0 = n<|tactic|>",
    "<|state|>p q : Prop\nh : p ∧ q\n⊢ q ∧ p<|tactic|>",
    "<|state|>⊢ True<|tactic|>",
    "<|state|>xs ys : List α\n⊢ (xs ++ ys).length = ys.length + xs.length<|tactic|>",
)
SAMPLINGS = {
    "beam": Sampling(samples=16, max_tokens=12),
    "greedy": Sampling(samples=1, max_tokens=12),
    "drawn": Sampling(samples=8, temperature=1.2, max_tokens=30, seed=5),
    "stopped": Sampling(samples=8, temperature=0.8, max_tokens=30, seed=6, stop=("e", "a")),
    "alone": Sampling(samples=3, max_tokens=1),
}
MANY_ENDS = frozenset(range(0, 300, 6))
"""Random weights rarely end a text; so that they do, many tokens count as its end."""


def variant(folder: Path, **changes: object) -> str:
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    import transformers

    settings = {
        "vocab_size": 300, "hidden_size": 128, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 256, "eos_token_id": 0, "pad_token_id": 1,
        "bos_token_id": None, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    }  # fmt: skip
    torch.manual_seed(1)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**(settings | changes)))
    for name, parameter in model.named_parameters():
        parameter.data *= 3
        if "norm" in name:
            parameter.data += torch.rand_like(parameter)  # so that leaving a norm's weights out is seen
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=["toy", "tied, shared keys", "keys a head"])
def both(
    request: pytest.FixtureRequest, toy_llama: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LocalGenerator, LightGenerator]:
    folder = toy_llama
    if request.param != "toy":
        made = tmp_path_factory.mktemp("variant")
        shutil.copytree(toy_llama, made, dirs_exist_ok=True)
        folder = variant(made, **({} if "tied" in request.param else {"num_key_value_heads": 4, "tie_word_embeddings": False}))
    local, light = LocalGenerator(folder, device="cpu"), LightGenerator(Path(folder))
    local._ends = light._ends = MANY_ENDS
    return local, light


@pytest.mark.parametrize("kind", SAMPLINGS)
def test_the_same_texts_in_the_same_order_as_through_transformers(
    kind: str, both: tuple[LocalGenerator, LightGenerator]
) -> None:
    local, light = both
    several = 0
    for prompt in PROMPTS:
        wanted, found = (made.complete(prompt, SAMPLINGS[kind]) for made in both)
        several += len(wanted)
        assert [c.text for c in found] == [c.text for c in wanted]
        assert [c.tokens for c in found] == [c.tokens for c in wanted]
        assert [c.log_prob for c in found] == pytest.approx([c.log_prob for c in wanted], abs=1e-3)
    assert local.context == light.context
    assert several or kind in ("greedy", "alone"), "nothing was compared"


def test_one_pass_gives_the_log_probability_that_the_steps_gave(light_model: Path) -> None:
    light = LightGenerator(light_model)
    found = light.finished(light.ids(PROMPTS[0]), Sampling(samples=16, temperature=2.0, max_tokens=60, seed=1))
    assert found, "a draw of sixteen ends some text"
    for one in found:
        logits = light.model.logits([*light.ids(PROMPTS[0]), *one.tokens])[len(light.ids(PROMPTS[0])) - 1 :].astype(np.float64)
        log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        again = log_probs[np.arange(len(one.tokens) + 1), [*one.tokens, 0]]
        assert again == pytest.approx(np.array(one.log_probs), abs=1e-3)


def test_threads_that_ask_at_once_get_what_each_would_alone(light_model: Path) -> None:
    light = LightGenerator(light_model)
    sampling = Sampling(samples=8, temperature=1.5, max_tokens=20, seed=2)
    alone = {p: light.complete(p, sampling) for p in PROMPTS}
    found: dict[tuple[str, int], list[Completion]] = {}

    def ask(prompt: str, turn: int) -> None:
        found[prompt, turn] = light.complete(prompt, sampling)

    threads = [threading.Thread(target=ask, args=(p, turn)) for p in PROMPTS for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16 and all(got == alone[prompt] for (prompt, _), got in found.items())


def test_a_weight_is_half_a_step_from_what_it_was_and_zeros_stay(tmp_path: Path) -> None:
    chances = np.random.default_rng(3)
    matrix = chances.standard_normal((20, 30)).astype(np.float32)
    matrix[7] = 0
    norm = chances.standard_normal(30).astype(np.float32)
    quantised.write(tmp_path / "w.safetensors", {"m": matrix, "n": norm})
    back = quantised.read(tmp_path / "w.safetensors")
    assert set(back) == {"m", "n"} and (back["n"] == norm).all() and not back["m"][7].any()
    assert (np.abs(back["m"] - matrix) <= np.abs(matrix).max(1, keepdims=True) / 127 / 2 + 1e-7).all()
    assert np.abs(back["m"]).max(1) == pytest.approx(np.abs(matrix).max(1), rel=1e-6)


def test_weights_too_large_for_16_bits_are_not_shipped_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="too large for 16 bits"):
        quantised.write(tmp_path / "w.safetensors", {"m": np.full((2, 2), 7e4, np.float32)}, bits=16)


def test_weights_that_are_no_numbers_are_not_shipped(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="not all finite"):
        quantised.write(tmp_path / "w.safetensors", {"m": np.full((2, 2), np.nan, np.float32)})


def test_eight_bits_are_a_quarter_of_the_size_and_say_nearly_the_same(toy_llama: str, tmp_path: Path) -> None:
    shutil.copytree(toy_llama, tmp_path / "m")
    whole = LightGenerator(Path(toy_llama))
    before = Path(toy_llama, "model.safetensors").stat().st_size
    quantised.write(tmp_path / "m" / "model.safetensors", quantised.read(Path(toy_llama, "model.safetensors")))
    assert Path(tmp_path, "m", "model.safetensors").stat().st_size < 0.35 * before
    small = LightGenerator(tmp_path / "m")
    for prompt in PROMPTS:
        assert small.log_prob(prompt, "simp") == pytest.approx(whole.log_prob(prompt, "simp"), abs=0.5)


def test_what_does_not_fit_and_what_is_no_text_is_said(light_model: Path) -> None:
    light = LightGenerator(light_model)
    with pytest.raises(PromptTooLongError, match="of 256"):
        light.complete("n" * 300, Sampling())
    with pytest.raises(PolicyError, match="chat template"):
        light.complete((Message("user", "?"),), Sampling())


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config.json", {"model_type": "gpt2"}, "computes llama models; this one is 'gpt2'"),
        ("config.json", {"rope_parameters": {"rope_type": "yarn"}}, "rope_type default; this model has yarn"),
        ("config.json", {"hidden_size": 128}, "has shape .* config.json says"),
        ("config.json", {"vocab_size": None}, "config.json lacks or spoils"),
        ("config.json", {"num_hidden_layers": 3}, "lack model.layers.2"),
        ("config.json", {"eos_token_id": None}, None),
        ("config.json", "{", "is damaged"),
        ("tokenizer.json", "{}", "tokenizer .* cannot be read"),
        ("tokenizer_config.json", "[]", "holds no object"),
        ("model.safetensors", "xx", "weights .* cannot be read"),
    ],
)
def test_a_damaged_folder_is_one_clear_line(
    file: str, change: dict[str, object] | str, said: str | None, light_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(light_model, tmp_path / "m")
    path = tmp_path / "m" / file
    path.write_text(change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | change))
    if said is None:
        assert LightGenerator(tmp_path / "m")._ends == {0}  # the tokenizer knows its end by name
        return
    with pytest.raises(PolicyError, match=said) as caught:
        LightGenerator(tmp_path / "m")
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"holds no model for the light runtime: config\.json"):
        LightGenerator(tmp_path)
