"""A goal's terms, with field notation undone where the function is the file's own.

`x.S` reads as `N.S x`: under a binder whose type is still open Lean could not resolve the field.
"""

from __future__ import annotations

from prover.policy.goal import Goal
from prover.policy.lemmas.term import Term, read


def read_in(goal: Goal, text: str) -> Term | None:
    """The term that a text of this goal is; None when it cannot be read."""
    term = read(text)
    if term is None:
        return None
    own = {f.last: f.name for f in goal.functions}
    own |= {c.name: f"{i.last}.{c.name}" for i in goal.inductives for c in i.constructors}
    return _plain(term, frozenset(v.name for v in goal.hypotheses), own)


def _plain(term: Term, variables: frozenset[str], own: dict[str, str]) -> Term:
    if term.opaque:
        return term
    args = tuple(_plain(a, variables, own) for a in term.args)
    first, *fields = term.head.split(".") if not term.head.startswith(".") else [""]
    if fields and first in variables:
        made = Term(first)
        for field in fields[:-1]:
            made = _field(field, (made,), own)
        return _field(fields[-1], (made, *args), own)
    if term.head.startswith("."):
        return _field(term.head[1:], args, own)
    return Term(term.head, args)


def _field(field: str, args: tuple[Term, ...], own: dict[str, str]) -> Term:
    return Term(own.get(field, f".{field}"), args)
