"""Line ends of a file: Lean, and all of ours, sees line feeds only; what is written back has what the file had."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

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
