"""Values as text that is safe in a page, and that a person can read."""

from __future__ import annotations

import json
import math
import re

UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
UNSAFE_IN_SCRIPT = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def visible(text: str) -> str:
    """`text` with every character that cannot be seen, or that reorders others, replaced by its number."""

    def mark(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"⟨byte {code - 0xDC00:02X}⟩" if 0xDC80 <= code <= 0xDCFF else f"⟨U+{code:04X}⟩"

    return UNSEEN.sub(mark, text.replace("\r\n", "\n"))


def script_json(value: object) -> str:
    """`value` as JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE_IN_SCRIPT.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def duration(seconds: object) -> str:
    """0.42 s, 12.3 s, 60 s, 2 min 05 s, 1 h 03 min."""
    number = finite(seconds)
    if number is None:
        return "–"
    if number < 99.95:
        places = 0 if number and number.is_integer() else 2 if number < 9.995 else 1
        return f"{number:.{places}f} s"
    whole = round(number)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(value: object, one: str = "", many: str = "") -> str:
    """12,345 tactics; – for what is no number."""
    number = finite(value)
    if number is None:
        return "–"
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}" if one else f"{number:,.0f}"


def finite(value: object) -> float | None:
    """`value` as a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
