"""The default model beside the symbolic proposers: where it comes from, when it is asked, what is noted, and real proofs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from prover.audit.outcome import Candidate
from prover.cli import doctor
from prover.cli.main import main
from prover.errors import PolicyError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture
from prover.policy.builtin import PROPOSERS
from prover.policy.neural import default
from prover.prove.theorem import SearchSettings, find_candidate
from tests.prover.light_model import make_light_model
from tests.prover.policy.views import view

STATEMENT = "theorem swapped (p q : Prop) (h : p ∧ q) : q ∧ p"
TACTICS = ("constructor", "exact h.2", "exact h.1", "no such tactic")


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes TACTICS, whatever the state."""
    return make_light_model(tmp_path_factory.mktemp("writes") / "model", TACTICS)


@pytest.fixture
def shipped(writes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(default.MODEL_VARIABLE, str(writes))
    return writes


def test_the_models_tactics_are_offered_the_likeliest_first_and_once(writes: Path) -> None:
    offers = list(default.load(writes).proposer(samples=4, first_stage=0).propose(view("q ∧ p", "p q : Prop", "h : p ∧ q")))
    assert tuple(o.tactic for o in sorted(offers, key=lambda o: -o.log_prob)) == TACTICS
    assert all(o.log_prob < 0 and not o.template for o in offers)


def test_without_a_model_the_default_is_the_symbolic_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(default.MODEL_VARIABLE, " ")
    assert default.model_folder() is None
    assert [p for p, _ in default.default_policy().members] == list(PROPOSERS)


def test_a_model_joins_with_its_scale_and_can_be_left_out(shipped: Path, tmp_path: Path) -> None:
    policy = default.default_policy()
    assert [p.name for p, _ in policy.members] == [*(p.name for p in PROPOSERS), "model"] and set(policy.scales) == {"model"}
    assert [p for p, _ in default.default_policy(model=False).members] == list(PROPOSERS)
    shutil.copytree(shipped, tmp_path / "scaled")
    stored = {"format": 1, "weights_sha256": default.load(shipped).sha256, "slope": 0.5, "offset": -1.0}
    (tmp_path / "scaled" / default.MIXTURE).write_text(json.dumps(stored))
    assert default.load(tmp_path / "scaled").scale(-2.0) == -2.0 and default.load(shipped).scale(-2.0) == -2.0
    assert default.load(tmp_path / "scaled").scale(-1.0) == -1.5


def test_it_is_asked_twice_a_state_and_not_before_its_stage(shipped: Path) -> None:
    def offered(stage: int, **how: float) -> bool:
        proposer = default.load(shipped).proposer(**how)  # type: ignore[arg-type]
        return bool(list(proposer.propose(view("p", "p : Prop", stage=stage))))

    assert [offered(s) for s in range(4)] == [False, True, True, False]
    assert [offered(s, first_stage=0) for s in range(4)] == [True, True, False, False]
    assert [offered(s, first_stage=2, temperature=1.0) for s in range(4)] == [False, False, True, True]


def test_a_folder_that_is_not_there_or_damaged_is_one_line(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(default.MODEL_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(PolicyError, match="holds no model for the light runtime"):
        default.default_policy()
    shutil.copytree(shipped, tmp_path / "m")
    for text in ("{", "[]", '{"light": 3}', '{"light": {"max_tokens": 0}}'):
        (tmp_path / "m" / "proofsmith.json").write_text(text)
        with pytest.raises(PolicyError, match=r"proofsmith\.json"):
            default._max_tokens(tmp_path / "m")


def test_real_lean_proves_with_the_model_alone_at_its_stage(lean_worker: LeanWorker, writes: Path) -> None:
    target = lean_worker.read(STATEMENT + " := by sorry").targets[0]
    policy = Mixture([(default.load(writes).proposer(samples=4), 1.0)])
    found = find_candidate(Dojo(target, lean_worker, 60.0), policy, SearchSettings(max_expansions=12))
    assert isinstance(found, Candidate) and set(found.closed_by) == {"model"}
    assert found.effort.tree is not None
    assert {e["visit"] for e in found.effort.tree["edges"] if e["parent"] == 0} == {1}, "nothing is offered at the first visit"


def test_from_the_command_line_the_hash_is_noted_and_the_model_credited(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["prove", "--statement", STATEMENT, "--workers", "1", "--lean", "embedded", "--quiet", "--timeout", "0"]
    assert main([*command, "--out", str(out), "--model-alone", "--samples", "4", "--max-expansions", "8"]) == 0
    assert "h.2" in capsys.readouterr().out
    record = json.loads((out / "results.jsonl").read_text("utf-8"))
    assert set(record["closed_by"]) == {"model"}
    noted = json.loads((out / "summary.json").read_text("utf-8"))["policy"]
    assert noted["policy"] == "builtin" and noted["model_sha256"] == default.load(shipped).sha256 and noted["first_stage"] == 0
    assert main([*command, "--out", str(out), "--policy", "symbolic"]) == 2, "a run without the model is another run"
    assert "other" in capsys.readouterr().err


def test_doctor_says_whether_there_is_a_model_and_whether_it_can_be_used(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = doctor._model()
    assert found.status == "ok" and default.load(shipped).sha256[:12] in found.detail
    monkeypatch.setenv(default.MODEL_VARIABLE, str(tmp_path))
    assert doctor._model().status == "broken"
    monkeypatch.setenv(default.MODEL_VARIABLE, "")
    assert doctor._model().status == "none" and "symbolic proposers work alone" in doctor._model().detail
