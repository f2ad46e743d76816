"""Other tools' protocols: what their clients send is answered in the form that they read. No Lean runs here."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import typing_extensions

from prover.server.app import Server, background
from prover.server.foreign import DIMENSIONS
from prover.server.guard import ServeSettings

# With Python 3.11 pydantic refuses the TypedDict that version 0.2.1 of the client uses.
with patch("typing.TypedDict", typing_extensions.TypedDict if sys.version_info < (3, 12) else __import__("typing").TypedDict):
    from kimina_client import AsyncKiminaClient, KiminaClient, Snippet
    from kimina_client.models import SnippetStatus

post = partial(httpx.post, timeout=60)
STATE = "n : Nat\n⊢ n + 0 = n"
CONTEXT = "theorem t (n : Nat) : n + 0 = n := by\n  "
INSTRUCTION = f"next tactic\n[CTX]\n{CONTEXT}\n[/CTX]\n[STATE]\n{STATE}\n[/STATE]\n[TAC]\n"


def test_lean_copilot_gets_tactics_with_probabilities_that_begin_with_its_prefix(address: str) -> None:
    body = {"name": "proofsmith", "input": STATE, "prefix": ""}
    outputs = post(f"{address}/generate", json=body).json()["outputs"]
    assert [o["output"] for o in outputs] == ["rfl", "simp", "rw [Nat.add_comm]"]
    assert all(set(o) == {"output", "score"} and 0 < o["score"] <= 1 for o in outputs)
    outputs = post(f"{address}/generate", json=body | {"prefix": "rw"}).json()["outputs"]
    assert [o["output"] for o in outputs] == ["rw [Nat.add_comm]"]


def test_our_own_tactic_asks_where_and_what_the_server_answers(address: str) -> None:
    source = (Path(__file__).parents[3] / "lean_project" / "Proofsmith" / "Suggest.lean").read_text("utf-8")
    assert f'getD "http://localhost:{ServeSettings().port}"' in source and 'address ++ "/generate"' in source
    fields = re.findall(r'\("(\w+)", ', source.split("def request")[1].split("def offers")[0])
    outputs = post(f"{address}/generate", json={**dict.fromkeys(fields, ""), "input": STATE}).json()["outputs"]
    assert fields == ["name", "input", "prefix"] and outputs and all(f'"{key}"' in source for key in ("outputs", *outputs[0]))


def test_lean_copilot_gets_a_vector(address: str) -> None:
    outputs = post(f"{address}/encode", json={"name": "x", "input": STATE}).json()["outputs"]
    assert len(outputs) == DIMENSIONS and sum(x * x for x in outputs) == pytest.approx(1.0)


def test_llmstep_gets_suggestions_with_the_prefix_in_them_or_an_error(address: str) -> None:
    body = {"tactic_state": STATE, "prefix": "r", "context": CONTEXT}
    assert post(address, json=body).json() == {"suggestions": ["rfl", "rw [Nat.add_comm]"]}
    wrong = {"tactic_state": "no goals", "prefix": "", "context": ""}
    assert "⊢" in post(address, json=wrong).json()["error"]


def test_a_context_is_used_and_one_that_lean_cannot_read_is_not(address: str, stub: Any) -> None:
    post(address, json={"tactic_state": STATE, "prefix": "", "context": CONTEXT})
    assert stub.asked == [CONTEXT]
    stub.asked.clear()
    post(address, json={"tactic_state": STATE, "prefix": "", "context": "import Mathlib\n" + CONTEXT})
    assert [("import Mathlib" in text) for text in stub.asked] == [True, True, False]
    assert "∀ (n : Nat)" in stub.asked[-1]


def test_a_goal_that_lean_cannot_be_given_gets_tactics_that_were_not_tried(address: str, stub: Any) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise stub_error

    from prover.errors import DataError

    stub_error = DataError("does not elaborate")
    stub.suggest_at = refuse
    reply = post(f"{address}/v1/suggest", json={"state": "x : ℝ\n⊢ x + 0 = x"}).json()
    assert reply["checked"] is False and reply["note"] and reply["suggestions"][0]["goals_after"] is None


def ollama(address: str, temperature: float = 0.7) -> str:
    body = {
        "model": "any", "prompt": INSTRUCTION, "stream": False, "raw": False,
        "options": {"temperature": temperature, "stop": ["[/TAC]"], "num_predict": 100},
    }  # fmt: skip
    reply: str = post(f"{address}/api/generate", json=body).json()["response"]
    return reply


def test_llmlean_samples_different_tactics_from_ollama(address: str, stub: Any) -> None:
    assert [ollama(address), ollama(address, 0), ollama(address), ollama(address)] == ["rfl", "rfl", "simp", "rw [Nat.add_comm]"]
    assert len(stub.asked) == 1


def test_llmlean_gets_n_choices_from_openai(address: str) -> None:
    body = {
        "model": "any", "messages": [{"role": "user", "content": INSTRUCTION}], "n": 2, "temperature": 0.7,
        "max_tokens": 100, "stream": False, "stop": ["[/TAC]"],
    }  # fmt: skip
    reply = post(f"{address}/v1/chat/completions", json=body).json()
    assert reply["id"] and [c["message"] for c in reply["choices"]] == [
        {"role": "assistant", "content": "rfl"}, {"role": "assistant", "content": "simp"}
    ]  # fmt: skip


def test_llmlean_gets_a_whole_proof_where_it_asks_for_one(address: str) -> None:
    prompt = f"Your task is to generate the proof.\n[CTX]\n{CONTEXT}sorry\n[/CTX]\n[PROOF]"
    reply = post(f"{address}/api/generate", json={"model": "x", "prompt": prompt, "stream": False}).json()
    assert reply["response"] == "rfl"


def test_the_clients_of_kimina_work_unchanged(address: str) -> None:
    client = KiminaClient(api_url=address, n_retries=1)
    assert client.health()["status"] == "ok"
    snippets = [Snippet(id="a", code="example : 1 = 1 := rfl"), Snippet(id="b", code=CONTEXT + "sorry\n")]
    snippets.append(Snippet(id="c", code="\nimport Mathlib\nexample : True := trivial"))
    results = {r.id: r for r in client.check(snippets, show_progress=False, batch_size=1).results}
    assert {i: r.analyze().status for i, r in results.items()} == {
        "a": SnippetStatus.valid, "b": SnippetStatus.sorry, "c": SnippetStatus.lean_error
    }  # fmt: skip
    assert results["b"].response["sorries"] == [  # type: ignore[index]
        {"pos": {"line": 2, "column": 2}, "endPos": {"line": 2, "column": 7}, "goal": STATE}
    ]
    assert results["c"].response["messages"][0]["pos"] == {"line": 2, "column": 0}  # type: ignore[index]

    async def asynchronously() -> Any:
        waiting = AsyncKiminaClient(api_url=address, n_retries=1)
        try:
            return await waiting.check("#check Nat", show_progress=False)
        finally:
            await waiting.close()

    assert asyncio.run(asynchronously()).results[0].error is None


def test_kiminas_older_form_takes_proof_and_code(address: str) -> None:
    body = {"codes": [{"custom_id": "1", "proof": "example : 1 = 1 := rfl"}, {"custom_id": 2, "code": "x"}], "timeout": 20}
    results = post(f"{address}/verify", json=body).json()["results"]
    assert [r["custom_id"] for r in results] == ["1", "2"] and results[0]["response"]["time"] >= 0
    assert post(f"{address}/verify", json={"codes": [{"custom_id": "1"}]}).status_code == 422


def test_a_snippet_that_takes_too_long_has_timed_out(address: str, stub: Any) -> None:
    stub.slow_s = 60.0
    result = KiminaClient(api_url=address, n_retries=1).check("example : 1 = 1 := rfl", timeout=1, show_progress=False).results[0]
    assert result.analyze().status is SnippetStatus.timeout_error


def test_kiminas_key_is_the_token(make_server: Callable[..., Server]) -> None:
    with background(make_server(token="t" * 20)) as address:
        assert KiminaClient(api_url=address, api_key="t" * 20).check("x", show_progress=False).results[0].error is None
        with pytest.raises(RuntimeError, match="failed after"):
            KiminaClient(api_url=address, api_key="wrong", n_retries=1).api_check([Snippet(id="a", code="x")])
