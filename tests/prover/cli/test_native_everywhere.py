"""Every command that elaborates Lean works in a project's own: here with the real clients, and `lake` and the REPL played."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from lsprotocol import types
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from prover.cli.main import main
from prover.errors import EXIT_DONE
from prover.lean.backends import choose
from prover.lean.embedded.worker import LeanWorker
from prover.lean.engine import Backend
from prover.prove.theorem import SearchSettings
from prover.server.lsp import Options, Server
from prover.server.service import Service
from prover.server.session import Session
from prover.server.wire import CheckBody
from tests.standins.server import StandIn, make_project, standing_in

TEXT = """theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  sorry
"""
SET = {
    "split": "valid", "header": "import Init\nopen Nat", "name": "swapped",
    "statement": "theorem swapped (p q : Prop) (h : p ∧ q) : q ∧ p := by sorry",
}  # fmt: skip
LIMITS = ["--policy", "symbolic"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, lean_worker: LeanWorker) -> Iterator[tuple[StandIn, Path]]:
    folder = tmp_path_factory.mktemp("everywhere")
    with standing_in(folder, lean_worker) as server:
        server.tactic_timeout_ms = 5000
        root = make_project(folder / "project")
        (root / "Swap.lean").write_text(TEXT)
        yield server, root
        assert server.faults == []


@pytest.fixture
def project(served: tuple[StandIn, Path]) -> Iterator[Path]:
    served[0].reset()
    served[0].tactic_timeout_ms = 5000
    yield served[1]


@pytest.fixture(params=["repl", "dojo"])
def backend(request: pytest.FixtureRequest, project: Path) -> Backend:
    return choose(request.param, project, [])


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_suggestions_are_run_in_the_projects_lean(kind: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suggest", f"{project / 'Swap.lean'}:2", "--lean", kind, "--json", "--limit", "3", *LIMITS]) == EXIT_DONE
    found = json.loads(capsys.readouterr().out)
    assert found["goals"] == ["p q : Prop\nh : p ∧ q\n⊢ q ∧ p"] and found["suggestions"]


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_a_benchmark_with_headers_is_evaluated(
    kind: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps(SET) + "\n")
    monkeypatch.chdir(project)  # found by itself
    arguments = ["eval", "minif2f", "--split", "valid", "--source", str(tmp_path / "set.jsonl"), "--lean", kind]
    code = main([*arguments, "--out", str(tmp_path / "run"), "--workers", "1", "--timeout", "120", "--baseline", *LIMITS])
    capsys.readouterr()
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert (code, summary["proved"], summary["total"]) == (EXIT_DONE, 1, 1)
    assert "open Nat" in (tmp_path / "run" / "proofs" / "swapped.lean").read_text("utf-8")
    assert "4.34.1" in summary["lean"]


def test_a_place_is_proved_and_audited_in_the_projects_lean(backend: Backend) -> None:
    with Session(workers=1, policy=None, model=False, backend=backend) as session:
        proof = session.prove(TEXT, "swap", SearchSettings(timeout_s=120))
        assert proof.status == "proved", proof.reason


def test_a_text_is_checked_against_another(backend: Backend) -> None:
    service = Service(Session(workers=1, model=False, backend=backend))
    try:
        right = service.check(CheckBody(text=TEXT.replace("sorry", "exact ⟨h.2, h.1⟩"), against=TEXT), lambda: False)
        assert right.ok and right.lean == getattr(backend, "lean", None), right
        for wrong, category in ((TEXT, "sorry"), (TEXT.replace("q ∧ p :=", "p ∧ q :=").replace("sorry", "exact h"), "statement")):
            found = service.check(CheckBody(text=wrong, against=TEXT), lambda: False)
            assert [v.category for v in found.verdicts or []] == [category]
    finally:
        service.close()


def test_a_theorem_is_followed_step_by_step(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["exact ⟨h.2, h.1⟩", "no"])
    monkeypatch.setattr("prover.cli.prove.ask", lambda prompt: next(typed, None))
    assert main(["prove", "-i", f"{project / 'Swap.lean'}:2", "--lean", "repl", *LIMITS]) == EXIT_DONE
    assert "exact ⟨h.2, h.1⟩" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_proofs_become_steps_in_the_projects_lean(
    kind: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    record = {
        "name": "swap", "file": str(project / "Swap.lean"), "statement": "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p",
        "status": "proved", "proof": "refine And.intro ?_ h.1\nexact h.2", "id": "swap",
    }  # fmt: skip
    (run / "results.jsonl").write_text(json.dumps(record) + "\n")
    assert main(["trace", str(run), "--out", str(tmp_path / "steps"), "--lean", kind]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["steps"] == 2
    first, last = pq.read_table(tmp_path / "steps" / "steps-00000.parquet").to_pylist()
    assert first["state_before"] == "p q : Prop\nh : p ∧ q\n⊢ q ∧ p" and first["premises"] == ["And.intro"]
    assert first["state_after"] == last["state_before"] and last["state_after"] == "no goals"


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_the_http_service_works_in_the_projects_lean(kind: str, project: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "prover.cli.main", "serve", "--port", "0", "--cold", "--workers", "1"]
    command += ["--runs", str(tmp_path), "--lean", kind, "--project", str(project), *LIMITS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        asked = {"text": TEXT, "line": 2, "column": 2}
        goals = httpx.post(f"{address}v1/goals", json=asked, timeout=240).json()
        right = {"text": TEXT.replace("sorry", "exact ⟨h.2, h.1⟩"), "against": TEXT}
        checked = httpx.post(f"{address}v1/check", json=right, timeout=240).json()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert goals["goals"] == ["p q : Prop\nh : p ∧ q\n⊢ q ∧ p"]
    assert checked["ok"] and "4.34.1" in checked["lean"]


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_agents_tools_work_in_the_projects_lean(kind: str, project: Path) -> None:
    arguments = ["-m", "prover.cli.main", "mcp", "--workspace", str(project), "--lean", kind, "--project", str(project), *LIMITS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment)

    async def go() -> tuple[Any, Any]:
        async with Client(server, read_timeout_seconds=240) as client:
            goals = await client.call_tool("goals", {"file": "Swap.lean", "line": 2, "column": 2})
            return goals, await client.call_tool("prove", {"file": "Swap.lean", "timeout_s": 120})

    goals, proved = asyncio.run(go())
    assert goals.structured_content["goals"] == ["p q : Prop\nh : p ∧ q\n⊢ q ∧ p"]
    assert proved.structured_content["status"] == "proved"


def test_a_language_server_takes_the_project_of_its_workspace(project: Path, tmp_path: Path) -> None:
    options = Options(choose=lambda root: choose("auto", None, [root]))
    capabilities = types.ClientCapabilities()
    with Session(workers=1, audit=False, model=False) as session:
        server = Server(session, options)
        server.initialize(types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri()))
        assert session.backend.name == "embedded"
        folder = types.WorkspaceFolder(uri=project.as_uri(), name="p")
        server.initialize(types.InitializeParams(capabilities=capabilities, workspace_folders=[folder]))
        assert session.backend.name == "repl"
        assert session.goals(TEXT, 1, 2).goals == ("p q : Prop\nh : p ∧ q\n⊢ q ∧ p",)


def test_auto_takes_the_project_of_a_workspace(project: Path, tmp_path: Path) -> None:
    assert choose("auto", None, [project]).name == "repl"
    assert choose("auto", None, [tmp_path]).name == "embedded"


HOLES = {
    "the proof part of a def": "def above (n : Nat) : { m : Nat // n ≤ m } := ⟨n, by sorry⟩\n",
    "decreasing_by": "def f (n : Nat) : Nat := if h : n ≤ 1 then 0 else f (n / 2) + 1\ntermination_by n\ndecreasing_by sorry\n",
    "behind a comment": "theorem c (a b : Nat) : a + b = b + a := by\n  -- by arithmetic\n  sorry\n",
    "several": "theorem s (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  constructor\n  · sorry -- one\n  · sorry\n",
    "a have": "theorem h (p q : Prop) (h : p ∧ q) : q := by\n  have k : q := by sorry\n  exact k\n",
}


@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_each_sorry_is_proved_where_it_stands(kind: str, project: Path, tmp_path: Path) -> None:
    half = "theorem half (p q : Prop) (h : p) : p ∧ q := by\n  constructor\n  · sorry\n  · sorry\n"
    uses = "theorem uses (p q : Prop) (h : p) : p ∧ q := half p q h\n"
    file, out = project / "Holes.lean", tmp_path / "out"
    file.write_text("\n".join([*HOLES.values(), half, uses.replace("half p q h", "by sorry")]), encoding="utf-8")
    options = ["--lean", kind, "--out", str(out), "--workers", "1", "--max-expansions", "2", "--timeout", "200", *LIMITS]
    assert main(["prove", str(file), *options]) == 1
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert {r["name"].split(":")[0] for r in rows if r["status"] != "proved"} == {"half", "uses"}, rows
    written = (out / "proofs" / "Holes.lean").read_text("utf-8")
    assert written.count("sorry") == 2 and "-- by arithmetic" in written and "-- one" in written
    assert not json.loads((out / "summary.json").read_text("utf-8"))["notes"]


@pytest.mark.parametrize(("options", "bound"), [("", ("α",)), ("[leanOptions]\nautoImplicit = false\n", ())])
@pytest.mark.parametrize("kind", ["repl", "dojo"])
def test_a_file_binds_what_its_project_binds(
    kind: str, options: str, bound: tuple[str, ...], project: Path, tmp_path: Path
) -> None:
    root = make_project(tmp_path / "liberal")
    (root / "lakefile.toml").write_text(f'name = "liberal"\n{options}')
    engine = choose(kind, root, []).new_engine(8000)
    try:
        text = "theorem b (n : Nat) : n = n := by sorry\ntheorem a (xs : List α) : xs ++ [] = xs := by sorry\n"
        targets = engine.read(text).targets
        assert [t.problem is None for t in targets] == [True, bool(bound)]
        assert engine.auto_bound([t for t in targets if t.problem is None]) == [(), bound][: 1 + bool(bound)]
    finally:
        engine.close()
