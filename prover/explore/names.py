"""Readable names for equations, from their functions and constructors: `append_nil`, `len_append`, `plus_comm`."""

from __future__ import annotations

import re
from collections.abc import Collection

from prover.lean.evaluated import Equation

TOKEN = re.compile(r"[()]|[^\s()]+")
NOT_WORD = re.compile(r"[^\w]")


def law_name(equation: Equation) -> str:
    """The functions and constructors of the left side, in their order; `_comm` and `_assoc` where it is that law.

    An implication is its conclusion's name with `_of_` and the heads of its premises.
    """
    *premises, conclusion = equation.text.split(" → ")
    left, right = (_terms(side) for side in conclusion.split(" = ", 1))
    if premises:
        variables = {name for name, _ in equation.variables}
        heads = [next((t for t in _terms(p.split(" = ", 1)[0]) if t not in variables), "") for p in premises]
        words = [_word(t) for t in left if t not in variables] or ["eq"]
        return "_of_".join(["_".join(words), "_".join(_word(h) for h in heads if h)])
    variables = {name for name, _ in equation.variables}
    heads, others = ([t for t in side if t not in variables] for side in (left, right))
    used = [t for t in left if t in variables]
    if len(set(heads)) == 1 and heads == others:
        if len(heads) == 1 and len(set(used)) == 2 and right == [heads[0], *reversed(used)]:
            return f"{_word(heads[0])}_comm"
        if len(heads) == 2 and len(set(used)) == 3 and used == [t for t in right if t in variables]:
            return f"{_word(heads[0])}_assoc"
    words = [_word(t) for t in heads]
    if len(words) < 2:
        words += ["eq", *(_word(t) for t in others)]
    return "_".join(word for word in words if word)


def unused(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _terms(side: str) -> list[str]:
    """The names of a side in their order, without parentheses and the types in them."""
    found: list[str] = []
    depth = 0
    typed: int | None = None
    """Depth of the parenthesis whose type is being passed over."""
    for token in TOKEN.findall(side):
        if token == "(":
            depth += 1
        elif token == ")":
            if typed == depth:
                typed = None
            depth -= 1
        elif token == ":" and typed is None:
            typed = depth
        elif typed is None:
            found.append(token)
    return found


def _word(name: str) -> str:
    return NOT_WORD.sub("", name.rsplit(".", 1)[-1])
