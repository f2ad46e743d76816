"""The cheating suite: each cheat is refused for what is wrong with it, and every honest proof is accepted."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.audit.embedded import Auditor
from prover.lean.embedded.worker import LeanWorker

_spec = importlib.util.spec_from_file_location("audit_cases", Path(__file__).parent / "cases.py")
assert _spec is not None and _spec.loader is not None
cases = importlib.util.module_from_spec(_spec)
sys.modules["audit_cases"] = cases
_spec.loader.exec_module(cases)

CHEATS = cases.read("cheats")
HONEST = cases.read("honest")
BAD = Path("bad.lean")
"""Stands in the reasons."""


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    with LeanWorker() as worker:
        yield Auditor(worker)


@pytest.mark.parametrize("case", CHEATS, ids=lambda c: c.name)
def test_a_cheat_is_refused_for_what_it_is(auditor: Auditor, case: cases.Case) -> None:
    verdicts = auditor.audit_files(case.target, case.submission, submission_path=BAD)
    assert verdicts and not any(v.accepted for v in verdicts)
    assert (verdicts[-1].category, case.reason in (verdicts[-1].reason or "")) == (case.category, True), (
        verdicts[-1]
    )


@pytest.mark.parametrize("case", HONEST, ids=lambda c: c.name)
def test_an_honest_proof_is_accepted(auditor: Auditor, case: cases.Case) -> None:
    verdicts = auditor.audit_files(case.target, case.submission, submission_path=BAD)
    assert verdicts and [v for v in verdicts if not v.accepted] == []


def test_there_are_enough_cases_and_none_twice() -> None:
    for some in (CHEATS, HONEST):
        assert len(some) >= 60
        assert len({case.name for case in some}) == len(some)
        assert len({(case.target, case.submission) for case in some}) == len(some)
