"""Tactics that a file's imports cannot run.

A file that begins with `prelude`, and each of the library's own, has only what its imports bring. Lean parses `grind` and
`omega` there, works for a while, and then misses a lemma that its proofs are made of. Such an attempt is never worth
its time: on the library benchmark, where all but one theorem of 200 stand in such a file, it was a quarter of it.
"""

from __future__ import annotations

import re

NEEDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (
        re.compile(r"(?<![\w.])(?:grind|lia|cutsat|grobner)(?![\w.])"),
        frozenset({"Init.Grind.Norm", "Init.Grind.Util", "Init.Grind.ToInt", "Init.Grind.Ring.Basic"}),
    ),
    (re.compile(r"(?<![\w.])(?:bv_)?omega(?![\w.])"), frozenset({"Init.Omega.Int"})),
)
"""Words of a tactic, and the modules that hold the lemmas it cannot do without."""


def runs(tactic: str, imported: frozenset[str] | None) -> bool:
    """Whether a tactic can succeed with these modules; `None` is the whole library. Errs on the side of yes."""
    return imported is None or all(modules <= imported for word, modules in NEEDS if word.search(tactic))
