"""Only the audit makes proofs, and nothing in front of it says that something is proved."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

from prover.audit.outcome import Candidate, Proof, Refusal, audited
from prover.errors import LeanCrashedError
from prover.lean.targets import LeanFile, Target

ROOT = Path(__file__).resolve().parents[3]
TARGET = Target(LeanFile("theorem t : True := by sorry", ("Init",), 0), 0, "t", 0, 28, (17, 28))
CANDIDATE = Candidate("trivial")


@dataclass(frozen=True)
class Word:
    accepted: bool
    reason: str | None = None
    axioms: tuple[str, ...] = ("propext",)
    depends_on: tuple[str, ...] = ("s",)


def test_what_the_audit_accepts_is_a_proof_and_what_it_does_not_a_refusal() -> None:
    asked: list[str] = []

    def audit(target: Target, proof: str) -> Word:
        asked.append(proof)
        return Word(len(asked) == 1, "too simple")

    assert audited(audit, TARGET, CANDIDATE) == Proof(CANDIDATE, ("propext",), ("s",))
    assert audited(audit, TARGET, CANDIDATE) == Refusal(CANDIDATE, "too simple")
    assert asked == ["trivial", "trivial"]


def test_a_lost_audit_is_no_verdict() -> None:
    def audit(target: Target, proof: str) -> Word:
        raise LeanCrashedError("gone")

    with pytest.raises(LeanCrashedError):
        audited(audit, TARGET, CANDIDATE)


def test_proofs_and_refusals_are_made_in_one_function() -> None:
    makers = []
    for path in (ROOT / "prover").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "prover.audit.outcome"
            for alias in node.names
        }  # fmt: skip
        calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
        named = [c.id for c in calls if isinstance(c, ast.Name) and c.id in imported & {"Proof"}]
        dotted = [c.attr for c in calls if isinstance(c, ast.Attribute) and ast.unparse(c) == "audit.Proof"]
        makers += [path.name for _ in named + dotted]
    assert makers == []


PARTS = ("search", "prover/prove/theorem.py", "prover/prove/evaluator.py", "prover/prove/environment.py")


@pytest.mark.parametrize("part", PARTS)
def test_nothing_in_front_of_the_audit_has_the_status_proved(part: str) -> None:
    files = [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))
    words = [
        f"{path.name}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value == "proved"
    ]
    assert words == []
