"""The page of an exploration: one self-contained file without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prover.prove.report.page import write_template


def write_laws_page(out: Path, summary: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `out / "explore.html"`, whole or not at all, and returns its path."""
    return write_template(out / "explore.html", "explore.html.j2", ("report.css", "eval.css"), run=summary, records=records)
