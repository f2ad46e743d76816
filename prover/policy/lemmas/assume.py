"""A hypothesis that is no rule to rewrite with becomes the premise of a lemma.

From `ih : sorted (isort xs)` and the goal `sorted (insert x (isort xs))` comes `∀ x u, sorted u → sorted (insert x u)`: what the
hypothesis and the goal share is generalised in both, and the hypothesis is kept (Boyer and Moore, A Computational Logic, 1979,
chapters XI and XII: the hypothesis is used, then what is left generalised).
"""

from __future__ import annotations

from collections.abc import Iterator

from prover.policy.goal import Goal
from prover.policy.lemmas.conjecture import Conjecture, argument
from prover.policy.lemmas.fertilise import instantiated, match
from prover.policy.lemmas.generalise import common_subterms, generalised
from prover.policy.lemmas.reading import read_in
from prover.policy.lemmas.term import Term
from prover.policy.terms import premises, shape

MOST = 2
"""Instances of a hypothesis that are tried."""
INDUCTIVE, OTHER = -0.22, -0.32
"""Natural log-probabilities of lemmas that assume an induction hypothesis, and another one."""


def assuming(goal: Goal, body: Term, constructors: frozenset[str], variables: frozenset[str]) -> Iterator[Conjecture]:
    """For each instance of a hypothesis that shares terms with the goal: the goal with it as its premise, both generalised."""
    name = goal.fresh("h")
    for proof, instance in instances(goal, body):
        joint = Term("→", (instance, body))
        for chosen in common_subterms(goal, joint, constructors, variables):
            if all(t in instance.subterms() and t in body.subterms() for t in chosen):
                new, fresh = generalised(goal, joint, chosen)
                premise, conclusion = new.args
                prior = INDUCTIVE if proof.lstrip("(").startswith("ih") else OTHER
                yield Conjecture(conclusion, "assume", prior, fresh, ((name, str(premise)),), proofs=((name, proof),))


def instances(goal: Goal, body: Term) -> Iterator[tuple[str, Term]]:
    """Hypotheses, induction's in instances that speak of the goal's own terms, each with its proof."""
    known = {str(term): f.name for f in goal.facts if (term := read_in(goal, f.type)) is not None}
    for fact in goal.facts:
        if shape(fact.type) in ("∀", "→") and not fact.name.startswith("ih"):
            continue
        bound, assumed, conclusion = premises(fact.type)
        pattern = read_in(goal, conclusion)
        conditions = [read_in(goal, a) for a in assumed]
        if pattern is None or pattern == body:
            continue
        found: dict[str, Term] = {}
        for values in _values(pattern, body, frozenset(bound)):
            here = [str(instantiated(c, values)) for c in conditions if c is not None]
            if len(here) == len(conditions) and all(c in known for c in here):
                proof = " ".join([fact.name, *(argument(values[b]) for b in bound), *(known[c] for c in here)])
                found.setdefault(f"({proof})" if " " in proof else proof, instantiated(pattern, values))
        yield from list(found.items())[:MOST]


def _values(pattern: Term, body: Term, bound: frozenset[str]) -> Iterator[dict[str, Term]]:
    """Values of what a hypothesis binds, so that a part of it that mentions all of that stands in the goal."""
    if not bound:
        yield {}
        return
    for part in pattern.subterms():
        if part.args and part.head != "=" and bound <= part.names:
            for term in body.subterms():
                if (values := match(part, term, bound)) is not None:
                    yield values
