"""`proofsmith doctor`: right about a machine whose toolchain is there, faked, broken, too old, unbuilt, hanging, absent."""

from __future__ import annotations

import http.server
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.cli.main import main
from prover.lean.native.discover import native_problem
from prover.lean.native.project import find_project, read_project, version_in

LEAN = "Lean (version 4.34.1, x86_64-unknown-linux-gnu, commit 5045d0056413, Release)"
LAKE = "Lake version 5.0.0-src+5045d00 (Lean version 4.34.1)"
GOOD = {
    "elan": 'case "$1" in --version) echo "elan 4.2.4 (abc 2026-01-01)";; '
    '*) echo "leanprover/lean4:v4.34.1 (default)";; esac',
    "lake": f'echo "{LAKE}"',
    "lean": f'echo "{LEAN}"',
}

Doctor = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "lakefile.toml").write_text('name = "p"\n[leanOptions]\nautoImplicit = false\npp.unicode.fun = true\n')
    (root / "lean-toolchain").write_text("leanprover/lean4:v4.34.1\n")
    return root


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path
) -> Doctor:
    """Runs the command with the given programs on PATH; returns its exit code and its findings by name."""
    monkeypatch.delenv("PROOFSMITH_REPL", raising=False)
    monkeypatch.delenv("PROOFSMITH_VLLM_URL", raising=False)

    def call(programs: dict[str, str], *arguments: str, where: Path | None = project) -> tuple[int, dict[str, Any]]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, script in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        chosen = ["--project", str(where)] if where is not None else []
        code = main(["doctor", "--json", "--timeout", "5", *chosen, *arguments])
        facts = json.loads(capsys.readouterr().out)
        return code, facts | {f["name"]: f for f in facts["findings"]}

    return call


def test_a_whole_toolchain_is_found(doctor: Doctor) -> None:
    code, found = doctor(GOOD)
    assert (code, found["native"]) == (0, True)
    assert [found[name]["status"] for name in ("elan", "lake", "Lean", "project")] == ["ok"] * 4
    assert found["Lean"]["detail"] == "4.34.1"
    assert found["Mathlib"]["status"] == "none"
    assert "LeanDojo" in found["commands"]["eval"] and "embedded" in found["commands"]["mutate"]


def test_without_a_toolchain_each_missing_thing_says_what_to_type(doctor: Doctor, tmp_path: Path) -> None:
    code, found = doctor({}, where=None)
    assert code == 0, "the embedded Lean is enough"
    for name in ("elan", "lake", "Lean"):
        assert found[name]["status"] == "missing"
        assert "elan-init.sh" in found[name]["advice"]
    assert found["lean-dojo"]["detail"] == "4.20.0"


@pytest.mark.parametrize(
    ("program", "script", "status", "says"),
    [
        ("lake", "echo disk on fire >&2; exit 1", "broken", "exit code 1: disk on fire"),
        ("lean", "echo hello", "broken", "'hello', which is not a version"),
        ("lean", "exit 0", "broken", "answered nothing"),
        ("lean", 'echo "Lean (version 4.3.0, commit abc, Release)"', "too old", "4.3.0; the native backends need 4.9.0"),
        ("elan", "exit 2", "broken", "exit code 2"),
    ],
)
def test_a_broken_or_old_toolchain_is_not_used(
    doctor: Doctor, program: str, script: str, status: str, says: str
) -> None:
    code, found = doctor(GOOD | {program: script})
    name = {"lake": "lake", "lean": "Lean", "elan": "elan"}[program]
    assert found[name]["status"] == status
    assert says in found[name]["detail"]
    assert found[name]["advice"]
    if program != "elan":
        assert (code, found["native"]) == (3, False)


def test_a_program_that_hangs_is_ended(doctor: Doctor) -> None:
    started = time.monotonic()
    code, found = doctor(GOOD | {"lake": "sleep 600 & sleep 600"}, "--timeout", "0.5")
    assert time.monotonic() - started < 20
    assert (code, found["lake"]["status"]) == (3, "broken")
    assert "did not answer within 0.5 s" in found["lake"]["detail"]


def test_a_toolchain_that_elan_would_have_to_download_is_missing_and_not_fetched(
    doctor: Doctor, project: Path, tmp_path: Path
) -> None:
    (project / "lean-toolchain").write_text("leanprover/lean4:v4.99.0\n")
    touched = tmp_path / "lake was run"
    code, found = doctor(GOOD | {"lake": f"touch '{touched}'"})
    assert code == 3
    assert found["lake"]["advice"] == "elan toolchain install leanprover/lean4:v4.99.0"
    assert not touched.exists()


def test_mathlib_that_is_not_built_is_missing(doctor: Doctor, project: Path) -> None:
    mathlib = project / ".lake" / "packages" / "mathlib"
    mathlib.mkdir(parents=True)
    _, found = doctor(GOOD)
    assert found["Mathlib"]["status"] == "missing"
    assert "lake exe cache get" in found["Mathlib"]["advice"]
    olean = mathlib / ".lake" / "build" / "lib" / "lean" / "Mathlib.olean"
    olean.parent.mkdir(parents=True)
    olean.touch()
    assert doctor(GOOD)[1]["Mathlib"]["status"] == "ok"


def test_a_repl_is_found_in_the_project_or_by_name(
    doctor: Doctor, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "git clone" in doctor(GOOD)[1]["repl"]["advice"]
    program = project / ".lake" / "packages" / "repl" / ".lake" / "build" / "bin" / "repl"
    (project / ".lake" / "packages" / "repl").mkdir(parents=True)
    assert doctor(GOOD)[1]["repl"]["advice"].endswith("lake build repl")
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert doctor(GOOD)[1]["repl"]["detail"] == str(program)
    monkeypatch.setenv("PROOFSMITH_REPL", str(tmp_path / "nowhere"))
    assert doctor(GOOD)[1]["repl"]["status"] == "broken"


def test_a_project_without_toolchain_or_with_a_bad_lakefile_is_broken(doctor: Doctor, project: Path) -> None:
    (project / "lean-toolchain").unlink()
    code, found = doctor(GOOD)
    assert (code, found["project"]["status"]) == (3, "broken")
    (project / "lakefile.toml").write_text("name = ")
    assert "does not parse" in doctor(GOOD)[1]["project"]["detail"]


def test_gpu_and_server_are_asked(doctor: Doctor, served: str) -> None:
    smi = {"nvidia-smi": 'echo "NVIDIA H200, 143771 MiB"'}
    _, found = doctor(GOOD | smi, "--vllm", served)
    assert found["GPU"]["detail"] == "NVIDIA H200, 143771 MiB"
    assert found["vLLM server"]["detail"] == f"{served} serves a-prover"
    _, found = doctor(GOOD | {"nvidia-smi": "exit 9"}, "--vllm", "http://127.0.0.1:9")
    assert (found["GPU"]["status"], found["vLLM server"]["status"]) == ("broken", "broken")


@pytest.fixture
def served() -> Iterator[str]:
    class Models(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"data": [{"id": "a-prover"}]}' if self.path == "/v1/models" else b"?"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_lines_for_people_end_with_what_is_usable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "type: curl" in shown
    assert shown.rstrip().endswith("usable: the embedded Lean")


@pytest.mark.parametrize("argument", ["/nowhere/at/all", "."])
def test_a_project_that_is_none_is_a_usage_error(
    argument: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--project", argument]) == 2
    assert "--project" in capsys.readouterr().err


def test_a_project_is_found_from_below_and_its_options_are_read(project: Path) -> None:
    deep = project / "A" / "B"
    deep.mkdir(parents=True)
    (deep / "C.lean").touch()
    found = find_project(deep / "C.lean")
    assert found is not None and found.root == project
    assert found.options == {"autoImplicit": "false", "pp.unicode.fun": "true"}
    package = project / ".lake" / "packages" / "x"
    package.mkdir(parents=True)
    (package / "lakefile.toml").touch()
    inside = find_project(package)
    assert inside is not None and inside.root == project, "a package is not a project of its own"


def test_why_a_project_cannot_be_worked_on_says_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    problem = native_problem(read_project(project))
    assert problem is not None and "elan-init.sh" in problem


def test_what_doctor_calls_usable_is_worked_on_and_nothing_else(
    doctor: Doctor, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor(GOOD | {"elan": "exit 2"})[1]["native"] and native_problem(read_project(project)) is None
    (project / "lakefile.toml").write_text("name = ")
    assert not doctor(GOOD)[1]["native"]
    assert "does not parse" in str(native_problem(read_project(project)))
    (project / "lakefile.toml").write_text('name = "p"')
    (project / "lean-toolchain").unlink()
    assert not doctor(GOOD)[1]["native"]
    assert "has no lean-toolchain. Try: echo" in str(native_problem(read_project(project)))


@pytest.mark.parametrize(
    ("text", "version"),
    [("leanprover/lean4:v4.34.1", (4, 34, 1)), ("v4.9.0-rc1", (4, 9, 0)), (LEAN, (4, 34, 1)), ("stable", None)],
)
def test_versions_are_read(text: str, version: tuple[int, int, int] | None) -> None:
    assert version_in(text) == version
