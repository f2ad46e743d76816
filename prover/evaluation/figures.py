"""Records of an evaluation put together and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prover.evaluation import baseline as single_tactics
from prover.evaluation.datasets import DataSet
from prover.evaluation.statistics import bootstrap, mean_pass_at_k, pass_at_k, wilson
from prover.prove.item import Item, over_budget


def joined(
    dataset: DataSet,
    items: Sequence[Item],
    singles: Sequence[Sequence[dict[str, Any]]],
    tried: dict[str, dict[str, Any]] | None,
) -> list[dict[str, Any]]:
    """One record a problem; of several runs, one that proves it. `proved_runs` counts those."""
    records = []
    for index, (problem, item) in enumerate(zip(dataset.problems, items, strict=True)):
        runs = [single[index] for single in singles]
        proved = [r for r in runs if r["status"] == "proved"]
        record = dict(proved[0] if proved else runs[0])
        record |= {
            "elaborated": item.target.problem is None,
            "area": problem.area,
            "split": dataset.split,
            "known_bad": problem.known_bad,
            "runs": len(runs),
            "proved_runs": len(proved),
        }
        if len(runs) > 1:
            record["run"] = runs.index(proved[0]) + 1 if proved else 1
        if tried is not None:
            closed_by = tried[item.id]["closed_by"]
            record |= {"single_tactics": closed_by, "difficulty": single_tactics.difficulty(closed_by)}
        records.append(record)
    return records


def counts(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Proved, elaborated, total; rate and interval over the total."""
    proved = sum(r["status"] == "proved" for r in records)
    total = len(records)
    return {
        "proved": proved,
        "refuted": sum(r["status"] == "refuted" for r in records),
        "failed": sum(r["status"] == "failed" for r in records),
        "error": sum(r["status"] == "error" for r in records),
        "elaborated": sum(bool(r["elaborated"]) for r in records),
        "total": total,
        "rate": round(proved / total, 4) if total else 0.0,
        "wilson": [round(x, 4) for x in wilson(proved, total)],
        "lean_seconds": round(sum(r.get("lean_seconds") or 0 for r in records), 1),
        "expansions": (expansions := sum(r.get("expansions") or 0 for r in records)),
        "policy_calls": expansions,  # the search asks the policy once for each expansion
        "policy_tokens": sum(r.get("policy_tokens") or 0 for r in records),
        "over_budget": over_budget(records),
        "tactics_run": sum(r.get("tactics_run") or 0 for r in records),
    }


def pass_curve(records: Sequence[dict[str, Any]], runs: int, seed: int) -> list[dict[str, Any]]:
    """pass@k for k = 1 … runs: unbiased estimate and 95 % interval over theorems (Wilson for one run, else
    bootstrap)."""
    successes = [r["proved_runs"] for r in records]
    curve = []
    for k in range(1, runs + 1):
        if runs == 1:
            interval = wilson(sum(successes), len(successes))
        else:
            interval = bootstrap([pass_at_k(runs, c, k) for c in successes], seed)
        rate = mean_pass_at_k(successes, runs, k)
        curve.append({"k": k, "rate": round(rate, 4), "interval": [round(x, 4) for x in interval]})
    return curve
