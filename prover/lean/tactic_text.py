"""What can be told of a tactic by its text, before and after a native Lean has run it."""

from __future__ import annotations

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
