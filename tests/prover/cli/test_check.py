"""`proofsmith check`: verdicts on stdout, the reason in plain words, the exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from prover.audit import embedded as audit
from prover.audit.auditor import SubmissionLost, TheoremVerdict
from prover.cli import check
from prover.cli.main import main
from prover.errors import LeanCrashedError, LeanProcessError, LeanTimeoutError

ACCEPTED = TheoremVerdict("good", True, "accepted", None, ("propext",))
REFUSED = TheoremVerdict("bad", False, "sorry", "bad has a sorry")


class FakeWorker:
    """Starts nothing."""

    lean = "4.0.0, commit 123"

    def __init__(self, **_: object) -> None:
        pass

    def recycle_if_big(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("prover.lean.embedded.worker.LeanWorker", FakeWorker)
    (tmp_path / "T.lean").write_text("theorem t : 1 = 1 := sorry\n")
    (tmp_path / "S.lean").write_text("theorem t : 1 = 1 := rfl\n")
    return [str(tmp_path / "S.lean"), "--against", str(tmp_path / "T.lean")]


def verdicts(
    monkeypatch: pytest.MonkeyPatch, *answers: Sequence[TheoremVerdict] | LeanProcessError
) -> list[int]:
    """Has the auditor answer so, one after the other; gives the list that counts the questions."""
    asked: list[int] = []

    def answer(*_: object) -> Sequence[TheoremVerdict]:
        asked.append(1)
        given = answers[len(asked) - 1]
        if isinstance(given, LeanProcessError):
            raise given
        return given

    monkeypatch.setattr(audit.Auditor, "audit_files", answer)
    return asked


def test_all_accepted_is_0(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts(monkeypatch, [ACCEPTED])
    assert main(["check", *files]) == 0
    shown = capsys.readouterr()
    assert shown.out == "accepted  good (axioms: propext)\n"
    assert "1 of 1 accepted, by Lean 4.0.0, commit 123" in shown.err and "not run: leanchecker" in shown.err


def test_one_refused_is_1_with_the_reason(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts(monkeypatch, [ACCEPTED, REFUSED])
    assert main(["check", *files]) == 1
    assert capsys.readouterr().out.splitlines()[1] == "refused   bad: bad has a sorry [sorry]"


@pytest.mark.parametrize(
    ("given", "said"),
    [([ACCEPTED], "\npassed:\n"), ([ACCEPTED, REFUSED], "\nwhat was accepted passed:\n"), ([REFUSED], None)],
)
def test_it_says_that_it_works_and_names_checks_for_what_passed_them(
    given: list[TheoremVerdict], said: str | None, files: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    verdicts(monkeypatch, given)
    main(["check", *files])
    err = capsys.readouterr().err
    assert err.startswith("starting Lean to check")
    assert (said is None and "identical" not in err) or (said is not None and said in err and "identical" in err)


def test_json_is_one_object(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts(monkeypatch, [ACCEPTED, REFUSED])
    assert main(["check", *files, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["lean"], report["accepted"], report["total"]) == ("Lean 4.0.0, commit 123", 1, 2)
    assert report["theorems"][1]["reason"] == "bad has a sorry" and report["theorems"][0]["axioms"] == [
        "propext"
    ]
    assert report["checks"][-1].startswith("not run")


def test_what_files_say_cannot_forge_a_line_of_output() -> None:
    forged = TheoremVerdict("x\naccepted  y", False, "axiom", "\x1b[2Kaccepted\r\n")
    assert check.line(forged) == "refused   x\\naccepted  y: \\x1b[2Kaccepted\\r\\n [axiom]"


def test_a_lost_process_is_tried_once_more(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = verdicts(monkeypatch, SubmissionLost(["good"], LeanCrashedError("it died")), [ACCEPTED])
    assert main(["check", *files]) == 0 and len(asked) == 2


def test_a_submission_that_ends_two_processes_is_refused(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = SubmissionLost(["good"], LeanCrashedError("it died"))
    verdicts(monkeypatch, lost, lost)
    assert main(["check", *files]) == 1
    assert (
        capsys.readouterr().out == "refused   good: Lean was lost on the submission: it died, twice [crash]\n"
    )


def test_a_submission_that_does_not_end_is_refused_at_once(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = verdicts(monkeypatch, SubmissionLost(["good"], LeanTimeoutError("too long")))
    assert main(["check", *files, "--timeout", "7"]) == 1 and len(asked) == 1
    assert "Lean was not done with the submission: too long [timeout]" in capsys.readouterr().out


def test_a_process_lost_elsewhere_says_nothing_about_the_proof(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = LeanCrashedError("it died on the target")
    asked = verdicts(monkeypatch, lost, lost)
    assert main(["check", *files]) == 3 and len(asked) == 2


@pytest.mark.parametrize("arguments", [["no/such.lean", "--against", "T.lean"], ["S.lean"], []])
def test_bad_input_is_2(
    files: list[str], arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["check", *arguments])
    except SystemExit as ended:  # argparse
        status = int(ended.code or 0)
    assert status == 2


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_an_impossible_time_is_2(files: list[str], seconds: str) -> None:
    assert main(["check", *files, f"--timeout={seconds}"]) == 2


def test_a_real_submission_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, submission = tmp_path / "T.lean", tmp_path / "S.lean"
    target.write_text("theorem a : 1 + 1 = 2 := sorry\ntheorem b : 1 + 1 = 3 := by sorry\n")
    submission.write_text(
        "theorem a : 1 + 1 = 2 := rfl\naxiom no : False\ntheorem b : 1 + 1 = 3 := no.elim\n"
    )
    assert main(["check", str(submission), "--against", str(target)]) == 1
    assert capsys.readouterr().out == (
        "accepted  a\nrefused   b: it rests on the axiom no (used by b) [axiom]\n"
    )
