"""Words of printed terms, as the selector compares goals and premises by them.

Names are taken apart the way the libraries put them together: `List.length_append` has the words list, length and
append, and an operator has the word that stands for it in names (`≤` le, `∣` dvd, `++` append). So a goal
`a + b ≤ c` meets `add_le_of_le_sub` by the name of it, too. What is named like a variable is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from prover.policy.premises.statements import GROUP, SILENT, TOKEN, VARIABLE, conclusion_of, parts_of
from prover.policy.terms import tidy

PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[^\W\d_]+")
OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "^": "pow", "•": "smul", "⁻¹": "inv", "=": "eq",
    "≠": "ne", "≤": "le", "<": "lt", "≥": "le", ">": "lt", "∣": "dvd", "∈": "mem", "∉": "mem", "⊆": "subset",
    "⊂": "ssubset", "∪": "union", "∩": "inter", "∧": "and", "∨": "or", "↔": "iff", "∃": "exists", "⊓": "inf",
    "⊔": "sup", "⊤": "top", "⊥": "bot", "++": "append", "::": "cons", "[]": "nil", "∘": "comp", "×": "prod",
    "&&": "and", "||": "or", "!": "not", "∑": "sum", "∏": "prod", "⁻": "inv", "∅": "empty", "|": "abs",
    "<<<": "shiftLeft", ">>>": "shiftRight", "&&&": "and", "|||": "or", "^^^": "xor", "0": "zero", "1": "one",
    "¬": "not", "==": "beq", "!=": "bne", "\\": "sdiff", "⨆": "isup", "⨅": "iinf", "⋃": "iunion", "⋂": "iinter",
    "ᶜ": "compl",
}  # fmt: skip
"""What an operator is called inside the names of theorems."""


@dataclass(frozen=True)
class StatementWords:
    """A premise's words: of its name, of what it concludes, of what it assumes."""

    name: tuple[str, ...]
    conclusion: tuple[str, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class GoalWords:
    """A goal's words: of its target, and of its hypotheses' types."""

    target: tuple[str, ...]
    hypotheses: tuple[str, ...]


@lru_cache(maxsize=100_000)
def pieces(identifier: str) -> tuple[str, ...]:
    """The words of one name, small: `Nat.succ_le_of_lt` → nat, succ, le, of, lt; `IsCompact` also stands as a whole."""
    found: list[str] = []
    for component in identifier.split("."):
        split = [p.lower() for p in PIECE.findall(component)]
        found += split
        if len(split) > 1 and "_" not in component:
            found.append(component.lower())
    return tuple(w for w in found if len(w) > 1)


def words(text: str) -> Iterator[str]:
    """The words of a printed term, with repetitions."""
    for token in TOKEN.findall(text):
        if token in OPERATORS:
            yield OPERATORS[token].lower()
        elif token[0].isalpha() or token[0] == "_":
            last = token.rsplit(".", 1)[-1]
            if token in SILENT or (VARIABLE.match(last) and "." not in token):
                continue
            yield from pieces(token)
        elif not token.isdigit() and token not in SILENT:
            yield token


@lru_cache(maxsize=4096)
def goal_words(state: str) -> GoalWords:
    """Of a goal in Lean's printing: `name : type` lines, or types alone, in front of `⊢ target`."""
    before, _, target = state.partition("⊢")
    types = " ".join(tidy(line.split(" : ", 1)[-1]) for line in before.splitlines())
    return GoalWords(tuple(words(tidy(target.split("\n\n", 1)[0]))), tuple(words(types)))


def statement_words(name: str, signature: str) -> StatementWords:
    """Of a premise; bound names are left out.

    Args:
        name: in full.
        signature: name, binders and conclusion as Lean prints them.
    """
    _, binders, _ = parts_of(signature)
    bound = {n for group in GROUP.findall(binders) for n in group.split()}
    return StatementWords(
        pieces(name),
        tuple(w for w in words(conclusion_of(signature)) if w not in bound),
        tuple(w for w in words(GROUP.sub("(", binders)) if w not in bound),
    )
