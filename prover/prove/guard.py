"""Tactics that would never end on a state, seen ahead: they take Lean along, and with it all proof states.

`omega` evaluates powers of numerals with Lean's own arithmetic, which nothing interrupts: on `7 ^ 123456789 % 10 = 7` it fills
the memory. Other tactics look at the exponent first, or can be stopped.
"""

from __future__ import annotations

import math
import re

MAX_BITS = 1_000_000
"""A power may have so many bits; computing it takes milliseconds."""
POWERS = re.compile(r"(?<![\w.])(\d+)((?:\s*\^\s*\(?\s*\d+\s*\)?)+)")
EVALUATES = re.compile(r"(?<![\w.])(?:omega|bv_omega|omega_nat)(?![\w'])")


def endless(tactic: str, state: str) -> str | None:
    """Why a tactic is not run on a state, by its text; None when it may be."""
    if not EVALUATES.search(tactic):
        return None
    for found in POWERS.finditer(f"{state}\n{tactic}"):
        if _bits(found) > MAX_BITS:
            return f"not run: omega would compute {found[0].strip()}"
    return None


def _bits(found: re.Match[str]) -> float:
    """The length of a power of numerals, `a ^ b ^ c` read from the right; at least infinity where it overflows."""
    numbers = [int(found[1]), *map(int, re.findall(r"\d+", found[2]))]
    exponent = numbers.pop()
    while len(numbers) > 1:
        base = numbers.pop()
        if base > 1 and exponent * math.log2(base) > 64:
            return math.inf
        exponent = base**exponent
    return exponent * math.log2(numbers[0]) if numbers[0] > 1 else 0.0
