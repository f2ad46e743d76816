"""The messages of leanprover-community/repl, as frozen values.

After REPL/JSON.lean and REPL/Main.lean at v4.33.0-rc2: requests and replies are JSON separated by blank lines; empty lists
are left out; an error is an object with nothing but `message`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prover.errors import LeanProtocolError, LeanSetupError

COMPLETED = "Completed"
HAS_SORRY = "Incomplete: contains sorry"


@dataclass(frozen=True)
class Said:
    """A message of Lean; of a tactic's, the position means nothing."""

    severity: str
    text: str


@dataclass(frozen=True)
class Sorry:
    """A `sorry` in a command: its goal, the live proof state there, and its line (from 1) and column (code points)."""

    goal: str
    proof_state: int | None
    at: tuple[int, int] | None = None


@dataclass(frozen=True)
class CommandReply:
    """What `{"cmd": …, "env": n}` left."""

    env: int
    messages: tuple[Said, ...]
    sorries: tuple[Sorry, ...]

    @property
    def errors(self) -> list[str]:
        """The texts of the errors."""
        return [m.text for m in self.messages if m.severity == "error"]


@dataclass(frozen=True)
class TacticReply:
    """What `{"tactic": …, "proofState": n}` left. Goals without `Completed` are not a proof, be there none."""

    proof_state: int
    goals: tuple[str, ...]
    status: str
    messages: tuple[Said, ...]
    sorries: int


def position(text: str, offset: int) -> tuple[int, int]:
    """The line (from 1) and column (code points) of a byte offset, as the REPL tells places."""
    before = text.encode()[:offset].decode(errors="replace")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)


def failure(raw: dict[str, Any]) -> str | None:
    """The REPL's refusal, when that is what it answered."""
    return str(raw["message"]) if set(raw) == {"message"} else None


def command_reply(raw: dict[str, Any]) -> CommandReply:
    """Reads the answer to a command."""
    try:
        sorries = tuple(_sorry(s) for s in raw.get("sorries", ()))
        return CommandReply(int(raw["env"]), _messages(raw), sorries)
    except (LookupError, TypeError, ValueError) as error:
        raise LeanProtocolError(f"the REPL answered {str(raw)[:160]!r} to a command; it is replaced") from error


def tactic_reply(raw: dict[str, Any]) -> TacticReply:
    """Reads the answer to a tactic.

    Raises LeanSetupError for a REPL too old for `proofStatus`: its `goals: []` means nothing.
    """
    if "proofState" in raw and "proofStatus" not in raw:
        raise LeanSetupError(
            "this REPL gives no proofStatus, so its `goals: []` means nothing; build one for Lean v4.19 or newer "
            "(`proofsmith doctor` says how), or use --lean dojo"
        )
    try:
        goals = tuple(str(g) for g in raw["goals"])
        return TacticReply(
            int(raw["proofState"]), goals, str(raw["proofStatus"]), _messages(raw), len(raw.get("sorries", ()))
        )
    except (LookupError, TypeError, ValueError) as error:
        raise LeanProtocolError(f"the REPL answered {str(raw)[:160]!r} to a tactic; it is replaced") from error


def _sorry(raw: dict[str, Any]) -> Sorry:
    at = raw.get("pos")
    return Sorry(str(raw["goal"]), raw.get("proofState"), (int(at["line"]), int(at["column"])) if at else None)


def _messages(raw: dict[str, Any]) -> tuple[Said, ...]:
    return tuple(Said(str(m["severity"]), str(m["data"])) for m in raw.get("messages", ()))
