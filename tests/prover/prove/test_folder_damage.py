"""A run's folder that something happened to: refused in one line or read as it was, never misread."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from prover.errors import ConfigError, ProverError, StorageError
from prover.prove.folder import OURS, RunFolder, write_below

SETTINGS = {"search": {"timeout_s": 60, "max_expansions": None}}
INPUTS = {"a.lean": "00"}
RECORDS = {f"a.lean:t{i}": {"id": f"a.lean:t{i}", "status": "proved", "proof": f"simp [h{i}] " * 40} for i in range(12)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole")
    with RunFolder(path, SETTINGS, INPUTS) as folder:
        for key, record in RECORDS.items():
            folder.add(key, record)
    return path


def copy(whole: Path, to: Path) -> Path:
    shutil.copytree(whole, to, dirs_exist_ok=True)
    return to


def read(path: Path) -> dict[str, object] | None:
    """What the folder says it holds; None when it is refused."""
    try:
        with RunFolder(path, SETTINGS, INPUTS) as folder:
            return dict(folder.known())
    except ConfigError as error:
        assert "--fresh" in str(error) and "\n" not in str(error)
        return None
    except ProverError:
        return None


def test_a_flipped_byte_is_noticed_or_harmless(whole: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    journal = copy(whole, tmp_path) / "journal.sqlite"
    original = journal.read_bytes()
    lines = (tmp_path / "results.jsonl").read_bytes()
    refused = 0
    for _ in range(150):
        raw = bytearray(original)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        journal.write_bytes(raw)
        (tmp_path / "results.jsonl").write_bytes(lines)
        found = read(tmp_path)
        refused += found is None
        assert found in (None, RECORDS)
    assert refused > 10  # most of the file's pages are empty ends of tables


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_journal_that_was_cut_short_is_refused(whole: Path, tmp_path: Path, part: float) -> None:
    journal = copy(whole, tmp_path) / "journal.sqlite"
    journal.write_bytes(journal.read_bytes()[: int(journal.stat().st_size * part)])
    assert read(tmp_path) is None


def test_a_journal_that_is_gone_is_noticed_by_the_lines_that_are_left(whole: Path, tmp_path: Path) -> None:
    (copy(whole, tmp_path) / "journal.sqlite").unlink()
    with pytest.raises(ConfigError, match=r"results\.jsonl has 12 results that it has not"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_a_damaged_folder_can_be_begun_anew(whole: Path, tmp_path: Path) -> None:
    (copy(whole, tmp_path) / "journal.sqlite").write_bytes(b"rubbish" * 1000)
    with RunFolder(tmp_path, SETTINGS, INPUTS, fresh=True) as folder:
        assert folder.known() == {}


def test_the_format_before_this_one_is_refused_by_name(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.executescript(
        "CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE result (id TEXT PRIMARY KEY, record TEXT);"
        "PRAGMA user_version = 1;"
    )
    db.close()
    with pytest.raises(ConfigError, match=r"another version of proofsmith \(format 1, this one knows 2\)"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.executescript("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    before = (tmp_path / "journal.sqlite").read_bytes()
    with pytest.raises(ConfigError, match="belongs to another program"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()
    assert (tmp_path / "journal.sqlite").read_bytes() == before


def test_settings_that_differ_deep_inside_are_named(whole: Path, tmp_path: Path) -> None:
    copy(whole, tmp_path)
    other = {"search": {"timeout_s": 60, "max_expansions": 5}}
    with pytest.raises(ConfigError, match=r"search\.max_expansions: None there, 5 now"):
        RunFolder(tmp_path, other, INPUTS).__enter__()


@pytest.mark.parametrize("name", OURS)
def test_a_symbolic_link_in_the_folder_is_refused_and_not_followed(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="symbolic link"):
        RunFolder(tmp_path / "run", SETTINGS, INPUTS).__enter__()
    assert elsewhere.read_text() == "mine"


@pytest.mark.parametrize("name", ["../x.lean", "/tmp/x.lean", "a/../../x.lean", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        write_below(tmp_path / "proofs", name, "text")
    assert list(tmp_path.iterdir()) == []


def test_a_linked_folder_below_proofs_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "proofs").mkdir()
    (tmp_path / "proofs" / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(ConfigError, match="symbolic link"):
        write_below(tmp_path / "proofs", "sub/a.lean", "text")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_linked_file_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "a.lean").symlink_to(target)
    write_below(tmp_path, "a.lean", "proof")
    assert target.read_text() == "mine"
    assert not (tmp_path / "a.lean").is_symlink()


def test_names_that_utf8_cannot_express_are_kept(tmp_path: Path) -> None:
    record = {"id": "a", "name": "x\udcff", "file": "line\nbreak\u202e.lean"}
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", record)
        assert folder.known() == {"a": record}


FILL = """
    import resource, signal, sys
    from pathlib import Path
    from prover.errors import StorageError
    from prover.prove.folder import RunFolder
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with RunFolder(Path(sys.argv[1]), {}, {}) as folder:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        for i in range(10_000):
            try:
                folder.add(f"t{i}", {"id": f"t{i}", "proof": "simp " * 1000})
            except StorageError as error:
                print(i, error, sep="\\n")
                break
"""


def test_a_full_disk_ends_with_one_line_and_what_was_noted_is_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), str(tmp_path)],
        capture_output=True, text=True, cwd=Path(__file__).parents[3], env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    noted, message = done.stdout.splitlines()
    assert "cannot write to" in message and "What was noted before is kept" in message
    with RunFolder(tmp_path, {}, {}) as folder:
        assert len(folder.known()) in (int(noted), int(noted) + 1)  # the row may be there, its line not
        folder.add("after", {"id": "after"})
        assert "after" in folder.known()


def test_a_folder_that_cannot_be_made_is_an_error_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        RunFolder(tmp_path / "file" / "run", SETTINGS, INPUTS).__enter__()
    assert caught.value.exit_code == 3
