"""The first tries for theorems about a file's own functions."""

from __future__ import annotations

from dataclasses import replace

from prover.lean.context import FileContext, FunctionFacts
from prover.policy.base import Mixture
from prover.policy.closers import Closers
from prover.policy.lemmas.proposer import Lemmas
from prover.policy.programs import Programs
from tests.prover.policy.views import OWN, POWER, offered, view

OWN_NAT = """inductive Nat where
  | Z
  | S (p : Nat)"""
ADD = """def add (x : Nat) (y : Nat) : Nat :=
  match x with
  | Nat.Z => y
  | Nat.S z => Nat.S (add z y)"""
SHADOWING = FileContext(definitions=("My.add",), inductives=("My.Nat",), sources={"My.Nat": OWN_NAT, "My.add": ADD})


def test_an_own_type_that_is_called_nat_has_its_own_constructors() -> None:
    tactics = offered(Programs(), view("add x y = add y x", "x y : Nat", file_context=SHADOWING))
    assert any(t.startswith("(induction x generalizing y with | Z => ?_ | S p ih => ?_)") for t in tactics)
    assert not any("zero" in t or "succ" in t for t in tactics)


def test_what_a_function_does_not_consume_is_generalised() -> None:
    seen = view("reverseOnto xs ys = xs.reverse ++ ys", "α : Type", "xs ys : List α", file_context=OWN)
    tactics = offered(Programs(), seen)
    assert any(t.startswith("(induction xs generalizing ys with") for t in tactics)
    assert any(t.startswith("fun_induction reverseOnto xs ys <;>") for t in tactics)


def test_inaccessible_hypotheses_are_named_first() -> None:
    seen = view("power b n = 1", "b n : Nat", "h✝ : n = 0", "x✝ : Nat", file_context=OWN, stage=1)
    assert "rename_i h x" in offered(Programs(), seen)


def test_others_come_two_visits_later_to_a_statement_that_a_leader_leads() -> None:
    policy = Mixture([(Closers(), 1.0)], leaders=[Programs()])
    first = policy.propose(view("power b n = 1", "b n : Nat", file_context=OWN))
    second = policy.propose(view("power b n = 1", "b n : Nat", stage=2, file_context=OWN))
    assert "omega" not in {p.tactic for p in first}
    assert "omega" in {p.tactic for p in second}
    assert "omega" in {p.tactic for p in policy.propose(view("n = 1", "n : Nat"))}


LEQ = """def leq (x : Nat) (y : Nat) : Bool :=
  match x, y with
  | Nat.Z, _ => true
  | Nat.S _, Nat.Z => false
  | Nat.S z, Nat.S x2 => leq z x2"""
ORDERED = FileContext(definitions=("My.leq",), inductives=("My.Nat",), sources={"My.Nat": OWN_NAT, "My.leq": LEQ})


def test_inductions_that_only_close_stand_before_those_that_leave_goals() -> None:
    seen = view("leq x y = leq (S x) (S y)", "x y z : Nat", file_context=ORDERED)
    tactics = offered(Programs(), replace(seen, before=("cases z",)))
    ends = ("<;> grind [My.leq]", "<;> (first | grind [My.leq] | grind (gen := 3) [My.leq, cases My.Nat])")
    closing = [t.endswith(ends) for t in tactics]
    assert tactics[0] == "grind [My.leq]" and all(closing[1:6]) and not any("try" in t for t in tactics[:6])


def test_what_leaves_goals_comes_on_the_second_visit_to_a_statement_but_for_one_induction() -> None:
    seen = view("leq x y = leq (S x) (S y)", "x y z : Nat", file_context=ORDERED)
    both = offered(Programs(), replace(seen, before=("cases z",)))
    first, second = (set(offered(Programs(), replace(seen, stage=stage))) for stage in (0, 1))
    assert first | second == set(both) and not first & second
    assert sum("try" in t for t in first) == 1, "one induction may leave something on the first"


def test_the_recursion_of_a_function_in_a_hypothesis_is_followed() -> None:
    tactics = offered(Programs(), view("x = y", "x y : Nat", "h : leq x y = true", file_context=ORDERED))
    assert any(t.startswith("fun_induction My.leq x y <;>") for t in tactics)


def test_a_goal_that_begins_with_let_is_worked_on_and_its_values_are_put_in() -> None:
    seen = view("let u := if leq x y = true then x else y; leq u y = true", "x y : Nat", file_context=ORDERED)
    tactics = offered(Programs(), seen)
    assert any(t.startswith("fun_induction My.leq x y <;>") for t in tactics) and "dsimp only" in tactics


def test_reducible_functions_are_not_named_to_grind() -> None:
    sources = {"pre": "@[reducible, simp]\ndef pre (n : Nat) : Prop := True", "my": "abbrev my (n : Nat) := n", "power": POWER}
    context = FileContext(definitions=("pre", "my", "power"), sources=sources)
    tactics = offered(Programs(), view("power b n = my 1", "b n : Nat", "h : pre n", file_context=context))
    assert tactics[0].startswith("simp only [pre, my] at *") and tactics[1:] == ["grind [power]"]


def test_simp_is_not_given_what_it_would_unfold_without_an_end() -> None:
    facts = {"up": FunctionFacts(1, True, (0,), (), measured=True)}
    text = "def up (n : Nat) : Nat := if n < 9 then up (n + 1) else n"
    context = FileContext(definitions=("up",), sources={"up": text}, facts=facts)
    tactics = offered(Programs(), view("9 ≤ up n", "n : Nat", file_context=context))
    assert "grind [up]" in tactics and "simp_all <;> grind [up]" in tactics


def test_variables_that_no_recursion_changes_are_generalised_second() -> None:
    seen = view("(power b n).succ = c", "b n c : Nat", file_context=OWN)
    closing = [t for t in offered(Programs(), seen) if t.startswith("(induction n")]
    assert closing[0].startswith("(induction n with") and closing[1].startswith("(induction n generalizing b c with")


def test_a_lemma_in_the_context_says_nothing_of_the_goals_variables() -> None:
    lemma = "lemma₁ : ∀ (x y : Nat), leq x y = false → leq y x = true"
    tactics = offered(Programs(), view("leq u v = true", "u v x y : Nat", lemma, file_context=ORDERED))
    assert any(t.startswith("fun_induction My.leq u v") for t in tactics)
    assert not any("leq x y" in t or "generalizing x" in t for t in tactics)


def test_the_files_earlier_theorems_are_given_to_the_first_inductions() -> None:
    seen = view("power b n = 0", "b n : Nat", file_context=OWN)
    tactics = offered(Programs(), seen)
    told = "grind [power, power_zero]"
    assert f"fun_induction power b n <;> {told}" in tactics and tactics.index("fun_induction power b n <;> grind [power]") < 6
    assert sum(t.endswith(told) for t in tactics) == 2


def test_what_the_file_wraps_is_put_in_at_once_and_nothing_else_is_tried_on_it() -> None:
    context = FileContext(definitions=("twice",), sources={"twice": "def twice (n : Nat) : Nat := n + n"})
    seen = view("twice n = 2 * n", "n : Nat", file_context=context)
    assert Programs().leads(seen) == 1 and Programs().leads(replace(seen, before=("cases n",))) == 0
    assert [t.split(" [")[0] for t in offered(Programs(), seen)] == ["simp only", "grind"]


def test_cases_of_the_target_are_told_apart_before_lemmas_are_looked_for() -> None:
    target = "leq x y = (if leq y x = true then leq x y else leq x y)"
    seen = replace(view(target, "x y : Nat", "ih : leq x x = true", file_context=ORDERED), before=("induction x",))
    mixed = Mixture([], leaders=(Programs(), Lemmas())).propose(seen)
    first = next(p for p in mixed if not p.tactic.startswith(("grind", "simp_all")))
    assert first.tactic.startswith("split <;> (try rename_i h) <;>")
