"""The tools for agents, asked by the SDK's own client over stdin and stdout of a real process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from prover.errors import DataError
from prover.server.mcp_tools import text_of

FILE = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry\n"


def test_an_agent_reads_goals_takes_a_suggestion_proves_and_checks(tmp_path: Path) -> None:
    (tmp_path / "A.lean").write_text(FILE)
    arguments = ["-m", "prover.cli.main", "mcp", "--workspace", str(tmp_path)]
    server = StdioServerParameters(command=sys.executable, args=arguments, env={"PYTHONPATH": ":".join(sys.path)})
    progress: list[float] = []

    async def told(done: float, total: float | None, message: str | None) -> None:
        progress.append(done)

    async def go() -> dict[str, Any]:
        async with Client(server, read_timeout_seconds=240) as client:
            found: dict[str, Any] = {"tools": sorted(t.name for t in (await client.list_tools()).tools)}
            place = {"file": "A.lean", "line": 2, "column": 2}
            found["outside"] = await client.call_tool("goals", {**place, "file": "../B.lean"})
            found["goals"] = await client.call_tool("goals", place)
            found["suggest"] = await client.call_tool("suggest", {**place, "limit": 3})
            found["prove"] = await client.call_tool("prove", {"file": "A.lean", "timeout_s": 120}, progress_callback=told)
            found["check"] = await client.call_tool("check", {"text": found["prove"].structured_content["text"], "against": FILE})
            found["premises"] = await client.call_tool("search_premises", {"query": "length append", "limit": 5})
            return found

    found = asyncio.run(go())
    assert found["tools"] == ["check", "goals", "prove", "search_premises", "suggest"]
    assert found["outside"].is_error and "outside the workspace" in found["outside"].content[0].text
    assert found["goals"].structured_content["goals"] == ["p q : Prop\nh : p ∧ q\n⊢ q ∧ p"]
    assert found["suggest"].structured_content["suggestions"][0]["closes"]
    assert found["prove"].structured_content["status"] == "proved" and progress
    assert found["check"].structured_content["ok"]
    assert found["premises"].structured_content["premises"]


def test_only_lean_files_of_the_workspace_are_read(tmp_path: Path) -> None:
    inside, secret = tmp_path / "w", tmp_path / "secret.lean"
    inside.mkdir()
    secret.write_text("x")
    (inside / "link.lean").symlink_to(secret)
    (inside / "a.lean").write_text("y")
    (inside / "a.txt").write_text("z")
    assert text_of(inside, "a.lean", None) == text_of(inside, str(inside / "a.lean"), None) == "y"
    for file in ("../secret.lean", "link.lean", str(secret), "a.txt", "b.lean", "\0.lean", "."):
        with pytest.raises(DataError):
            text_of(inside, file, None)
    for both in ((None, None), ("a.lean", "text"), (None, "\0"), (None, "\ud800")):
        with pytest.raises(DataError):
            text_of(inside, *both)
