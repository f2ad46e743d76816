"""miniF2F's statements as Lean text for a Lean without Mathlib.

The records are those of `valid.jsonl` and `test.jsonl`: name, split, header, statement; a clone of the Lean 4
repository (one file a theorem, or one a split) is read too. The header imports Mathlib, so it is left out; a
preamble of our own gives the three notations that most statements need. What uses more of Mathlib does not
elaborate then, and whoever reads the text finds out which (60 of the 244 valid statements do elaborate).

Source: Zheng, Han and Polu 2021, arXiv:2109.00110.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PREAMBLE = """\
import Init

set_option autoImplicit false

local notation "ℕ" => Nat
local notation "ℤ" => Int
local notation "ℚ" => Rat
"""
FIELDS = ("name", "split", "header", "statement")
SPLITS = ("valid", "test")
UNPROVED = re.compile(r":=\s*(?:by\s+)?sorry\s*\Z")
THEOREM = re.compile(
    r"^theorem\s+(?P<name>\S+).*?(?=^theorem\s|^lemma\s|^end\b|\Z)", re.MULTILINE | re.DOTALL
)
AREAS = ("aime", "amc", "imo", "mathd_algebra", "mathd_numbertheory", "algebra", "numbertheory", "induction")


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

    @property
    def with_header(self) -> str:
        """A file of its own with its header, which imports Mathlib."""
        return f"{self.header.rstrip()}\n\n{self.statement}\n"

    @property
    def area(self) -> str:
        """Where it is from, by its name: a competition, or a field of the MATH data set."""
        return next((area for area in AREAS if self.name.startswith(area)), "other")


@dataclass(frozen=True)
class Defect:
    """A statement that is wrong in copies that hold `has` and not `unless`, spaces aside."""

    name: str
    has: str
    reason: str
    unless: str | None = None

    def in_(self, statement: Statement) -> bool:
        """Whether this copy of the statement has the defect."""
        text = _squeezed(statement.statement)
        cured = self.unless is not None and _squeezed(self.unless) in text
        return statement.name == self.name and _squeezed(self.has) in text and not cured


_PR_33 = "corrected in yangky11/miniF2F-lean4 pull request 33 (2026)"
_FIX_1F8E11A = "corrected in yangky11/miniF2F-lean4 commit 1f8e11a"
DEFECTS: tuple[Defect, ...] = (
    Defect(
        "mathd_numbertheory_618", "theorem", f"false at n = 0, which it does not exclude; {_PR_33}", "n > 0"
    ),
    Defect("aime_1994_p3", "f x + f (x-1)", f"its hypothesis lacks the quantifier over x; {_PR_33}", "∀ x"),
    Defect("amc12a_2020_p10", "(h₀ : 0 < n)", f"false at n = 1, where the logarithm of 0 is 0; {_PR_33}"),
    Defect("amc12a_2019_p12", "(x y : ℕ)", f"divides natural numbers where reals are meant; {_PR_33}"),
    Defect("amc12a_2021_p25", "theorem", f"N may be 0, which contradicts its hypothesis; {_PR_33}", "N > 0"),
    Defect(
        "algebra_ineq_nto1onlt2m1on", "< 2 - 1 / n", f"false at n = 1, where both sides are equal; {_PR_33}"
    ),
    Defect(
        "imo_1982_p1",
        "- f n = 0",
        f"subtracts natural numbers, so its hypothesis is weaker than meant; {_PR_33}",
    ),
    Defect(
        "mathd_numbertheory_35",
        "∀ n ∈ S, n ∣",
        f"S may be any set of divisors, not all of them; {_FIX_1F8E11A}",
    ),
    Defect("induction_sum_odd", "2 * k) + 1 = n ^ 2", f"the sum is not of odd numbers; {_FIX_1F8E11A}"),
)
"""What is publicly known, each read in the history of github.com/yangky11/miniF2F-lean4 (pull request 33 is
commit 1be24b7). Statements not listed may be wrong too."""


def known_bad(statements: Iterable[Statement]) -> dict[str, str]:
    """Name → reason of the statements that have a publicly known defect in this very copy."""
    return {s.name: d.reason for s in statements for d in DEFECTS if d.in_(s)}


def read(path: Path, split: str | None = None) -> list[Statement]:
    """The statements of a JSONL file or of a clone of the Lean 4 repository, in their order.

    Args:
        path: one JSON object a line, or a folder of Lean files.
        split: only this split (valid or test).

    Raises:
        OSError: it cannot be read.
        ValueError: a line is not such a record, a name stands twice in a split, or a statement has a proof
        already; the
            message has the place.
    """
    statements = _of_folder(path) if path.is_dir() else _of_file(path)
    seen: dict[tuple[str, str], str] = {}
    for place, statement in statements:
        key = (statement.split, statement.name)
        if key in seen:
            raise ValueError(
                f"{place}: {statement.name} was there before, at {seen[key]}; names must differ in a split"
            )
        seen[key] = place
        if not UNPROVED.search(statement.statement):
            raise ValueError(
                f"{place}: {statement.name} does not end in `:= by sorry`; what has a proof is no benchmark"
            )
    return [s for _, s in statements if split is None or s.split == split]


def sha256(path: Path) -> str:
    """Hash of the source: of the file's bytes, or of the folder's Lean files, each with its path in front."""
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for file in _lean_files(path):
        content = file.read_bytes()
        whole.update(
            f"{file.relative_to(path).as_posix()}\0{len(content)}\0".encode("utf-8", "surrogatepass")
            + content
        )
    return whole.hexdigest()


def _of_file(path: Path) -> list[tuple[str, Statement]]:
    found = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{place} is not JSON ({error}); each line is an object with {', '.join(FIELDS)}"
            ) from error
        missing = [f for f in FIELDS if not isinstance(record, dict) or not isinstance(record.get(f), str)]
        if missing:
            raise ValueError(
                f"{place} lacks {', '.join(missing)}; each line is an object with {', '.join(FIELDS)}"
            )
        if not record["name"].strip():
            raise ValueError(f"{place} has an empty name")
        if record["split"] not in SPLITS:
            raise ValueError(
                f"{place} is of the split {record['split']!r}; miniF2F has {' and '.join(SPLITS)}"
            )
        found.append((place, Statement(*(record[field] for field in FIELDS))))
    return found


def _of_folder(path: Path) -> list[tuple[str, Statement]]:
    found = []
    for file in _lean_files(path):
        text = file.read_text("utf-8")
        parts = [p.lower() for p in file.relative_to(path).with_suffix("").parts]
        split = next((s for s in SPLITS if s in parts), None)
        for match in THEOREM.finditer(text):
            place = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
            if split is None:
                raise ValueError(
                    f"{place}: neither a folder nor the file is named after a split ({', '.join(SPLITS)})"
                )
            statement = match[0].strip()
            found.append((place, Statement(match["name"], split, text[: match.start()].strip(), statement)))
    if not found:
        raise ValueError(
            f"{path} holds no Lean file with a theorem; give a JSONL file or a clone of miniF2F's Lean 4"
        )
    return found


def _lean_files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*.lean") if p.is_file() and ".lake" not in p.relative_to(path).parts)


def _squeezed(text: str) -> str:
    return "".join(text.split())
