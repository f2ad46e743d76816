"""What can be told of a tactic by its text, before and after a native Lean has run it."""

from __future__ import annotations

import math
import re

from prover.lean.commands import masked

RUNS_PROGRAMS = re.compile(
    r"\b(?:run_tac|run_cmd|run_elab|run_meta|by_elab|native_decide|bv_decide|bv_check|initialize|builtin_initialize|unsafe|"
    r"implemented_by|extern|csimp|elab|elab_rules|macro|macro_rules|simproc|skipKernelTC|ofReduceBool|reduceBool|"
    r"reduceNat|trustCompiler|eval%|include_str|unseal|dbg_trace)\b|#\w+"
)
"""What runs a program or trusts one while Lean reads it."""
GIVES_UP = ("sorry", "admit", "stop", "sorryAx")
CONFIGURES = re.compile(r"\bset_option\b|\+native\b|\bnative\s*:=")
SEARCHES_LIBRARY = re.compile(r"\b(?:exact|apply|rw|try)\?|\bhint\b")
SUGGESTS = re.compile(r"\s*(?:\w+\?|hint\b|show_term\b)")
METAVARIABLE = re.compile(r"(?<![\w'!?.\])»])\?[\w«]")


def mentions_metavariables(goal: str) -> bool:
    """Whether a goal's text has a `?m`; `xs[0]?`, `xs.head?` and `get? n` have none."""
    return METAVARIABLE.search(goal) is not None


def searches_library(tactic: str) -> bool:
    """Whether a tactic looks through the library, for which Lean first builds an index of it."""
    return SEARCHES_LIBRARY.search(tactic) is not None and SEARCHES_LIBRARY.search(masked(tactic)) is not None


def suggests(tactic: str) -> bool:
    """Whether what a tactic says is worth as much as what it does: `exact?`, `simp?`, `show_term …`."""
    return SUGGESTS.match(tactic) is not None


def only_goal(index: int, count: int) -> str:
    """The tactic that leaves one of several goals and gives the others up."""
    rotate = [f"rotate_left {index + 1}"] if index + 1 < count else []
    return "(" + "; ".join([*rotate, *["sorry"] * (count - 1)]) + ")"


def says_sorry(tactic: str) -> bool:
    """Whether a tactic gives up by one of its words."""
    words = set("".join(c if c.isalnum() or c in "_'!?." else " " for c in tactic).split())
    return not words.isdisjoint(GIVES_UP)


def no_tactic(text: str) -> str | None:
    """Why a text is not run: it is none, it would run a program while Lean reads it, or it changes Lean's options."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        return "the tactic is not UTF-8 text, or holds a NUL"
    bare = masked(text)
    if not bare.strip():
        return "there is no tactic"
    if (found := RUNS_PROGRAMS.search(bare) or CONFIGURES.search(bare)) is not None:
        return f"{found[0]} is not allowed in a proof"
    return None


MAX_BITS = 1_000_000
"""A power may have so many bits; computing it takes milliseconds."""
LONGEST_NUMERAL = 300
"""Digits; beyond that a float cannot hold it, and Python does not read it beyond 4,300."""
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
    numerals = [found[1], *re.findall(r"\d+", found[2])]
    if max(map(len, numerals)) > LONGEST_NUMERAL:
        return math.inf
    numbers = list(map(int, numerals))
    exponent = numbers.pop()
    while len(numbers) > 1:
        base = numbers.pop()
        if base > 1 and exponent * math.log2(base) > 64:
            return math.inf
        exponent = base**exponent
    return exponent * math.log2(numbers[0]) if numbers[0] > 1 else 0.0
