"""Text on a terminal; the only place that prints.

Names, messages and paths come from whoever wrote a Lean file. Shown as they are, they could clear the screen, colour what
follows, write over the line before, forge a line of ours or turn the reading direction round.
"""

from __future__ import annotations

import json
import sys


def printable(text: str, lines: bool = False) -> str:
    """The text with everything made visible that is not a character to be seen.

    Control characters, escape sequences, line ends, zero-width and bidirectional marks, private and unassigned characters
    and lone surrogates become `\\x1b`, `\\u202e` and the like; letters and symbols of every script stay.

    Args:
        text: from anywhere.
        lines: keep line feeds and tabs, for a text of several lines.
    """
    return "".join(c if c.isprintable() or (lines and c in "\n\t") else _escaped(c) for c in text)


def json_line(value: object, indent: int | None = None) -> str:
    """JSON for a terminal or a program: readable, and nothing in it that is not a character to be seen."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def show(text: object, lines: bool = False) -> None:
    """A result, on stdout."""
    print(printable(str(text), lines), flush=True)


def tell(text: object, lines: bool = False) -> None:
    """Progress, a note or an error, on stderr, at once."""
    print(printable(str(text), lines), file=sys.stderr, flush=True)


def ask(question: str) -> str | None:
    """What is answered on standard input, to a question of ours on stderr; None at the end of the input."""
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip() if line else None


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode()
