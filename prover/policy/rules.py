"""Families of rules, and the one interpreter of them.

A family is a function from a goal and the number of earlier visits to offers, with a guard: up to which visit it is asked, and
what the goal's text has to mention. A rule is one of its rows: a guard, the visit, a template's name, a tactic and a
log-probability.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prover.policy.base import Offer, View
from prover.policy.goal import Goal, first_goal

Row = tuple[object, int, str, str, float]
"""Guard, visit, template, tactic, natural log-probability."""


@dataclass(frozen=True)
class Family:
    """A proposer for goals that can be read.

    Attributes:
        name: for reports.
        offers: of a goal, at a visit (from 0).
        visits: how many visits the family is asked at.
        about: what the goal's text has to contain; None: nothing in particular.
    """

    name: str
    offers: Callable[[Goal, int], Iterable[Offer]]
    visits: int = 1
    about: re.Pattern[str] | None = None

    def propose(self, view: View) -> Iterable[Offer]:
        """The offers for a view's first goal; none where the guard does not hold."""
        goal = first_goal(view)
        if goal is None or view.stage >= self.visits or (self.about is not None and not self.about.search(goal.text)):
            return ()
        return self.offers(goal, view.stage)


def family(name: str, visits: int = 1, about: str | None = None) -> Callable[[Callable[[Goal, int], Iterable[Offer]]], Family]:
    """Makes a family of a function."""
    return lambda offers: Family(name, offers, visits, re.compile(about) if about is not None else None)


def rules(visit: int, *rows: Row) -> Iterable[Offer]:
    """The offers of the rows that are for this visit and whose guard holds."""
    return (Offer(tactic, log_prob, template) for guard, at, template, tactic, log_prob in rows if at == visit and guard)
