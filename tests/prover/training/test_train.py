"""Training at toy size: it learns, goes on exactly where it was stopped, and what it writes can be loaded."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from prover.errors import ConfigError, PolicyError

torch = pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")
pytest.importorskip("transformers", reason="the extra `neural` (torch, transformers) is not installed")

from prover.cli.main import main  # noqa: E402
from prover.policy.neural.generator import Sampling  # noqa: E402
from prover.policy.neural.local import LocalGenerator  # noqa: E402
from prover.policy.neural.presets import preset_for  # noqa: E402
from prover.training.loop import read_metrics, train  # noqa: E402
from prover.training.losses import limited_confidence, pass_at, sequence_log_probs  # noqa: E402
from prover.training.settings import TrainSettings  # noqa: E402

SETTINGS = TrainSettings(size="toy", steps=12, batch=4, context=128, warmup=2, every=4, lr=3e-3)


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    goals = [("n + 0 = n", "simp"), ("n < n + 1", "omega"), ("p → p", "intro h"), ("True", "trivial")]
    lines = [{"state": f"a{i} : Nat\n⊢ {goal}", "tactic": tactic} for i in range(12) for goal, tactic in goals]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return path


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


def without_time(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def unbroken(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "run"
    train([pairs], out, SETTINGS)
    return out


@pytest.mark.parametrize("stop", [3, 6, 8], ids=["before the first checkpoint", "between two", "at one"])
def test_an_interrupted_run_ends_with_the_same_weights_bit_for_bit(
    pairs: Path, unbroken: Path, tmp_path: Path, stop: int
) -> None:
    def on_step(step: int) -> None:
        if step == stop:
            raise StoppedError

    out = tmp_path / "run"
    with pytest.raises(StoppedError):
        train([pairs], out, SETTINGS, on_step=on_step)
    with (out / "metrics.jsonl").open("a") as cut:
        cut.write('{"step": 9')  # a line that an interruption cut
    train([pairs], out, SETTINGS)
    assert weights(out) == weights(unbroken)
    assert without_time(read_metrics(out)) == without_time(read_metrics(unbroken))


def test_the_run_says_what_it_was(unbroken: Path, pairs: Path) -> None:
    settings = json.loads((unbroken / "settings.json").read_text("utf-8"))
    assert settings["seed"] == 0 and len(settings["data"][str(pairs)]) == 64
    rows = read_metrics(unbroken)
    assert [r["step"] for r in rows] == [4, 8, 12] and rows[-1]["loss"] < rows[0]["loss"]
    page = (unbroken / "report.html").read_text("utf-8")
    assert page.count("<polyline") >= 1 and settings["data"][str(pairs)] in page
    assert sorted(p.name for p in (unbroken / "checkpoints").iterdir()) == ["step-000008", "step-000012"]


def test_another_seed_or_other_data_is_another_run(unbroken: Path, pairs: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds a training run of other settings or inputs \(seed: .*choose another folder"):
        train([pairs], unbroken, replace(SETTINGS, seed=1))
    (unbroken.parent / "notes").mkdir(exist_ok=True)
    (unbroken.parent / "notes" / "x").touch()
    with pytest.raises(ConfigError, match="is not empty and holds no training run"):
        train([pairs], unbroken.parent / "notes", SETTINGS)


def test_what_it_wrote_is_found_loaded_and_proposes_what_it_learnt(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train([pairs], out, replace(SETTINGS, steps=120, every=60))
    first, last = (row["loss"] for row in read_metrics(out))
    assert last < first / 3
    preset = preset_for(str(out / "model"))
    assert preset is not None and preset.name == "proofsmith"
    made = LocalGenerator(str(out / "model"))
    made_of = made.complete("<|state|>a3 : Nat\n⊢ n < n + 1<|tactic|>", Sampling(samples=2, max_tokens=16))
    assert made_of[0].text == "omega"


def test_a_model_to_go_on_with_and_pretraining(unbroken: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"text": f"theorem t{i} : {i} = {i} := rfl"}) for i in range(8)), "utf-8")
    settings = replace(SETTINGS, stage="pretrain", start=str(unbroken / "model"), steps=2, every=2)
    assert train([texts], tmp_path / "run", settings)["step"] == 2
    assert weights(tmp_path / "run") != weights(unbroken)


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(pairs: Path, tmp_path: Path) -> None:
    wanted = r"the (loss|gradient) is nan at step \d+; the last good checkpoint is .*step-0000.*try a lower --lr"
    with pytest.raises(PolicyError, match=wanted):
        train([pairs], tmp_path / "run", replace(SETTINGS, lr=1e30, every=1, warmup=1, steps=9))
    assert list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_damaged_checkpoint_is_said_in_one_line(unbroken: Path, pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "step-000012" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(PolicyError, match=r"the model .*step-000012 cannot be loaded") as caught:
        train([pairs], tmp_path / "run", SETTINGS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--loss", "hinge"], "there is no loss 'hinge'"),
        (["--stage", "pretrain", "--loss", "dco"], "--loss dco is for state-tactic pairs"),
        (["--size", "huge"], "there is no size 'huge'; there are toy"),
        (["--batch", "0"], "--batch is 0; it must be at least 1"),
        (["--stage", "rl"], "there is no stage 'rl'; there are sft, pretrain, dpo, grpo"),
        (["--stage", "grpo"], "--stage grpo improves a model; name one with --start"),
        (["--context", "4"], "none of 48 examples fits into 4 tokens; raise --context"),
    ],
)
def test_settings_that_cannot_be_meant(
    pairs: Path, tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(pairs), "--out", str(tmp_path / "run"), "--quiet", "--size", "toy", *options]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_model_of_another_architecture_is_refused(pairs: Path, toy_byt5: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is an encoder-decoder model \(t5\)"):
        train([pairs], tmp_path / "run", replace(SETTINGS, start=toy_byt5))


@pytest.mark.parametrize("passes", [1, 2, 8, 1000])
def test_the_confidence_limiting_loss_is_the_papers_formula(passes: int) -> None:
    for p in (1e-6, 0.01, 0.3, 0.9, 0.999):
        log_prob = torch.tensor([math.log(p)], dtype=torch.float64, requires_grad=True)
        loss = limited_confidence(log_prob, passes)
        expected = -math.log1p(-((1 - p) ** passes)) if passes * p > 1e-4 else -math.log(p) - math.log(passes) + passes * p / 2
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-3, abs=1e-12)
        loss.backward()
        assert log_prob.grad is not None
        share = passes * (1 - p) ** (passes - 1) * p / -math.expm1(passes * math.log1p(-p))
        assert float(log_prob.grad) == pytest.approx(-share, rel=1e-6, abs=1e-12)
        assert float(pass_at(log_prob.detach(), passes)) == pytest.approx(-math.expm1(passes * math.log1p(-p)), rel=1e-9)


def test_the_confidence_limiting_loss_has_a_gradient_wherever_it_is_asked() -> None:
    log_prob = torch.tensor([-5000.0, -700.0, -90.0, -1e-9, 0.0], requires_grad=True)
    loss = limited_confidence(log_prob, 8)
    loss.sum().backward()
    assert log_prob.grad is not None and torch.isfinite(loss).all() and torch.isfinite(log_prob.grad).all()
    assert log_prob.grad[:3].tolist() == pytest.approx([-1.0, -1.0, -1.0])
    assert loss[3:].abs().max() < 1e-6


def test_only_the_targets_tokens_count() -> None:
    logits = torch.zeros(1, 4, 5)
    log_prob, count = sequence_log_probs(logits, torch.tensor([[0, 1, 2, 3]]), torch.tensor([[False, False, True, True]]))
    assert int(count) == 2 and float(log_prob) == pytest.approx(-2 * math.log(5))
