"""Cross-fertilisation: one side of an induction hypothesis is replaced by the other in one side of the goal only.

Boyer and Moore, A Computational Logic (1979), chapter XI; Bundy, Basin, Hutter and Ireland, Rippling (2005), section 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from prover.policy.goal import Goal
from prover.policy.lemmas.reading import read_in
from prover.policy.lemmas.term import Term
from prover.policy.terms import premises

MOST = 4


def fertilised(goal: Goal, body: Term) -> Iterator[Term]:
    """The goal's equation after each use of each equation among its facts."""
    left, right = body.args
    for fact in reversed(goal.facts[-MOST:]):
        bound, assumed, conclusion = premises(fact.type)
        equation = read_in(goal, conclusion)
        if assumed or equation is None or equation.head != "=":
            continue
        variables = frozenset(bound)
        for pattern, other in (equation.args, tuple(reversed(equation.args))):
            if not pattern.args and pattern.head in variables:
                continue
            new_right = _rewritten(right, pattern, other, variables)
            if new_right != right:
                yield Term("=", (left, new_right))
            new_left = _rewritten(left, pattern, other, variables)
            if new_left != left:
                yield Term("=", (new_left, right))


def _rewritten(term: Term, pattern: Term, other: Term, variables: frozenset[str]) -> Term:
    def change(t: Term) -> Term | None:
        found = match(pattern, t, variables)
        if found is None or not other.names & variables <= found.keys():
            return None
        return instantiated(other, found)

    return term.replaced(change)


def instantiated(term: Term, values: dict[str, Term]) -> Term:
    """The term with variables replaced by their values."""
    return term.replaced(lambda t: values.get(t.head) if not t.args else None)


def match(pattern: Term, term: Term, variables: frozenset[str]) -> dict[str, Term] | None:
    """The values of the pattern's variables that make it the term."""
    found: dict[str, Term] = {}

    def go(p: Term, t: Term) -> bool:
        if not p.args and p.head in variables:
            return found.setdefault(p.head, t) == t
        return p.head == t.head and len(p.args) == len(t.args) and all(map(go, p.args, t.args))

    return found if go(pattern, term) else None
