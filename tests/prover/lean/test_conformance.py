"""The rules of the environment seam, held against everything that implements it.

Another implementation joins with a function that opens what `THEOREMS` states, named in `IMPLEMENTATIONS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import lean_dojo
import pytest
from lean_dojo import (
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.errors import LeanSetupError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.leandojo.untraced import DojoFactory
from prover.lean.native.discover import native_problem
from prover.lean.native.lake import LakeEnv
from prover.lean.native.library import NativeLibrary
from prover.lean.native.project import Project, read_project
from prover.lean.native.reader import NativeReader
from prover.lean.repl.engine import ReplEngine
from prover.lean.states import TacticTimeout
from prover.testing.dojo import DONE, Answer, FakeDojo, FakeTheorem, Leaves, Slow
from tests.standins.server import make_project, standing_in

ROOT = Path(__file__).resolve().parents[3]

LONG = "x" * 200_000
THEOREMS = {
    "both": "theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q := by sorry",
    "witness": "theorem witness : ∃ n : Nat, n = 3 := by sorry",
    "two": "theorem two : 1 + 1 = 2 := by sorry",
    "wrong": "theorem wrong : False := by sorry",
    "slow": "theorem slow : count 40 0 = 3 := by sorry",
    "turnstile": 'theorem turnstile (s : String) (h : s = "a ⊢ b") : s = "a ⊢ b" := by sorry',
    "unicode": "theorem unicode (α : Type) (x₁ «y z» : α) (h₁ : x₁ = «y z») : «y z» = x₁ := by sorry",
    "long": f'theorem long (p : Prop) (h : p) : p ∧ "{LONG}" ≠ "" := by sorry',
    "broken": "theorem broken : Tru := by sorry",
    "also_broken": "theorem also_broken : True := by sorry",
}
PREAMBLE = """\
def count : Nat → Nat → Nat
  | 0, k => k
  | n+1, k => count n (count n (k+1))
"""
SLOW_TACTIC = "decide +kernel"
"""Runs for hours on the theorem `slow`."""

BOTH = "p q : Prop\nhp : p\nhq : q\n⊢ "
LEFT, RIGHT = f"case left\n{BOTH}p", f"case right\n{BOTH}q"
WITNESS = {
    "goals": "case refine_1\n⊢ Nat\n\ncase refine_2\n⊢ ?refine_1 = 3",
    "value": "case refine_2\n⊢ 3 = 3",
}
LONG_PP = f'p : Prop\nh : p\n⊢ p ∧ "{LONG}" ≠ ""'
UNICODE = "α : Type\nx₁ «y z» : α\nh₁ : x₁ = «y z»\n⊢ "
TURNSTILE = 's : String\nh : s = "a ⊢ b"\n⊢ '
TWO_STEPS = "constructor\nexact hp"

FAKE_TABLES: dict[str, tuple[str, dict[str, dict[str, Answer]]]] = {
    "both": (
        f"{BOTH}p ∧ q",
        {
            f"{BOTH}p ∧ q": {
                "constructor": f"{LEFT}\n\n{RIGHT}",
                "exact ⟨hp, hq⟩": DONE,
                "skip": f"{BOTH}p ∧ q",
                TWO_STEPS: RIGHT,
                "constructor; exact hp": RIGHT,
                "constructor <;> assumption": DONE,
                "show_term exact ⟨hp, hq⟩": Leaves("", "Try this: exact ⟨hp, hq⟩"),
            },
            LEFT: {"exact hp": DONE, "assumption": DONE},
            RIGHT: {"exact hq": DONE, "assumption": DONE},
        },
    ),
    "witness": (
        "⊢ ∃ n, n = 3",
        {
            "⊢ ∃ n, n = 3": {"refine ⟨?_, ?_⟩": WITNESS["goals"]},
            WITNESS["goals"]: {"exact 3": WITNESS["value"]},
            WITNESS["value"]: {"rfl": DONE},
        },
    ),
    "two": ("⊢ 1 + 1 = 2", {"⊢ 1 + 1 = 2": {"rfl": DONE, "decide": DONE}}),
    "wrong": ("⊢ False", {"⊢ False": {"skip": "⊢ False"}}),
    "slow": ("⊢ count 40 0 = 3", {"⊢ count 40 0 = 3": {SLOW_TACTIC: Slow(3600), "skip": "⊢ count 40 0 = 3"}}),
    "turnstile": (
        f'{TURNSTILE}s = "a ⊢ b"',
        {f'{TURNSTILE}s = "a ⊢ b"': {"exact h": DONE, "symm": f'{TURNSTILE}"a ⊢ b" = s'}},
    ),
    "unicode": (f"{UNICODE}«y z» = x₁", {f"{UNICODE}«y z» = x₁": {"exact h₁.symm": DONE}}),
    "long": (
        LONG_PP,
        {LONG_PP: {"constructor": f'p : Prop\nh : p\n⊢ p\n\np : Prop\nh : p\n⊢ "{LONG}" ≠ ""'}},
    ),
}


class Opener(Protocol):
    """Opens one of `THEOREMS`."""

    def __call__(self, theorem: str, timeout: float = 10.0) -> Any: ...


def open_fake(theorem: str, timeout: float = 10.0) -> FakeDojo:
    if theorem not in FAKE_TABLES:
        return FakeDojo(
            FakeTheorem(theorem, "⊢ True", {}, problem="its statement does not elaborate"), timeout
        )
    goal, table = FAKE_TABLES[theorem]
    return FakeDojo(FakeTheorem(theorem, goal, table), timeout)


def embedded_opener(worker: LeanWorker) -> Opener:
    found = {t.name: t for t in worker.read(PREAMBLE + "\n".join(THEOREMS.values())).targets}

    def opener(theorem: str, timeout: float = 10.0) -> Dojo:
        return Dojo(found[theorem], worker, timeout, heartbeats=0)

    return opener


def native_opener(kind: str, project: Project) -> Iterator[Opener]:
    """By LeanDojo's own process, or by the REPL."""
    lake = LakeEnv(project)
    found = {t.name: t for t in NativeReader(lake).read(PREAMBLE + "\n".join(THEOREMS.values())).targets}
    library = NativeLibrary(lake, f"{project.toolchain}")
    engine = ReplEngine(project) if kind == "repl" else DojoEngine(project, DojoFactory(project, lake, library=library))

    def opener(theorem: str, timeout: float = 10.0) -> Dojo:
        return Dojo(found[theorem], engine, timeout)

    yield opener
    engine.close()


def played(kind: str, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """The real client; `lake` and the REPL are played (tests/standins), and the verdicts are the embedded Lean's."""
    folder = request.getfixturevalue("tmp_path_factory").mktemp("played")
    with standing_in(folder, request.getfixturevalue("lean_worker")) as server:
        server.tactic_timeout_ms = 1000
        yield from native_opener(kind, read_project(make_project(folder / "project")))
        assert server.faults == []


def native_project() -> tuple[Project, str | None]:
    """lean_project/, or what PROOFSMITH_NATIVE_PROJECT names, and why no Lean answers there."""
    project = read_project(Path(os.environ.get("PROOFSMITH_NATIVE_PROJECT") or ROOT / "lean_project"))
    return project, native_problem(project)


def native(kind: str) -> Iterator[Opener]:
    """The project's own Lean. Where it answers, and only what LeanDojo or the REPL needs besides is missing: skipped."""
    project, _ = native_project()
    try:
        if kind == "repl":
            ReplEngine(project).command()
        else:
            DojoFactory(project, LakeEnv(project)).scratch().remove()
    except LeanSetupError as error:
        pytest.skip(str(error))
    yield from native_opener(kind, project)


IMPLEMENTATIONS: dict[str, Callable[[pytest.FixtureRequest], Iterator[Opener]]] = {
    "fake": lambda request: iter([open_fake]),
    "embedded": lambda request: iter([embedded_opener(request.getfixturevalue("lean_worker"))]),
    "dojo played": lambda request: played("dojo", request),
    "repl played": lambda request: played("repl", request),
}
NO_NATIVE_LEAN = native_project()[1]
if NO_NATIVE_LEAN is None:
    IMPLEMENTATIONS |= {"dojo": lambda request: native("dojo"), "repl": lambda request: native("repl")}


@pytest.fixture(params=IMPLEMENTATIONS, scope="module")
def opened(request: pytest.FixtureRequest) -> Iterator[Opener]:
    yield from IMPLEMENTATIONS[request.param](request)


def test_a_native_lean_keeps_the_same_rules_where_there_is_one() -> None:
    """The rules below run on it, too; this says in one line when they do not."""
    if NO_NATIVE_LEAN is not None:
        pytest.skip(f"no native Lean: {NO_NATIVE_LEAN}")
    assert {"dojo", "repl"} <= set(IMPLEMENTATIONS)


def fails(result: object) -> bool:
    return isinstance(result, LeanError | ProofGivenUp)


class TestOpening:
    def test_it_is_a_dojo_of_leandojo(self, opened: Opener) -> None:
        dojo = opened("both")
        assert isinstance(dojo, lean_dojo.Dojo)
        assert dojo.uses_tactics and not dojo.uses_commands
        assert not dojo.is_successful

    def test_entering_gives_the_dojo_and_the_statement_as_a_state(self, opened: Opener) -> None:
        dojo = opened("both")
        with dojo as (entered, state):
            assert entered is dojo
            assert isinstance(state, TacticState)
            assert state.pp == f"{BOTH}p ∧ q"
            assert [g.conclusion for g in state.goals] == ["p ∧ q"]
            assert [(d.ident, d.lean_type) for d in state.goals[0].assumptions] == [
                ("p", "Prop"), ("q", "Prop"), ("hp", "p"), ("hq", "q"),
            ]  # fmt: skip

    @pytest.mark.parametrize("theorem", ["broken", "also_broken"])
    def test_a_theorem_that_does_not_elaborate_is_not_opened(self, opened: Opener, theorem: str) -> None:
        with pytest.raises(DojoInitError, match=r"elaborate|context"), opened(theorem):
            pytest.fail("it was opened")

    def test_it_can_be_opened_again_after_it_was_left(self, opened: Opener) -> None:
        dojo = opened("both")
        for _ in range(2):
            with dojo as (entered, state):
                assert isinstance(entered.run_tac(state, "exact ⟨hp, hq⟩"), ProofFinished)

    def test_after_leaving_its_states_are_no_more(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            pass
        with pytest.raises(RuntimeError, match="does not have"):
            dojo.run_tac(state, "skip")

    def test_a_state_that_it_did_not_give_is_refused(self, opened: Opener) -> None:
        with opened("both") as (dojo, _):
            with pytest.raises(RuntimeError, match="does not have: 987654"):
                dojo.run_tac(TacticState("⊢ True", 987654), "skip")
            with pytest.raises(RuntimeError, match="invalid state"):
                dojo.run_tac(ProofFinished(0), "skip")

    def test_a_finished_proof_takes_no_more_tactics(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            done = dojo.run_tac(state, "exact ⟨hp, hq⟩")
            with pytest.raises(RuntimeError):
                dojo.run_tac(done, "skip")


class TestTactics:
    def test_a_closed_goal_finishes_the_proof(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            assert isinstance(dojo.run_tac(state, "exact ⟨hp, hq⟩"), ProofFinished)
            assert dojo.is_successful

    @pytest.mark.parametrize("tactic", ["nonsense", "exact hp", "rfl"])
    def test_a_failing_tactic_is_an_error_and_leaves_the_state_as_it_was(
        self, opened: Opener, tactic: str
    ) -> None:
        with opened("both") as (dojo, state):
            result = dojo.run_tac(state, tactic)
            assert isinstance(result, LeanError)
            assert result.error and result.error == result.error.strip()
            assert not dojo.is_successful
            assert isinstance(dojo.run_tac(state, "exact ⟨hp, hq⟩"), ProofFinished)

    def test_one_state_branches_as_often_as_one_likes(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            first, second = dojo.run_tac(state, "constructor"), dojo.run_tac(state, "constructor")
            assert first == second and first.id != second.id
            assert isinstance(dojo.run_tac(first, "exact hp"), TacticState)
            assert dojo.run_tac(second, "exact hp").pp == RIGHT
            assert dojo.run_tac(state, "skip").pp == state.pp

    def test_goals_are_worked_on_in_order_and_the_last_one_finishes(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            two = dojo.run_tac(state, "constructor")
            assert two.num_goals == 2
            assert two.pp == f"{LEFT}\n\n{RIGHT}"
            assert isinstance(dojo.run_tac(two, "exact hq"), LeanError)
            one = dojo.run_tac(two, "exact hp")
            assert isinstance(one, TacticState) and one.pp == RIGHT
            assert isinstance(dojo.run_tac(one, "exact hq"), ProofFinished)

    @pytest.mark.parametrize("tactic", [TWO_STEPS, "constructor; exact hp"])
    def test_several_tactics_in_one_are_several_tactics(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert dojo.run_tac(state, tactic).pp == RIGHT

    @pytest.mark.parametrize("tactic", ["  exact ⟨hp, hq⟩", "exact ⟨hp, hq⟩  ", "\n  exact ⟨hp, hq⟩\n"])
    def test_space_around_a_tactic_does_not_matter(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert isinstance(dojo.run_tac(state, tactic), ProofFinished)

    def test_what_a_tactic_says_comes_with_the_result(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            assert "exact ⟨hp, hq⟩" in dojo.run_tac(state, "show_term exact ⟨hp, hq⟩").message

    @pytest.mark.parametrize("tactic", ["", " ", "\n", "-- nothing", "/- open", '"', "(", "exact", "\t"])
    def test_no_tactic_is_an_error(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert isinstance(dojo.run_tac(state, tactic), LeanError)

    @pytest.mark.parametrize(
        "tactic", ["\0", "exact \0", "exact ⟨hp, hq⟩\0", "\ud800", "exact ⟨hp, hq⟩ \udfff"]
    )
    def test_characters_that_no_text_has_are_an_error(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert isinstance(dojo.run_tac(state, tactic), LeanError)
            assert isinstance(dojo.run_tac(state, "exact ⟨hp, hq⟩"), ProofFinished)

    @pytest.mark.parametrize(
        "tactic",
        [
            "exact " + "x" * 1_000_000,
            "nonsense " + "hp " * 300_000,
            f'exact absurd rfl (show "{"y" * 300_000}" ≠ "" from hp)',
            "skip -- " + "ü" * 400_000 + "\nnonsense",
        ],
        ids=["one word", "many words", "literal", "comment"],
    )
    def test_a_very_long_tactic_is_only_long(self, opened: Opener, tactic: str) -> None:
        with opened("both", timeout=30.0) as (dojo, state):
            assert isinstance(dojo.run_tac(state, tactic), LeanError)
            assert isinstance(dojo.run_tac(state, "exact ⟨hp, hq⟩"), ProofFinished)

    def test_a_very_long_goal_is_only_long(self, opened: Opener) -> None:
        with opened("long", timeout=30.0) as (dojo, state):
            assert " ".join(state.goals[0].conclusion.split()) == f'p ∧ "{LONG}" ≠ ""'
            assert dojo.run_tac(state, "constructor").num_goals == 2

    def test_unicode_goes_through_unchanged(self, opened: Opener) -> None:
        with opened("unicode") as (dojo, state):
            assert state.pp == f"{UNICODE}«y z» = x₁"
            assert isinstance(dojo.run_tac(state, "exact h₁.symm"), ProofFinished)

    def test_a_turnstile_inside_a_goal_is_not_a_goal(self, opened: Opener) -> None:
        with opened("turnstile") as (dojo, state):
            assert state.pp == f'{TURNSTILE}s = "a ⊢ b"'
            assert [g.conclusion for g in state.goals] == ['s = "a ⊢ b"']
            assert state.goals[0].assumptions[1].lean_type == 's = "a ⊢ b"'
            turned = dojo.run_tac(state, "symm")
            assert [g.conclusion for g in turned.goals] == ['"a ⊢ b" = s']
            assert isinstance(dojo.run_tac(state, "exact h"), ProofFinished)


class TestGivingUp:
    @pytest.mark.parametrize(
        "tactic",
        [
            "sorry", "admit", "exact sorry", "exact (by sorry)", "refine ⟨sorry, hq⟩", "all_goals sorry",
            "try sorry",
            "first | sorry | exact ⟨hp, hq⟩", "stop", "stop sorry", "· sorry", "(sorry)", "skip; sorry",
            "constructor\nsorry",
            "exact sorryAx _ false", "exact sorryAx _ true", "exact (sorryAx False false).elim",
            "exact «sorryAx» _ true",
            "have h : p ∧ q := sorry\nexact h", "have h : p ∧ q := sorryAx _ false; exact h",
        ],
    )  # fmt: skip
    def test_sorry_in_any_dress_is_no_proof(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert fails(dojo.run_tac(state, tactic)), tactic
            assert not dojo.is_successful

    @pytest.mark.parametrize("tactic", ["sorry", "admit", "exact sorry"])
    def test_a_plain_sorry_is_told_from_an_error(self, opened: Opener, tactic: str) -> None:
        with opened("both") as (dojo, state):
            assert dojo.run_tac(state, tactic) == ProofGivenUp()

    def test_a_hole_that_was_left_earlier_does_not_become_a_proof(self, opened: Opener) -> None:
        with opened("wrong") as (dojo, state):
            for first, second in (
                ("apply sorryAx", "exact true"),
                ("have h : False := sorryAx _ true", "exact h"),
            ):
                held = dojo.run_tac(state, first)
                assert fails(held) or not isinstance(dojo.run_tac(held, second), ProofFinished)

    @pytest.mark.parametrize(
        "tactic",
        [
            "native_decide", "decide +native", "decide -kernel +native",
            "decide (config := {native := true})",
            "decide (config := { kernel := false, native := true })", "decide (native := true)",
            "first | native_decide | rfl",
            "exact by native_decide", "bv_decide",
        ],
    )  # fmt: skip
    def test_the_compiler_is_not_trusted(self, opened: Opener, tactic: str) -> None:
        with opened("two") as (dojo, state):
            assert fails(dojo.run_tac(state, tactic)), tactic

    @pytest.mark.parametrize(
        "tactic",
        [
            "run_tac pure ()", "exact by_elab return .const ``True []", "exact run_elab pure ()",
            "exact unsafe rfl",
            "set_option debug.skipKernelTC true in rfl", "set_option debug.byAsSorry true in rfl",
            "exact set_option debug.skipKernelTC true in rfl", "set_option maxRecDepth 10 in rfl",
            "unsafe rfl", 'exact (include_str "/etc/passwd")',
        ],
    )  # fmt: skip
    def test_programs_and_options_are_not_part_of_a_proof(self, opened: Opener, tactic: str) -> None:
        with opened("two") as (dojo, state):
            assert fails(dojo.run_tac(state, tactic)), tactic

    @pytest.mark.parametrize(
        "tactic",
        [
            "rfl\n#eval 1", "rfl\ntheorem x : False := sorry", "rfl\n\naxiom a : False",
            "rfl)\n#eval 1\n(skip", "#eval 1",
            "rfl\nend", "rfl; #check 1", "axiom a : False", "rfl\nnamespace X", "rfl /- -/ def x := 1",
            "import Lean",
            "rfl\nwhere x := 1", "rfl\ntermination_by 1", "by rfl", ":= rfl", "| n => rfl", "rfl }",
            "rfl\nimport Lean",
        ],
    )  # fmt: skip
    def test_a_command_is_no_tactic(self, opened: Opener, tactic: str) -> None:
        with opened("two") as (dojo, state):
            assert fails(dojo.run_tac(state, tactic)), tactic
            assert isinstance(dojo.run_tac(state, "rfl"), ProofFinished)

    @pytest.mark.parametrize("tactic", ["trivial", "decide", "simp", "omega", "contradiction", "assumption"])
    def test_what_is_false_is_not_proved(self, opened: Opener, tactic: str) -> None:
        with opened("wrong") as (dojo, state):
            assert not isinstance(dojo.run_tac(state, tactic), ProofFinished)


class TestTime:
    def test_a_tactic_past_its_time_raises_and_the_theorem_stays_open(self, opened: Opener) -> None:
        with opened("slow", timeout=0.3) as (dojo, state):
            assert not dojo.has_timedout
            with pytest.raises(DojoTacticTimeoutError):
                dojo.run_tac(state, SLOW_TACTIC)
            assert dojo.has_timedout
            assert dojo.run_tac(state, "skip").pp == state.pp

    def test_among_many_tactics_only_the_slow_one_times_out(self, opened: Opener) -> None:
        with opened("slow", timeout=0.3) as (dojo, state):
            results = dojo.run_tacs(state, ["skip", SLOW_TACTIC, "nonsense", "skip"])
            assert [type(r) for r in results] == [TacticState, TacticTimeout, LeanError, TacticState]
            assert results[1].seconds >= 0.3


class TestManyAtOnce:
    def test_each_tactic_runs_on_the_same_state_and_has_its_result(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            tactics = ["constructor", "nonsense", "exact ⟨hp, hq⟩", "sorry", "skip"]
            results = dojo.run_tacs(state, tactics)
            assert [type(r) for r in results] == [
                TacticState,
                LeanError,
                ProofFinished,
                ProofGivenUp,
                TacticState,
            ]
            assert results[4].pp == state.pp
            assert results == [dojo.run_tac(state, tactic) for tactic in tactics[:2]] + results[2:]

    def test_the_rest_is_left_out_once_one_finishes(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            results = dojo.run_tacs(state, ["skip", "exact ⟨hp, hq⟩", "constructor"], stop_when_done=True)
            assert [type(r) for r in results] == [TacticState, ProofFinished]

    def test_without_a_finish_nothing_is_left_out(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            assert len(dojo.run_tacs(state, ["skip", "nonsense", "skip"], stop_when_done=True)) == 3

    def test_no_tactics_no_results(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            assert dojo.run_tacs(state, []) == []

    def test_an_unknown_state_is_refused(self, opened: Opener) -> None:
        with opened("both") as (dojo, _), pytest.raises(RuntimeError, match="does not have"):
            dojo.run_tacs(TacticState("⊢ True", 987654), ["skip"])


class TestParts:
    def test_independent_goals_become_states_of_their_own(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            parts = dojo.parts(dojo.run_tac(state, "constructor"))
            assert [p.pp for p in parts] == [LEFT, RIGHT]
            # In any order, and each is finished by its own proof.
            assert isinstance(dojo.run_tac(parts[1], "exact hq"), ProofFinished)
            assert isinstance(dojo.run_tac(parts[0], "exact hp"), ProofFinished)
            assert isinstance(dojo.run_tac(parts[0], "exact hq"), LeanError)

    def test_a_single_goal_is_its_own_part(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            assert [p.id for p in dojo.parts(state)] == [state.id]

    def test_goals_that_share_a_metavariable_stay_together(self, opened: Opener) -> None:
        with opened("witness") as (dojo, state):
            left = dojo.run_tac(state, "refine ⟨?_, ?_⟩")
            assert left.num_goals == 2
            assert [p.id for p in dojo.parts(left)] == [left.id]
            value = dojo.run_tac(left, "exact 3")
            assert value.pp == WITNESS["value"]
            assert isinstance(dojo.run_tac(value, "rfl"), ProofFinished)

    def test_equal_states_have_equal_keys(self, opened: Opener) -> None:
        with opened("both") as (dojo, state):
            same, other = dojo.run_tac(state, "skip"), dojo.run_tac(state, "constructor")
            assert dojo.key(state) == dojo.key(same)
            assert hash(dojo.key(state)) == hash(dojo.key(same))
            assert dojo.key(state) != dojo.key(other)

    def test_states_with_metavariables_have_keys_of_their_own(self, opened: Opener) -> None:
        with opened("witness") as (dojo, state):
            one, two = (dojo.run_tac(state, "refine ⟨?_, ?_⟩") for _ in range(2))
            assert one == two and dojo.key(one) != dojo.key(two)
            assert dojo.key(one) == dojo.key(one)
