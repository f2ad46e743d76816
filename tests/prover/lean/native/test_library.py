"""lean_project/Proofsmith/Native.lean, compiled and run by the embedded Lean, behind the stand-ins: terms say what texts say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lean_dojo import ProofFinished, TacticState

from prover.audit.native import AS_TERMS, CHECKS, Judged, NativeAuditor, judge_text, judged
from prover.lean import answers
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.leandojo.untraced import DojoFactory
from prover.lean.native import library as native_library
from prover.lean.native import reader as native
from prover.lean.native.discover import native_problem
from prover.lean.native.lake import LakeEnv, Ran
from prover.lean.native.library import SOURCE, Facts, NativeLibrary, facts, said_in
from prover.lean.native.project import Project, read_project
from prover.lean.native.reader import NativeReader
from prover.lean.targets import Reading, Target
from tests.standins.server import StandIn, make_project, standing_in

TEXT = """namespace A
variable (p q : Prop)
theorem first (h : p ∧ q) : q ∧ p := by
  sorry
theorem done (n : Nat) : n = n := rfl
theorem inside : True ∧ True := ⟨trivial, by sorry⟩
private theorem hidden (n : Nat) : n = n := sorry
example : p → p := by sorry
universe u
theorem over {α : Type u} (xs : List α) : xs ++ [] = xs := by sorry
end A
theorem «odd name» : 1 + 1 = 2 := by sorry
"""
QUESTIONS = """
theorem one (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩
theorem two {x y : Prop} : x ∧ y → y ∧ x := fun h => ⟨h.2, h.1⟩
theorem three (p q : Prop) (h : p ∧ q) : p ∧ q := by sorry
axiom made_up : False
theorem four : 1 = 2 := made_up.elim
theorem big : (10 : Nat) ^ 3 = 1000 ∧ "a" = "a" := by decide
theorem poly.{u, v} (α : Type u) (β : Type v) : Nonempty (α → β → α) := ⟨fun a _ => a⟩
#proofsmith_theorem one
#proofsmith_theorem two
#proofsmith_theorem three
#proofsmith_theorem four
#proofsmith_theorem big
#proofsmith_theorem poly
#proofsmith_theorem nowhere
#proofsmith_waiting Nowhere one three nowhere
#proofsmith_waiting Init.Core
example (xs : List Nat) : (xs ++ []).length = xs.length := by
  proofsmith_says rw?
example : 1 + 1 = 2 := by
  proofsmith_says
    have h := Nat.add_comm
    show_term rfl
    fail "in the end"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, Project]]:
    folder = tmp_path_factory.mktemp("native-library")
    with standing_in(folder, LeanWorker(memory_mb=6000, timeout_s=240)) as server:
        server.tactic_timeout_ms = 60_000
        yield server, read_project(make_project(folder / "project"))
        server.lean.close()
        assert server.faults == []


@pytest.fixture(scope="module")
def project(served: tuple[StandIn, Project]) -> Project:
    return served[1]


@pytest.fixture(scope="module")
def library(project: Project) -> NativeLibrary:
    library = NativeLibrary(LakeEnv(project), "Lean (version 4.34.1)")
    assert library.folder is not None, library.problem
    return library


@pytest.fixture(scope="module")
def told(served: tuple[StandIn, Project]) -> list[answers.Command]:
    """What real Lean answers, each command by itself."""
    lean, text = served[0].lean, SOURCE.read_text("utf-8") + QUESTIONS
    head = lean.request("header", text=text)
    state = lean.request("import", 240, modules=list(head["modules"]))["state"]
    raw = lean.request("elaborate", state=state, text=text, **{"from": head["end"]})
    begins = len(SOURCE.read_text("utf-8").encode())
    commands = raw["commands"]
    assert [m.text for c in commands if c.start < begins for m in c.errors] == [], "Lean compiles it"
    return [c for c in commands if c.start >= begins]


def told_by(told: list[answers.Command], question: str) -> answers.Command:
    at = len((SOURCE.read_text("utf-8") + QUESTIONS[: QUESTIONS.index(question)]).encode())
    return next(c for c in told if c.start == at)


def facts_by(told: list[answers.Command], name: str) -> Facts:
    messages = told_by(told, f"#proofsmith_theorem {name}\n").messages
    found = native_library.answers(Ran(messages, 0))
    assert found is not None and len(found) == 1
    return facts(found[0])


# ---------------------------------------------------------------------- what Lean answers


def test_a_statement_is_a_term_without_the_names_and_kinds_of_variables(told: list[answers.Command]) -> None:
    one, two, three = (facts_by(told, name) for name in ("one", "two", "three"))
    assert one.statement == (
        "sort 0", "const And", "bvar 1", "app 1 2", "bvar 0", "app 3 4", "bvar 2", "app 3 6", "forall 5 7", "forall 0 8",
        "forall 0 9",
    )  # fmt: skip
    assert one.same_statement(two) and not one.same_statement(three)
    assert not one.same_statement(replace(one, levels=("u",)))
    assert (one.sorry, two.sorry, three.sorry) == ("none", "none", "whole")
    assert "nat 1000" in facts_by(told, "big").statement and "str a" in facts_by(told, "big").statement
    poly = facts_by(told, "poly")
    assert poly.levels == ("u", "v") and any("(param u)" in line for line in poly.statement)


def test_axioms_are_collected_by_lean(told: list[answers.Command]) -> None:
    """The embedded Lean has imported theorems without their proofs, and counts them as axioms."""
    assert "made_up" in facts_by(told, "four").axioms
    assert "sorryAx" in facts_by(told, "three").axioms
    assert not {"sorryAx", "made_up"} & set(facts_by(told, "one").axioms)


def test_a_theorem_that_is_not_there_is_an_error_at_the_question(told: list[answers.Command]) -> None:
    (error,) = told_by(told, "#proofsmith_theorem nowhere").errors
    assert error.text == "there is no theorem nowhere"


def test_only_theorems_with_sorry_wait(told: list[answers.Command]) -> None:
    named = native_library.answers(Ran(told_by(told, "#proofsmith_waiting Nowhere").messages, 0))
    assert named is not None and isinstance(named[0], list)
    assert [facts(f).name for f in named[0]] == ["three"]
    assert native_library.answers(Ran(told_by(told, "#proofsmith_waiting Init.Core").messages, 0)) == [[]]


def test_a_tactic_is_heard_whether_or_not_it_leads_anywhere(told: list[answers.Command]) -> None:
    rewriting, failing = (c for c in told if c.declaration == "example")
    heard = [said_in(m.text) for m in rewriting.errors]
    assert len(heard) == 1 and heard[0] is not None and "rw [List.append_nil]" in heard[0][0]
    heard = [said_in(m.text) for m in failing.errors]
    assert len(heard) == 1 and heard[0] is not None and "exact Eq.refl" in heard[0][0]


# ---------------------------------------------------------------------- what is made of it


@pytest.fixture(scope="module")
def readings(project: Project, library: NativeLibrary) -> tuple[Reading, Reading]:
    lake = LakeEnv(project)
    return NativeReader(lake).read(TEXT), NativeReader(lake, library).read(TEXT)


def test_reading_by_text_and_with_terms_finds_the_same(readings: tuple[Reading, Reading]) -> None:
    by_text, by_terms = readings
    assert by_text == by_terms
    assert [t.name for t in by_terms.targets] == ["A.first", "A.hidden", "A.example_8", "A.over", "«odd name»"]
    assert not any(t.problem for t in by_terms.targets)


def test_a_target_that_lean_does_not_have_is_not_searched(readings: tuple[Reading, Reading]) -> None:
    fact = Facts("A.first", (), (), "whole")
    others = {"B.more": replace(fact, name="B.more"), "B._proof_1": fact, "A.over": replace(fact, sorry="inside")}
    found = native.compared(readings[0], {"A.first": fact, "«odd name»": fact, **others})
    assert [t.name for t in found.targets if t.problem] == ["A.over"]
    assert found.notes[-1] == "<statement>: B.more waits for a proof, but its text cannot be told from others"


def test_the_audit_by_text_and_with_terms_says_the_same(
    project: Project, library: NativeLibrary, readings: tuple[Reading, Reading]
) -> None:
    targets = {t.name: t for t in readings[0].targets}
    by_text, by_terms = NativeAuditor(LakeEnv(project), "Lean"), NativeAuditor(LakeEnv(project), "Lean", library)
    for name, proof in (
        ("A.first", "exact ⟨h.2, h.1⟩"), ("A.first", "exact h"), ("A.hidden", "rfl"), ("A.example_8", "exact id"),
        ("A.over", "simp"), ("A.over", "exact first _ _ xs"), ("«odd name»", "rfl"),
    ):  # fmt: skip
        text, terms = by_text.audit_proof(targets[name], proof), by_terms.audit_proof(targets[name], proof)
        assert replace(text, checks=()) == replace(terms, checks=()), name
        assert (text.checks, terms.checks) == ((CHECKS, AS_TERMS) if text.accepted else (text.checks, text.checks))
    assert library.problem is None


def test_statements_that_only_look_alike_are_told_apart(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Types that print alike and are different terms: refused where terms are compared."""
    target = NativeReader(LakeEnv(project)).read("theorem t : 1 + 1 = 2 := by sorry\n").targets[0]
    auditor = NativeAuditor(LakeEnv(project), "Lean")
    told: dict[str | None, Judged] = {None: Judged("t : …", (), Facts("t", (), ("a",), "whole"))}
    told |= {"rfl": Judged("t : …", (), Facts("t", (), ("b",), "none"))}
    monkeypatch.setattr(auditor, "_judge", lambda target, proof: told[proof])
    assert auditor.audit_proof(target, "rfl").category == "statement"
    told["rfl"] = Judged("t : …", (), Facts("t", (), ("a",), "inside"))
    assert auditor.audit_proof(target, "rfl").category == "sorry"
    told["rfl"] = Judged("t : …", (), None)
    assert auditor.audit_proof(target, "rfl").checks == CHECKS


def test_an_answer_that_cannot_be_read_leaves_the_text(readings: tuple[Reading, Reading]) -> None:
    question, at = judge_text("A.first", as_term=True)
    assert question.encode()[at[2] :] == b"#proofsmith_theorem A.first\n"
    said = (
        answers.Message("info", "@A.first : …", at[0] + 30, at[0] + 40),
        answers.Message("info", "'A.first' does not depend on any axioms", at[1], at[1] + 6),
    )
    for more in (answers.Message("error", "oh", at[2], at[2]), answers.Message("info", "proofsmith {}", at[2], at[2])):
        assert judged(Ran((*said, more), 0), "A.first", at) == Judged("@A.first : …", ())


def test_a_library_that_this_lean_does_not_take_leaves_the_text(project: Project, tmp_path: Path) -> None:
    shutil.copy(SOURCE, tmp_path / "Native.lean")
    broken = tmp_path / "Broken.lean"
    broken.write_text("import Nowhere\n")
    for source, why in ((broken, "does not compile with this Lean: "), (tmp_path / "gone.lean", "cannot be read")):
        library = NativeLibrary(LakeEnv(project), "Lean", source)
        reading = NativeReader(LakeEnv(project), library).read(TEXT)
        assert library.problem is not None and why in library.problem
        assert next(t.name for t in reading.targets) == "A.first"
        verdict = NativeAuditor(LakeEnv(project), "Lean", library).audit_proof(reading.targets[0], "exact ⟨h.2, h.1⟩")
        assert verdict.checks == CHECKS


def test_a_native_lean_says_the_same_where_there_is_one() -> None:
    project = read_project(Path(os.environ.get("PROOFSMITH_NATIVE_PROJECT") or SOURCE.parents[1]))
    if (problem := native_problem(project)) is not None:
        pytest.skip(f"no native Lean: {problem}")
    library = NativeLibrary(LakeEnv(project), str(project.toolchain))
    assert library.folder is not None, library.problem
    by_text, by_terms = NativeReader(LakeEnv(project)).read(TEXT), NativeReader(LakeEnv(project), library).read(TEXT)
    assert by_text == by_terms and library.problem is None
    verdict = NativeAuditor(LakeEnv(project), "Lean", library).audit_proof(by_terms.targets[0], "exact ⟨h.2, h.1⟩")
    assert (verdict.accepted, verdict.checks) == (True, AS_TERMS)


def test_leandojos_process_tells_what_a_tactic_says(
    served: tuple[StandIn, Project], library: NativeLibrary, readings: tuple[Reading, Reading]
) -> None:
    project = served[1]
    target: Target = readings[0].targets[0]
    for ours, heard in ((library, True), (None, False)):
        factory = DojoFactory(project, LakeEnv(project), library=ours)
        with Dojo(target, DojoEngine(project, factory), 60.0) as (dojo, state):  # type: ignore[misc]
            done = dojo.run_tac(state, "show_term exact ⟨h.2, h.1⟩")
            assert isinstance(done, ProofFinished) and bool(done.message) == heard
            left = dojo.run_tac(state, "constructor")
            assert isinstance(left, TacticState) and not left.message
            assert bool(dojo.messages_of(state, "show_term constructor")) == heard
