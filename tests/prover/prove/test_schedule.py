"""How budgets move between theorems: the policy, what is expected of it, and its simulation."""

import math

import pytest

from prover.bench.schedule import DEADLINE_S, proved, table
from prover.prove.schedule import (
    FIRST_S,
    Grant,
    Outcome,
    Rates,
    Standing,
    choose,
    forecast,
    measured,
    outcomes,
    until_s,
)


def test_every_theorem_is_looked_at_before_one_is_gone_on_with_that_showed_nothing() -> None:
    rates = Rates(300.0)
    waiting = {str(i): Standing(str(i), i) for i in range(5)}
    order = []
    for _ in range(8):
        grant = choose(list(waiting.values()), rates, 1000.0)
        assert grant is not None
        order.append(grant.standing.id)
        rates.note(grant.standing, grant.standing.place % 2 == 0)
        waiting[grant.standing.id] = grant.standing.after(grant.seconds, False)
    assert order[:5] == ["0", "1", "2", "3", "4"]
    assert sorted(order[5:]) == ["0", "1", "2"]


def test_budgets_move_to_theorems_that_make_progress() -> None:
    rates = Rates(300.0)
    still, moving = Standing("still", 0, 2, 4.0), Standing("moving", 1, 2, 4.0, moved=True)
    for _ in range(20):
        rates.note(moving, True)
        rates.note(still, False)
    grant = choose([still, moving], rates, 1000.0)
    assert grant == Grant(moving, until_s(2) - 4.0)


@pytest.mark.parametrize("left_s", [0.5, 0.0, -1.0])
def test_a_grant_is_cut_to_what_is_left_of_the_batch(left_s: float) -> None:
    grant = choose([Standing("t", 0)], Rates(), left_s)
    assert (grant is None) if left_s <= 0 else (grant is not None and grant.seconds == left_s)


def test_no_theorem_gets_more_than_its_cap() -> None:
    rates = Rates(10.0)
    standing, spent = Standing("t", 0), 0.0
    while (grant := choose([standing], rates, math.inf)) is not None:
        spent += grant.seconds
        standing = standing.after(grant.seconds, False)
    assert spent == 10.0


def test_a_grant_that_was_overrun_counts_as_the_grants_that_it_took() -> None:
    assert Rates().seconds(Standing("t", 0, 1, 5 * FIRST_S)) == until_s(3) - 5 * FIRST_S


def test_what_is_expected_lies_between_nothing_and_everything_and_grows() -> None:
    found = forecast([Standing(str(i), i) for i in range(50)], Rates(60.0), 2, [10.0, 60.0, 600.0])
    assert 0 < found.proved[0] < found.proved[1] <= found.proved[2] <= found.proved[3] < 50
    assert found.ends_s > 0


def test_what_is_expected_follows_what_the_batch_shows() -> None:
    rates = Rates(60.0)
    before = forecast([Standing("t", 0)], rates, 1).proved[-1]
    for _ in range(50):
        rates.note_whole(1.0, True)
    assert forecast([Standing("t", 0)], rates, 1).proved[-1] > before


def test_measured_chances_are_counted_from_the_outcomes() -> None:
    tried, found = measured()[0, False]
    assert tried == len(outcomes())
    assert found == sum(o.proved and o.seconds <= FIRST_S for o in outcomes())


def test_moving_budgets_proves_more_than_the_same_time_for_each_in_turn() -> None:
    """The mark: one and a half times as many, paired, three seeds."""
    for row in table(outcomes()):
        assert row["index"] >= 1.5 * row["60 s each"]
        assert row["index"] >= 0.95 * row["equal shares"]
        assert row["index"] >= row["index, begun anew"]


def test_the_simulation_proves_what_time_allows() -> None:
    easy, hard = Outcome(1.0, True), Outcome(60.0, False)
    assert proved([easy] * 10, choose, 60.0) == 10
    assert proved([hard] * 1000 + [easy] * 10, choose, 60.0) == 0  # even a look at each takes longer than the deadline
    assert proved([hard] * int(DEADLINE_S / FIRST_S / 4) + [easy] * 10, choose, 60.0) == 10
