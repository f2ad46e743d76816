"""lean_project/ without a native toolchain: each file parses, and what is no program elaborates in the embedded Lean."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.lean.embedded.worker import LeanWorker
from prover.lean.native.project import SOUND_SINCE, read_project

ROOT = Path(__file__).resolve().parents[1] / "lean_project"
OWN = re.compile(r"^import[ \t]+Proofsmith.*$", re.MULTILINE)
NEEDS_CODE = ("Lean.Parser.Command.elab",)
"""Commands that Lean runs as programs: the embedded Lean cannot compile them."""


@pytest.fixture(scope="module")
def lean() -> Iterator[LeanWorker]:
    with LeanWorker(memory_mb=6000, timeout_s=240) as worker:
        yield worker


def test_every_file_is_checked() -> None:
    assert sorted(p.name for p in ROOT.rglob("*.lean") if ".lake" not in p.parts) == [
        "Basic.lean", "Export.lean", "Native.lean", "Proofsmith.lean", "Suggest.lean",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["Basic", "Export", "Native", "Suggest"])
def test_a_file_elaborates_as_far_as_it_can(name: str, lean: LeanWorker) -> None:
    text = (ROOT / "Proofsmith" / f"{name}.lean").read_text("utf-8")
    plain = OWN.sub(lambda m: " " * len(m[0]), text)
    head = lean.request("header", text=plain)
    assert [m for m in head["messages"] if m.severity == "error"] == []
    state = lean.base_state(tuple(head["modules"]))
    if "import Proofsmith.Basic" in text:
        basic = (ROOT / "Proofsmith" / "Basic.lean").read_text("utf-8")
        state = lean.request("elaborate", state=state, text=basic)["state"]
    raw = lean.request("elaborate", state=state, text=plain, **{"from": head["end"]})
    for command in raw["commands"]:
        if command.kind not in NEEDS_CODE:
            assert [m.text for m in command.errors] == [], plain.encode()[command.start : command.end].decode()[:80]
        assert "sorry" not in " ".join(m.text for m in command.messages)


def test_the_pins_are_exact_and_sound() -> None:
    project = read_project(ROOT)
    assert project.version is not None and project.version >= SOUND_SINCE
    lakefile = tomllib.loads((ROOT / "lakefile.toml").read_text("utf-8"))
    assert all(re.fullmatch(r"[0-9a-f]{40}", r["rev"]) for r in lakefile["require"])
    assert {r["name"] for r in lakefile["require"]} == {"mathlib", "repl"}


def test_files_are_in_mathlibs_style() -> None:
    for path in ROOT.rglob("*.lean"):
        text = path.read_text("utf-8")
        assert text.startswith("/-\nCopyright (c)"), path
        assert not [line for line in text.splitlines() if len(line) > 130], path
