"""Reads the cases of this folder.

A .lean file here holds several cases. A case begins with `-- case: its name`, then `-- refused: category:
words of the reason` (cheats only), then `-- target` and `-- submission`, each with the text of a file below
it. A target that is left out is that of the case before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """A submission against a target. `category` and `reason` are what a cheat must be refused for."""

    name: str
    target: str
    submission: str
    category: str = "accepted"
    reason: str = ""


def read(folder: str) -> list[Case]:
    """All cases of a folder, in the order of its files."""
    return [case for path in sorted((HERE / folder).glob("*.lean")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[Case]:
    target = None
    for text in re.split(r"^-- case: ", path.read_text("utf-8"), flags=re.M)[1:]:
        name, rest = text.split("\n", 1)
        head, *parts = re.split(r"^-- (target|submission)\n", rest, flags=re.M)
        sections = dict(zip(parts[::2], parts[1::2], strict=True))
        target = sections.get("target", target)
        assert target is not None, f"{path}: {name} has no target"
        refused = re.fullmatch(r"-- refused: (\w+): (.*)\n", head)
        category, reason = refused.groups() if refused else ("accepted", "")
        yield Case(f"{path.stem}: {name}", target, sections["submission"], category, reason)
