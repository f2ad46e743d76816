"""A file comes back with the line ends that it had; only the proofs are new."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.errors import DataError
from prover.lean import targets
from prover.lean.commands import header, split
from prover.lean.positions import LineEnds
from prover.lean.targets import LeanFile, Reading
from prover.prove.batch import Item
from prover.prove.run import collect, write_files

LINES = ["-- α", "theorem a : 1 = 1 := by", "  sorry", "", "  theorem b (n : Nat) :", "      n = n := by sorry", "-- end"]
PROOF = "first\nsecond"


class Quiet:
    """An auditor with nothing to say."""

    def recheck(self, *_: object) -> list[str]:
        return []


def written(raw: bytes, tmp_path: Path) -> bytes:
    """What a run writes for a file, all theorems proved by two tactics."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "f.lean"
    path.write_bytes(raw)
    (given_file,) = collect([path])
    _, start = header(given_file.text)
    lean_file = LeanFile(given_file.text, (), start, path)
    found = targets.reading_of(lean_file, split(lean_file.text, start)).targets
    reading = Reading(LeanFile(given_file.text, ("Init",), start), found)
    assert len(reading.targets) == 2
    items = [Item(f"f.lean:{t.name}", t, "f.lean") for t in reading.targets]
    records: dict[str, dict[str, Any]] = {i.id: {"status": "proved", "proof": PROOF} for i in items}
    ((out,), problems) = write_files(tmp_path / "out", [given_file], [reading], items, records, cast(Any, Quiet()))
    assert problems == []
    return out.read_bytes()


def expected(ends: list[str]) -> bytes:
    """The lines with their ends; a proof has those of its own place."""
    a, b = ends[2], ends[5] or ends[4]
    text = f"-- α{ends[0]}theorem a : 1 = 1 := by{a}  first{a}  second{a}{ends[3]}  theorem b (n : Nat) :{ends[4]}"
    text += f"      n = n := by{b}    first{b}    second{ends[5]}" + (f"-- end{ends[6]}" if ends[5] else "")
    return text.encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_are_kept(end: str, last: bool, tmp_path: Path) -> None:
    ends = [end] * 6 + ([end] if last else [""])
    raw = "".join(line + e for line, e in zip(LINES, ends, strict=True)).encode()
    assert written(raw, tmp_path) == expected(ends)


def test_each_line_keeps_its_own_where_they_are_mixed(tmp_path: Path) -> None:
    ends = ["\r\n", "\n", "\r\n", "\n", "\n", "\n", "\r\n"]
    raw = "".join(line + e for line, e in zip(LINES, ends, strict=True)).encode()
    assert written(raw, tmp_path) == expected(ends)


def test_a_proof_at_the_very_end_of_a_file_has_the_ends_of_the_line_before(tmp_path: Path) -> None:
    ends = ["\r\n"] * 5 + [""]
    raw = "".join(line + e for line, e in zip(LINES[:6], ends, strict=True)).encode()
    assert written(raw, tmp_path) == expected(ends)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", "é".encode(), b"\r"]), max_size=30), st.integers(0, 30))
def test_pieces_put_together_are_the_file(parts: list[bytes], cut: int) -> None:
    raw = b"".join(parts)
    ends = LineEnds.of(raw.decode())
    text = raw.replace(b"\r\n", b"\n")
    at = min(cut, len(text))
    assert ends.restored(text[:at], 0) + ends.restored(text[at:], text.count(b"\n", 0, at)) == raw


def test_a_byte_order_mark_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "bom.lean"
    path.write_bytes(b"\xef\xbb\xbftheorem a : 1 = 1 := by sorry\r\n")
    with pytest.raises(DataError, match="byte order mark, which Lean does not read; save it without"):
        collect([path])
