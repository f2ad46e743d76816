"""The real vLLM: the same search gives the same proofs through it and through transformers, and outlives it.

Runs where PROOFSMITH_VLLM_ENV names an environment that `python -m prover.policy.neural.vllm_cpu setup` made (`make vllm` does
both). The model is our own, trained here in seconds to know a few moves; a search with it alone proves what they prove.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from prover.cli.main import main
from prover.policy.neural import vllm_cpu
from prover.policy.neural.generator import Sampling
from prover.policy.neural.local import LocalGenerator
from prover.policy.neural.server import ServerGenerator

ENVIRONMENT = os.environ.get("PROOFSMITH_VLLM_ENV")
pytestmark = [
    pytest.mark.skipif(not ENVIRONMENT, reason="no vLLM: PROOFSMITH_VLLM_ENV is not set (`make vllm` sets it up)"),
    pytest.mark.timeout(1800),
]
START_TIMEOUT_S = 900.0
MODEL = ["--model-alone", "--samples", "4", "--max-tokens", "24", "--preset", "proofsmith"]
THEOREMS = """\
theorem swapped (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry
theorem both (a b : Prop) (h : a ∧ b) : b ∧ a ∧ b := by sorry
theorem first (p q : Prop) : p → q → p := by sorry
theorem added (n m : Nat) : n + m = m + n := by sorry
theorem either (p q : Prop) (h : q) : p ∨ q := by sorry
theorem unknown (xs : List Nat) : xs.reverse.reverse = xs := by sorry
"""


def pairs() -> list[tuple[str, str]]:
    """Moves on propositions and sums, for many names."""
    found = []
    for p, q in itertools.permutations("pqabrs", 2):
        for case in ("", "case left\n", "case right\n", "case right.left\n", "case right.right\n"):
            head = f"{case}{p} {q} : Prop\nh : {p} ∧ {q}\n⊢ "
            found += [(head + q, "exact h.2"), (head + p, "exact h.1"), (head + f"{q} ∧ {p}", "constructor"),
                      (head + f"{p} ∧ {q}", "exact h"), (head + f"{q} ∧ {p} ∧ {q}", "constructor")]  # fmt: skip
        found += [(f"{p} {q} : Prop\n⊢ {p} → {q} → {p}", "intro h"), (f"{p} {q} : Prop\nh : {p}\n⊢ {q} → {p}", "intro k"),
                  (f"{p} {q} : Prop\nh : {p}\nk : {q}\n⊢ {p}", "exact h"), (f"{p} {q} : Prop\nh : {q}\n⊢ {p} ∨ {q}", "right"),
                  (f"case h\n{p} {q} : Prop\nh : {q}\n⊢ {q}", "exact h")]  # fmt: skip
    for n, m in itertools.permutations("nmkij", 2):
        found += [(f"{n} {m} : Nat\n⊢ {n} + {m} = {m} + {n}", "omega"), (f"{n} {m} : Nat\n⊢ {n} + 0 = {n}", "simp")]
    return found


@dataclass
class Served:
    """A vLLM that can be taken away and brought back."""

    model: str
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert ENVIRONMENT is not None
        line, environment = vllm_cpu.command(Path(ENVIRONMENT), self.model, self.port, "ours")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(line, env=environment, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        assert self.process is not None
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health", trust_env=False, timeout=5).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(1)
        pytest.fail(f"vLLM did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ours")
    data = folder / "pairs.jsonl"
    data.write_text("\n".join(json.dumps({"state": s, "tactic": t}, ensure_ascii=False) for s, t in pairs()), "utf-8")
    options = ["--size", "toy", "--steps", "400", "--every", "400", "--lr", "0.003", "--context", "256", "--quiet"]
    assert main(["train", str(data), "--out", str(folder / "run"), *options]) == 0
    return str(folder / "run" / "model")


@pytest.fixture(scope="module")
def server(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    served = Served(model, port, tmp_path_factory.mktemp("vllm") / "log")
    served.start()
    try:
        served.wait()
        yield served
    finally:
        served.stop()


def prove(file: Path, out: Path, options: list[str]) -> dict[str, dict[str, object]]:
    limits = ["--max-expansions", "12", "--timeout", "0", "--workers", "1", "--lean", "embedded", "--quiet"]
    main(["prove", str(file), "--out", str(out), *limits, *MODEL, *options])
    return {r["name"]: r for r in map(json.loads, (out / "results.jsonl").read_text("utf-8").splitlines())}


def proved(records: dict[str, dict[str, object]]) -> set[str]:
    return {name for name, record in records.items() if record["status"] == "proved"}


def test_both_propose_the_same_with_the_same_log_probabilities(model: str, server: Served) -> None:
    near, far = LocalGenerator(model), ServerGenerator(server.url, "ours")
    far.check()
    for state, _ in pairs()[::37]:
        prompt = f"<|state|>{state}<|tactic|>"
        for sampling in (Sampling(1, 0.0, 32), Sampling(4, 0.0, 32)):
            here, there = near.complete(prompt, sampling), far.complete(prompt, sampling)
            assert [c.text for c in here] == [c.text for c in there], prompt
            assert [c.log_prob for c in here] == pytest.approx([c.log_prob for c in there], abs=1e-3)
            assert [c.tokens for c in here] == [c.tokens for c in there]


def test_the_same_search_gives_the_same_proofs_through_both(model: str, server: Served, tmp_path: Path) -> None:
    file = tmp_path / "T.lean"
    file.write_text(THEOREMS, "utf-8")
    near = prove(file, tmp_path / "near", ["--policy", "transformers", "--model", model])
    far = prove(file, tmp_path / "far", ["--policy", "vllm", "--model", "ours", "--server", server.url])
    facts = [{n: (r["status"], r["proof"], r["expansions"], r["tactics_run"]) for n, r in found.items()} for found in (near, far)]
    assert facts[0] == facts[1]
    assert proved(near) >= {"swapped", "both", "added", "either"}
    assert all(r["policy_faults"] == {} for r in far.values())


def test_a_search_outlives_the_server_says_so_and_comes_back_to_it(
    server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "T.lean"
    file.write_text(THEOREMS, "utf-8")
    asked = itertools.count(1)
    send = ServerGenerator._send

    def counted(self: ServerGenerator, path: str, body: object) -> object:
        if next(asked) == 4:
            server.stop()
            server.start()
        return send(self, path, body)  # type: ignore[arg-type]

    monkeypatch.setattr(ServerGenerator, "_send", counted)
    monkeypatch.setattr("prover.policy.base.MAX_FAULTS_IN_A_ROW", 60)  # this machine may take minutes to start it
    found = prove(file, tmp_path / "out", ["--policy", "vllm", "--model", "ours", "--server", server.url])
    said = capsys.readouterr().err
    assert "the model is away: no answer from" in said and "answers again after" in said
    assert proved(found) >= {"swapped", "both", "added", "either"}
    assert sum(int(r["policy_faults"].get("model", 0)) for r in found.values()) >= 1  # type: ignore[attr-defined]
