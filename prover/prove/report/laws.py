"""The page of an exploration: one self-contained file without a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prover.prove.folder import write_atomically
from prover.prove.report.page import TEMPLATES, page_environment


def write_laws_page(out: Path, summary: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `out / "explore.html"`, whole or not at all, and returns its path."""
    style = "\n".join((TEMPLATES / name).read_text("utf-8") for name in ("report.css", "eval.css"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = page_environment().get_template("explore.html.j2").render(
        style=style, style_hash=f"sha256-{digest}", run=summary, records=records
    )  # fmt: skip
    path = out / "explore.html"
    write_atomically(path, page)
    return path
