"""Whose folder it is, for every kind of run alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prover.errors import ConfigError, DataError
from prover.prove.claim import Claim

SETTINGS = {"steps": 100, "search": {"timeout_s": 60.0}, "text": "a" * 30}


def test_a_folder_is_one_runs_at_a_time(tmp_path: Path) -> None:
    with Claim(tmp_path).held(), pytest.raises(ConfigError, match="another run is using"), Claim(tmp_path).held():
        pass
    with Claim(tmp_path).held():
        pass


def test_what_differs_is_named_with_both_values(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "new", "training run")
    with claim.held():
        claim.begin(SETTINGS)
        claim.begin(SETTINGS)
        with pytest.raises(ConfigError, match=r"a training run of other .*search.timeout_s: 60.0 there, 10.0 now, text: a{12}…"):
            claim.begin({**SETTINGS, "search": {"timeout_s": 10.0}, "text": "b"})


def test_fresh_removes_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    claim = Claim(tmp_path, "run", "settings.json", ("round-*", "page.html"))
    claim.begin(SETTINGS)
    (tmp_path / "round-01").mkdir()
    (tmp_path / "page.html").write_text("x", "utf-8")
    claim.begin({"steps": 1}, fresh=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["settings.json"]
    assert json.loads((tmp_path / "settings.json").read_text("utf-8")) == {"steps": 1}
    (tmp_path / "settings.json").unlink()
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        claim.begin(SETTINGS, fresh=True)
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_damaged_settings_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"settings\.json is damaged"):
        Claim(tmp_path).begin(SETTINGS)


def test_a_file_in_the_folders_place_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", "utf-8")
    with pytest.raises(ConfigError, match="is not a folder"), Claim(tmp_path / "out").held():
        pass
