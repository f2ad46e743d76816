"""Nothing that is held out, or that a benchmark states, is given out for training."""

from collections import Counter
from dataclasses import replace

import pytest

from data.mutation import leakage, records
from data.mutation.records import Mutant
from data.splits import TRAIN, split_of

NAMES = [f"A.fact{chr(97 + i)}{chr(97 + j)}" for i in range(20) for j in range(20)]
TRAINED = [n for n in NAMES if split_of(n) == TRAIN]
HELD_OUT = [n for n in NAMES if split_of(n) != TRAIN]


def mutant(root: str, lemmas: tuple[str, ...], key: str = "0a") -> Mutant:
    raw = {field.name: "x" for field in records.SCHEMA} | {"root": root, "lemmas": lemmas, "key": key}
    return records.read({k: v for k, v in raw.items() if k != "split"})


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (mutant(TRAINED[0], (TRAINED[1],)), None),
        (mutant(HELD_OUT[0], ()), "its root is held out"),
        (replace(mutant(HELD_OUT[0], ()), split=TRAIN), "its root is held out"),
        (mutant(TRAINED[0], (TRAINED[1], HELD_OUT[0])), "a lemma of it is held out"),
        (mutant(TRAINED[0], (), "0b"), "a benchmark states it"),
        (mutant(TRAINED[2], ()), "its root is held out"),
        (mutant(TRAINED[0], (TRAINED[2],)), "a lemma of it is held out"),
    ],
)
def test_a_theorem_is_refused_for_its_reason(one: Mutant, why: str | None) -> None:
    benchmark, named = {0x0B}, {TRAINED[2]}
    assert leakage.why_not(one, benchmark, named) == why
    refused: Counter[str] = Counter()
    given = list(leakage.training([one], benchmark, named, refused))
    assert given == ([one] if why is None else [])
    assert refused == (Counter() if why is None else Counter([why]))


def test_names_are_held_out_by_the_fixed_split() -> None:
    assert leakage.held_out(NAMES) == HELD_OUT
    assert 40 < len(HELD_OUT) < 140, "20 of 100 families"


def test_the_lemmas_of_all_steps_are_kept_on_disk() -> None:
    one = mutant(TRAINED[0], (TRAINED[1], TRAINED[2]))
    one = replace(one, **dict.fromkeys(("round", "size", "parent_size", "hypotheses"), 1), vacuous=None, grade=None)
    (row,) = records.table([one]).to_pylist()
    assert records.read(row).lemmas == (TRAINED[1], TRAINED[2])
