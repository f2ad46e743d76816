"""What Lean's own library searches say, as tactics.

`exact?` and its like close a goal and are written as what they found; `rw?` and `apply?` only say what could be tried,
and each of their suggestions is a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from search.types import Proposal

SUGGESTION = re.compile(r"Try this:\s*(?:\[apply\]\s*)?(?P<tactic>.+)", re.DOTALL)
CLOSING = ("exact?", "apply?", "rw?", "simp?", "simp_all?", "grind?", "try?", "hint", "show_term")
SEARCHES = {2: (("rw?", -2.4),), 3: (("apply?", -2.6),)}
"""By how often a state has come back, with the log-probability of the first suggestion; their order is Lean's, best first.
`apply?` costs half a second and seldom helps, `rw?` a third of that."""
LATER = 0.15
"""Each further suggestion is less likely by so much."""
MOST = 12


def found_instead(tactic: str, message: str | None) -> str | None:
    """What a search that succeeded found, to be written in its place."""
    if not tactic.startswith(CLOSING) or not message:
        return None
    found = SUGGESTION.search(message)
    return found["tactic"].strip().splitlines()[0].strip() if found and "\n" not in found["tactic"].strip() else None


def suggestions(messages: Sequence[str]) -> list[str]:
    """The tactics that messages suggest, each once, without the comments behind them."""
    tactics = []
    for message in messages:
        if (found := SUGGESTION.search(message)) is not None:
            lines = [line for line in found["tactic"].splitlines() if not line.lstrip().startswith("--")]
            tactics.append("\n".join(lines).strip())
    return [t for t in dict.fromkeys(tactics) if t]


def proposals(search: str, log_prob: float, messages: Sequence[str]) -> list[Proposal]:
    """At most MOST proposals from what a search said."""
    name = f"oracle.{search}"
    return [Proposal(t, log_prob - LATER * i, name) for i, t in enumerate(suggestions(messages)[:MOST])]
