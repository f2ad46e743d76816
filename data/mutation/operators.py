"""The operators that make a theorem from a theorem, each with its source and what it does.

They run inside Lean (`prover/lean/host/mutation/operators/`, a file each); this table is what reports and
documents say about them.
"""

from __future__ import annotations

from dataclasses import dataclass

ALCHEMY = "Alchemy, arXiv 2410.15748, section 3"


@dataclass(frozen=True)
class Operator:
    """One way to make a theorem: `source` is its paper or reason, `proof` how the result is proved from
    the parent.
    """

    name: str
    source: str
    does: str
    proof: str


OPERATORS = (
    Operator(
        "rw",
        ALCHEMY,
        "rewrites the conclusion or a hypothesis with an equation or an iff of the library, in either "
        "direction, everywhere or at one chosen occurrence; "
        "what the lemma asks for becomes a hypothesis unless one says it already",
        "have this := parent …; rw [lemma] at this; exact this",
    ),
    Operator(
        "apply",
        f"{ALCHEMY}; forward: the same idea on the conclusion",
        "replaces a hypothesis by what implies it (backward), or the conclusion by what follows from "
        "it (forward)",
        "refine parent … ?_ …; exact lemma …   or   have this := parent …; exact lemma … this …",
    ),
    Operator(
        "iff",
        "asked for by Alchemy's reviewers: directions of an iff, halves of a conjunction",
        "takes one direction of a conclusion that is an iff, one half of one that is a conjunction",
        "have this := parent …; exact Iff.mp this h",
    ),
    Operator(
        "contrapose",
        "asked for by Alchemy's reviewers",
        "a hypothesis and the conclusion change places, both denied",
        "intro this; exact hn (parent … this …)",
    ),
    Operator(
        "conjoin",
        "asked for by Alchemy's reviewers",
        "two hypotheses that stand side by side become one conjunction",
        "exact parent … h.1 h.2 …",
    ),
    Operator(
        "specialise",
        "asked for by Alchemy's reviewers",
        "a variable gives way to a literal or to another variable, a type variable to a type of the library "
        "with its instances",
        "exact parent … 2 …",
    ),
    Operator(
        "generalise",
        "asked for by Alchemy's reviewers: the way back",
        "a literal becomes a variable, with an equation that says what it is, or for every value where omega "
        "proves that",
        "subst h; exact parent …   or   omega",
    ),
)
NAMES = tuple(operator.name for operator in OPERATORS)
