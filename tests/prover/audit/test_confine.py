"""A stranger's text: the lists of what it may do are complete, and nothing of it stays in the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.audit.embedded import Auditor
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


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("theorem t (n : Nat) : n + 0 = n := by simp\nnotation \"two\" => 2\n#check two", True),
        ("#eval 1 + 1", False),
        ("run_cmd Lean.logInfo \"hello\"", False),
        ("theorem t : True := by run_tac Lean.Elab.Tactic.evalTactic (← `(tactic| trivial))", False),
        ("@[command_elab Lean.Parser.Command.check] def f : Nat := 0", False),
        ("initialize r : IO.Ref Nat ← IO.mkRef 0", False),
    ],
)
def test_a_process_in_which_a_program_ran_serves_nobody_else(worker: LeanWorker, text: str, stays: bool) -> None:
    """Texts that are read without the guard may run programs; a served process is ended after them."""
    worker.settle(programs=True)
    worker.request("elaborate", state=worker.base_state(("Init",)), text=text)
    worker.settle(programs=True)
    assert worker.alive == stays


def test_a_process_that_an_honest_submission_left_is_used_again(worker: LeanWorker) -> None:
    generation = worker.process and worker.generation
    target = "theorem t (n : Nat) : n + 0 = n := sorry"
    for proof in ("by simp", "by grind", "by rfl"):
        assert Auditor(worker).audit_files(target, target.replace("sorry", proof))[0].accepted
    assert worker.generation == generation
