"""Two evaluations of one data set, theorem by theorem."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.evaluation.folder import FORMAT, read_results, read_summary
from prover.evaluation.statistics import mcnemar


@dataclass(frozen=True)
class Comparison:
    """Theorems that only B proves (`gained`), only A (`lost`), both; McNemar's exact two-sided p."""

    a: str
    b: str
    benchmark: str
    total: int
    proved_a: int
    proved_b: int
    both: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    p: float
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        net = len(self.gained) - len(self.lost)
        text = [
            f"{self.benchmark}: {self.total} statements",
            f"A {self.a}: {self.proved_a} proved",
            f"B {self.b}: {self.proved_b} proved ({net:+d})",
            f"both {self.both}, gained {len(self.gained)}, lost {len(self.lost)}; "
            f"McNemar's exact p = {self.p:.3g}",
        ]
        text += [f"differs: {d}" for d in self.differences]
        text += [f"  + {name}" for name in self.gained]
        text += [f"  - {name}" for name in self.lost]
        return text


def compare(a: Path, b: Path) -> Comparison:
    """Compares two run folders. Raises DataError unless both are finished and of one data set and sample."""
    summaries = [read_summary(folder) for folder in (a, b)]
    for folder, summary in zip((a, b), summaries, strict=True):
        if summary.get("format") != FORMAT:
            raise DataError(
                f"{folder} is not a run of `proofsmith eval` (its format is {summary.get('format')!r})"
            )
    first, second = summaries
    for key, what in (
        ("benchmark", "benchmarks"),
        ("split", "splits"),
        ("sample_sha256", "copies or samples"),
        ("runs", "numbers of runs"),
    ):
        if first.get(key) != second.get(key):
            raise DataError(
                f"{a} and {b} are of different {what} "
                f"({_short(first.get(key))} and {_short(second.get(key))}); compare like with like"
            )
    proved = []
    for folder, summary in zip((a, b), summaries, strict=True):
        records = {r["id"]: r["status"] == "proved" for r in read_results(folder)}
        if len(records) != summary.get("total"):
            raise DataError(
                f"{folder} has {len(records)} results, but its summary counts {summary.get('total')}"
            )
        proved.append(records)
    if proved[0].keys() != proved[1].keys():
        raise DataError(f"{a} and {b} have results of different theorems")
    gained = tuple(n for n in proved[0] if proved[1][n] and not proved[0][n])
    lost = tuple(n for n in proved[0] if proved[0][n] and not proved[1][n])
    return Comparison(
        str(a),
        str(b),
        str(first.get("title")),
        len(proved[0]),
        sum(proved[0].values()),
        sum(proved[1].values()),
        sum(proved[0][n] and proved[1][n] for n in proved[0]),
        gained,
        lost,
        mcnemar(len(gained), len(lost)),
        tuple(
            f"{key}: {_short(first.get(key))} and {_short(second.get(key))}"
            for key in ("budget", "critic", "commit", "code_sha256", "lean", "seed", "temperature", "hardware")
            if first.get(key) != second.get(key)
        ),
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
