"""A stranger's text: the lists of what it may do are complete, and nothing of it stays in the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.lean.embedded.process import HOST
from prover.lean.embedded.worker import LeanWorker

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def worker() -> Iterator[LeanWorker]:
    with LeanWorker(memory_mb=4000) as worker:
        yield worker


def test_every_attribute_that_lean_registers_is_on_exactly_one_list(worker: LeanWorker) -> None:
    worker.base_state(("Init", "Lean"))
    reply = worker.request("attributes")
    listed = [name for names in reply["fates"].values() for name in names]
    assert sorted(reply["registered"]) == sorted(listed)


def test_every_command_that_lean_reads_is_allowed_or_refused(worker: LeanWorker) -> None:
    reply = worker.request("commands", state=worker.base_state(("Init", "Lean")))
    assert sorted(reply["kinds"]) == sorted(reply["allowed"] + reply["refused"])


def test_docs_show_every_attribute_with_its_fate() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/audit.md").read_text("utf-8").split("## Attributes")[1].splitlines()
        if line.startswith("| `")
    ]
    shown = {name.strip("`"): (what, fate) for names, what, fate in rows for name in names.split(", ")}
    fates = json.loads((HOST.parent / "attributes.json").read_text("utf-8"))
    words = {"allowed": "allowed", "confined": "Lean's own commands", "judged": "noted", "refused": "refused"}
    for fate, attributes in fates.items():
        for name, what in attributes.items():
            assert shown[name][0] == what and shown[name][1].startswith(words[fate]), name
