"""What may be an invariant of a loop, read off a specification."""

from __future__ import annotations

from prover.lean.context import FileContext, FunctionFacts
from prover.policy.goal import first_goal
from prover.policy.lemmas.invariant import Invariant, invariants, loops
from tests.prover.policy.views import view

LEAST = """def least (a : Array Int) (i : Nat) (m : Int) : Int :=
  if i < a.size then least a (i + 1) (if a[i]! < m then a[i]! else m) else m"""
AGREE = """def agree (p q : List Char) (i : Nat) : Bool :=
  if i < p.length then (if p[i]! ≠ q[i]! then false else agree p q (i + 1)) else true"""
CONTEXT = FileContext(
    definitions=("least", "agree"), sources={"least": LEAST, "agree": AGREE},
    facts={
        "least": FunctionFacts(3, True, (1, 2), (), measured=True), "agree": FunctionFacts(3, True, (2,), (), measured=True),
    },
)  # fmt: skip


def of(target: str, *hypotheses: str) -> list[Invariant]:
    """The invariants of the loops of a goal."""
    goal = first_goal(view(target, *hypotheses, file_context=CONTEXT))
    assert goal is not None
    return [i for loop in loops(goal) for i in invariants(goal, loop)]


def test_the_bound_of_a_quantifier_is_replaced_by_the_index() -> None:
    first = of("∀ (k : Nat), k < a.size → least a 1 a[0]! ≤ a[k]!", "a : Array Int")[0]
    assert first.names == ("i", "acc")
    assert first.statement == "∀ (k : Nat), k < a.size → least a i acc ≤ a[k]!"
    assert {"1 ≤ i", "i ≤ a.size", "∀ (k : Nat), k < i → acc ≤ a[k]!"} <= set(first.premises)
    assert first.at_start("∀ (k : Nat), k < i → acc ≤ a[k]!") == "∀ (k : Nat), k < 1 → (a[0]!) ≤ a[k]!"


def test_without_an_accumulator_the_quantifiers_begin_at_the_index() -> None:
    first = of("agree p q 0 = true ↔ ∀ (n : Nat), n < p.length → p[n]! = q[n]!", "p q : List Char")[0]
    assert first.statement == "agree p q i = true ↔ ∀ (n : Nat), i ≤ n → n < p.length → p[n]! = q[n]!"


def test_names_that_the_goal_binds_are_not_taken() -> None:
    first = of("∃ i, i < a.size ∧ least a 1 a[0]! = a[i]!", "a : Array Int")[0]
    assert first.names == ("i₁", "acc") and "∃ i, i < i₁ ∧ acc = a[i]!" in first.premises


def test_a_call_of_variables_alone_starts_no_loop() -> None:
    assert of("least a i m ≤ m", "a : Array Int", "i : Nat", "m : Int") == []
