"""The outermost level of the commands: one line for whatever goes wrong, the right exit code, a fast help."""

from __future__ import annotations

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from prover import __version__
from prover.cli import main as cli
from prover.cli import reference
from prover.errors import DataError, LeanSetupError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], int]:
    """Runs a made-up command `stub` whose work is the given function."""

    def call(work: Callable[[], int]) -> int:
        stub = SimpleNamespace(
            __doc__="Stands in for a command.", add_arguments=lambda parser: None, run=lambda args: work()
        )
        monkeypatch.setattr(cli, "COMMANDS", ("stub",))
        monkeypatch.setattr(cli, "load", lambda verb: stub)
        return cli.main(["stub"])

    monkeypatch.delenv("PROOFSMITH_DEBUG", raising=False)
    return call


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DataError("no file called x.lean"), 2, "proofsmith: no file called x.lean"),
        (LeanSetupError("no Node"), 3, "proofsmith: no Node"),
        (KeyboardInterrupt(), 130, "proofsmith: interrupted; what was finished before is kept."),
        (
            OSError(errno.ENOSPC, "No space left on device", "/out/a.lean"),
            3,
            "proofsmith: the disk is full: could not write /out/a.lean. "
            "What was finished is kept; free some space.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/locked/a.lean"),
            3,
            "proofsmith: the system refused /locked/a.lean: Permission denied.",
        ),
        (
            ZeroDivisionError("division by zero"),
            70,
            "proofsmith: internal error: ZeroDivisionError: division by zero. This is a bug in proofsmith; "
            "please report it with what `PROOFSMITH_DEBUG=1` shows.",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(
    run_as: Callable[[Callable[[], int]], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    assert run_as(raising(error)) == code
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", line + "\n")


@pytest.mark.parametrize("error", [DataError("bad"), ValueError("bug"), KeyboardInterrupt()])
def test_debug_shows_the_traceback(
    run_as: Callable[[Callable[[], int]], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    monkeypatch.setenv("PROOFSMITH_DEBUG", "1")
    run_as(raising(error))
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 1])
def test_exit_code_of_the_command_is_passed_on(
    run_as: Callable[[Callable[[], int]], int], status: int
) -> None:
    assert run_as(lambda: status) == status


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "prover.cli.main", *arguments]


def test_closed_pipe_is_quiet() -> None:
    source = (
        "import sys; from prover.cli.main import _guarded\n"
        "def work():\n"
        "    for _ in range(100_000): print('line')\n"
        "    return 0\n"
        "sys.exit(_guarded(work))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_terminal_that_cannot_show_the_characters_gets_escapes() -> None:
    source = "from prover.cli.main import _guarded; _guarded(lambda: print('⊢') or 0)"
    shown = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "latin-1"}
    )
    assert (shown.stdout, shown.stderr) == (b"\\u22a2\n", b"")


def test_version_is_the_package_s() -> None:
    shown = subprocess.run(program("--version"), capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (0, f"proofsmith {__version__}\n")


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "usage: proofsmith"),
        (["no-such-verb"], "'no-such-verb' (choose from 'prove'"),
        (["setup", "--no-such-option"], "--no-such-option; see proofsmith --help"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(arguments: list[str], said: str) -> None:
    shown = subprocess.run(program(*arguments), capture_output=True, text=True)
    assert shown.returncode == 2 and shown.stdout == "" and said in shown.stderr


def test_help_imports_nothing_heavy() -> None:
    source = "import sys; from prover.cli.main import build_parser; build_parser(); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    heavy = {"lean_dojo", "ray", "torch", "transformers", "networkx", "rich", "jinja2", "pexpect", "numpy"}
    assert not heavy & set(shown.stdout.split())


def test_every_command_explains_itself_and_its_options() -> None:
    for verb, parser in reference._subparsers(cli.build_parser()).items():
        assert cli.summary(cli.load(verb)), verb
        for action in parser._actions:
            assert action.help, f"proofsmith {verb}: {action.option_strings or action.dest} has no help"


def test_every_module_in_cli_is_a_command() -> None:
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - {
        "__init__",
        "main",
        "reference",
        "options",
        "calibrate_ranker",
    }
    assert modules == {verb.replace("-", "_") for verb in cli.COMMANDS}


def test_cli_reference_in_docs_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == reference.render(), "docs/cli.md is out of date: run `make docs`"


def test_cli_reference_shows_arguments_options_and_defaults() -> None:
    parser = argparse.ArgumentParser(prog="proofsmith stub", description="Does it.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files | folders")
    parser.add_argument("-b", "--budget-s", type=float, default=60.0, help="seconds (default: %(default)s)")
    parser.add_argument("--order", choices=["best", "fifo"], default="best", help="which first")
    parser.add_argument("--out", required=True, help="folder")
    assert reference._section("stub", parser).splitlines() == [
        "## proofsmith stub",
        "",
        "    proofsmith stub [options] [PATH …]",
        "",
        "Does it.",
        "",
        "| argument | default | |",
        "|---|---|---|",
        "| `[PATH …]` |  | files \\| folders |",
        "",
        "| option | default | |",
        "|---|---|---|",
        "| `-b, --budget-s BUDGET_S` | `60.0` | seconds (default: 60.0) |",
        "| `--order {best,fifo}` | `best` | which first |",
        "| `--out OUT` | required | folder |",
    ]
