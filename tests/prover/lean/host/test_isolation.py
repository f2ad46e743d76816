"""A program that runs while Lean reads a file starts no process and reaches no network, nor would one that broke out of Lean.

`tests/prover/lean/embedded/test_worker.py` has the files, the environment and the standard streams.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from prover.audit.embedded import Auditor
from prover.errors import LeanCrashedError
from prover.lean.embedded import package, prepared, process
from prover.lean.embedded.process import LeanProcess, RequestRefused
from prover.lean.embedded.worker import LeanWorker

LIMITS = ("max_size", "max_terms", "budget_ms")
START = "IO.Process.spawn {{cmd := {command}, args := #[{path}]}}"


@dataclass
class Listener:
    """Sockets that wait for whoever comes."""

    tcp: socket.socket
    udp: socket.socket

    def reached(self) -> bool:
        return bool(select.select([self.tcp, self.udp], [], [], 0.3)[0])


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        yield Listener(tcp, udp)


def said(worker: LeanWorker, text: str, modules: tuple[str, ...] = ("Init",)) -> str:
    raw = worker.request("elaborate", 60, state=worker.base_state(modules), text=text)
    worker.request("release", states=[raw["state"]])
    return "\n".join(m.text for c in raw["commands"] for m in c.messages)


def test_the_listener_sees_who_comes(listener: Listener) -> None:
    """Else the tests below would show nothing."""
    assert not listener.reached()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", listener.udp.getsockname())
        assert listener.reached()
    assert listener.udp.recv(1) == b"x" and not listener.reached()
    with socket.create_connection(listener.tcp.getsockname()):
        assert listener.reached()


@pytest.mark.parametrize(
    ("modules", "text"),
    [
        (("Init",), "#eval (do let c ← {start}; discard c.wait : IO Unit)"),
        (("Init",), "#eval (do let o ← IO.Process.output {{cmd := {command}, args := #[{path}]}}; return o.stdout : IO _)"),
        (("Init",), "#eval (do let t ← IO.asTask (discard <| {start}); IO.ofExcept t.get : IO Unit)"),
        (("Init",), "def go : IO Nat := do discard <| {start}; return 1\n#eval go"),
        (
            ("Init", "Lean"),
            'open Lean Elab Term in\nelab "go!" : term => do\n  discard <| {start}\n  return mkNatLit 0\nexample : Nat := go!',
        ),
    ],
    ids=["spawn", "output", "task", "definition", "elaborator"],
)
def test_no_process_is_started(lean_worker: LeanWorker, tmp_path: Path, modules: tuple[str, ...], text: str) -> None:
    made = tmp_path / "made"
    fields = {"command": '"/usr/bin/touch"', "path": f'"{made}"'}
    text = text.format(**fields, start=START.format(**fields))
    generation = lean_worker.process.pid
    assert "not implemented" in said(lean_worker, text, modules)
    assert not made.exists() and lean_worker.process.pid == generation


def test_the_c_library_runs_no_program_though_it_can_be_called(lean_worker: LeanWorker, tmp_path: Path) -> None:
    """`@[export]` makes Lean's interpreter call `system`; a number is passed as twice itself and one, here an address."""
    made = tmp_path / "made"
    text = f"""@[extern "system", export system] opaque outside (half : Nat) : UInt32
unsafe def go : IO Unit := do
  let command := "  touch {made}"
  IO.println (toString (outside ((ptrAddrUnsafe command + 20).toNat / 2)))
#eval (go : IO Unit)"""
    with pytest.raises(LeanCrashedError, match="Lean may not do this"):
        said(lean_worker, text)
    assert not made.exists()


def test_javascript_beside_lean_may_not_start_programs_or_touch_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a program could do that broke out of Lean into the host: the host is started with these permissions."""
    host = tmp_path / "host" / "host.cjs"
    host.parent.mkdir()
    host.write_text("""
const tell = (m) => process.stdout.write(JSON.stringify(m) + '\\n');
tell({ id: 0, ok: { lean: 'a fake' } });
require('readline').createInterface({ input: process.stdin }).on('line', (l) => {
  const request = JSON.parse(l);
  let said = 'done';
  try { said = String(eval(request.code)); } catch (e) { said = e.code ?? String(e); }
  tell({ id: request.id, ok: { said } });
}).on('close', () => process.exit(0));""")
    monkeypatch.setattr(process, "HOST", host)
    made, secret = tmp_path / "made", tmp_path / "secret"
    secret.write_text("s3cret")
    library = package.ensure().lib_dir / "Init.olean"
    denied = [
        f"require('child_process').spawnSync('touch', ['{made}']).error.code",
        f"require('child_process').execSync('touch {made}')",
        f"require('fs').writeFileSync('{made}', 'x')",
        f"require('fs').readFileSync('{secret}', 'utf8')",
        "require('fs').readFileSync('/etc/passwd', 'utf8')",
        f"require('fs').symlinkSync('{secret}', '{host.parent}/link')",
        f"require('fs').truncateSync('{library}')",
        f"require('fs').renameSync('{library}', '{library}.gone')",
        "process.binding('spawn_sync')",
    ]
    lean = LeanProcess()
    try:
        assert lean.request("echo", 20, code="20 + 22")["said"] == "42"
        assert int(lean.request("echo", 20, code=f"require('fs').statSync('{library}').size")["said"]) > 1000
        answers = {code: lean.request("echo", 20, code=code)["said"] for code in denied}
    finally:
        lean.kill()
    assert answers == dict.fromkeys(denied, "ERR_ACCESS_DENIED")
    assert not made.exists() and library.stat().st_size > 1000


def test_an_audits_process_may_not_even_read_what_an_audit_does_not_need() -> None:
    with LeanWorker() as worker:
        Auditor(worker)
        state = worker.base_state(("Init",))
        for op, fields in (("mutate_open", {}), ("corpus_list", {}), ("explore", {"names": [], **dict.fromkeys(LIMITS, 1)})):
            with pytest.raises(RequestRefused, match=f"this process was started without {op}"):
                worker.request(op, state=state, **fields)
        options = psutil.Process(worker.process.pid).cmdline()
    readable = [Path(o.split("=", 1)[1]) for o in options if o.startswith("--allow-fs-read=")]
    assert process.HOST in readable
    for folder in process.FURTHER:
        assert (process.HOST.parent / folder).is_dir()
        assert not any((process.HOST.parent / folder).is_relative_to(path) for path in readable)


def test_a_fault_of_the_host_itself_ends_the_process(tmp_path: Path) -> None:
    """Even a TypeError, which a request of a wrong shape would have given: requests are checked before."""
    fault = tmp_path / "fault.cjs"
    fault.write_text("""const rss = process.memoryUsage.rss;
process.memoryUsage = Object.assign(() => { throw new TypeError('broken on purpose'); }, { rss });""")

    class Broken(LeanProcess):
        def _command(self, found: package.EmbeddedPackage) -> list[str]:
            node, *rest = super()._command(found)
            return [node, f"--allow-fs-read={fault}", "--require", str(fault), *rest]

    lean = Broken()
    try:
        with pytest.raises(LeanCrashedError, match="Lean crashed during 'memory': broken on purpose"):
            lean.request("memory", 20)
        assert not lean.alive
    finally:
        lean.kill()


def test_there_is_nothing_behind_the_ways_out_of_the_c_library() -> None:
    text = (prepared.ensure(package.ensure()) / "lean.cjs").read_text("latin-1")
    for way in ('require("child_process")', 'require("ws")', "eval(UTF8ToString", "process.binding"):
        assert way not in text
    assert text.startswith('for(const name of["fetch","WebSocket","EventSource","XMLHttpRequest"])delete globalThis[name];')
    assert text.count("Lean may not do this") == 6


@pytest.mark.parametrize(
    "ask",
    ["discard <| Std.Internal.UV.TCP.Socket.new", 'discard <| Std.Internal.UV.DNS.getAddrInfo "localhost" "{port}" 0'],
    ids=["tcp", "dns"],
)
def test_no_network_is_reached(lean_worker: LeanWorker, listener: Listener, ask: str) -> None:
    """Last in this file: the process is replaced. This build has no sockets; asking for one ends it."""
    text = f"#eval ({ask} : IO Unit)".replace("{port}", str(listener.tcp.getsockname()[1]))
    state = lean_worker.base_state(("Init", "Std"))
    with pytest.raises(LeanCrashedError, match="Lean crashed during 'elaborate'"):
        lean_worker.request("elaborate", 60, state=state, text=text)
    assert not listener.reached()
