"""The counts of a mutation run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COUNTED = ("built", "attempted", "proposed", "duplicates", "benchmark", "negatives", "negatives_tried")


@dataclass
class Totals:
    """Counts of a run so far; `core_s` is processor time."""

    accepted: int = 0
    built: int = 0
    attempted: int = 0
    proposed: int = 0
    duplicates: int = 0
    benchmark: int = 0
    negatives: int = 0
    negatives_tried: int = 0
    chunks: int = 0
    chunks_total: int = 0
    unwritten: int = 0
    unknown_modules: int = 0
    core_s: float = 0.0
    wall_s: float = 0.0
    by_operator: Counter[str] = field(default_factory=Counter)
    per_operator: dict[str, Counter[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    @property
    def per_core_hour(self) -> float:
        """Accepted theorems an hour of processor time."""
        return self.accepted / self.core_s * 3600 if self.core_s else 0.0

    def add(self, stats: Mapping[str, Any]) -> None:
        """Adds what a shard's file says."""
        self.accepted += stats["rows"]
        for key in COUNTED:
            setattr(self, key, getattr(self, key) + stats.get(key, 0))
        self.chunks += 1
        self.by_operator.update(stats.get("by_operator", {}))
        for name, counts in stats.get("per_operator", {}).items():
            self.per_operator.setdefault(name, Counter()).update(counts)

    def summary(self) -> dict[str, Any]:
        """For `summary.json`."""
        return {
            "accepted": self.accepted,
            **{key: getattr(self, key) for key in COUNTED},
            "yield_of_built": _part(self.accepted, self.built),
            "yield_of_attempted": _part(self.accepted, self.attempted),
            "yields": {
                name: {**counts, "yield_of_built": _part(counts["accepted"], counts["built"])}
                for name, counts in self.per_operator.items()
            },
            "core_s": round(self.core_s, 1),
            "wall_s": round(self.wall_s, 1),
            "verified_per_core_hour": round(self.per_core_hour),
            "by_operator": dict(self.by_operator),
            "chunks": self.chunks,
            "chunks_total": self.chunks_total,
            "unwritten_shards": self.unwritten,
            "unknown_modules": self.unknown_modules,
            "lost": self.lost,
        }


def _part(n: int, of: int) -> float | None:
    return round(n / of, 4) if of else None
