"""Answers, disproofs and other honest routes get the same verdicts from the command, the service and the tool."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import post
from mcp import Client

from prover.audit.trust import FAULTS
from prover.cli.main import main
from prover.server.mcp_tools import tools
from prover.server.service import Service

TARGET = """\
def answer : Nat := sorry
theorem square : answer * answer = 49 := sorry
theorem below (n : Nat) : n < 5 := sorry
theorem under (n : Nat) : n < 7 := sorry
def pick (_ : ∃ n : Nat, n > 3) : Nat := 4
theorem help (n : Nat) : 0 + n = n := by simp
theorem uses (h : ∃ n : Nat, n > 3) : 0 + pick h = 4 := sorry
"""
SUBMISSION = """\
def answer : Nat := 7
theorem square : answer * answer = 49 := rfl
theorem below.disproof : ¬ ∀ n : Nat, n < 5 := fun h => absurd (h 5) (by decide)
theorem under : ¬ ∀ n : Nat, n < 7 := fun h => absurd (h 7) (by decide)
noncomputable def pick (_ : ∃ n : Nat, n > 3) : Nat := 4
theorem help (n : Nat) : 0 + n = n := Nat.zero_add n
theorem uses (h : ∃ n : Nat, n > 3) : 0 + pick h = 4 := help 4
"""


def seen(theorems: list[dict[str, Any]]) -> dict[str, tuple[str, list[Any]]]:
    return {t["name"]: (t["category"], [(a["name"], a["value"], a["remark"]) for a in t["answers"]]) for t in theorems}


def expected(allowed: bool) -> dict[str, tuple[str, list[Any]]]:
    return {
        "square": ("accepted", [("answer", "7", None)]),
        "below": ("disproved", []),
        "under": ("disproved" if allowed else "statement", []),
        "uses": ("accepted", []),
    }


@pytest.mark.parametrize("allowed", [False, True])
def test_the_command(allowed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, submission = tmp_path / "T.lean", tmp_path / "S.lean"
    target.write_text(TARGET)
    submission.write_text(SUBMISSION)
    options = ["--allow-disproof"] if allowed else []
    code = main(["check", str(submission), "--against", str(target), "--native", "off", "--json", *options])
    said = json.loads(capsys.readouterr().out)
    assert seen(said["theorems"]) == expected(allowed) and code == (0 if allowed else 1)
    assert "the kernel of Lean 4.28.0" in said["kernel"] and said["faults_looked_for"] == list(FAULTS)


@pytest.mark.parametrize("allowed", [False, True])
def test_the_service_and_the_tool(lean_service: Service, lean_address: str, tmp_path: Path, allowed: bool) -> None:
    asked = {"text": SUBMISSION, "against": TARGET, "allow_disproof": allowed}

    async def by_tool() -> dict[str, Any]:
        async with Client(tools(lean_service, tmp_path)) as client:
            reply: dict[str, Any] = (await client.call_tool("check", asked)).structured_content
            return reply

    for said in (post(f"{lean_address}/v1/check", json=asked, timeout=240).json(), asyncio.run(by_tool())):
        assert seen(said["verdicts"]) == expected(allowed) and said["ok"] == allowed
        assert "the kernel of Lean 4.28.0" in said["kernel"] and said["faults_looked_for"] == list(FAULTS)
