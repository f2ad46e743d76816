"""A run's folder."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from prover.errors import ConfigError
from prover.prove.folder import RunFolder, write_atomically

SETTINGS = {"timeout_s": 60}
INPUTS = {"a.lean": "00"}


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (path / "results.jsonl").read_text().splitlines()]


def test_what_was_noted_is_known_to_the_next_run(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", {"name": "a", "status": "proved"}, {"nodes": []})
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        assert folder.known() == {"a": {"name": "a", "status": "proved"}}
        assert folder.tree("a") == {"nodes": []}
        assert folder.tree("b") is None


def test_lines_are_made_anew_from_the_journal(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", {"name": "a"})
    (tmp_path / "results.jsonl").write_text('{"name": "a"}\n{"name": "half of a li')
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("b", {"name": "b"})
    assert lines(tmp_path) == [{"name": "a"}, {"name": "b"}]


def test_a_second_run_on_the_folder_says_so_and_stops(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS), pytest.raises(ConfigError, match="another run is using"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", {"name": "a"})
    with pytest.raises(ConfigError, match=r"timeout_s: 60 there, 5 now"):
        RunFolder(tmp_path, {"timeout_s": 5}, INPUTS).__enter__()
    with pytest.raises(ConfigError, match=r"a\.lean"):
        RunFolder(tmp_path, SETTINGS, {"a.lean": "11"}).__enter__()


def test_a_refused_folder_is_free_again(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", {"name": "a"})
    with pytest.raises(ConfigError):
        RunFolder(tmp_path, {"timeout_s": 5}, INPUTS).__enter__()
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        assert folder.known() == {"a": {"name": "a"}}


def test_a_run_that_ended_before_its_first_result_gives_way_to_one_of_other_settings(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS):
        pass
    with RunFolder(tmp_path, {"timeout_s": 5}, INPUTS) as folder:
        folder.add("a", {"name": "a"})
    with pytest.raises(ConfigError, match=r"timeout_s: 5 there, 60 now"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_fresh_begins_anew(tmp_path: Path) -> None:
    with RunFolder(tmp_path, SETTINGS, INPUTS) as folder:
        folder.add("a", {"name": "a"})
    with RunFolder(tmp_path, {"timeout_s": 5}, INPUTS, fresh=True) as folder:
        assert folder.known() == {}


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigError, match="format 99"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("not a database, and long enough to be looked at as one" * 40)
    with pytest.raises(ConfigError, match="not a journal"):
        RunFolder(tmp_path, SETTINGS, INPUTS).__enter__()


def test_a_theorems_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", SETTINGS, INPUTS) as folder:
        folder.add("../../evil\0/../x", {"name": "x"}, {"nodes": []})
        assert folder.tree_path("../../evil\0/../x").parent == tmp_path / "run" / "trees"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
