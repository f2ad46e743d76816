"""Generalisation of an accumulator: a constant that a recursion changes becomes a variable on both sides.

The generalisation critic of Ireland and Bundy, Productive use of failure in inductive proof (JAR 1996), section 4; which function
combines them is not calculated there by higher-order unification but tried, and false ones are refuted by evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator

from prover.policy.goal import Goal
from prover.policy.lemmas.conjecture import Conjecture
from prover.policy.lemmas.term import Term, last, replaced

CORE = ("++", "+", "*")
MOST = 12


def accumulators(
    goal: Goal, body: Term, variables: frozenset[str], changing: dict[str, tuple[int, ...]], binary: tuple[str, ...]
) -> Iterator[Conjecture]:
    """For each constant in a changing argument: the equation with a variable there, for each way to combine it."""
    for here, there in (body.args, tuple(reversed(body.args))):
        for t in here.subterms():
            for i in changing.get(last(t.head), ()):
                if i >= len(t.args) or t.args[i].names & variables or t.args[i].opaque:
                    continue
                new = goal.fresh("acc")
                constant = t.args[i]
                yield from _combined(replaced(here, t, _with(t, i, Term(new))), there, new, constant, binary)


def _combined(here: Term, there: Term, new: str, constant: Term, binary: tuple[str, ...]) -> Iterator[Conjecture]:
    for g in (*binary, *CORE)[:MOST]:
        for pair in ((there, Term(new)), (Term(new), there)):
            yield Conjecture(Term("=", (here, Term(g, pair))), "accumulator", -0.5, ((new, constant),), exact=False)
    if constant in there.subterms():
        other = replaced(there, constant, Term(new))
        yield Conjecture(Term("=", (here, other)), "accumulator", -0.45, ((new, constant),))


def _with(term: Term, i: int, new: Term) -> Term:
    return Term(term.head, (*term.args[:i], new, *term.args[i + 1 :]), term.opaque)

