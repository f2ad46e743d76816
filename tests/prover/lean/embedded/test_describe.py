"""What Lean says of a file's own constants: by the terms, not by names."""

from __future__ import annotations

from prover.lean.context import ConstructorFacts, FunctionFacts, InductiveFacts
from prover.lean.embedded.worker import LeanWorker

FILE = """namespace My
inductive Nat where
  | Z
  | S (p : Nat)
structure Pair (α : Type) where
  first : α
  second : α
inductive Even : Nat → Prop where
  | zero : Even .Z
  | step (n : Nat) : Even n → Even (.S (.S n))
def onto {α : Type} (c : Bool) (xs : List α) (acc : List α) : List α :=
  match xs with
  | [] => acc
  | x :: rest => onto c rest (x :: acc)
def twice (n : Nat) : Nat := .S n
def halve (n : _root_.Nat) (k : Bool) : _root_.Nat := if n < 2 then 0 else halve (n - 2) k + 1
def least (a : Array Int) (i : _root_.Nat) (m : Int) : Int :=
  if i < a.size then least a (i + 1) (if a[i]! < m then a[i]! else m) else m
def all (p : List Char) (k : _root_.Nat) : Bool :=
  let rec go (i : _root_.Nat) : Bool := if i < p.length then p[i]! ≠ 'x' && go (i + 1) else true
  go k
theorem waiting (n : Nat) : twice n = .S n := by sorry
end My
"""


def test_constants_are_described_by_their_terms(lean_worker: LeanWorker) -> None:
    target = lean_worker.read(FILE).targets[0]
    facts = lean_worker.file_context(target).facts
    assert facts["My.Nat"] == InductiveFacts(
        False, (ConstructorFacts("Z", (), ()), ConstructorFacts("S", ("p",), (True,)))
    )
    pair = facts["My.Pair"]
    assert isinstance(pair, InductiveFacts)
    assert [(c.name, c.fields, c.recursive) for c in pair.constructors] == [("mk", ("first", "second"), (False, False))]
    even = facts["My.Even"]
    assert isinstance(even, InductiveFacts)
    assert even.prop
    assert [c.recursive for c in even.constructors] == [(), (False, True)]
    assert facts["My.onto"] == FunctionFacts(3, True, recurses=(1,), changing=(2,))
    assert facts["My.twice"] == FunctionFacts(1, False, (), ())
    assert facts["My.halve"] == FunctionFacts(2, True, recurses=(0,), changing=(), measured=True)
    assert facts["My.least"] == FunctionFacts(3, True, recurses=(1, 2), changing=(), measured=True)
    assert facts["My.all"] == FunctionFacts(2, False, (), (), locals=("My.all.go",))
    assert facts["My.all.go"] == FunctionFacts(2, True, recurses=(1,), changing=(), measured=True)


def test_what_lean_calls_deprecated_is_told_with_what_to_use(lean_worker: LeanWorker) -> None:
    text = "def say (xs : List Char) : String := String.mk xs\ntheorem t (xs : List Char) : say xs = say xs := by sorry\n"
    (target,) = lean_worker.read(text).targets
    assert lean_worker.file_context(target).deprecated == {"String.mk": "String.ofList"}
