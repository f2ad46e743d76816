"""One host process: whatever it does, the caller gets an answer or a telling exception, in time.

A small program stands in for the host; it says hello and then does what each test wants.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.errors import (
    LeanCrashedError,
    LeanProcessError,
    LeanProtocolError,
    LeanSetupError,
    LeanTimeoutError,
)
from prover.lean.embedded import process
from prover.lean.embedded.process import LeanProcess, RequestRefused
from prover.lean.embedded.worker import LeanWorker

HELLO = """\
const fs = require('fs');
const say = (x) => {
  let b = Buffer.from(x);
  while (b.length) try { b = b.subarray(fs.writeSync(1, b)) } catch (e) { if (e.code !== 'EAGAIN') throw e }
};
const tell = (x) => say(JSON.stringify(x) + '\\n');
const serve = (f) => {
  tell({ id: 0, ok: { lean: 'a fake' } });
  require('readline').createInterface({ input: process.stdin }).on('line', (l) => f(JSON.parse(l)))
    .on('close', () => process.exit(0));
};
"""
ECHO = "serve((r) => tell({ id: r.id, ok: { got: r }, inside_ms: 7 }));"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LeanProcess]]:
    """Starts a process whose host is the given JavaScript."""
    started: list[LeanProcess] = []

    def starter(program: str, **arguments: Any) -> LeanProcess:
        use(tmp_path, monkeypatch, program)
        started.append(LeanProcess(**arguments))
        return started[-1]

    yield starter
    for one in started:
        one.kill()


def use(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    host = folder / "host.cjs"
    host.write_text(HELLO + program)
    monkeypatch.setattr(process, "HOST", host)


def gone(pid: int) -> bool:
    """Neither running nor a zombie."""
    return not psutil.pid_exists(pid)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class TestAnswers:
    def test_a_request_comes_back_with_its_answer(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(ECHO)
        for text in ("a", "ℕ → 𝔹\n\t\0\u2028", "\ud800", "x" * 3_000_000, 'quote " and \\ and </script>'):
            assert lean.request("echo", 20, text=text)["got"]["text"] == text
        assert lean.alive and lean.lean == "a fake" and lean.inside_s == 0.007

    def test_an_answer_of_many_megabytes_is_read_whole(self, start: Callable[..., LeanProcess]) -> None:
        lean = start("serve((r) => tell({ id: r.id, ok: { long: 'y'.repeat(r.n) } }));")
        assert len(lean.request("echo", 30, n=30_000_000)["long"]) == 30_000_000

    def test_an_answer_in_pieces_is_one_answer(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(
            """serve(async (r) => {
              for (const c of JSON.stringify({ id: r.id, ok: { v: 'ℕ' } }) + '\\n') {
                say(c);
                await new Promise((done) => setTimeout(done, 2));
              }
            });"""
        )
        assert lean.request("echo", 20)["v"] == "ℕ"

    def test_a_host_that_reads_slowly_gets_the_whole_request(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(
            """
            tell({ id: 0, ok: { lean: 'slow' } });
            let got = '';
            process.stdin.setEncoding('utf8');
            process.stdin.on('data', (c) => {
              got += c;
              process.stdin.pause();
              setTimeout(() => process.stdin.resume(), 1);
              if (got.endsWith('\\n')) tell({ id: 1, ok: { length: JSON.parse(got).text.length } });
            });"""
        )
        assert lean.request("echo", 30, text="z" * 2_000_000)["length"] == 2_000_000

    def test_noise_on_the_error_stream_is_not_in_the_way(self, start: Callable[..., LeanProcess]) -> None:
        noise = "process.stderr.write(Buffer.alloc(3_000_000, 200));"
        lean = start(f"{noise} serve((r) => {{ {noise} tell({{ id: r.id, ok: {{}} }}); }});")
        assert lean.request("echo", 20) == {}

    def test_a_refusal_leaves_the_process_well(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(
            "serve((r) => tell({ id: r.id, error: { kind: 'import', message: 'no such module' } }));"
        )
        for _ in range(2):
            with pytest.raises(RequestRefused, match="no such module") as refused:
                lean.request("import", 20)
            assert refused.value.kind == "import"
        assert lean.alive


class TestBadAnswers:
    @pytest.mark.parametrize(
        "bytes_written",
        [
            "'lean: warning: something\\n'", "Buffer.from([0, 255, 254, 13, 10])", "'\\n'",
            "'{\"id\": 1, \"ok\"\\n'", "'null\\n'",
            "'[1]\\n'", "'{}\\n'", "'{\"id\": 1}\\n'", "'{\"id\": 2, \"ok\": {}}\\n'",
            "'{\"id\": \"1\", \"ok\": {}}\\n'",
            "'{\"id\": 1, \"ok\": []}\\n'", "'{\"id\": 1, \"ok\": null}\\n'", "'['.repeat(200000) + '\\n'",
            "'NaN\\n'", "'1'.repeat(9999) + '\\n'",
            "JSON.stringify({ id: 1, ok: { state: '5', commands: [] } }) + '\\n'",
        ],
    )  # fmt: skip
    def test_nonsense_ends_the_process_and_says_so(
        self, start: Callable[..., LeanProcess], bytes_written: str
    ) -> None:
        lean = start(f"serve(() => say({bytes_written}));")
        with pytest.raises(LeanProtocolError, match="it is replaced"):
            lean.request("elaborate", 20)
        assert not lean.alive and gone(lean.pid)

    def test_half_a_line_and_death_is_a_crash(self, start: Callable[..., LeanProcess]) -> None:
        lean = start('serve(() => { say(\'{"id": 1, "o\'); process.exit(3) });')
        with pytest.raises(LeanCrashedError, match="exit code 3"):
            lean.request("echo", 20)
        assert gone(lean.pid)

    def test_half_a_line_and_silence_is_a_timeout(self, start: Callable[..., LeanProcess]) -> None:
        lean = start('serve(() => say(\'{"id": 1, "o\'));')
        with pytest.raises(LeanTimeoutError):
            lean.request("echo", 0.3)

    def test_a_line_without_end_is_cut_off(
        self, start: Callable[..., LeanProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process, "MAX_LINE_BYTES", 1_000_000)
        lean = start("serve(() => { for (;;) say('x'.repeat(65536)) });")
        with pytest.raises(LeanProtocolError, match="more than 1000000 bytes"):
            lean.request("echo", 20)
        assert gone(lean.pid)

    def test_a_closed_output_is_a_crash_at_once(self, start: Callable[..., LeanProcess]) -> None:
        lean = start("serve(() => { fs.closeSync(1); setInterval(() => {}, 1000) });")
        before = time.monotonic()
        with pytest.raises(LeanCrashedError):
            lean.request("echo", 60)
        assert time.monotonic() - before < 20

    def test_an_error_without_the_parts_of_one_is_still_an_error(
        self, start: Callable[..., LeanProcess]
    ) -> None:
        lean = start("serve((r) => tell({ id: r.id, error: 'what' }));")
        with pytest.raises((RequestRefused, LeanProcessError)):
            lean.request("echo", 20)


class TestEnds:
    def test_a_missed_deadline_ends_the_process(self, start: Callable[..., LeanProcess]) -> None:
        lean = start("serve(() => {});")
        before = time.monotonic()
        with pytest.raises(LeanTimeoutError, match=r"within 0\.3 s"):
            lean.request("echo", 0.3)
        assert 0.3 <= time.monotonic() - before < 5
        assert gone(lean.pid)
        with pytest.raises(LeanCrashedError):
            lean.request("echo", 0.3)

    def test_a_busy_process_misses_its_deadline_too(self, start: Callable[..., LeanProcess]) -> None:
        lean = start("serve(() => { for (;;); });")
        with pytest.raises(LeanTimeoutError):
            lean.request("echo", 0.3)
        assert gone(lean.pid)

    def test_a_process_that_does_not_read_misses_its_deadline(
        self, start: Callable[..., LeanProcess]
    ) -> None:
        lean = start("tell({ id: 0, ok: { lean: 'deaf' } }); setInterval(() => {}, 1000);")
        with pytest.raises(LeanTimeoutError):
            lean.request("echo", 0.5, text="x" * 5_000_000)
        assert gone(lean.pid)

    def test_a_process_killed_while_idle_is_noticed(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(ECHO)
        os.kill(lean.pid, signal.SIGKILL)
        assert wait_until(lambda: not lean.alive)
        with pytest.raises(LeanCrashedError, match="signal 9"):
            lean.request("echo", 20)
        assert gone(lean.pid)

    def test_a_process_killed_in_a_request_fails_that_request(
        self, start: Callable[..., LeanProcess]
    ) -> None:
        lean = start("serve(() => process.kill(process.pid, 'SIGKILL'));")
        with pytest.raises(LeanCrashedError, match="signal 9"):
            lean.request("echo", 20)
        assert gone(lean.pid)

    def test_a_crash_tells_what_was_said_last(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(
            "serve(() => { process.stderr.write('RuntimeError: unreachable\\n'); process.exit(70) });"
        )
        with pytest.raises(LeanCrashedError, match=r"exit code 70.*RuntimeError: unreachable"):
            lean.request("echo", 20)

    def test_a_host_that_reports_a_crash_is_ended(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(
            "serve((r) => tell({ id: r.id, error: { kind: 'crash', message: 'unreachable\\nat wasm' } }));"
        )
        with pytest.raises(LeanCrashedError, match=r"Lean crashed during 'echo': unreachable$"):
            lean.request("echo", 20)
        assert gone(lean.pid)

    def test_too_much_memory_ends_the_process(self, start: Callable[..., LeanProcess]) -> None:
        program = "const held = []; serve(() => setInterval(() => held.push(Buffer.alloc(3e7, 1)), 5));"
        lean = start(program, memory_mb=300)
        with pytest.raises(LeanCrashedError, match=r"Lean used \d+ MB, its ceiling is 300 MB"):
            lean.request("echo", 30)
        assert gone(lean.pid)

    def test_ending_leaves_no_child_of_the_process(
        self, start: Callable[..., LeanProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process, "_permissions", lambda _: [])  # else it may have none
        lean = start(
            """const { spawn } = require('child_process');
            const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
            serve((r) => tell({ id: r.id, ok: { child: child.pid } }));"""
        )
        child = lean.request("echo", 20)["child"]
        assert psutil.pid_exists(child)
        lean.kill()

        def ended() -> bool:
            # Orphans are collected by whoever is init here; a zombie of its runs no more.
            with contextlib.suppress(psutil.NoSuchProcess):
                return psutil.Process(child).status() == psutil.STATUS_ZOMBIE
            return True

        assert gone(lean.pid) and wait_until(ended)

    def test_ending_twice_does_nothing_more(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(ECHO)
        lean.kill()
        lean.kill()
        assert not lean.alive and lean.memory_used_mb() == 0

    def test_another_thread_can_interrupt_a_request(self, start: Callable[..., LeanProcess]) -> None:
        lean = start("serve(() => {});")
        threading.Timer(0.2, lean.interrupt).start()
        before = time.monotonic()
        with pytest.raises(LeanCrashedError):
            lean.request("echo", 60)
        assert time.monotonic() - before < 10

    def test_no_file_stays_open(self, start: Callable[..., LeanProcess]) -> None:
        lean = start(ECHO)
        lean.kill()
        before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
        for _ in range(3):
            start(ECHO).kill()
        if before:
            assert len(os.listdir("/proc/self/fd")) == before


class TestStart:
    def test_a_host_that_dies_at_once_is_a_setup_error(self, start: Callable[..., LeanProcess]) -> None:
        with pytest.raises(LeanSetupError, match=r"does not start.*no such build.*setup"):
            start("process.stderr.write('Error: no such build\\n'); process.exit(71);")

    def test_a_host_that_says_nothing_is_a_setup_error(
        self, start: Callable[..., LeanProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process, "START_TIMEOUT_S", 0.5)
        with pytest.raises(LeanSetupError, match="did not start within"):
            start("setInterval(() => {}, 1000);")
        assert psutil.Process().children() == [] or all(
            "host.cjs" not in " ".join(child.cmdline()) for child in psutil.Process().children()
        )

    def test_a_host_that_greets_with_nonsense_is_a_setup_error(
        self, start: Callable[..., LeanProcess]
    ) -> None:
        for greeting in ("'hello\\n'", '\'{"id": 0, "ok": {}}\\n\''):
            with pytest.raises(LeanSetupError):
                start(f"say({greeting}); setInterval(() => {{}}, 1000);")

    def test_nothing_of_the_users_environment_reaches_lean(
        self, start: Callable[..., LeanProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("SECRET_TOKEN", "HTTPS_PROXY", "LEAN_PATH", "LEAN_SYSROOT", "NODE_OPTIONS", "HOME"):
            monkeypatch.setenv(name, "--of-the-user")
        lean = start("serve((r) => tell({ id: r.id, ok: { env: process.env, cwd: process.cwd() } }));")
        assert set(lean.request("env", 20)["env"]) <= {"PATH", "LANG", "PROOFSMITH_DEBUG"}


class TestReplacement:
    """The worker around the process."""

    def test_only_the_request_that_missed_its_deadline_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(tmp_path, monkeypatch, "serve((r) => { if (r.op !== 'hang') tell({ id: r.id, ok: {} }) });")
        with LeanWorker() as worker:
            assert worker.request("echo") == {}
            first = worker.process.pid
            with pytest.raises(LeanTimeoutError):
                worker.request("hang", 0.3)
            assert worker.request("echo") == {}
            assert worker.process.pid != first and gone(first)
            assert (worker.generation, worker.processes_lost) == (2, 1)
        assert not worker.alive

    @pytest.mark.parametrize("field", ["state", "states", "sid", "proofs", "base", "a"])
    def test_a_request_about_a_lost_state_is_not_asked_of_a_new_process(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
    ) -> None:
        use(tmp_path, monkeypatch, ECHO)
        with LeanWorker() as worker:
            os.kill(worker.process.pid, signal.SIGKILL)
            assert wait_until(lambda: not worker.alive)
            with pytest.raises(LeanCrashedError, match="lost between two requests"):
                worker.request("echo", **{field: 5})
            assert worker.request("echo")["got"]["op"] == "echo"

    def test_a_start_that_fails_is_tried_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = json.dumps(str(tmp_path / "first"))
        fails_once = f"if (!fs.existsSync({first})) {{ fs.writeFileSync({first}, ''); process.exit(1) }} "
        use(tmp_path, monkeypatch, fails_once + ECHO)
        monkeypatch.setattr(process, "_permissions", lambda _: [])  # else it may not write
        with LeanWorker() as worker:
            assert worker.request("echo")["got"]["op"] == "echo"

    def test_a_start_that_always_fails_is_not_tried_for_ever(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(tmp_path, monkeypatch, "process.exit(1);")
        with LeanWorker() as worker, pytest.raises(LeanSetupError):
            worker.request("echo")

    def test_an_interrupted_worker_starts_nothing_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(tmp_path, monkeypatch, "serve(() => {});")
        with LeanWorker() as worker:
            worker.process  # noqa: B018
            threading.Timer(0.2, worker.interrupt).start()
            with pytest.raises(LeanCrashedError):
                worker.request("echo", 60)
            with pytest.raises(LeanCrashedError, match="being stopped"):
                worker.request("echo", 60)

    def test_a_process_near_its_ceiling_is_replaced_between_theorems(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(tmp_path, monkeypatch, f"const held = Buffer.alloc(1.5e8, 1); {ECHO}")
        with LeanWorker(memory_mb=200) as worker:
            worker.request("echo")
            first = worker.process.pid
            worker.recycle_if_big()
            assert not worker.alive and gone(first)
            assert worker.request("echo")["got"]["op"] == "echo"
            assert worker.processes_lost == 0, "it was not lost, it was let go"
        with LeanWorker(memory_mb=5000) as worker:
            worker.request("echo")
            worker.recycle_if_big()
            assert worker.alive
