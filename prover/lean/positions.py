"""Places in a text: byte offsets as Lean has them, lines and columns as editors have them; and line ends.

Lines and columns count from 0. A column counts codepoints; `utf16` turns it into what the language server protocol counts. Lean,
and all of ours, sees line feeds only; what is written back has the line ends that the file had.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A line and a column (codepoints), both from 0."""

    line: int
    column: int


class Places:
    """Translates between characters, bytes, and lines with columns of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._ascii = text.isascii()
        self._bytes: list[int] = []
        if not self._ascii:
            total = 0
            for i, start in enumerate(self._starts):
                self._bytes.append(total)
                end = self._starts[i + 1] if i + 1 < len(self._starts) else len(text)
                total += len(text[start:end].encode("utf-8", "surrogatepass"))

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """A line without its end."""
        start = self._starts[number]
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self.text)
        return self.text[start:end]

    def position(self, at: int) -> Position:
        """Line and column of a character."""
        line = bisect_right(self._starts, at) - 1
        return Position(line, at - self._starts[line])

    def character(self, line: int, column: int) -> int | None:
        """The character at a line and column; None where the text has no such line. A column behind the line is its end."""
        if not 0 <= line < len(self._starts) or column < 0:
            return None
        return self._starts[line] + min(column, len(self.line(line)))

    def byte(self, at: int) -> int:
        """The byte offset of a character."""
        if self._ascii:
            return at
        line = bisect_right(self._starts, at) - 1
        return self._bytes[line] + len(self.text[self._starts[line] : at].encode("utf-8", "surrogatepass"))

    def at_byte(self, offset: int) -> int:
        """The character at a byte offset."""
        if self._ascii:
            return min(offset, len(self.text))
        line = max(0, bisect_right(self._bytes, offset) - 1)
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        raw = self.text[self._starts[line] : end].encode("utf-8", "surrogatepass")
        return self._starts[line] + len(raw[: offset - self._bytes[line]].decode("utf-8", "ignore"))

    def utf16(self, position: Position) -> int:
        """The column in UTF-16 code units."""
        before = self.line(position.line)[: position.column]
        return position.column + sum(ord(c) > 0xFFFF for c in before)

    def from_utf16(self, line: int, units: int) -> int:
        """The column (codepoints) of a column in UTF-16 code units; behind the line, its end."""
        if not 0 <= line < len(self._starts):
            return 0
        seen = 0
        for column, c in enumerate(self.line(line)):
            if seen >= units:
                return column
            seen += 2 if ord(c) > 0xFFFF else 1
        return len(self.line(line))


CRLF, LF = b"\r\n", b"\n"


@dataclass(frozen=True)
class LineEnds:
    """Which line ends of a file are a carriage return and a line feed, by their numbers from 0, in order."""

    crlf: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str) -> LineEnds:
        """The line ends of a text as it was read."""
        lines = text.split("\n")[:-1]
        return cls(tuple(number for number, line in enumerate(lines) if line.endswith("\r")))

    def restored(self, piece: bytes, first: int) -> bytes:
        """A piece of the file with its own line ends.

        Args:
            piece: with line feeds only.
            first: the number of its first line end in the file.
        """
        if not self.crlf or LF not in piece:
            return piece
        parts = piece.split(LF)
        ends = [CRLF if self._is_crlf(first + number) else LF for number in range(len(parts) - 1)]
        return b"".join(part + end for part, end in zip(parts, [*ends, b""], strict=True))

    def like(self, piece: bytes, line_end: int) -> bytes:
        """New text that stands in front of a line end of the file, with line ends like that one.

        At the end of a file that stops without one, the line end before counts.
        """
        at = bisect_left(self.crlf, line_end)
        same = self._is_crlf(line_end) or (at == len(self.crlf) and self._is_crlf(line_end - 1))
        return piece.replace(LF, CRLF) if same else piece

    def _is_crlf(self, number: int) -> bool:
        at = bisect_left(self.crlf, number)
        return at < len(self.crlf) and self.crlf[at] == number


ONLY_LF = LineEnds()
