"""A tactic is first run briefly, and with its whole time when it is offered again: what is slow costs little at first."""

from __future__ import annotations

from dataclasses import dataclass

from prover.audit.outcome import Candidate, Failure
from prover.policy.base import View
from prover.prove.environment import DojoEnvironment
from prover.prove.evaluator import AGAIN_VISIT
from prover.prove.theorem import BRIEF_S, SearchSettings, find_candidate
from prover.testing.dojo import Done, FakeDojo, FakeTheorem, Slow
from search.types import Closed, Proposal, TimedOut

SLOW = FakeTheorem("t", "⊢ P", {"⊢ P": {"slow": Slow(4.0, Done()), "slower": Slow(20.0, Done())}})


@dataclass
class Offers:
    """The same tactics on each visit before `until`."""

    tactics: tuple[str, ...]
    until: int = 10

    def propose(self, view: View) -> list[Proposal]:
        return [Proposal(tactic, -1.0, "test") for tactic in self.tactics] if view.stage < self.until else []


def test_a_slow_tactic_proves_on_a_later_visit() -> None:
    settings = SearchSettings(timeout_s=20.0)
    found = find_candidate(FakeDojo(SLOW), Offers(("slow",), until=1), settings)
    assert isinstance(found, Candidate)
    assert (found.proof, found.effort.expansions, found.effort.tactics_run) == ("slow", 1 + AGAIN_VISIT, 2)


def test_without_a_limit_of_time_it_has_its_whole_time_at_once() -> None:
    found = find_candidate(FakeDojo(SLOW), Offers(("slow",)), SearchSettings(timeout_s=None))
    assert isinstance(found, Candidate) and found.effort.expansions == 1


def test_what_needs_more_than_its_whole_time_is_run_twice_and_no_more() -> None:
    found = find_candidate(FakeDojo(SLOW), Offers(("slower",)), SearchSettings(timeout_s=20.0))
    assert isinstance(found, Failure) and found.effort.tactics_run == 2
    assert found.effort.tree is not None
    assert [edge["error"] for edge in found.effort.tree["edges"]] == ["timed out after 10 s"]


def test_the_brief_time_is_of_the_first_run_on_a_state_only() -> None:
    with FakeDojo(SLOW) as (dojo, initial):
        environment = DojoEnvironment(dojo, BRIEF_S)
        state = environment.part(initial).state
        assert environment.step(state, ["slow", "slower"]) == [TimedOut(BRIEF_S, again=True)] * 2
        assert environment.step(state, ["slower", "slow"]) == [TimedOut(10.0), Closed()]


def test_grind_alone_has_more_of_it_on_the_statement() -> None:
    slow = FakeTheorem("t", "⊢ P", {"⊢ P": {"grind": Slow(2.0 * BRIEF_S, Done()), "grind <;> simp": Slow(2.0 * BRIEF_S, Done())}})
    with FakeDojo(slow) as (dojo, initial):
        environment = DojoEnvironment(dojo, BRIEF_S)
        statement = environment.part(initial).state
        below = environment.part(initial, before=("cases n",)).state
        assert environment.step(below, ["grind"]) == [TimedOut(BRIEF_S, again=True)]
        assert environment.step(statement, ["grind <;> simp"]) == [TimedOut(BRIEF_S, again=True)]
        assert environment.step(statement, ["grind"]) == [Closed()]
