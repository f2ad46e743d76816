"""`proofsmith check` with a native toolchain: leanchecker and comparator are run, and what they refuse is refused.

The programs are stand-ins (tests/standins/checkers.py): the real command lines, files, words and exit codes, with the
embedded Lean's kernel behind. The first audit is played, so that what it would have refused gets to them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.audit.auditor import TheoremVerdict
from prover.audit.toolchain import checker_said, comparator_said
from prover.cli import check
from prover.cli.main import main
from prover.lean.embedded.worker import LeanWorker
from tests.standins import checkers
from tests.standins.server import HERE, StandIn, make_project, standing_in

TARGET = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\ntheorem b : 1 + 1 = 2 := by sorry\n"
HONEST = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩\ntheorem b : 1 + 1 = 2 := rfl\n"
HACKED = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩\ntheorem b : 2 + 2 = 5 := by\n"
HACKED += "  set_option debug.skipKernelTC true in\n  decide +kernel\n"
ELSE = "theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩\ntheorem b : 1 = 1 := rfl\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, lean_worker: LeanWorker) -> Iterator[tuple[StandIn, Path]]:
    folder = tmp_path_factory.mktemp("checkers")
    with standing_in(folder, lean_worker) as server:
        yield server, make_project(folder / "project")
        assert server.faults == []


@pytest.fixture
def server(served: tuple[StandIn, Path]) -> Iterator[StandIn]:
    found = served[0]
    for name in checkers.PLAYED:
        shutil.copy(HERE / "lake", found.bin / name)
    yield found
    found.reset()


@pytest.fixture
def ask(served: tuple[StandIn, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command on a submission that the first audit accepts; exit code and report."""

    def run(submission: str, *options: str) -> tuple[int, dict[str, Any]]:
        project = served[1]
        (project / "T.lean").write_text(TARGET, "utf-8")
        (project / "S.lean").write_text(submission, "utf-8")
        accepted = [TheoremVerdict(name, True, "accepted", None) for name in "ab"]
        monkeypatch.setattr(check, "judge", lambda *_: ("4.28.0", accepted))
        files = [str(project / "S.lean"), "--against", str(project / "T.lean")]
        code = main(["check", *files, "--json", *options])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {"err": said.err}

    return run


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {tool["tool"]: tool["outcome"] for tool in report["native"]}


def test_both_run_on_an_honest_submission_and_are_named(server: StandIn, ask: Any) -> None:
    code, report = ask(HONEST)
    assert code == 0 and report["accepted"] == 2, report
    assert outcomes(report) == {"lean": "accepted", "leanchecker": "accepted", "comparator": "accepted"}
    assert report["leans"] == ["Lean 4.28.0 (embedded)", "Lean 4.34.1"]
    assert any(c.startswith("leanchecker: the kernel of Lean 4.34.1 takes") for c in report["checks"])
    ran = [c for c in server.calls if c[:2] == ["lake", "env"] and Path(c[2]).name == "leanchecker"]
    assert [c[3:] for c in ran] == [["--verbose", "ProofsmithSubmission"]]
    assert server.compared == [["a", "b"]]


def test_what_the_kernel_does_not_take_is_refused_though_it_was_accepted_before(server: StandIn, ask: Any) -> None:
    code, report = ask(HACKED)
    assert code == 1 and report["accepted"] == 0
    assert outcomes(report) == {"lean": "accepted", "leanchecker": "refused", "comparator": "not run"}
    assert report["theorems"][1]["category"] == "leanchecker"
    assert report["theorems"][1]["reason"].startswith("leanchecker (Lean 4.34.1): ") and "b" in report["theorems"][1]["reason"]


def test_comparator_refuses_the_theorem_that_it_means_and_no_other(server: StandIn, ask: Any) -> None:
    code, report = ask(ELSE)
    assert code == 1
    assert outcomes(report)["leanchecker"] == "accepted" and outcomes(report)["comparator"] == "refused"
    a, b = report["theorems"]
    assert a["accepted"] and (b["accepted"], b["category"]) == (False, "comparator")
    assert b["reason"].startswith("comparator: ") and "'b'" in b["reason"]
    assert server.compared == [["a", "b"], ["a"], ["b"]]


def test_a_submission_that_this_lean_does_not_compile_is_refused(server: StandIn, ask: Any) -> None:
    code, report = ask("theorem a : 1 = 1 := rfl\ntheorem b : 1 + 1 = 2 := nonsense\n")
    assert code == 1 and {t["category"] for t in report["theorems"]} == {"toolchain"}
    assert "S.lean:2: Lean 4.34.1 says: " in report["theorems"][0]["reason"]
    assert outcomes(report) == {"lean": "refused", "leanchecker": "not run", "comparator": "not run"}


@pytest.mark.parametrize("tool", ["leanchecker", "comparator"])
def test_a_tool_that_hangs_on_the_submission_alone_refuses_it_at_the_deadline(server: StandIn, ask: Any, tool: str) -> None:
    server.script[tool] = lambda at, text: checkers.hang(at, text) if text == HONEST else None
    code, report = ask(HONEST, "--timeout", "8")
    assert code == 1 and outcomes(report)[tool] == "refused"
    assert {t["category"] for t in report["theorems"]} == {"timeout"}
    assert f"{tool}` did not end within 8 s" in report["theorems"][0]["reason"]


@pytest.mark.parametrize(
    ("tool", "code", "out", "err"),
    [
        ("leanchecker", 0, "", ""),
        ("leanchecker", 0, "\x00\x1b[2Jaccepted everything", ""),
        ("leanchecker", 1, "", "uncaught exception: Could not find any oleans for: ProofsmithSubmission\n"),
        ("comparator", 0, "", ""),
        ("comparator", 1, "", "uncaught exception: could not execute external process 'landrun'\n"),
        ("comparator", 127, "", "comparator: error while loading shared libraries"),
    ],
)
def test_a_tool_that_talks_nonsense_on_everything_counts_as_not_run(
    server: StandIn, ask: Any, tool: str, code: int, out: str, err: str
) -> None:
    def nonsense(at: Any, text: str) -> int:
        at.say(out)
        at.complain_aloud(err)
        return code

    server.script[tool] = nonsense
    status, report = ask(HONEST)
    assert status == 0 and outcomes(report)[tool] == "not run"
    assert f"not run: {tool} (it does not work here: it ended with exit code {code}" in "".join(report["checks"])


def test_a_tool_that_is_lost_on_the_submission_alone_refuses_it(server: StandIn, ask: Any) -> None:
    attempts: list[int] = []

    def dies(at: Any, text: str) -> int | None:
        if text != HONEST:
            return None
        attempts.append(1)
        return -11

    server.script["leanchecker"] = dies
    code, report = ask(HONEST)
    assert code == 1 and {t["category"] for t in report["theorems"]} == {"crash"} and len(attempts) == 2
    assert "the target goes through" in report["theorems"][0]["reason"]


def test_a_tool_that_is_lost_once_is_asked_again(server: StandIn, ask: Any) -> None:
    attempts: list[int] = []

    def dies_once(at: Any, text: str) -> int | None:
        attempts.append(1)
        return -9 if len(attempts) == 1 else None

    server.script["comparator"] = dies_once
    code, report = ask(HONEST)
    assert (code, outcomes(report)["comparator"], len(attempts)) == (0, "accepted", 2)


def test_tools_that_are_not_installed_are_named_and_may_be_required(server: StandIn, ask: Any) -> None:
    for name in checkers.PLAYED:
        (server.bin / name).unlink()
    code, report = ask(HONEST)
    assert code == 0 and outcomes(report) == {"lean": "accepted", "leanchecker": "not run", "comparator": "not run"}
    code, report = ask(HONEST, "--native", "required")
    assert code == 3 and "--native required, but not run: leanchecker (not installed" in report["err"]
    code, report = ask(HONEST, "--native", "off")
    assert code == 0 and report["checks"][-1] == check.OFF and report["native"] == []


def test_without_a_toolchain_the_embedded_verdict_stands_and_says_so(
    server: StandIn, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    code, report = ask(HONEST)
    assert code == 0 and report["leans"] == ["Lean 4.28.0 (embedded)"]
    assert report["checks"][-2:] == [f"not run: {tool} (no native toolchain)" for tool in ("leanchecker", "comparator")]


def test_a_yes_is_believed_only_when_it_names_the_module() -> None:
    assert checker_said((0, "replaying Other\n", ""), "M").outcome == "not run"
    assert checker_said((0, "replaying M\n", "leanchecker found a problem in Other"), "M").outcome == "accepted"
    assert checker_said((1, "", "leanchecker found a problem in M\nuncaught exception: (kernel) x"), "M").detail == "(kernel) x"
    assert comparator_said((0, "Your solution is okay! Not.", "")).outcome == "not run"
    assert comparator_said((1, "", "uncaught exception: Const not found in solution 't'")).outcome == "refused"
