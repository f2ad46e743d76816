"""Rewards in the real Lean with the real audit: only an accepted proof earns; and what the rewards do to a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from prover.errors import ConfigError, DataError
from prover.prove.run import Input
from prover.training.rollouts import Ask, Gymnasium, Theorem, inputs_of

from .conftest import GOALS, NEEDS_NEURAL, named

OPEN = named("train", 5)
FILE = f"""
theorem {OPEN} (p : Prop) : p := by sorry
theorem {named("train", 6)} (n : Nat) : n + 0 = n := by sorry
axiom anything (p : Prop) : p
theorem {named("train", 7)} (a b : Nat) (h : a ≤ b) : a < b + 1 := by sorry
theorem broken (n : Nat) : n + := by sorry
"""


@pytest.fixture(scope="module")
def lean() -> Iterator[Gymnasium]:
    gymnasium = Gymnasium(depth=3, heartbeats=200_000)
    yield gymnasium
    gymnasium.close()


@pytest.fixture(scope="module")
def theorems(lean: Gymnasium) -> list[Theorem]:
    found, _ = lean.read([Input("cheats.lean", FILE)])
    return found


@dataclass(frozen=True)
class Said:
    tactic: str


class Script:
    """Plays fixed tactics: rollout i of a theorem plays the i-th list."""

    def __init__(self, scripts: Sequence[Sequence[str]]) -> None:
        self.scripts = scripts

    def __call__(self, asks: Sequence[Ask]) -> list[Said | None]:
        lists = [(self.scripts[a.number], a.depth) for a in asks]
        return [Said(tactics[depth]) if depth < len(tactics) else None for tactics, depth in lists]


def test_only_a_proof_that_the_audit_accepts_earns(lean: Gymnasium, theorems: list[Theorem]) -> None:
    theorem = next(t for t in theorems if t.target.name == named("train", 7))
    scripts = {
        "omega": (1.0, "proved"),
        "have := h\nomega": (1.0, "proved"),
        "sorry": (0.0, "failed"),
        "exact sorryAx _": (0.0, "failed"),
        "admit": (0.0, "failed"),
        "exact anything _": (0.0, "refused"),
        f"exact {OPEN} _": (0.0, "refused"),
        "exact Nat.foo": (0.0, "failed"),
        "": (0.0, "failed"),
        "have := h\nskip\nskip\nomega": (0.0, "long"),
        "have := h": (0.0, "stuck"),
    }
    (group,) = lean.groups([theorem], len(scripts), Script([s.split("\n") for s in scripts]))
    assert {s: (r.reward, r.end) for s, r in zip(scripts, group, strict=True)} == scripts
    reasons = {s: r.reason for s, r in zip(scripts, group, strict=True)}
    assert "is not proved" in reasons[f"exact {OPEN} _"] and reasons["exact anything _"]


def test_theorems_are_read_with_their_sides_and_what_cannot_be_opened_is_left_out(
    lean: Gymnasium, theorems: list[Theorem]
) -> None:
    assert [t.target.name for t in theorems] == [named("train", i) for i in (5, 6, 7)]
    assert {t.split for t in theorems} == {"train"}
    with pytest.raises(DataError, match=r"no theorem with `sorry` that Lean can open in .*done\.lean; there is nothing to try"):
        lean.read([Input("done.lean", "theorem t : True := trivial\n")])


def test_a_run_of_prove_gives_the_theorems_that_stayed_open(tmp_path: Path) -> None:
    (tmp_path / "proofs").mkdir()
    (tmp_path / "proofs" / "a.lean").write_text("theorem t : True := by sorry\n")
    (tmp_path / "journal.sqlite").touch()
    assert [i.name for i in inputs_of([tmp_path])] == ["a.lean"]


def test_advantages_are_normalised_by_group_and_nothing_where_all_are_alike() -> None:
    from prover.training.grpo import advantages

    assert advantages([1.0, 0.0, 0.0, 0.0]) == pytest.approx([math.sqrt(3), *[-1 / math.sqrt(3)] * 3])
    assert advantages([1.0, 1.0]) == [0.0, 0.0] and advantages([0.0, 0.0]) == [0.0, 0.0]


# ------------------------------------------------------------------ what needs torch


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("theorems") / "easy.lean"
    names = [named("train", i) for i in range(3)] + [named("valid", 0)]
    path.write_text("".join(f"theorem {n} (n : Nat) : {g} := by sorry\n" for n, (g, _) in zip(names, GOALS, strict=True)))
    return path


@pytest.fixture
def shared(lean: Gymnasium, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module's processes instead of two new ones for every run; what they judged before is forgotten."""
    from prover.training import grpo

    class Kept:
        def __init__(self, depth: int, heartbeats: int) -> None:
            lean.depth, lean.heartbeats = depth, heartbeats
            lean._verdicts.clear()

        def __getattr__(self, name: str) -> Any:
            return getattr(lean, name)

        def close(self) -> None:
            pass

    monkeypatch.setattr(grpo, "Gymnasium", Kept)


def settings_of(taught: Path) -> Any:
    from prover.training.settings import TrainSettings

    return TrainSettings(
        stage="grpo", start=str(taught), steps=4, batch=2, samples=6, depth=2, tactic_tokens=12, context=128, warmup=0,
        every=2, lr=3e-3, valid=1, updates=2, kl=0.01,
    )  # fmt: skip


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.usefixtures("shared")
def test_rewards_shape_the_model_and_an_interrupted_run_ends_with_the_same_weights(
    taught: Path, file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason=NEEDS_NEURAL)
    from prover.training.loop import read_metrics, train

    settings = settings_of(taught)
    train([file], tmp_path / "unbroken", settings)
    rows = read_metrics(tmp_path / "unbroken")
    assert [r["step"] for r in rows] == [0, 2, 4]
    assert all({"reward", "solved", "dead", "refused", "pass@1", "pass@6"} <= r.keys() for r in rows[1:])
    assert any(0 < r["reward"] < 1 and r["dead"] < 1 and r["kl"] >= 0 for r in rows[1:])
    page = (tmp_path / "unbroken" / "report.html").read_text("utf-8")
    assert "Mean reward" in page and "no gradient" in page and "pass@6" in page

    def on_step(step: int) -> None:
        if step == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        train([file], tmp_path / "run", settings, on_step=on_step)
    train([file], tmp_path / "run", settings)
    a, b = ((tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("run", "unbroken"))
    assert a == b and a != (taught / "model.safetensors").read_bytes()
    assert without_time(read_metrics(tmp_path / "run")) == without_time(rows)


@pytest.mark.usefixtures("shared")
def test_groups_without_a_difference_leave_the_model_as_it_was(taught: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    from safetensors.torch import load_file

    from prover.training.loop import read_metrics, train

    hopeless = tmp_path / "hopeless.lean"
    hopeless.write_text(f"theorem {named('train', 0)} (p : Prop) : p := by sorry\n")
    train([hopeless], tmp_path / "run", replace(settings_of(taught), steps=2))
    assert (row := read_metrics(tmp_path / "run")[-1])["dead"] == row["never"] == 1.0 and "loss" not in row
    before, after = (load_file(f / "model.safetensors") for f in (taught, tmp_path / "run" / "model"))
    assert all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.usefixtures("shared")
def test_files_that_hold_nothing_to_learn_from(taught: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason=NEEDS_NEURAL)
    from prover.training.loop import train

    held_out = tmp_path / "held.lean"
    held_out.write_text(f"theorem {named('valid', 0)} : True := by sorry\n")
    with pytest.raises(DataError, match="all 1 theorems are on the held-out sides"):
        train([held_out], tmp_path / "run", settings_of(taught))
    done = tmp_path / "done.lean"
    done.write_text("theorem t : True := trivial\n")
    with pytest.raises(DataError, match="no theorem with `sorry`"):
        train([done], tmp_path / "run2", settings_of(taught))
    with pytest.raises(DataError, match=r"none\.lean is not a file"):
        train([tmp_path / "none.lean"], tmp_path / "run3", settings_of(taught))
    with pytest.raises(ConfigError, match="the theorems of --stage grpo have no grade"):
        replace(settings_of(taught), curriculum=True)
    with pytest.raises(ConfigError, match="--tactic-tokens 127 leaves no room for a state in --context 128"):
        replace(settings_of(taught), tactic_tokens=127)


def test_the_objective_is_the_papers_and_the_clip_holds_it() -> None:
    torch = pytest.importorskip("torch", reason=NEEDS_NEURAL)
    from prover.training.losses import clipped_objective, divergence

    ratios = torch.tensor([0.5, 1.0, 1.5])
    gain, held = clipped_objective(ratios.log(), 2.0, 0.2)
    assert gain.tolist() == pytest.approx([1.0, 2.0, 2.4]) and held.tolist() == [False, False, True]
    gain, held = clipped_objective(ratios.log(), -2.0, 0.2)
    assert gain.tolist() == pytest.approx([-1.6, -2.0, -3.0]) and held.tolist() == [True, False, False]
    away = divergence(torch.tensor([-1.0, -2.0]), torch.tensor([-1.0, -1.5]))
    assert away.tolist() == pytest.approx([0.0, math.exp(0.5) - 1.5])
