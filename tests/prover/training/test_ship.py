"""From a trained folder to the one that ships."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.splits import split_of
from prover.cli.calibrate import try_model
from prover.cli.main import main
from prover.errors import ConfigError, DataError, PolicyError
from prover.lean.embedded.worker import LeanWorker
from prover.policy.builtin import builtin_policy
from prover.policy.neural import default, quantised
from prover.training.ship import main as ship_main
from prover.training.ship import ship
from tests.prover.light_model import make_light_model

NAMES = [f"lemma{a}{b}x" for a in "abcdefgh" for b in "abcdefghijklmnopqrstuvwxyz"]
"""Of many families, so some on each side of the split."""


@pytest.fixture
def trained(light_model: Path, tmp_path: Path) -> Path:
    """As `proofsmith train` leaves it: 32-bit weights, and what is known of the run."""
    folder = tmp_path / "run" / "model"
    shutil.copytree(light_model, folder)
    from safetensors.numpy import save_file

    chances = np.random.default_rng(5)
    weights = quantised.read(light_model / "model.safetensors")
    finer = {n: w + 0.003 * chances.standard_normal(w.shape).astype(np.float32) for n, w in weights.items()}
    save_file(finer, folder / "model.safetensors")
    metrics = {"step": 100, "loss": 3.5, "lr": 0.0001, "valid_loss": 4.25}
    about = {
        "size": "toy", "loss": "ce", "lr": 0.002, "steps": 100, "data": {"pairs.jsonl": "ab" * 32}, "examples": 77,
        "metrics": metrics,
    }  # fmt: skip
    (folder / "proofsmith.json").write_text(json.dumps(about))
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    names = NAMES
    path = tmp_path / "pairs.jsonl"
    lines = [{"name": n, "state": f"n : Nat\n⊢ n + {i} = n", "tactic": "simp"} for i, n in enumerate(names)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert any(split_of(n) == "valid" for n in names)
    return path


def test_a_trained_model_becomes_one_that_loads_proposes_and_says_what_it_is(trained: Path, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "shipped"
    out.mkdir()
    (out / "mixture.json").write_text("of other weights")
    about = ship(trained, out, [pairs], held_out=5, tolerance=0.5)
    assert {p.name for p in out.iterdir()} == {
        "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "proofsmith.json", "README.md",
    }  # fmt: skip
    light = about["light"]
    assert light["held_out"] == 5 and light["data"].keys() == {"pairs.jsonl"} and min(light["load_s"], light["median_ms"]) > 0
    assert light["difference"]["mean"] <= light["difference"]["max"]
    model = default.load(out)
    assert model.sha256 == light["weights_sha256"] and model.max_tokens == light["max_tokens"] < 10
    assert light["size_mb"] == pytest.approx((out / "model.safetensors").stat().st_size / 1e6, abs=0.01)
    text = (out / "README.md").read_text("utf-8")
    wanted = (
        model.sha256, "ab" * 32, "| steps | 100 |", "| loss | ce |", "| lr | 0.002 |", "loss 3.5, valid_loss 4.25",
        "Examples learnt: 77", f"{light['load_s']} s",
    )  # fmt: skip
    for said in wanted:
        assert said in text
    assert str(tmp_path) not in text and "{" not in text


def test_with_16_bits_next_to_nothing_changes(trained: Path, pairs: Path, tmp_path: Path) -> None:
    differences = [
        ship(trained, tmp_path / str(bits), [pairs], held_out=5, tolerance=0.5, bits=bits)["light"]["difference"]["max"]
        for bits in (8, 16)
    ]
    assert differences[1] < differences[0] / 8
    sizes = [(tmp_path / bits / "model.safetensors").stat().st_size for bits in ("8", "16")]
    assert 1.8 < sizes[1] / sizes[0] < 2
    assert "16-bit floats" in (tmp_path / "16" / "README.md").read_text("utf-8")


def test_what_may_not_ship_leaves_nothing_behind(trained: Path, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "there" / "shipped"
    with pytest.raises(PolicyError, match=r"on average and .* at most; .*--tolerance"):
        ship(trained, out, [pairs], held_out=5, tolerance=1e-6)
    with pytest.raises(PolicyError, match=r"MB in 8 bits; at most 0\.001 may ship"):
        ship(trained, out, [pairs], held_out=5, tolerance=0.5, max_mb=0.001)
    with pytest.raises(ConfigError, match="is the trained model itself"):
        ship(trained, trained, [pairs])
    with pytest.raises(PolicyError, match=rf"give {trained.parent}.model"):
        ship(trained.parent, out, [pairs])
    learnt = tmp_path / "learnt.jsonl"
    name = next(n for n in NAMES if split_of(n) == "train")
    learnt.write_text(json.dumps({"name": name, "state": "⊢ True", "tactic": "simp"}) + "\n")
    with pytest.raises(DataError, match="no held-out pair"):
        ship(trained, out, [learnt])
    assert not list(out.parent.iterdir())


def test_the_command_says_in_a_line_what_is_wrong(
    trained: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ship_main([str(tmp_path / "none"), str(tmp_path / "out"), "--data", str(pairs)]) == 3
    said = capsys.readouterr().err
    assert "is no model of `proofsmith train`" in said and said.count("\n") == 1
    assert ship_main([str(trained), str(tmp_path / "out"), "--data", str(pairs), "--held-out", "3", "--tolerance", "0.5"]) == 0
    assert "MB, loads in" in capsys.readouterr().out


def test_bench_model_measures_the_folder_it_is_given(light_model: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "model", "--json", "--model", str(light_model), "--states", str(pairs)]) == 0
    found = json.loads(capsys.readouterr().out)["model"]
    assert found["states"] > 5 and found["file_mb"] > 0 and found["load_s"] > 0
    assert 0 < found["median_ms"] <= found["p95_ms"] and found["sha256"] == default.load(light_model).sha256


def test_the_models_tactics_are_tried_on_the_states_of_a_proof(lean_worker: LeanWorker, tmp_path: Path) -> None:
    """A goal that no closer of the first stage closes: the induction lies on a proof, the other tactic does not."""
    right = "induction n with | zero => rfl | succ n ih => simp [own, ih]"
    folder = make_light_model(tmp_path / "m", (right, "exact absurd rfl id"))
    text = (
        "def own : Nat → Nat\n  | 0 => 0\n  | n + 1 => own n + 1\n\ntheorem own_is_id (n : Nat) : own n = n := by sorry"
    )
    target = lean_worker.read(text).targets[0]
    proposer = default.load(folder).proposer(samples=2, first_stage=0)
    tries = try_model(lean_worker, target, builtin_policy(), proposer, 60.0, 20.0)
    assert [hit for _, hit in sorted(tries, reverse=True)] == [True, False]


def test_calibrate_mixture_writes_what_it_was_fitted_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = "induction n with | zero => rfl | succ n ih => simp [own, ih]"
    folder = make_light_model(tmp_path / "m", (right, "exact absurd rfl id"))
    (tmp_path / "own.lean").write_text(
        "def own : Nat → Nat\n  | 0 => 0\n  | n + 1 => own n + 1\n\ntheorem own_is_id (n : Nat) : own n = n := by sorry\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "own.lean", "--mixture", "--model", str(folder), "--timeout", "60", "--tactic-timeout", "20"]) == 0
    stored = json.loads((folder / "mixture.json").read_text("utf-8"))
    assert stored["tries"] > stored["on_proof"] == 1 and stored["weights_sha256"] == default.load(folder).sha256
    assert stored["sha256"].keys() == {"own.lean"} and "slope" in capsys.readouterr().out
