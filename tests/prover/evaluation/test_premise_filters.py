from __future__ import annotations

import numpy as np

from prover.evaluation.premise_filters import mepo, sine
from prover.policy.premises.postings import Postings

SYMBOLS = Postings([["dvd", "add"], ["length", "append"], ["length", "rare"], ["mod"], ["rare", "deep"], *[["other"]] * 20])
ALL = np.ones(25, np.bool_)


def test_mepo_takes_what_the_goal_covers_first_and_then_what_that_leads_to() -> None:
    found = mepo(SYMBOLS, ["length", "append"], ALL).tolist()
    assert found[0] == 1 and 3 not in found


def test_sine_goes_from_symbols_to_premises_whose_rarest_symbol_they_are() -> None:
    found = sine(SYMBOLS, ["append"], ALL).tolist()
    assert found[0] == 1 and 0 not in found


def test_neither_takes_what_is_not_allowed() -> None:
    allowed = ALL.copy()
    allowed[1] = False
    assert 1 not in mepo(SYMBOLS, ["length", "append"], allowed) and 1 not in sine(SYMBOLS, ["append"], allowed)
