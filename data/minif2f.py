"""miniF2F's statements as Lean text for a Lean without Mathlib.

The records are those of `valid.jsonl` and `test.jsonl`: name, split, header, statement. The header imports Mathlib, so it
is left out; a preamble of our own gives the three notations that most statements need. What uses more of Mathlib does
not elaborate then, and whoever reads the text finds out which (60 of the 244 valid statements do elaborate).

Source: Zheng, Han and Polu 2021, arXiv:2109.00110.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PREAMBLE = """\
import Init

local notation "ℕ" => Nat
local notation "ℤ" => Int
local notation "ℚ" => Rat
"""
FIELDS = ("name", "split", "header", "statement")


@dataclass(frozen=True)
class Statement:
    """One statement; its `statement` ends in `:= by sorry`."""

    name: str
    split: str
    header: str
    statement: str

    @property
    def lean(self) -> str:
        """A file of its own: the preamble, and the statement as it stands."""
        return f"{PREAMBLE}\n{self.statement}\n"


def read(path: Path, split: str | None = None) -> list[Statement]:
    """The statements of a JSONL file, in its order.

    Args:
        path: one JSON object a line.
        split: only this split (valid or test).

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is not such a record; the message has the line's number.
    """
    statements = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            statement = Statement(*(str(record[field]) for field in FIELDS))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number} is not a record with {', '.join(FIELDS)}: {error!r}") from error
        if split is None or statement.split == split:
            statements.append(statement)
    return statements


def as_file(statements: Sequence[Statement]) -> str:
    """All statements in one Lean file: the preamble once, then each as it stands."""
    return PREAMBLE + "".join(f"\n{s.statement}\n" for s in statements)
