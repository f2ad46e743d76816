"""Generalisation of an accumulator: a constant that a recursion changes becomes a variable on both sides.

The generalisation critic of Ireland and Bundy, Productive use of failure in inductive proof (JAR 1996), section 4; which function
combines them is not calculated there by higher-order unification but tried, and false ones are refuted by evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator

from prover.policy.goal import Goal
from prover.policy.lemmas.conjecture import Conjecture
from prover.policy.lemmas.term import Term, last, replaced

MOST = 16


def accumulators(
    goal: Goal,
    body: Term,
    variables: frozenset[str],
    changing: dict[str, tuple[int, ...]],
    binary: tuple[str, ...],
    unary: tuple[str, ...],
) -> Iterator[Conjecture]:
    """For each constant in a changing argument: the equation with a variable there, for each way to combine it.

    Args:
        goal: whose names are taken.
        body: its equation.
        variables: names of data.
        changing: by a function's last name, the arguments that its recursion changes.
        binary: own functions that may combine the other side with the variable.
        unary: own functions that may be applied to the variable before that.
    """
    for here, there in (body.args, tuple(reversed(body.args))):
        for t in here.subterms():
            for i in changing.get(last(t.head), ()):
                if i >= len(t.args) or t.args[i].names & variables or t.args[i].opaque:
                    continue
                new = goal.fresh("acc")
                constant = t.args[i]
                changed = replaced(here, t, _with(t, i, Term(new)))
                if constant in there.subterms():
                    other = replaced(there, constant, Term(new))
                    yield Conjecture(Term("=", (changed, other)), "accumulator", -0.45, ((new, constant),))
                for other in list(_combined(there, new, constant, binary, unary))[:MOST]:
                    yield Conjecture(Term("=", (changed, other)), "accumulator", -0.5, ((new, constant),), exact=False)


def _combined(there: Term, new: str, constant: Term, binary: tuple[str, ...], unary: tuple[str, ...]) -> Iterator[Term]:
    core = ("++",) if constant.head == "[]" else ("+", "*") if constant.head.isdigit() else ()
    for part in (Term(new), *(Term(f, (Term(new),)) for f in unary)):
        for g in (*binary, *core):
            yield Term(g, (there, part))
            yield Term(g, (part, there))


def _with(term: Term, i: int, new: Term) -> Term:
    return Term(term.head, (*term.args[:i], new, *term.args[i + 1 :]), term.opaque)

