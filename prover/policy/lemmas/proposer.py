"""Offers lemmas for a stuck goal: what the methods of this package conjecture, the likeliest first.

A conjecture is stated by `suffices`: the goal has to follow from it at once, and it is what remains. A false one is refuted by
evaluation when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prover.policy.base import Offer, View, introduced
from prover.policy.goal import Goal, first_goal
from prover.policy.lemmas.accumulator import accumulators
from prover.policy.lemmas.assume import assuming
from prover.policy.lemmas.conjecture import Conjecture, rewriting, tactic
from prover.policy.lemmas.fertilise import fertilised
from prover.policy.lemmas.generalise import apart, common_subterms, generalised
from prover.policy.lemmas.reading import read_in
from prover.policy.lemmas.term import Term
from prover.policy.programs import undecided
from prover.policy.terms import shape

MOST = 18
LATER = 0.6
"""What the log-probability of lemmas is lowered by where the goal has cases that are to be told apart first."""
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lemmas:
    """For equations, and propositions about own functions, that mention the file's recursive functions."""

    name: str = "lemmas"

    def leads(self, view: View) -> int:
        """It works beside `prover.policy.programs`, which says so."""
        return 0

    def propose(self, view: View) -> Iterator[Offer]:
        """On the first visit, of the statement the second; a lemma that only drops hypotheses or splits occurrences comes with
        the others.
        """
        goal = first_goal(view)
        if goal is None or view.stage != int(introduced(view.before)):
            return
        if not goal.own_functions or goal.unnamed or goal.shape in ("∀", "→"):
            return
        body = read_in(goal, goal.target)
        if body is None:
            return
        hints = "".join(f", {name}" for name in goal.equations)
        later = LATER if undecided(goal) else 0.0
        seen: set[str] = set()
        found = sorted(conjectures(goal, body), key=lambda c: -c.prior)
        for c in found:
            text = tactic(goal, c, hints)
            if text is not None and text not in seen and len(seen) < MOST:
                seen.add(text)
                yield Offer(text, c.prior - later, f"lemmas.{c.method}")
                if c.method == "accumulator" and not c.exact and (step := rewriting(goal, c)) is not None:
                    yield Offer(step, c.prior - 0.3 - later, "lemmas.rewriting")


def conjectures(goal: Goal, body: Term) -> Iterator[Conjecture]:
    """What each method makes of the goal."""
    variables = frozenset(v.name for v in goal.data if shape(v.type) not in ("→", "∀"))
    constructors = frozenset(c.name for i in goal.inductives for c in i.constructors) | {"::", "some", "succ", "[]"}
    consumed = {f.last: f.splits_on for f in goal.functions if f.recursive}
    changing = {f.last: f.changing for f in goal.functions if f.recursive and f.changing}
    binary = tuple(f.name for f in goal.functions if f.arity == 2)
    unary = tuple(f.name for f in goal.own_functions if f.arity == 1)
    conditions = tuple(
        (f.name, f.type) for f in goal.facts
        if shape(f.type) not in ("∀", "→") and (shape(f.type) != "=" or f.type.endswith(("true", "false")))
        and not f.name.startswith("ih")
    )  # fmt: skip
    starts: list[tuple[Term, float, bool]] = [(body, 0.0, True)]
    if body.head == "=" and len(body.args) == 2:
        starts += [(b, -0.2, False) for b in fertilised(goal, body)]
        yield from accumulators(goal, body, variables, changing, binary, unary)
    for start, prior, exact in starts:
        for chosen in common_subterms(goal, start, constructors, variables):
            new, fresh = generalised(goal, start, chosen)
            made = Conjecture(new, "generalise" if exact else "fertilise", -0.2 + prior, fresh, exact=exact)
            yield made
            if conditions:
                yield replace(made, assumed=_about(goal, conditions, fresh), prior=made.prior - 0.1)
        for c in apart(goal, start, variables, consumed):
            yield replace(c, exact=exact, prior=c.prior + prior)
        if goal.facts and start is not body:
            yield Conjecture(start, "fertilise", -0.6 + prior, exact=False)
    yield from assuming(goal, body, constructors, variables)
    if goal.facts and len(goal.facts) > len(conditions):
        yield Conjecture(body, "clear", -0.5, assumed=conditions)
        if conditions:
            yield Conjecture(body, "clear", -0.7)


def _about(goal: Goal, conditions: Facts, fresh: tuple[tuple[str, Term], ...]) -> Facts:
    """The facts with the same subterms replaced."""
    by = {t: n for n, t in fresh}
    changed = []
    for name, text in conditions:
        term = read_in(goal, text)
        if term is not None:
            changed.append((name, str(term.replaced(lambda t: Term(by[t]) if t in by else None))))
    return tuple(changed)
