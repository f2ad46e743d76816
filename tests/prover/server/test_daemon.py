"""The background process does what a command does alone, and whatever is killed, wrong or in the way, commands go on."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from prover.cli import daemon as daemon_command
from prover.server import handover

COMMAND = (sys.executable, "-m", "prover.cli.main")
HARD = "theorem t (f : Nat → Nat) (h : ∀ n, f (n + 1) = f n + f (f n)) : f (f 7) < f 8 + f (f (f 3))"
FILE = "theorem a (n : Nat) : n + 0 = 0 + n := by\n  sorry\n"
PATIENCE_S = 250.0


def command(*arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.Popen[str]:
    all_of_it = {**os.environ, **(env or {})}
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=all_of_it, cwd=cwd
    )


def done(*arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
    with command(*arguments, env=env, cwd=cwd) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def status() -> dict[str, int]:
    """What it says of itself, in numbers; empty when there is none."""
    found = daemon_command.asked("status")
    if found is None:
        return {}
    commands, ready = found["commands"], found["ready"]
    return {"pid": found["pid"], "done": commands["done"], "under_way": commands["under_way"], **ready}


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of its own; what was started for it is stopped."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    yield handover.folder()
    done("daemon", "stop")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A runtime folder for several tests."""
    folder = tmp_path_factory.mktemp("runtime")
    yield folder
    done("daemon", "stop", env={"XDG_RUNTIME_DIR": str(folder)})


@pytest.fixture
def daemon(shared: Path, monkeypatch: pytest.MonkeyPatch) -> psutil.Process:
    """A background process whose spares are there; the one of the test before, if it still runs."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(shared))
    assert done("daemon", "start")[:2] == (0, "running\n")
    until(lambda: status()["audit"] == 2, "its spares are started")
    return psutil.Process(status()["pid"])


def leans_of(daemon: psutil.Process) -> set[int]:
    """Its Lean processes."""
    return {child.pid for child in daemon.children()}


def seconds_out(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? s\b|\d+ expansions|\d+ policy calls", "…", text)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("suggest", "a.lean:2", "--json"), 0),
        (("prove", "--statement", "theorem t (a b : Nat) : a + b = b + a", "--quiet"), 0),
        (("prove", "a.lean", "--theorem", "a"), 2),
        (("check", "bad.lean", "--against", "a.lean", "--json"), 1),
        (("check", "good.lean", "--against", "a.lean"), 0),
    ],
)
def test_a_command_says_and_ends_as_it_does_alone(
    daemon: psutil.Process, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    (tmp_path / "a.lean").write_text(FILE)
    (tmp_path / "good.lean").write_text(FILE.replace("sorry", "omega"))
    (tmp_path / "bad.lean").write_text(FILE.replace("sorry", "exact sorryAx _ false"))
    before = status()["done"]
    alone = done(*arguments, "--no-daemon", cwd=tmp_path)
    assert (alone[0], status()["done"]) == (code, before), alone
    together = done(*arguments, cwd=tmp_path)
    assert together[0] == code, together
    until(lambda: status()["done"] == before + 1, "counted by the daemon, a moment after the command has its answer")
    assert [seconds_out(text) for text in together[1:]] == [seconds_out(text) for text in alone[1:]]


def test_a_lean_for_searches_is_used_again_and_one_for_audits_never(daemon: psutil.Process, tmp_path: Path) -> None:
    until(lambda: len(leans_of(daemon)) == 3, "three spares")
    before = leans_of(daemon)
    proving = ("prove", "--statement", "theorem t (a b : Nat) : a + b = b + a", "--quiet")
    assert done(*proving, cwd=tmp_path)[0] == 0
    until(lambda: len(leans_of(daemon)) == 3 and leans_of(daemon) != before, "three spares again")
    assert len(before & leans_of(daemon)) == 2, "one audited, and was replaced"
    assert done(*proving, "--out", "again", cwd=tmp_path)[0] == 0
    assert json.loads((tmp_path / "again" / "summary.json").read_text())["lean"].startswith("4."), "it knows its version still"


def test_a_process_in_which_a_program_ran_is_not_used_again(daemon: psutil.Process, tmp_path: Path) -> None:
    (tmp_path / "a.lean").write_text("run_cmd Lean.logInfo \"here\"\n" + FILE)
    before = leans_of(daemon)
    done("suggest", "a.lean:3", cwd=tmp_path)
    until(lambda: len(leans_of(daemon)) == 3 and leans_of(daemon) != before, "three spares again")
    assert len(before & leans_of(daemon)) == 2


def test_ctrl_c_reaches_the_command(daemon: psutil.Process, tmp_path: Path) -> None:
    with command("prove", "--statement", HARD, cwd=tmp_path) as client:
        until(lambda: status()["under_way"] == 1, "it has begun")
        time.sleep(1)
        client.send_signal(signal.SIGINT)
        _, err = client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 130 and "interrupted" in err


def test_the_command_of_a_killed_client_ends(daemon: psutil.Process, tmp_path: Path) -> None:
    with command("prove", "--statement", HARD, cwd=tmp_path) as client:
        until(lambda: status()["under_way"] == 1, "it has begun")
        client.kill()
    until(lambda: status()["under_way"] == 0, "it has ended")
    assert done("suggest", "--json", str(_file(tmp_path)))[0] == 0


def test_a_killed_command_ends_its_client_and_nothing_else(daemon: psutil.Process, tmp_path: Path) -> None:
    with command("prove", "--statement", HARD, cwd=tmp_path) as client:
        assert client.stderr is not None
        assert client.stderr.readline(), "it has begun: were it killed before, the client would do it alone"
        (running,) = [c for c in daemon.children() if "daemon" in c.cmdline()]
        running.kill()
        client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 137
    until(lambda: status()["under_way"] == 0, "it has ended")
    assert done("suggest", "--json", str(_file(tmp_path)))[0] == 0


def test_a_command_outlives_the_background_process(daemon: psutil.Process, tmp_path: Path) -> None:
    with command("prove", "--statement", HARD, "--timeout", "5", "--quiet", cwd=tmp_path) as client:
        until(lambda: status()["under_way"] == 1, "it has begun")
        leans = daemon.children(recursive=True)
        daemon.kill()
        _, err = client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 1 and "0 of 1 proved" in err
    until(lambda: not any(lean.is_running() and lean.status() != psutil.STATUS_ZOMBIE for lean in leans), "its Leans end, too")


def test_what_a_killed_one_leaves_is_in_nobodys_way(daemon: psutil.Process, tmp_path: Path) -> None:
    place = handover.folder()
    daemon.kill()
    until(lambda: not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE, "it is gone")
    assert (place / handover.SOCKET).is_socket()
    assert done("suggest", "--json", str(_file(tmp_path)))[0] == 0, "done without it"
    assert status() == {}
    assert done("suggest", "--daemon", "--json", str(_file(tmp_path)))[0] == 0, "done by a new one"
    until(lambda: status()["done"] == 1, "by a new one")


def test_spares_that_died_are_replaced(daemon: psutil.Process, tmp_path: Path) -> None:
    for lean in daemon.children():
        lean.kill()
    assert done("suggest", "--json", str(_file(tmp_path)))[0] == 0
    until(lambda: status()["audit"] == 2, "new ones are there")
    assert all(lean.status() != psutil.STATUS_ZOMBIE for lean in daemon.children())


def test_of_two_that_are_started_at_once_one_runs(place: Path) -> None:
    both = [command("daemon", "start") for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE_S) for process in both]
    assert [p.returncode for p in both] == [0, 0], said
    pid = status()["pid"]
    assert done("daemon", "run")[0] == 2, "a third one is told that there is one"
    assert status()["pid"] == pid


def test_it_ends_when_nobody_needs_it(place: Path) -> None:
    with command("daemon", "run", "--idle", "1") as process:
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and not (place / handover.SOCKET).exists()


@pytest.mark.parametrize("change", ["mode", "owner", "link"])
def test_a_folder_that_others_can_enter_is_not_used(
    place: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "owner" and os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    place.mkdir(mode=0o700)
    trap = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(place)
    trap.bind(handover.SOCKET)
    trap.listen()
    if change == "mode":
        place.chmod(0o755)
    elif change == "owner":
        os.chown(place, 12345, 12345)
    else:
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    code, _, err = done("suggest", "--json", str(_file(tmp_path)), cwd=tmp_path)
    assert code == 0 and "background" not in err
    code, _, err = done("suggest", "--daemon", "--json", str(_file(tmp_path)), cwd=tmp_path)
    assert code == 0 and "going on without it" in err
    trap.settimeout(0.1)
    with pytest.raises(TimeoutError):
        trap.accept()
    trap.close()


def test_one_of_other_settings_is_not_used_and_is_replaced_on_demand(daemon: psutil.Process, tmp_path: Path) -> None:
    other, before = {"PROOFSMITH_MODEL": ""}, status()["done"]
    assert done("suggest", "--json", str(_file(tmp_path)), env=other)[0] == 0
    assert status()["done"] == before
    assert done("suggest", "--daemon", "--json", str(_file(tmp_path)), env=other)[0] == 0
    assert not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE
    done("daemon", "stop", env=other)


def test_a_client_that_talks_nonsense_costs_nothing(daemon: psutil.Process) -> None:
    for said in (b"", b"\0\0\0\5{", b"\0\0\0\2[]", b"\xff\xff\xff\xff", b"\0\0\0\2{}", b'\0\0\0\x0e{"ask": "run"}'):
        with handover.connected(handover.folder(), 60.0) as connection:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    until(lambda: status()["under_way"] == 0, "it has ended")


def test_a_client_that_does_not_wait_runs_nothing(daemon: psutil.Process, tmp_path: Path) -> None:
    before, argv = status()["done"], ["prove", "--statement", "1 = 1", "--out", str(tmp_path / "o")]
    with handover.connected(handover.folder(), 10.0) as connection:
        request = {
            "ask": "run", "identity": handover.identity(), "argv": argv,
            "cwd": str(tmp_path), "env": dict(os.environ), "umask": 0o22, "encoding": ["utf-8", "strict"],
        }  # fmt: skip
        handover.send(connection, request, (0, 1, 2))
    until(lambda: (s := status())["done"] == before + 1 and s["search"] == 1, "it has ended")
    assert not (tmp_path / "o").exists()


def test_an_editor_is_served(daemon: psutil.Process) -> None:
    with subprocess.Popen([*COMMAND, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as editor:
        assert editor.stdin is not None and editor.stdout is not None
        settings = {"capabilities": {}, "processId": None, "rootUri": None}
        request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": settings}
        body = json.dumps(request).encode()
        editor.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        editor.stdin.flush()
        length = int(editor.stdout.readline().split(b":")[1])
        while editor.stdout.readline().strip():
            pass
        assert "capabilities" in json.loads(editor.stdout.read(length))["result"]
        assert status()["under_way"] == 1
        editor.stdin.close()
        editor.wait(PATIENCE_S)
    until(lambda: status()["under_way"] == 0, "its command has ended")


def _file(folder: Path) -> str:
    (folder / "a.lean").write_text(FILE)
    return f"{folder / 'a.lean'}:2"
