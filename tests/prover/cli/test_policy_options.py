"""`--policy` and what goes with it, from the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from prover.cli.main import main
from prover.cli.options import add_policy_options, make_policy
from prover.policy.base import Mixture
from prover.policy.neural.proposer import NeuralProposer
from prover.testing.model_server import FakeServer

STATEMENT = "theorem swapped (p q : Prop) (h : p ∧ q) : q ∧ p"
OPTIONS = ["--policy", "vllm", "--model", "table", "--preset", "internlm2.5-step-prover"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "m"], "--model m is no folder; models by name need --policy vllm or --policy transformers"),
        (["--server", "http://x"], "--server needs --policy vllm or --policy transformers"),
        (["--policy", "symbolic", "--model-alone"], "--model-alone needs a model: --model FOLDER"),
        (["--policy", "symbolic", "--model", "m"], "--policy symbolic asks no model; --model is for the others"),
        (["--policy", "symbolic", "--first-stage", "1"], "--policy symbolic asks no model; --first-stage"),
        (["--first-stage", "5"], "--first-stage is 5; it must be 0 to 4"),
        (["--policy", "vllm"], "--policy vllm needs --model"),
        (["--policy", "vllm", "--model", "m"], "is not known; say it with --preset, one of proofsmith"),
        (["--policy", "vllm", "--model", "m", "--preset", "x"], "no preset 'x'"),
        (["--policy", "vllm", "--model", "m", "--preset", "reprover"], "which vLLM does not serve; use --policy transformers"),
        (["--policy", "vllm", "--model", "m", "--preset", "chat", "--server", "nowhere"], "begins with http"),
        (["--policy", "transformers", "--model", "m", "--server", "http://x"], "--server is for --policy vllm"),
        (["--policy", "vllm", "--model", "m", "--samples", "0"], "must be at least 1"),
        (["--policy", "vllm", "--model", "m", "--model-weight", "1.5"], "at most 1"),
        (["--policy", "vllm", "--model", "m", "--model-temperature", "-1"], "must be 0 or more"),
        (["--policy", "vllm", "--model", "m", "--premises", "-1"], "--premises is -1"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_in_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["prove", "--statement", STATEMENT, "--quiet", "--out", str(tmp_path / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_server_that_is_not_there_and_a_model_that_it_has_not(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with FakeServer() as server:
        url = server.url
        wrong = ["--policy", "vllm", "--model", "mine", "--preset", "chat", "--server", url]
        assert main(["prove", "--statement", STATEMENT, "--quiet", "--out", str(tmp_path / "out"), *wrong]) == 2
        assert "does not serve 'mine'; it serves table" in capsys.readouterr().err
    assert main(["prove", "--statement", STATEMENT, "--quiet", "--out", str(tmp_path / "out"), *OPTIONS, "--server", url]) == 3
    said = capsys.readouterr().err
    assert f"no server answers at {url}" in said and said.count("\n") == 1


def test_a_model_alone_proves_and_is_waited_for_when_it_goes_away(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prompts: list[str] = []

    def table(prompt: str) -> list[tuple[str, float]]:
        prompts.append(prompt)
        return [("constructor", -0.5)] if len(prompts) == 1 else [("exact h.2", -0.5), ("exact h.1", -0.9)]

    out = tmp_path / "out"
    with FakeServer(table) as server:
        server.plan = lambda request: 503 if 2 <= request <= 4 else None
        options = [*OPTIONS, "--server", server.url, "--model-alone", "--samples", "2", "--max-expansions", "6", "--timeout", "0"]
        code = main(
            ["prove", "--statement", STATEMENT, "--workers", "1", "--lean", "embedded", "--quiet", "--out", str(out), *options]
        )
    said = capsys.readouterr()
    assert code == 0 and "h.2" in said.out
    assert "the model is away" in said.err and "answers again after" in said.err
    record = json.loads((out / "results.jsonl").read_text("utf-8"))
    assert record["policy_faults"] == {"model": 1} and set(record["closed_by"]) == {"model"}
    assert "NAME: swapped\n" in prompts[0] and "PROOF_BEFORE: \n" in prompts[0]
    assert "PROOF_BEFORE: constructor\n" in prompts[-1]
    assert json.loads((out / "summary.json").read_text("utf-8"))["policy"]["preset"] == "internlm2.5-step-prover"


@pytest.mark.parametrize("embedded", [True, False])
def test_the_model_is_held_to_the_embedded_librarys_names_and_to_no_other_leans(embedded: bool) -> None:
    parser = argparse.ArgumentParser()
    add_policy_options(parser)
    policy, _ = make_policy(parser.parse_args([]), embedded=embedded)
    assert isinstance(policy, Mixture)
    (model,) = [p for p, _ in policy.members if isinstance(p, NeuralProposer)]
    assert (model.names is not None) is embedded
