"""Code written for LeanDojo runs on the embedded Lean as it is.

The loop below knows LeanDojo's interface and nothing of ours: a best-first search in the manner of ReProver,
with a generator of tactics that needs no model.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import lean_dojo
import pytest
from lean_dojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.lean import targets
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.testing.dojo import DONE, Crash, FakeDojo, FakeTheorem, Slow


@dataclass
class Outcome:
    status: str
    proof: list[str] | None = None
    errors: int = 0
    timeouts: int = 0


@dataclass(order=True)
class Entry:
    cost: float
    order: int
    state: TacticState = field(compare=False)
    path: list[str] = field(compare=False, default_factory=list)


def suggest(state: TacticState) -> list[tuple[str, float]]:
    """Tactics and their log-probabilities, from the shape of the first goal."""
    goal = state.goals[0]
    tactics = [("assumption", -0.5), ("constructor", -1.5), ("omega", -1.0), ("simp", -1.5)]
    tactics += [
        (f"cases {d.ident}", -2.0) for d in goal.assumptions if "∧" in d.lean_type or "∨" in d.lean_type
    ]
    tactics += [(f"exact {d.ident}", -1.0) for d in goal.assumptions]
    if "∨" in goal.conclusion:
        tactics += [("left", -1.0), ("right", -1.0)]
    return tactics


def prove_with_leandojo(make_dojo: Callable[[], lean_dojo.Dojo], expansions: int = 60) -> Outcome:
    outcome = Outcome("Open")
    try:
        with make_dojo() as (dojo, init_state):
            assert isinstance(init_state, TacticState)
            nodes: dict[TacticState, float] = {init_state: 0.0}
            frontier = [Entry(0.0, 0, init_state)]
            order = 0
            while frontier and expansions:
                expansions -= 1
                entry = heapq.heappop(frontier)
                for tactic, log_prob in suggest(entry.state):
                    try:
                        response = dojo.run_tac(entry.state, tactic)
                    except DojoTacticTimeoutError:
                        outcome.timeouts += 1
                        continue
                    if isinstance(response, ProofFinished):
                        return Outcome("Proved", [*entry.path, tactic], outcome.errors, outcome.timeouts)
                    if isinstance(response, LeanError | ProofGivenUp):
                        outcome.errors += 1
                        continue
                    assert isinstance(response, TacticState)
                    if response not in nodes:  # equal by text, as LeanDojo's states are
                        order += 1
                        nodes[response] = entry.cost - log_prob
                        heapq.heappush(
                            frontier, Entry(nodes[response], order, response, [*entry.path, tactic])
                        )
            outcome.status = "Failed"
    except (DojoInitError, DojoCrashError) as error:
        outcome.status = f"Discarded: {type(error).__name__}"
    return outcome


STATEMENTS = """\
theorem swap (p q r : Prop) (h : p ∧ (q ∨ r)) : (q ∨ r) ∧ p := by sorry
theorem bound (a b : Nat) (h : a ≤ b) : a < b + 1 ∧ a ≤ b + b := by sorry
theorem wrong (p q : Prop) (h : p ∨ q) : p ∧ q := by sorry
theorem broken (p : Prop) (h : p) : q := by sorry
"""


@pytest.fixture(scope="module")
def theorems(lean_worker: LeanWorker) -> dict[str, targets.Target]:
    return {target.name: target for target in lean_worker.read(STATEMENTS).targets}


@pytest.mark.parametrize("name", ["swap", "bound"])
def test_a_search_written_for_leandojo_proves_theorems(
    lean_worker: LeanWorker, theorems: dict[str, targets.Target], name: str
) -> None:
    outcome = prove_with_leandojo(lambda: Dojo(theorems[name], lean_worker))
    assert outcome.status == "Proved" and outcome.proof is not None
    assert outcome.errors > 0, "a search that never errs would not show that errors are values"
    proof = "\n".join(outcome.proof)
    whole = lean_worker.read(f"{theorems[name].statement} {targets.by_block(proof)}")
    assert whole.clean and not whole.targets


def test_a_theorem_that_is_false_is_not_proved(
    lean_worker: LeanWorker, theorems: dict[str, targets.Target]
) -> None:
    outcome = prove_with_leandojo(lambda: Dojo(theorems["wrong"], lean_worker), expansions=10)
    assert outcome.status == "Failed"


def test_a_statement_that_does_not_elaborate_is_discarded(
    lean_worker: LeanWorker, theorems: dict[str, targets.Target]
) -> None:
    outcome = prove_with_leandojo(lambda: Dojo(theorems["broken"], lean_worker))
    assert outcome.status == "Discarded: DojoInitError"


def test_the_same_search_runs_on_the_fake() -> None:
    table = {
        "h : p\n⊢ p ∧ True": {
            "constructor": "h : p\n⊢ p\n\nh : p\n⊢ True",
            "omega": Slow(99.0),
            "simp": Crash(),
        },
        "h : p\n⊢ p": {"assumption": DONE},
        "h : p\n⊢ True": {"constructor": DONE},
    }
    outcome = prove_with_leandojo(lambda: FakeDojo(FakeTheorem("t", "h : p\n⊢ p ∧ True", table)))
    assert (outcome.status, outcome.timeouts) == ("Proved", 1)
    assert outcome.proof == ["constructor", "assumption", "constructor"]


def test_a_lean_that_cannot_be_had_is_a_crash_as_leandojo_has_it(
    lean_worker: LeanWorker, theorems: dict[str, targets.Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    from prover.errors import LeanSetupError

    def no_more(*_: object, **__: object) -> None:
        raise LeanSetupError("no Lean to be had")

    with Dojo(theorems["swap"], lean_worker) as (dojo, state):
        with monkeypatch.context() as patch:
            patch.setattr(lean_worker, "request", no_more)
            with pytest.raises(DojoCrashError, match="no Lean to be had"):
                dojo.run_tac(state, "skip")
        assert dojo.is_crashed
        assert isinstance(dojo.run_tac(state, "skip"), TacticState)
