"""Generalisation: common subterms become variables, and occurrences of a variable are told apart.

Boyer and Moore, A Computational Logic (1979), chapter XII, replaces subterms that stand on both sides; occurrences that play
different parts, one consumed by a recursion and one not, get variables of their own (Aubin, Strategies for mechanizing
structural induction, IJCAI 1977).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prover.policy.goal import Goal
from prover.policy.lemmas.conjecture import Conjecture
from prover.policy.lemmas.term import Term, last

MOST = 3


def common_subterms(goal: Goal, body: Term, constructors: frozenset[str], variables: frozenset[str]) -> list[list[Term]]:
    """Sets of subterms to generalise together: the largest ones that occur more than once, and each of them alone."""
    counts = Counter(t for side in body.args for t in side.subterms() if t.args and not t.opaque and t.names & variables)
    on_both = [t for t, n in counts.items() if n > 1 and t.head not in ("=", "∧", "→")]
    functions = [t for t in on_both if last(t.head) not in constructors]
    largest = [t for t in functions if not any(t != o and t in o.subterms() for o in functions)]
    smallest = [t for t in functions if not any(t != o and o in t.subterms() for o in functions)]
    inducted = any(f.name.startswith("ih") for f in goal.facts)  # then it would be the induction's own statement again
    built = [t for t in on_both if last(t.head) in constructors and not inducted]
    sets = [largest, smallest] if len(largest) > 1 or largest != smallest else [largest]
    sets += [[t] for t in functions[:MOST]] + [[t] for t in built[:MOST]]
    unique: list[list[Term]] = []
    for s in sets:
        if s and s not in unique:
            unique.append(s)
    return unique


def generalised(goal: Goal, body: Term, chosen: list[Term]) -> tuple[Term, tuple[tuple[str, Term], ...]]:
    """The body with each chosen subterm a new variable, and what the variables stand for."""
    names = goal.several(*(["u", "v", "w"] * 3)[: len(chosen)])
    by = dict(zip(chosen, names, strict=True))
    return body.replaced(lambda t: Term(by[t]) if t in by else None), tuple((n, t) for t, n in by.items())


def apart(goal: Goal, body: Term, variables: frozenset[str], consumed: dict[str, tuple[int, ...]]) -> Iterator[Conjecture]:
    """A variable that is consumed in one place and not in another becomes two."""
    for v in sorted(variables & body.names):
        inside = _occurrences(body, v, consumed, True)
        outside = _occurrences(body, v, consumed, False)
        if not inside or not outside:
            continue
        new = goal.fresh("u")
        changed = _renamed(body, v, new, consumed)
        if changed.head == "=" and not all(new in side.names and v in side.names for side in changed.args):
            continue  # a side without one of the two cannot depend on it
        yield Conjecture(changed, "apart", -0.45, ((new, Term(v)),))


def _occurrences(term: Term, v: str, consumed: dict[str, tuple[int, ...]], wanted: bool) -> int:
    count = 0
    for t in term.subterms():
        places = consumed.get(last(t.head), ())
        for i, a in enumerate(t.args):
            if a == Term(v) and (i in places) == wanted:
                count += 1
    return count


def _renamed(term: Term, v: str, new: str, consumed: dict[str, tuple[int, ...]]) -> Term:
    places = consumed.get(last(term.head), ())
    args = tuple(
        (Term(new) if i not in places else a) if a == Term(v) else _renamed(a, v, new, consumed) for i, a in enumerate(term.args)
    )
    return Term(term.head, args, term.opaque)
