"""A disk that is full: one line, exit code 3, nothing that was noted is lost, and with room the same command goes on.

Where mounting is allowed the disk is a small tmpfs; elsewhere the writes themselves fail with ENOSPC.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from prover.cli.main import main
from prover.errors import StorageError
from prover.prove.folder import RunFolder, write_atomically

SETTINGS, INPUTS = {"timeout_s": 60}, {"a.lean": "00"}
TREE = {"nodes": ["x" * 4000]}


@dataclass
class Disk:
    """A folder on a disk that is soon full, until there is `room`."""

    folder: Path
    room: Callable[[], None]
    fill: Callable[[], None]


@pytest.fixture(params=["mounted", "injected"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "mounted" and _mount(folder, "256k"):
        rest = folder / "rest"
        try:
            yield Disk(folder, lambda: _grow(folder), lambda: _fill(rest))
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    left = [120_000]
    write = os.fsync

    def fsync(handle: int) -> None:
        left[0] -= os.fstat(handle).st_size
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    yield Disk(folder, lambda: left.__setitem__(0, 10**9), lambda: left.__setitem__(0, 0))


def _mount(folder: Path, size: str) -> bool:
    try:
        ran = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    except OSError:
        return False
    return ran.returncode == 0


def _grow(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=16m", str(folder)], check=True)


def _fill(file: Path) -> None:
    with pytest.raises(OSError, match="No space left"), file.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 512)


def test_what_was_noted_before_the_disk_was_full_is_kept_and_the_run_goes_on(disk: Disk) -> None:
    out = disk.folder / "run"
    noted: list[str] = []
    with RunFolder(out, SETTINGS, INPUTS) as folder, pytest.raises(StorageError) as caught:
        for number in range(1000):
            folder.add(f"t{number}", {"id": f"t{number}", "status": "proved"}, TREE)
            noted.append(f"t{number}")
    said = str(caught.value)
    assert str(out) in said and "What was noted before is kept" in said and "\n" not in said
    assert 2 <= len(noted) < 1000
    disk.room()
    with RunFolder(out, SETTINGS, INPUTS) as folder:
        known = folder.known()
        assert list(known)[: len(noted)] == noted and len(known) <= len(noted) + 1
        assert all(folder.tree(key) == TREE for key in noted)
        folder.add("after", {"id": "after", "status": "proved"}, TREE)
        assert "after" in folder.known()
    assert (out / "results.jsonl").read_text("utf-8").count("\n") == len(known) + 1


def test_a_file_is_written_whole_or_not_at_all_and_the_error_names_it(disk: Disk) -> None:
    path = disk.folder / "summary.json"
    write_atomically(path, "before")
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(path, "x" * 2_000_000)
    assert caught.value.filename == str(path)
    assert path.read_text() == "before" and list(disk.folder.iterdir()) == [path]


def test_the_command_ends_with_one_line_and_code_3(
    disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.lean"
    file.write_text("theorem a : 1 = 1 := by sorry\n")
    disk.fill()
    assert main(["prove", str(file), "--out", str(disk.folder / "run"), "--lean", "embedded", "--quiet"]) == 3
    shown = capsys.readouterr()
    assert shown.err.startswith("proofsmith: ") and shown.err.count("\n") == 1 and str(disk.folder) in shown.err
    assert shown.out == ""
