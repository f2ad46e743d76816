"""What a checking program said, in our words."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED, REFUSED, NOT_RUN = "accepted", "refused", "not run"


@dataclass(frozen=True)
class Said:
    """An answer as far as it can be read: `outcome` is accepted, refused, or not run when it is neither yes nor no."""

    outcome: str
    detail: str


@dataclass(frozen=True)
class ToolReport:
    """What a check came to: its name, accepted, refused or not run, and what is to be said about it."""

    tool: str
    outcome: str
    detail: str

    def line(self) -> str:
        """For people: `leanchecker: …`, or `not run: leanchecker (…)`."""
        if self.outcome == NOT_RUN:
            return f"not run: {self.tool} ({self.detail})"
        return f"{self.tool}: {self.detail}" if self.outcome == ACCEPTED else f"{self.tool} refuses: {self.detail}"
