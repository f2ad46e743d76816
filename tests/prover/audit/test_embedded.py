"""The audit of proofs that we found: what it accepts, what it refuses, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from prover.audit.auditor import AuditVerdict, SubmissionLost
from prover.audit.embedded import CHECKS, Auditor
from prover.audit.trust import ALLOWED_AXIOMS, CORE_AXIOMS
from prover.errors import DataError, LeanProcessError
from prover.lean.embedded.worker import LeanWorker
from prover.lean.targets import Target

FILE = """\
namespace A
variable (xs ys : List Nat)
axiom ctx : False
def two : Nat := 2
def hole : PLift (2 + 2 = 5) := sorry
@[simp] theorem len : (xs ++ ys).length = ys.length + xs.length := by sorry
theorem len2 (h : xs = []) : (xs ++ ys).length = ys.length := sorry
example (n : Nat) : n + 0 = n := by sorry
private theorem hidden (h : 2 + 2 = 5) : False := by sorry
open Nat in
theorem short_name (n : Nat) : n ≤ n + 1 := by sorry
theorem wrong : 2 + 2 = 5 := by
  sorry
theorem «a name» : two = 2 := by sorry
theorem _root_.rooted (p : Prop) : p ∨ ¬p := by sorry
theorem default_of (o : Option Nat) : (match o with | none => 0 | some n => n) = o.getD 0 := by sorry
end A
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[LeanWorker]:
    with LeanWorker() as worker:
        yield worker


@pytest.fixture(scope="module")
def targets(worker: LeanWorker) -> dict[str, Target]:
    found = {t.name: t for t in worker.read(FILE).targets}
    return {name.split(".")[-1]: target for name, target in found.items()}


Audit = Callable[[str, str], AuditVerdict]


@pytest.fixture
def audit(worker: LeanWorker, targets: dict[str, Target]) -> Audit:
    return lambda name, proof: Auditor(worker).audit_proof(targets[name], proof)


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ("len", "simp [Nat.add_comm]"),
        ("len", "rw [List.length_append]\nexact Nat.add_comm _ _"),
        ("len2", "subst h\nrfl"),
        ("example_8", "rfl"),
        ("hidden", "omega"),
        ("short_name", "exact le_succ n"),
        ("«a name»", "rfl"),
        ("rooted", "exact Classical.em p"),
        ("default_of", "cases o with\n| none => rfl\n| some n => rfl"),
    ],
)
def test_a_proof_is_accepted_with_all_checks(audit: Audit, name: str, proof: str) -> None:
    verdict = audit(name, proof)
    assert (verdict.accepted, verdict.category, verdict.reason) == (True, "accepted", None)
    assert verdict.checks == CHECKS and verdict.depends_on == () and "4.28" in verdict.lean


def test_use_of_an_unproved_theorem_of_the_file_is_accepted_and_reported(audit: Audit) -> None:
    verdict = audit("len2", "subst h\nexact (len [] ys).trans (by simp)")
    assert verdict.accepted and verdict.depends_on == ("A.len",)


def test_axioms_that_the_proof_itself_uses_are_listed(audit: Audit) -> None:
    assert audit(
        "rooted", "exact of_eq_true (propext ⟨fun _ => trivial, fun _ => Classical.em p⟩)"
    ).axioms == ("propext",)


@pytest.mark.parametrize(
    ("proof", "category", "reason"),
    [
        ("sorry", "sorry", "the proof has a sorry"),
        ("admit", "sorry", "the proof has a sorry"),
        ("exact sorryAx _ false", "sorry", "the proof has a sorry"),
        ("exact sorryAx _ true", "sorry", "sorry"),
        ("first | decide | sorry", "sorry", "sorry"),
        ("exact (fun h => h) sorry", "sorry", "sorry"),
        ("apply?", "sorry", "sorry"),
        ("exact hole.down", "sorry", "A.hole has a sorry"),
        ("exact?", "error", "exact?"),
        ("exact (by exact?)", "error", "exact?"),
        ("decide", "error", "Tactic `decide` proved that the proposition 2 + 2 = 5 is false"),
        ("skip", "error", "unsolved goals"),
        ("constructor <;> skip", "error", ""),
        ("native_decide", "error", ""),
        ("exact wrong", "error", "fail to show termination"),
        ("exact A.wrong", "error", "fail to show termination"),
        ("exact let rec f (n : Nat) : 2 + 2 = 5 := f n; f 1", "error", "fail to show termination"),
        ("exact ctx.elim", "axiom", "it rests on the axiom A.ctx"),
        ("exact absurd ctx (fun h => h)", "axiom", "it rests on the axiom A.ctx"),
        ("exact absurd (Nat.succ_ne_self 0) fun _ => A.ctx", "axiom", "it rests on the axiom A.ctx"),
        ("exact Lean.ofReduceBool _ _ rfl", "error", ""),
        ("have := Lean.trustCompiler\nexact ctx.elim", "axiom", "A.ctx"),
        ("set_option debug.skipKernelTC true in decide +kernel", "kernel", "the kernel rejects A.wrong"),
        ("run_tac pure ()", "program", "run_tac"),
        ("exact by_elab return Lean.mkConst ``True.intro", "program", "by_elab"),
        ("exact unsafe unsafeCast ()", "unsafe", "unsafe"),
        ("#eval 1", "program", "#eval"),
        ("trivial\n\ntheorem other : True := trivial", "escape", "goes on with other commands"),
        ("skip\naxiom cheat : False", "escape", "goes on with other commands"),
        ("rfl\nend A", "escape", "goes on with other commands"),
        ("rfl\nnamespace B", "escape", "goes on with other commands"),
        ("decide\n#exit", "escape", "goes on with other commands"),
        ("#exit", "escape", "goes on with other commands"),
        ("/-", "error", "unterminated comment"),
        ("skip /- the rest", "error", "unterminated comment"),
        ("-- skip", "error", ""),
        ("skip -- exact ctx.elim", "error", "unsolved goals"),
        ("exact rfl)\n(", "error", ""),
        ("", "error", "unexpected end of input"),
    ],
)
def test_a_wrong_proof_is_refused_with_the_reason(
    audit: Audit, proof: str, category: str, reason: str
) -> None:
    verdict = audit("wrong", proof)
    assert not verdict.accepted
    assert (verdict.category, reason in (verdict.reason or "")) == (category, True), verdict
    assert len(verdict.checks) <= len(CHECKS) and "\n" not in (verdict.reason or "")


def test_a_theorem_whose_context_has_an_error_is_refused(worker: LeanWorker) -> None:
    reading = worker.read("def f : Nat := true\ntheorem t : f = f := by sorry\n")
    verdict = Auditor(worker).audit_proof(reading.targets[0], "rfl")
    assert (verdict.accepted, verdict.category, verdict.checks) == (False, "context", ())


def test_the_target_of_another_process_is_judged_the_same(
    worker: LeanWorker, targets: dict[str, Target]
) -> None:
    before = Auditor(worker).audit_proof(targets["len"], "simp [Nat.add_comm]")
    worker.close()
    assert Auditor(worker).audit_proof(targets["len"], "simp [Nat.add_comm]") == before


def test_the_states_of_an_audit_are_released(worker: LeanWorker, targets: dict[str, Target]) -> None:
    auditor = Auditor(worker)
    held = []
    for _ in range(3):
        auditor.audit_proof(targets["len"], "simp [Nat.add_comm]")
        auditor.audit_files("theorem t : 1 = 1 := sorry", "theorem t : 1 = 1 := rfl")
        held.append(worker.request("memory")["states"])
    assert held[0] == held[2]


def test_the_record_of_axioms_is_lean_s_own(worker: LeanWorker) -> None:
    """What the library was built with `axiom` from, as Lean recorded it, is what is written down here."""
    base = worker.base_state(("Init",))
    text = "\n".join(
        f"unsafe def u{i} := @{name}" for i, name in enumerate([*sorted(CORE_AXIOMS), "Nat.add_comm"])
    )
    done = worker.request("elaborate", state=base, text=text)
    found = worker.request("constants", state=done["state"], base=base)["imported_axioms"]
    assert set(ALLOWED_AXIOMS) < set(found) <= CORE_AXIOMS


def test_a_stack_that_overflows_ends_the_process(worker: LeanWorker) -> None:
    with pytest.raises(SubmissionLost, match="crashed"):
        Auditor(worker).audit_files(
            "theorem t : 1 = 1 := sorry",
            "set_option maxRecDepth 1000000000\ntheorem t : 1 = 1 := by repeat skip",
        )


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("theorem t : 1 = 1 := rfl", "no named theorem whose proof is sorry"),
        ("example : 1 = 1 := sorry", "no named theorem whose proof is sorry"),
        ("theorem t : 1 = true := sorry", "the target does not elaborate"),
        ("import No.Such\ntheorem t : 1 = 1 := sorry", "imports No"),
        ("import\ntheorem t : 1 = 1 := sorry", "theorem"),
    ],
)
def test_a_target_that_states_nothing_is_bad_input(worker: LeanWorker, target: str, says: str) -> None:
    with pytest.raises(DataError, match=says.replace(".", r"\.")):
        Auditor(worker).audit_files(target, "theorem t : 1 = 1 := rfl")


def test_every_theorem_of_the_target_gets_a_verdict_in_its_order(worker: LeanWorker) -> None:
    target = "theorem b : 1 = 1 := sorry\ntheorem proved : 2 = 2 := rfl\ntheorem a : 3 = 3 := sorry"
    verdicts = Auditor(worker).audit_files(target, "theorem a : 3 = 3 := rfl")
    assert [(v.name, v.category) for v in verdicts] == [("b", "missing"), ("a", "accepted")]


def test_a_submission_on_which_lean_is_lost_says_so_and_the_next_one_is_judged(worker: LeanWorker) -> None:
    target = "theorem t : 1 = 1 := sorry"
    endless = (
        "def parity (n : Nat) : Bool := Nat.rec true (fun _ b => !b) n\n"
        "theorem help : parity 1000000000 = true := by decide +kernel\n"
        "theorem t : 1 = 1 := rfl\n"
    )
    worker.timeout_s, usual = 3.0, worker.timeout_s
    Auditor(worker).audit_files(target, "theorem t : 1 = 1 := rfl")
    try:
        with pytest.raises(SubmissionLost) as caught:
            Auditor(worker).audit_files(target, endless)
    finally:
        worker.timeout_s = usual
    assert (
        caught.value.names == ["t"] and caught.value.timed_out and isinstance(caught.value, LeanProcessError)
    )
    assert Auditor(worker).audit_files(target, "theorem t : 1 = 1 := rfl")[0].accepted
