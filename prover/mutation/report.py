"""The HTML page of a mutation run: yields, rate, difficulty, a family tree, samples, what was rejected.
One file, no network.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

from data.mutation import negatives, shards
from data.mutation.records import Mutant
from prover.errors import DataError
from prover.prove.report.page import write_template

SAMPLES = 24
NEGATIVE_SAMPLES = 8
FAMILY_LIMIT = 40
REJECTED_SHOWN = 40


def write_report(out: Path, seed: int = 0) -> Path:
    """Writes `report.html` into a run's folder. Raises DataError when the folder holds no run."""
    if not (out / shards.PLAN).exists():
        raise DataError(f"{out} holds no mutation run (there is no {shards.PLAN})")
    return write_template(out / "report.html", "mutation.html.j2", **facts(out, seed))


def facts(out: Path, seed: int) -> dict[str, Any]:
    """What the page shows."""
    problems: list[str] = []
    rng = random.Random(seed)
    done, wrong = shards.finished(out)
    per_step: Counter[tuple[str, int]] = Counter()
    grades: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    lemmas: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    families: Counter[str] = Counter()
    vacuous: Counter[bool] = Counter()
    samples: list[Mutant] = []
    total = 0
    for mutant in shards.mutants(out, problems):
        total += 1
        per_step[f"{mutant.operator} {mutant.direction} {mutant.place.split()[0]}", mutant.round] += 1
        grades.update([mutant.grade] if mutant.grade else [])
        vacuous.update([mutant.vacuous] if mutant.vacuous is not None else [])
        heads[mutant.head or "(other)"] += 1
        lemmas.update(mutant.lemmas[-1:])
        splits[mutant.split] += 1
        families[mutant.root] += 1
        if len(samples) < SAMPLES:
            samples.append(mutant)
        elif (at := rng.randrange(total)) < SAMPLES:
            samples[at] = mutant
    refuted: list[negatives.Negative] = []
    negative_count = 0
    for negative in negatives.negatives(out, problems):
        negative_count += 1
        if len(refuted) < NEGATIVE_SAMPLES:
            refuted.append(negative)
        elif (at := rng.randrange(negative_count)) < NEGATIVE_SAMPLES:
            refuted[at] = negative
    root = max(families, key=lambda name: (families[name], name), default=None)
    family = [m for m in shards.mutants(out, problems) if m.root == root] if root else []
    return {
        "total": total,
        "summary": _summary(out, done),
        "steps": [(name, k, n) for (name, k), n in sorted(per_step.items())],
        "outcomes": _outcomes(done, per_step),
        "grades": _bars(grades),
        "heads": _bars(heads, 15),
        "lemmas": _bars(lemmas, 15),
        "splits": sorted(splits.items()),
        "lemma_count": len(lemmas),
        "root_count": len(families),
        "vacuous": vacuous[True],
        "vacuous_tried": sum(vacuous.values()),
        "family_root": root,
        "family": _tree(root, family) if root else [],
        "samples": [{**asdict(m), "text": m.text} for m in samples],
        "family_limit": FAMILY_LIMIT,
        "rejected": _rejected(done),
        "rate": _rate(done),
        "dropped": _dropped(done),
        "yields": _yields(done),
        "negative_count": negative_count,
        "negative_samples": [{**asdict(n), "text": n.text} for n in refuted],
        "problems": [*wrong, *dict.fromkeys(problems)],
    }


def _summary(out: Path, done: list[shards.Shard]) -> dict[str, Any]:
    """The run's own, or for one that is still at work what its shards say."""
    path = out / "summary.json"
    try:
        if path.exists():
            summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return summary
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from error
    rows, built, core_s = (sum(s.stats.get(key, 0) for s in done) for key in ("rows", "built", "core_s"))
    return {
        "core_s": core_s,
        "verified_per_core_hour": round(rows / core_s * 3600) if core_s else "–",
        "yield_of_built": rows / built if built else None,
    }


def _rate(done: list[shards.Shard]) -> dict[str, Any]:
    """So far: theorems by processor time, after each shard."""
    rows = accumulate(s.stats["rows"] for s in done)
    spent = accumulate(float(s.stats.get("core_s", 0.0)) for s in done)
    rates = [n / seconds for n, seconds in zip(rows, spent, strict=True) if seconds]
    highest = max(rates, default=0.0)
    points = " ".join(f"{x},{100 - 95 * y / (highest or 1):.1f}" for x, y in enumerate(rates))
    return {"width": max(1, len(rates) - 1), "points": points, "highest": highest, "last": rates[-1] if rates else 0.0}


def _dropped(done: list[shards.Shard]) -> list[tuple[str, int]]:
    said = {"duplicates": "another chunk has it", "benchmark": "a benchmark states it"}
    counts = [(text, sum(s.stats.get(key, 0) for s in done)) for key, text in said.items()]
    return [*counts, ("roots that ended the Lean process", sum(len(s.stats.get("lost", [])) for s in done))]


def _yields(done: list[shards.Shard]) -> list[tuple[str, int, int, int, str]]:
    """Operator, attempts, variants built, verified, part of the built."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for shard in done:
        for name, one in shard.stats.get("per_operator", {}).items():
            counts[name].update(one)
    return [
        (name, one["attempted"], one["built"], one["accepted"], f"{one['accepted'] / one['built']:.0%}" if one["built"] else "–")
        for name, one in sorted(counts.items())
    ]


def _bars(counts: Counter[str], limit: int | None = None) -> list[tuple[str, int, float]]:
    most = max(counts.values(), default=1)
    return [(name, n, 100 * n / most) for name, n in counts.most_common(limit)]


def _outcomes(done: list[shards.Shard], accepted: Counter[tuple[str, int]]) -> list[tuple[str, int, int, int, str]]:
    """Operator, round, accepted, rejected, part accepted."""
    rejected: Counter[tuple[str, int]] = Counter()
    for shard in done:
        for one in shard.stats.get("rejected", []):
            rejected[one["operator"], one["round"]] += one["count"]
    kept: Counter[tuple[str, int]] = Counter()
    for (name, k), n in accepted.items():
        kept[name.split()[0], k] += n
    return [
        (
            operator,
            k,
            kept[operator, k],
            rejected[operator, k],
            f"{kept[operator, k] / (kept[operator, k] + rejected[operator, k]):.0%}",
        )
        for operator, k in sorted({*kept, *rejected})
    ]


def _rejected(done: list[shards.Shard]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], dict[str, Any]] = {}
    for shard in done:
        for one in shard.stats.get("rejected", []):
            key = one["operator"], one["reason"]
            counts[key] += one["count"]
            if key not in example or (one["example"].get("detail") and not example[key].get("detail")):
                example[key] = one["example"]
    return [
        {
            "operator": key[0],
            "reason": key[1],
            "count": n,
            "lemma": example[key].get("lemma", ""),
            "parent": example[key].get("parent", ""),
            "detail": example[key].get("detail", "")[:2000],
        }
        for key, n in counts.most_common(REJECTED_SHOWN)
    ]


def _tree(root: str, family: list[Mutant]) -> list[tuple[int, Mutant]]:
    """The family in the order of a tree: depth and member."""
    children: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in family:
        children[mutant.parent].append(mutant)
    order: list[tuple[int, Mutant]] = []

    def visit(name: str, depth: int) -> None:
        for child in children[name]:
            order.append((depth, child))
            visit(child.name, depth + 1)

    visit(root, 1)
    return order[:FAMILY_LIMIT]
