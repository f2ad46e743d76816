"""What theorems cost: totals of a run, for its summary and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

GRACE_S = 5.0
"""An attempt may end so much after its budget; what takes longer is reported."""


def cost_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums over the records of a run: theorem time, time inside tactics, expansions, tactics, what the policy was asked."""

    def total(key: str) -> float:
        return sum(float(r.get(key) or 0) for r in records)

    return {
        "theorem_seconds": round(total("seconds"), 1),
        "lean_seconds": round(total("lean_seconds"), 1),
        "expansions": int(total("expansions")),
        "tactics_run": int(total("tactics_run")),
        "policy_calls": int(total("policy_calls")),
        "policy_seconds": round(total("policy_seconds"), 1),
        "policy_tokens": int(total("policy_tokens")),
    }


def over_budget(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many attempts ended more than GRACE_S after their budget, and the worst overrun of all."""
    over = [float(r.get("over_s") or 0) for r in records]
    return {"theorems": sum(s > GRACE_S for s in over), "worst_s": round(max(over, default=0.0), 1)}
