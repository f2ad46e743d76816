from __future__ import annotations

from prover.policy.premises.neighbours import Neighbours, state_features
from tests.prover.policy.premises.tiny import memory_of


def features(*words: str) -> list[str]:
    return state_features(words, ())


def test_what_served_at_the_nearest_state_has_the_greatest_share() -> None:
    known = Neighbours()
    known.learn(features("length", "append", "eq"), [1])
    known.learn(features("mod", "mul", "eq"), [2])
    found = known.ask(features("length", "append", "add", "eq"))
    assert found[1].share > 0.9 and found[1].nearest > found.get(2, found[1]).nearest * 0.99


def test_what_is_learnt_counts_at_the_next_question() -> None:
    known = Neighbours()
    for i in range(200):
        known.learn(features(f"w{i}", "eq"), [i])
    assert 999 not in known.ask(features("fresh", "eq"))
    known.learn(features("fresh", "eq"), [999])
    assert max((e.share, p) for p, e in known.ask(features("fresh", "eq")).items())[1] == 999


def test_a_group_can_be_left_out() -> None:
    known = Neighbours()
    known.learn(features("length"), [1], group=7)
    assert known.ask(features("length"), without=7) == {}


def test_nothing_is_known_at_first() -> None:
    assert Neighbours().ask(features("length")) == {}


def test_what_was_recalled_and_what_was_learnt_since_answer_together() -> None:
    rows = [(features(f"w{i}", "eq"), [f"p{i}"]) for i in range(30)]
    recalled, learnt = Neighbours(), Neighbours()
    numbers = {f"p{i}": i for i in range(30)}
    assert sorted(recalled.recall(memory_of(rows[:20]), numbers).tolist()) == list(range(20))
    for i, (names, _) in enumerate(rows):
        learnt.learn(names, [i])
        if i >= 20:
            recalled.learn(names, [i])
    assert len(recalled) == len(learnt) == 30
    for i in (3, 25):
        assert recalled.ask(features(f"w{i}", "eq")) == learnt.ask(features(f"w{i}", "eq"))


def test_a_recalled_premise_without_a_number_is_left_out() -> None:
    known = Neighbours()
    known.recall(memory_of([(features("length"), ["gone"]), (features("append"), ["gone", "kept"])]), {"kept": 5})
    assert len(known) == 1 and set(known.ask(features("append"))) == {5} and known.ask(features("length")) == {}
