"""Expert iteration with real Lean and real torch at toy size: what is better is kept, what is not is dropped, and runs go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.splits import split_of
from prover.errors import ConfigError, DataError
from prover.prove.evaluator import ViewPolicy
from prover.prove.item import BatchSettings
from prover.prove.theorem import SearchSettings

torch = pytest.importorskip("torch", reason="the extra `neural` (torch, transformers) is not installed")
pytest.importorskip("transformers", reason="the extra `neural` (torch, transformers) is not installed")

from prover.cli.main import main  # noqa: E402
from prover.evaluation.datasets import DataSet, Problem  # noqa: E402
from prover.evaluation.runner import FORMAT, counts  # noqa: E402
from prover.lean.embedded.worker import LeanWorker  # noqa: E402
from prover.policy.base import Mixture, Offer, View  # noqa: E402
from prover.policy.neural.generator import Sampling  # noqa: E402
from prover.policy.neural.local import LocalGenerator  # noqa: E402
from prover.policy.neural.presets import preset_named  # noqa: E402
from prover.policy.neural.proposer import NeuralProposer  # noqa: E402
from prover.training.examples import read  # noqa: E402
from prover.training.improve import Improve, ImproveSettings, decide  # noqa: E402
from prover.training.own_proofs import pairs_in, unfold, write_pairs  # noqa: E402
from prover.training.settings import TrainSettings  # noqa: E402

pytestmark = pytest.mark.timeout(1800)
"""Two rounds are eight starts of Lean: a minute or two, and many times that beside other work."""

SETTINGS = ImproveSettings(
    BatchSettings(SearchSettings(timeout_s=None, max_expansions=1), workers=1, minimise=False),
    TrainSettings(size="toy", steps=80, batch=4, context=128, warmup=5, every=80, lr=5e-3),
)
PROOFS = ("omega", "simp [Nat.add_comm]")


def named(side: Callable[[str], bool], count: int) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [n for n in (f"sum_{a}{b}" for a in letters for b in letters) if side(n)][:count]


LEARNT = named(lambda n: split_of(n) == "train", 6)
HELD_OUT = named(lambda n: split_of(n) != "train", 3)


def data(names: list[str], split: str) -> DataSet:
    texts = {f"{n}.lean": f"theorem {n} (a b : Nat) : a + b + {i} = b + a + {i} := by sorry\n" for i, n in enumerate(names)}
    return DataSet("sums", split, "made here", "0" * 64, tuple(Problem(n, f"{n}.lean", "sums") for n in names), texts)


class StoppedError(BaseException):
    """Ends the run as a kill does; an error of a policy would count against its theorem."""


class Teacher:
    """Knows how to prove what is learnt, and nothing of what is held out."""

    name = "teacher"

    def __init__(self, stop_after: int | None = None) -> None:
        self.left = stop_after

    def propose(self, view: View) -> Iterable[Offer]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise StoppedError
        return [Offer(tactic, -0.5) for tactic in PROOFS] if view.theorem in LEARNT else []


def improve(out: Path, stop: tuple[int, str] | None = None, stop_after: int | None = None, **changes: Any) -> Improve:
    torch.set_num_threads(1)
    teacher = Teacher(stop_after)

    def policy(model: Path | None) -> ViewPolicy:
        if model is None:
            return Mixture([(teacher, 1.0)])
        preset = replace(preset_named("proofsmith"), max_tokens=16)
        student = NeuralProposer(LocalGenerator(str(model)), preset, Sampling(samples=2))
        return Mixture([(teacher, 1.0), (student, 1.0)])

    def on_step(number: int, step: str) -> None:
        if (number, step) == stop:
            raise StoppedError

    given = {"learn": data(LEARNT, "to learn"), "held_out": data(HELD_OUT, "held out"), "settings": SETTINGS} | changes
    return Improve(make_policy=policy, out=out, on_step=on_step, **given)


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in ("seconds", "lean_seconds", "model")}
    return [timeless(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("improve") / "run"
    improve(out).run(rounds=2)
    return out


def test_a_round_that_improves_is_kept_and_one_that_does_not_is_dropped(unbroken: Path) -> None:
    history = json.loads((unbroken / "history.json").read_text("utf-8"))
    assert (history["first"]["proved"], history["first"]["total"]) == (0, 3)
    first, second = history["rounds"]
    assert first["kept"] and first["held_out"]["proved"] == 3 and first["gained"] == HELD_OUT and first["p"] == 0.25
    assert first["search"]["proved"] == len(LEARNT) and first["new_pairs"] == len(LEARNT)
    assert not second["kept"] and second["held_out"]["proved"] == second["before"] == 3, second["why"]
    assert second["new_pairs"] > 0 and second["training_set"] == first["training_set"] + second["new_pairs"]
    assert history["model"] == str(unbroken / "round-01" / "train" / "model")
    begun = json.loads((unbroken / "round-02" / "train" / "settings.json").read_text("utf-8"))
    assert begun["start"] == history["model"], "trained on from the last kept model"


def test_only_audited_proofs_of_the_train_side_are_learnt(unbroken: Path) -> None:
    folders = [unbroken / f"round-0{n}" / "data" for n in (1, 2)]
    examples = read(folders, "sft")
    assert {e.name for e in examples.items} <= set(LEARNT) and {e.split for e in examples.items} == {"train"}
    assert {e.target for e in examples.items} <= set(PROOFS)
    assert not pairs_in(folders[0]) & pairs_in(folders[1]), "each pair is in the training set once"
    proved = [json.loads(line) for line in (unbroken / "round-01" / "search" / "results.jsonl").read_text("utf-8").splitlines()]
    assert all(r["status"] == "proved" for r in proved)


def test_an_interrupted_run_goes_on_to_the_same_result(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for stop in ({"stop_after": 5}, {"stop": (1, "data")}, {"stop": (1, "train")}, {"stop": (1, "held-out")}):
        with pytest.raises(StoppedError):
            improve(out, **stop).run(rounds=1)  # type: ignore[arg-type]
    history = improve(out).run(rounds=1)
    wanted = json.loads((unbroken / "history.json").read_text("utf-8"))
    assert timeless(history["first"]) == timeless(wanted["first"])
    assert timeless(history["rounds"]) == timeless(wanted["rounds"][:1]), "the first of the two rounds, as without a stop"
    weights = Path("round-01", "train", "model", "model.safetensors")
    assert (out / weights).read_bytes() == (unbroken / weights).read_bytes()


def test_a_finished_run_is_not_done_again_and_other_settings_are_refused(unbroken: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in unbroken.rglob("summary.json")}
    again = improve(unbroken, stop_after=0).run(rounds=2)
    assert again["rounds"][0]["kept"] and {p: p.stat().st_mtime_ns for p in unbroken.rglob("summary.json")} == before
    with pytest.raises(ConfigError, match="held_out"):
        improve(unbroken, held_out=data(HELD_OUT[:2], "held out")).run(rounds=2)
    with pytest.raises(ConfigError, match=r"training\.steps: 80 there, 9 now"):
        improve(unbroken, settings=ImproveSettings(SETTINGS.batch, TrainSettings(size="toy", steps=9))).run(rounds=2)


def test_the_page_shows_rounds_and_is_one_file(unbroken: Path) -> None:
    page = (unbroken / "history.html").read_text("utf-8")
    assert "<script" not in page and "http" not in page.replace("https://", "").replace("http://www.w3.org", "")
    assert "3 of 3" in page and "kept" in page and "dropped" in page and f"+ {HELD_OUT[0]}" in page


def test_what_is_learnt_is_never_held_out(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="to be learnt and held out"):
        improve(tmp_path / "run", held_out=data(LEARNT[:1], "held out")).run(rounds=1)
    with pytest.raises(DataError, match="no theorem held out"):
        improve(tmp_path / "run", held_out=data([], "held out")).run(rounds=1)
    assert not (tmp_path / "run").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(ConfigError, match="holds no run of improve"):
        improve(tmp_path).run(rounds=1)
    with pytest.raises(ConfigError, match="is not a folder"):
        improve(tmp_path / "mine.txt").run(rounds=1)


@pytest.mark.parametrize(
    ("old", "new", "kept", "said"),
    [
        ("a", "a b", True, "more than before"),
        ("a b", "b c", False, "as many as before"),
        ("a b", "c", False, "fewer than before"),
    ],
)
def test_only_more_proved_theorems_are_better(tmp_path: Path, old: str, new: str, kept: bool, said: str) -> None:
    def run(name: str, proved: list[str]) -> Path:
        records = [{"id": n, "name": n, "status": "proved" if n in proved else "failed", "elaborated": True} for n in "abc"]
        summary = {"format": FORMAT, "benchmark": "b", "title": "b", "runs": 1, **counts(records)}
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps(summary), "utf-8")
        (tmp_path / name / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
        return tmp_path / name

    found = decide(run("old", old.split()), run("new", new.split()))
    assert found["kept"] is kept and said in found["why"]
    assert set(found["gained"]) == set(new.split()) - set(old.split())


def test_alternatives_are_taken_apart_as_the_search_had_them() -> None:
    block = "induction n with\n| zero => simp\n| succ n ih =>\n  simp\n  omega"
    assert unfold(block) == ("induction n with | zero => ?_ | succ n ih => ?_", ["simp", "simp\nomega"])
    for whole in ("simp", "rcases h with h | h", "cases h with\n| inl", "induction n with\n  skip"):
        assert unfold(whole) == (whole, [])


STRUCTURED = """def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

theorem earlier : double 0 = 0 := by sorry

theorem twice (p : Prop) (h : p) (n : Nat) : double n = 2 * n ∧ p := by sorry
"""
PROOF = """constructor
· induction n with
  | zero => rfl
  | succ n ih =>
    simp [double, ih]
    omega
· exact h"""


def test_a_structured_proof_becomes_pairs_of_single_states(lean_worker: LeanWorker, tmp_path: Path) -> None:
    targets = lean_worker.read(STRUCTURED).targets
    record = {"name": "twice", "statement": "theorem twice", "proof": PROOF}
    wrong = {"name": "earlier", "statement": "theorem earlier", "proof": "exact nonsense"}
    known = {("old", "pair")}
    found = write_pairs(tmp_path / "data", [(targets[1], record), (targets[0], wrong)], known, lean_worker)
    assert (found["proofs"], found["skipped"], found["new"]) == (1, 1, 6) and "earlier is skipped" in found["problems"][0]
    pairs = {tactic: state for state, tactic in pairs_in(tmp_path / "data")}
    assert set(pairs) == {
        "constructor", "induction n with | zero => ?_ | succ n ih => ?_", "rfl", "simp [double, ih]", "omega", "exact h",
    }  # fmt: skip
    assert all(state.count("⊢") == 1 for state in pairs.values())
    assert "ih : double n = 2 * n" in pairs["simp [double, ih]"] and pairs["exact h"].endswith("⊢ p")
    again = write_pairs(tmp_path / "again", [(targets[1], record)], known, lean_worker)
    assert again["pairs"] == 6 and again["new"] == 0


def test_impossible_options_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "run")]
    (tmp_path / "model").mkdir()
    (tmp_path / "empty.lean").write_text("-- nothing\n", "utf-8")
    cases = [
        (["improve", *out], "one of the two"),
        (["improve", "x", "--library", "3", *out], "one of the two"),
        (["improve", "--library", "3", "--held-out", "x", *out], "--library-held-out"),
        (["improve", "x", "--rounds", "0", *out], "--rounds is 0"),
        (["improve", "x", "--model-weight", "2", *out], "--model-weight is 2"),
        (["improve", "x", "--size", "huge", *out], "no size 'huge'"),
        (["improve", "x", "--start", str(tmp_path / "model"), *out], "holds no model"),
        (["improve", "x", "--data", str(tmp_path / "none"), *out], "no file or folder"),
        (["improve", str(tmp_path / "none"), *out], "no file or folder"),
        (["improve", str(tmp_path / "empty.lean"), "--quiet", *out], "no theorem to learn from"),
    ]
    for command, said in cases:
        assert main(command) == 2
        error = capsys.readouterr().err.strip()
        assert said in error and error.count("\n") == 0, (command, error)
    assert not (tmp_path / "run").exists()
