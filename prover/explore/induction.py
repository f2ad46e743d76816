"""Proofs of a statement about programs in one tactic: induction on one variable, the others generalised, then automation.

A statement is given by its variables, so that nothing is read off printed goals. The scripts go from cheap to dear; the
caller runs them until one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

MAX_SPLIT = 2
"""At most so many further variables are taken apart beside the one inducted on."""
SHALLOW = 3
"""Generations of terms in which `grind` takes variables apart."""
WORD = re.compile(r"[\w'₀-₉]+")
NOTHING: Mapping[str, Sequence[int]] = {}
MAX_CALLS = 2
"""Functions' applications whose recursion is followed."""


@dataclass(frozen=True)
class Variable:
    """A variable of a statement; `inductive`: it can be taken apart by its constructors."""

    name: str
    inductive: bool


def derivations(functions: Sequence[str]) -> tuple[str, ...]:
    """Scripts without induction: what they close follows from definitions and hypotheses."""
    return (f"grind [{', '.join(functions)}]",)


def inductions(
    variables: Sequence[Variable], functions: Sequence[str], text: str = "", types: Sequence[str] = (), thorough: bool = True,
    consumed: Mapping[str, Sequence[int]] = NOTHING, changing: Mapping[str, Sequence[int]] = NOTHING,
) -> Iterator[str]:  # fmt: skip
    """Induction on each variable, then along the recursion of each function that is applied to variables; all others generalised.

    Args:
        variables: of the goal, all in its context; those that may be generalised.
        functions: names whose equations are given to `grind` and `simp_all`.
        text: the statement, in which applications of functions are looked for.
        types: what `grind` may take apart variables of, where it does not succeed without.
        thorough: on all variables, further variables taken apart together, and simplification first, too.
        consumed: by function, the arguments that its recursion takes apart. Where variables stand there, induction is on these.
        changing: by function, the arguments that its recursion changes: what stands there is generalised; all where unknown.
    """
    named = ", ".join(functions)
    close = f"grind [{named}]"
    split = f"grind (gen := {SHALLOW}) [{', '.join([named, *(f'cases {t}' for t in types)])}]"
    either = f"(first | {close} | {split})" if types else close
    candidates = [v for v in variables if v.inductive]
    taken_apart = {name for f, places in consumed.items() for name in _arguments(text, f, places)}
    first = [v for v in candidates if v.name in taken_apart] or candidates
    moved = {w for f, places in changing.items() for a in _arguments(text, f, places) for w in WORD.findall(a)}
    movable = [v for v in variables if v.name in moved] if changing else variables
    for v in first:
        yield f"induction {v.name}{_generalizing(movable, {v.name})} <;> {either}"
    for call, said in calls(text, functions, {v.name for v in variables}):
        yield f"fun_induction {call}{_generalizing(movable, said)} <;> {either}"
    if not thorough:
        return
    for v in candidates:
        if v not in first or movable != variables:
            yield f"induction {v.name}{_generalizing(variables, {v.name})} <;> {either}"
    for v in candidates:
        yield f"induction {v.name}{_generalizing(variables, {v.name})} <;> simp_all [{named}] <;> {close}"
    for splits in range(1, min(MAX_SPLIT, max(len(candidates) - 1, 0)) + 1):
        for v in candidates:
            for apart in combinations([o for o in candidates if o != v], splits):
                cases = "".join(f"cases {o.name} <;> " for o in apart)
                yield f"induction {v.name}{_generalizing(variables, {v.name})} <;> {cases}{close}"


def calls(text: str, functions: Sequence[str], variables: Collection[str]) -> list[tuple[str, frozenset[str]]]:
    """Applications of functions to variables alone, those to most of them first, and the variables that they are applied to."""
    found: dict[str, frozenset[str]] = {}
    for f in functions:
        name = re.escape(f.rsplit(".", 1)[-1])
        for m in re.finditer(rf"(?<![\w'])(?:[\w'₀-₉]+\.)*{name}(?P<arguments>(?: [\w'₀-₉]+)+)(?![\w'.])(?! *[(\[])", text):
            arguments = m["arguments"].split()
            if set(arguments) <= set(variables):
                found[f"{f} {' '.join(arguments)}"] = frozenset(arguments)
    return sorted(found.items(), key=lambda call: -len(call[1]))[:MAX_CALLS]


def _arguments(text: str, function: str, places: Sequence[int]) -> Iterator[str]:
    """What stands at some places behind a function, wherever it is applied: words, and terms in parentheses."""
    last = re.escape(function.rsplit(".", 1)[-1])
    for m in re.finditer(rf"(?<![\w'])(?:[\w'₀-₉]+\.)*{last}(?![\w'.])", text):
        arguments: list[str] = []
        begin = end = m.end()
        while end < len(text) and text[end] == " " and text[end : end + 2] not in (" =", " →", " )"):
            begin, depth = end + 1, 0
            end = begin
            while end < len(text) and (depth > 0 or text[end] not in " )"):
                depth += (text[end] == "(") - (text[end] == ")")
                end += 1
            arguments.append(text[begin:end])
        yield from (arguments[i] for i in places if i < len(arguments))


def _generalizing(variables: Sequence[Variable], said: Collection[str]) -> str:
    others = [v.name for v in variables if v.name not in said]
    return f" generalizing {' '.join(others)}" if others else ""
