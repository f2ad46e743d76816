"""What must not reach training data: the rules, in one place.

A theorem may be trained on when its root, and every lemma that a step of it or of its ancestors used, are on
the training side (`data/splits.py`), and no benchmark states it (statements are compared by key: names of
variables, order of hypotheses, binder kinds and universes do not count). The engine keeps to the rules while
it makes theorems; `training` holds every row against them once more before it is given out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from data.mutation.records import Mutant
from data.splits import TRAIN, split_of


def held_out(names: Iterable[str], more: Container[str] = ()) -> list[str]:
    """The names that training may neither start from nor use; `more`: named by a benchmark besides."""
    return [name for name in names if split_of(name) != TRAIN or name in more]


def why_not(mutant: Mutant, benchmark: Container[int] = (), more: Container[str] = ()) -> str | None:
    """Why a theorem may not be trained on; None: it may."""
    if mutant.split != TRAIN:
        return "its root is held out"
    if held_out([mutant.root], more):
        return "its root is held out"
    if held_out(mutant.lemmas, more):
        return "a lemma of it is held out"
    if int(mutant.key, 16) in benchmark:
        return "a benchmark states it"
    return None


def training(
    mutants: Iterable[Mutant],
    benchmark: Container[int] = (),
    more: Container[str] = (),
    refused: Counter[str] | None = None,
) -> Iterator[Mutant]:
    """The theorems that may be trained on; the others are counted by reason in `refused`."""
    for mutant in mutants:
        why = why_not(mutant, benchmark, more)
        if why is None:
            yield mutant
        elif refused is not None:
            refused[why] += 1
