"""The native backends, end to end: the real LeanDojo class and the REPL's protocol, with the embedded Lean behind.

The toolchain is a stand-in (tests/standins); where `lake` is on PATH for real, lean_project/ has a suite of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lean_dojo
import pytest
from lean_dojo import DojoInitError, LeanError, ProofFinished, ProofGivenUp, TacticState

from prover.audit.native import NativeAuditor, audited_text, escapes
from prover.cli.main import main
from prover.errors import ConfigError, DataError, LeanCrashedError, LeanSetupError, LeanTimeoutError
from prover.lean.backends import choose, native_workers
from prover.lean.dojo import WARM_UP, Dojo
from prover.lean.leandojo import untraced
from prover.lean.leandojo.engine import DojoEngine, OpenedDojo
from prover.lean.leandojo.untraced import DojoFactory, UntracedDojo, refuses_memory_flag
from prover.lean.native.lake import LakeEnv
from prover.lean.native.project import Project, read_project
from prover.lean.native.reader import NativeReader
from prover.lean.repl.engine import ReplEngine
from prover.lean.states import TacticTimeout
from prover.lean.tactic_text import mentions_metavariables, only_goal
from prover.lean.targets import LeanFile, Reading, Target
from tests.standins.server import StandIn, make_project, standing_in

TEXT = """namespace A
variable (p q : Prop)
theorem first (h : p ∧ q) : q ∧ p := by
  sorry
/-- Zero on the right. -/
@[simp] theorem second (n : Nat) : n + 0 = n := by sorry
theorem uses (h : p ∧ q) : q ∧ p := by sorry
private theorem hidden (n : Nat) : n = n := sorry
example : p → p := by sorry
end A
theorem bad : foo := by sorry
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, Project]]:
    folder = tmp_path_factory.mktemp("native")
    with standing_in(folder) as server:
        yield server, read_project(make_project(folder / "project"))
        assert server.faults == []


@pytest.fixture
def server(served: tuple[StandIn, Project]) -> Iterator[StandIn]:
    served[0].reset()
    yield served[0]
    served[0].reset()


@pytest.fixture(scope="module")
def project(served: tuple[StandIn, Project]) -> Project:
    return served[1]


@pytest.fixture(scope="module")
def reading(project: Project) -> Reading:
    return NativeReader(LakeEnv(project)).read(TEXT)


@pytest.fixture(scope="module")
def targets(reading: Reading) -> dict[str, Target]:
    return {t.name: t for t in reading.targets}


@pytest.fixture(scope="module")
def repl(project: Project) -> Iterator[ReplEngine]:
    worker = ReplEngine(project)
    yield worker
    worker.close()


@pytest.fixture(scope="module", params=["repl", "dojo"])
def opening(
    request: pytest.FixtureRequest, project: Project, repl: ReplEngine
) -> Callable[..., Dojo]:
    """Opens theorems, by the one way and by the other."""
    leandojo = DojoEngine(project, DojoFactory(project, LakeEnv(project)))

    def open_it(target: Target, timeout: float = 20.0) -> Dojo:
        return Dojo(target, repl if request.param == "repl" else leandojo, timeout)

    return open_it


# ---------------------------------------------------------------------- reading


def test_targets_are_those_that_lean_confirms(reading: Reading, targets: dict[str, Target]) -> None:
    assert list(targets) == ["A.first", "A.second", "A.uses", "A.hidden", "A.example_9", "bad"]
    assert [t.name for t in reading.targets if t.problem] == ["bad"]
    assert "foo" in str(targets["bad"].problem)


def test_a_missing_import_names_the_line_and_what_to_do(project: Project, server: StandIn) -> None:
    with pytest.raises(DataError, match=r"<statement>:1: .*lake build"):
        NativeReader(LakeEnv(project)).read("import Mathlib.Nowhere\ntheorem a : True := by sorry\n")


# ---------------------------------------------------------------------- the audit


@pytest.mark.parametrize(
    ("name", "proof", "category"),
    [
        ("A.first", "exact ⟨h.2, h.1⟩", "accepted"),
        ("A.first", "exact h", "error"),
        ("A.first", "exact Classical.byContradiction fun _ => sorry", "sorry"),
        ("A.first", "exact ⟨h.2, h.1⟩\ntheorem more : True := trivial", "escape"),
        ("A.first", "exact ⟨h.2, h.1⟩\nend A\naxiom cheat : False", "escape"),
        ("A.second", "native_decide", "program"),
        ("A.second", "run_tac Lean.Elab.Tactic.evalTactic (← `(tactic| rfl))", "program"),
        ("A.hidden", "rfl", "accepted"),
        ("A.example_9", "exact id", "accepted"),
    ],
)
def test_the_audit_accepts_proofs_and_nothing_else(
    project: Project, server: StandIn, targets: dict[str, Target], name: str, proof: str, category: str
) -> None:
    verdict = NativeAuditor(LakeEnv(project), "Lean").audit_proof(targets[name], proof)
    assert (verdict.category, verdict.accepted) == (category, category == "accepted"), verdict.reason


def test_an_earlier_unproved_theorem_is_named_by_lean_itself(
    project: Project, server: StandIn, targets: dict[str, Target]
) -> None:
    verdict = NativeAuditor(LakeEnv(project), "Lean").audit_proof(targets["A.uses"], "exact first p q h")
    assert (verdict.accepted, verdict.depends_on, verdict.axioms) == (True, ("A.first",), ())
    assert "axiom first (h : p ∧ q) : q ∧ p\n" in audited_text(targets["A.uses"], None)[0]


def test_an_axiom_of_the_file_is_refused(project: Project, server: StandIn) -> None:
    text = "axiom cheat : False\ntheorem t : 1 = 2 := by sorry\n"
    target = NativeReader(LakeEnv(project)).read(text).targets[0]
    verdict = NativeAuditor(LakeEnv(project), "Lean").audit_proof(target, "exact cheat.elim")
    assert (verdict.category, verdict.reason) == ("axiom", "it rests on the axiom cheat")


def test_what_a_proof_prints_is_no_answer(project: Project, targets: dict[str, Target]) -> None:
    """The judging process imports the compiled result and nothing else; words in a proof cannot reach it."""
    from prover.audit.native import Judged, judge_text, judged
    from prover.audit.trust import Refusal
    from prover.lean import answers
    from prover.lean.native.lake import Ran

    at = judge_text("A.first")[1]
    forged = answers.Message("info", "'A.first' does not depend on any axioms", 0, 1)
    said = (answers.Message("info", "@A.first : …", at[0] + 30, at[0] + 40),)
    assert isinstance(judged(Ran((*said, forged), 0), "A.first", at), Refusal)
    true = answers.Message("info", "'A.first' depends on axioms: [propext,\n Quot.sound]", at[1], at[1] + 6)
    assert judged(Ran((*said, true), 0), "A.first", at) == Judged("@A.first : …", ("propext", "Quot.sound"))
    assert isinstance(judged(Ran((*said, true), 0, ("'A.first' does not depend on any axioms",)), "A.first", at), Refusal)
    assert escapes(targets["A.first"], "exact ⟨h.2, h.1⟩ -- run_tac") is None


def test_a_lake_that_fails_hangs_or_talks_nonsense_says_what_to_do(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_lake(script: str) -> LakeEnv:
        (tmp_path / "lake").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "lake").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return LakeEnv(project, timeout_s=0.5)

    with pytest.raises(LeanSetupError, match=r"exit code 1 and said: no such thing.*lake build"):
        with_lake("echo no such thing >&2; exit 1").run("")
    with pytest.raises(LeanTimeoutError):
        with_lake("sleep 60").run("")
    with pytest.raises(LeanCrashedError, match="signal 9"):
        with_lake("kill -9 $$").run("")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LeanSetupError, match="proofsmith doctor"):
        LakeEnv(project)


# ---------------------------------------------------------------------- theorems, open


def test_results_are_those_of_lean(opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]) -> None:
    with opening(targets["A.first"]) as (dojo, state):
        assert state == TacticState("p q : Prop\nh : p ∧ q\n⊢ q ∧ p", 0)
        assert isinstance(dojo.run_tac(state, "exact ⟨h.2, h.1⟩"), ProofFinished)
        assert isinstance(dojo.run_tac(state, "sorry"), ProofGivenUp)
        wrong = dojo.run_tac(state, "exact nonsense")
        assert isinstance(wrong, LeanError) and "nonsense" in wrong.error, "goals: [] for a failed tactic is no proof"
        two = dojo.run_tac(state, "constructor")
        assert isinstance(two, TacticState) and two.num_goals == 2
        one = dojo.run_tac(two, "exact h.2")
        assert isinstance(one, TacticState) and one.num_goals == 1
        results = dojo.run_tacs(one, ["omega", "exact h.1", "exact h.1"], stop_when_done=True)
        assert [type(r) for r in results] == [LeanError, ProofFinished]
        assert dojo.key(two) == dojo.key(dojo.run_tac(state, "apply And.intro"))


def test_a_lost_process_costs_one_tactic_and_its_states_are_made_again(
    opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]
) -> None:
    with opening(targets["A.first"]) as (dojo, state):
        two = dojo.run_tac(state, "constructor")
        server.crash_on = "exact h.2"
        lost, left = dojo.run_tacs(two, ["exact h.2", "exact h.2"])
        assert isinstance(lost, LeanError) and "Lean was lost" in lost.error
        assert isinstance(left, TacticState) and isinstance(dojo.run_tac(left, "exact h.1"), ProofFinished)


def test_a_tactic_past_its_time_costs_its_process_and_nothing_else(
    opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]
) -> None:
    with opening(targets["A.first"], timeout=3.0) as (dojo, state):
        server.hang_on = "constructor"
        assert dojo.run_tacs(state, ["constructor"]) == [TacticTimeout(3.0)]
        assert isinstance(dojo.run_tac(state, "exact ⟨h.2, h.1⟩"), ProofFinished)


def test_a_theorem_that_does_not_elaborate_cannot_be_opened(
    opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]
) -> None:
    with pytest.raises(DojoInitError, match="foo"):
        opening(targets["bad"]).__enter__()


def test_a_statement_with_a_hole_is_not_searched(
    opening: Callable[..., Dojo], server: StandIn, project: Project
) -> None:
    target = NativeReader(LakeEnv(project)).read("theorem holed (h : (sorry : Prop)) : True := by sorry\n").targets[0]
    with pytest.raises(DojoInitError, match=r"with a hole \(sorry\)"):
        opening(replace(target, problem=None)).__enter__()


def test_a_repl_looks_at_the_statement_itself(server: StandIn, repl: ReplEngine, targets: dict[str, Target]) -> None:
    unread = Target(**{**targets["bad"].__dict__, "problem": None})
    with pytest.raises(DojoInitError, match="foo"):
        Dojo(unread, repl, 20).__enter__()


def test_parts_of_a_state_end_each_by_itself(
    opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]
) -> None:
    with opening(targets["A.first"]) as (dojo, state):
        two = dojo.run_tac(state, "constructor")
        left, right = dojo.parts(two)
        assert (left.num_goals, right.num_goals) == (1, 1)
        assert isinstance(dojo.run_tac(left, "exact h.2"), ProofFinished)
        assert isinstance(dojo.run_tac(left, "exact h.1"), LeanError)
        assert isinstance(dojo.run_tac(right, "sorry"), ProofGivenUp)
        server.crash_on = "omega"
        dojo.run_tac(right, "omega")
        assert isinstance(dojo.run_tac(right, "exact h.1"), ProofFinished), "a part, too, is made again"


def test_a_whole_proof_is_judged_before_it_is_made_smaller(
    opening: Callable[..., Dojo], server: StandIn, targets: dict[str, Target]
) -> None:
    with opening(targets["A.first"]) as (dojo, state):
        for proof, holds in (
            ("exact ⟨h.2, h.1⟩", True), ("constructor\n· exact h.2\n· exact h.1", True), ("constructor\nexact h.2", False),
            ("exact ⟨h.2, sorry⟩", False), ("exact h", False), ("native_decide", False),
        ):  # fmt: skip
            assert dojo.holds(proof) == holds, proof
        server.crash_on = "h.2"
        assert not dojo.holds("exact ⟨h.2, h.1⟩"), "a lost process says nothing, and a smaller proof is not worth another"
        assert not dojo.holds("exact ⟨h.2, h.1⟩")
        assert isinstance(dojo.run_tac(state, "exact ⟨h.2, h.1⟩"), ProofFinished)


def test_the_repl_tells_what_a_tactic_says(server: StandIn, project: Project, targets: dict[str, Target]) -> None:
    """Also of one that gives up in the end. The library's index is built before, on no tactic's time."""
    server.tactic_timeout_ms, worker = 60_000, ReplEngine(project)
    asked: list[str] = []
    real = worker.tactic
    worker.tactic = lambda text, state, timeout_s: asked.append(text) or real(text, state, timeout_s)  # type: ignore[method-assign, func-returns-value]
    with Dojo(targets["A.second"], worker, 60.0) as (dojo, state):
        assert any("rw [" in text for text in dojo.messages_of(state, "rw?"))
        assert dojo.messages_of(state, "exact nonsense") == []
        done = dojo.run_tac(state, "exact?")
        assert isinstance(done, ProofFinished) and "exact " in str(done.message)
    with Dojo(targets["A.uses"], worker, 60.0) as (dojo, state):
        dojo.run_tac(state, "exact?")
    worker.close()
    assert asked.count(WARM_UP[0]) == 1


def test_a_question_mark_is_not_always_a_metavariable() -> None:
    for goal in ("⊢ xs[0]? = none", "⊢ xs.head? = some a", "⊢ get? xs 3 = f?.g", "⊢ (f x)? = y", "⊢ «a?» = 3"):
        assert not mentions_metavariables(goal), goal
    for goal in ("⊢ ?m.12 = 3", "⊢ f (?a) = 3", "⊢ [?x, 2] = ys", "α : Sort ?u.3\n⊢ ?refine_1 = 3", "⊢ @f ?_ 1", "⊢ -?n = 1"):
        assert mentions_metavariables(goal), goal


def test_imports_are_made_once_a_process(server: StandIn, project: Project, targets: dict[str, Target]) -> None:
    worker = ReplEngine(project)
    sent: list[Any] = []
    real = worker.run_command
    worker.run_command = lambda text, env, timeout_s=None: sent.append(env) or real(text, env, timeout_s)  # type: ignore[method-assign, func-returns-value]
    for name in ("A.first", "A.uses", "A.first"):
        with Dojo(targets[name], worker, 20):
            pass
    worker.close()
    assert sent.count(None) == 1
    assert worker.generation == 1


def test_a_repl_over_its_memory_is_ended(server: StandIn, project: Project, targets: dict[str, Target]) -> None:
    worker = ReplEngine(project, memory_mb=1)
    server.hang_on = '"cmd"'
    with pytest.raises(LeanCrashedError, match="ceiling is 1 MB"):
        worker.run_command("", None)
    assert not worker.alive


def test_a_repl_that_is_not_there_or_does_not_start_says_what_to_do(
    server: StandIn, project: Project, targets: dict[str, Target], tmp_path: Path
) -> None:
    (tmp_path / "lakefile.toml").touch()
    with pytest.raises(LeanSetupError, match="lake build repl"):
        ReplEngine(read_project(tmp_path)).command()
    server.repl_ends_at_once = True
    worker = ReplEngine(project)
    with pytest.raises(LeanSetupError, match=r"before its first answer \(exit code 1\).*lake build repl"):
        Dojo(targets["A.first"], worker, 20).__enter__()
    worker.close()


OPENS = '{"env":0,"sorries":[{"goal":"⊢ True","proofState":0,"pos":{"line":1,"column":0}}]}'


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("echo cannot load libLake >&2; exit 127", r"exit code 127\) and said: cannot load libLake. Build it"),
        ("while read l; do echo '{oops'; echo; done", r"is no REPL: .*'{oops', which is not JSON.* lake build repl"),
        (
            f"while read l; do case $l in '') ;; *tactic*) echo '{{\"proofState\":1,\"goals\":[]}}'; echo;; "
            f"*) echo '{OPENS}'; echo;; esac; done",
            "no proofStatus, so its `goals: \\[\\]` means nothing; build one for Lean v4.19",
        ),
    ],
)
def test_a_repl_that_cannot_serve_ends_the_run_and_says_what_to_do(
    program: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repl = make_project(tmp_path / "p") / ".lake" / "build" / "bin" / "repl"
    repl.write_text(f"#!/bin/sh\n{program}\n")
    (tmp_path / "lake").write_text('#!/bin/sh\nshift; exec "$@"\n')
    (tmp_path / "lake").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    worker = ReplEngine(Project(tmp_path / "p"))
    with pytest.raises(LeanSetupError, match=says), Dojo(traced_target(), worker, 20) as (dojo, state):
        dojo.run_tacs(state, ["trivial"])
    worker.close()


def test_a_repl_that_is_named_wrongly_is_said_to_be(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFSMITH_REPL", "/nowhere/repl")
    with pytest.raises(LeanSetupError, match="PROOFSMITH_REPL is /nowhere/repl, which is no program"):
        ReplEngine(project).command()


def test_only_goal_leaves_the_goal_that_is_named() -> None:
    assert [only_goal(i, 3) for i in range(3)] == [
        "(rotate_left 1; sorry; sorry)", "(rotate_left 2; sorry; sorry)", "(sorry; sorry)",
    ]  # fmt: skip


# ---------------------------------------------------------------------- LeanDojo's own


@pytest.mark.parametrize(
    ("version", "refused"),
    [((4, 20, 0), False), ((4, 22, 0), True), ((4, 23, 0), False), ((4, 34, 1), False), (None, True)],
)
def test_the_memory_flag_is_left_out_where_lean_refuses_it(version: tuple[int, int, int] | None, refused: bool) -> None:
    assert refuses_memory_flag(version) is refused


def test_leandojos_own_command_runs_in_the_project_without_the_flag(
    server: StandIn, project: Project, targets: dict[str, Target]
) -> None:
    server.version = (4, 22, 0)
    factory = DojoFactory(project, LakeEnv(project))
    here = os.getcwd()
    with factory(targets["A.second"], 20.0) as (dojo, state):
        assert isinstance(dojo, lean_dojo.Dojo) and state.pp == "n : Nat\n⊢ n + 0 = n"
        assert isinstance(dojo.run_tac(state, "rfl"), ProofFinished)
        scratch = dojo.scratch.root
        assert list(dojo.scratch.folder.glob("Target*.lean"))
    assert os.getcwd() == here
    command = next(c for c in server.calls if "--threads=1" in c)
    assert command[:3] == ["lake", "env", "lean"] and not any(a.startswith("--memory") for a in command)
    assert not list(scratch.glob("traced/Target*.lean")), "LeanDojo's file is removed"
    shutil.rmtree(scratch)


def test_a_lean_that_refuses_the_flag_all_the_same_is_a_setup_error(
    server: StandIn, project: Project, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.version = (4, 22, 0)
    monkeypatch.setattr(untraced, "refuses_memory_flag", lambda version: False)
    factory = DojoFactory(project, LakeEnv(project))
    with pytest.raises(LeanSetupError, match=r"max_memory.*--lean repl"):
        Dojo(targets["A.first"], DojoEngine(project, factory)).__enter__()


def test_a_lean_too_new_for_lean4repl_is_a_setup_error(
    server: StandIn, project: Project, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROOFSMITH_CACHE", str(tmp_path))
    server.compiles_lean4repl = False
    with pytest.raises(LeanSetupError, match=r"Lean4Repl.lean does not compile with this Lean \(4\.34\.1\).*--lean repl"):
        DojoFactory(project, LakeEnv(project)).scratch()


def test_a_tactic_that_leandojos_terminal_would_cut_is_an_error(targets: dict[str, Target]) -> None:
    opened = OpenedDojo(FakeDojo(), 10**6)
    assert "more than 3500 bytes" in str(opened.run(opened.first, "exact " + "h" * 5000, 5.0).error)


class FakeDojo:
    """Stands for `lean_dojo.Dojo(theorem)` of a traced repository."""

    class proc:
        pid = 0

        @staticmethod
        def read_nonblocking(size: int, timeout: float) -> str:
            return ""

    def __init__(self, on_enter: Exception | None = None, on_tactic: Exception | None = None) -> None:
        self.on_enter, self.on_tactic = on_enter, on_tactic

    def __enter__(self) -> tuple[FakeDojo, TacticState]:
        if self.on_enter is not None:
            raise self.on_enter
        return self, TacticState("⊢ True", 0)

    def __exit__(self, *_: object) -> None:
        self.left = True

    def run_tac(self, state: TacticState, tactic: str) -> object:
        if self.on_tactic is not None:
            raise self.on_tactic
        return ProofFinished(1, "")


NOWHERE = Project(Path("/nowhere"))


def traced_target() -> Target:
    return Target(LeanFile("theorem t : True", (), 0), 0, "t", 0, 16, (16, 16))


@pytest.mark.parametrize(
    ("raised", "becomes"),
    [
        (lean_dojo.DojoCrashError("OOM"), "out of memory"),
        (lean_dojo.DojoCrashError("Unexpected exit code: 1"), "Unexpected exit code: 1"),
        (EOFError(), "EOFError"),
    ],
)
def test_crashes_of_leandojo_are_translated(raised: Exception, becomes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenedDojo, "_watch_memory", lambda self: None)
    made = iter([FakeDojo(on_tactic=raised), FakeDojo()])
    with Dojo(traced_target(), DojoEngine(NOWHERE, lambda _: next(made)), 5) as (opened, state):
        lost, done = opened.run_tacs(state, ["trivial", "trivial"])
    assert isinstance(lost, LeanError) and becomes in lost.error
    assert isinstance(done, ProofFinished)


@pytest.mark.parametrize("raised", [DojoInitError("Unexpected EOF"), AssertionError(), EOFError(), ValueError("bad json")])
def test_failures_to_start_leandojo_are_translated(raised: Exception) -> None:
    with pytest.raises(DojoInitError):
        Dojo(traced_target(), DojoEngine(NOWHERE, lambda _: FakeDojo(on_enter=raised)), 5).__enter__()


def test_starts_of_leandojo_do_not_wait_for_each_other(
    server: StandIn, project: Project, targets: dict[str, Target]
) -> None:
    """LeanDojo changes the working directory to start a process; only that is done one at a time."""
    factory = DojoFactory(project, LakeEnv(project))
    held: list[bool] = []
    real = UntracedDojo._read_next_line

    def looking(self: UntracedDojo) -> tuple[str, str]:
        read = real(self)
        held.append(untraced.STARTING.locked())
        return read

    UntracedDojo._read_next_line = looking  # type: ignore[method-assign]
    try:
        with Dojo(targets["A.first"], DojoEngine(project, factory)):
            pass
    finally:
        UntracedDojo._read_next_line = real  # type: ignore[method-assign]
    assert held == [False]


# ---------------------------------------------------------------------- choosing, and whole runs

SAMPLE = """theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  sorry

/-- False. -/
theorem no (n : Nat) : n = n + 1 := by
  sorry

theorem zero_add_twice (n : Nat) : 0 + (0 + n) = n := by
  sorry
"""


def test_auto_takes_the_project_of_the_files_and_says_so(server: StandIn, project: Project, tmp_path: Path) -> None:
    inside = project.root / "Inside.lean"
    inside.write_text(SAMPLE)
    outside = tmp_path / "Outside.lean"
    outside.write_text(SAMPLE)
    chosen = choose("auto", None, [inside])
    assert (chosen.name, str(project.root) in chosen.why) == ("repl", True)
    assert "no Lake project" in choose("auto", None, [outside]).why
    assert choose("auto", None, [inside, outside]).name == "embedded"
    assert choose("dojo", project.root, [outside]).name == "dojo"
    with pytest.raises(ConfigError, match="--project PATH"):
        choose("repl", None, [outside])
    with pytest.raises(ConfigError, match="--project needs a native Lean"):
        choose("embedded", project.root, [])


def test_auto_falls_back_where_no_toolchain_answers_and_says_why(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = project.root / "Inside.lean"
    inside.write_text(SAMPLE)
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no toolchain answers" in choose("auto", None, [inside]).why
    with pytest.raises(LeanSetupError, match="elan-init"):
        choose("repl", None, [inside])


def test_workers_fit_the_machine() -> None:
    assert native_workers(3, 10**9) == 3
    assert native_workers(None, 10**9) == 1


def test_prove_gives_the_same_verdicts_natively_as_embedded(
    server: StandIn, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project.root / "Sample.lean"
    file.write_text(SAMPLE)
    found = {}
    for kind in ("embedded", "repl", "dojo"):
        out = tmp_path / kind
        limits = ["--timeout", "120", "--tactic-timeout", "30", "--max-expansions", "1", "--workers", "1"]
        code = main(["prove", str(file), "--lean", kind, "--out", str(out), *limits])
        records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
        found[kind] = (code, {r["name"]: r["status"] for r in records})
        assert "sorry" not in (out / "proofs" / "Sample.lean").read_text().split("theorem zero_add_twice")[1]
    capsys.readouterr()
    proved = {"swap": "proved", "zero_add_twice": "proved"}
    assert found["embedded"] == (1, proved | {"no": "refuted"})
    assert found["repl"] == found["dojo"] == (1, proved | {"no": "failed"})  # only the embedded Lean has the evaluator
    assert not [t.name for t in threading.enumerate() if t.name.startswith("worker-")]
