from __future__ import annotations

from prover.policy.induction import FunctionalInduction, Induction
from tests.prover.policy.views import OWN, offered, view


def test_induction_is_on_the_variable_that_the_function_recurses_on() -> None:
    seen = view("power b (m + n) = power b m * power b n", "b m n : Nat", file_context=OWN)
    assert offered(Induction(), seen)[0].startswith(("induction n ", "induction m "))
    assert not any(t.startswith("induction b ") for t in offered(Induction(), seen)[:2])


def test_a_changing_argument_is_generalised() -> None:
    seen = view("reverseOnto xs acc = xs.reverse ++ acc", "α : Type", "xs acc : List α", file_context=OWN)
    assert offered(Induction(), seen)[0] == (
        "induction xs generalizing acc with | nil => ?_ | cons x xs ih => ?_"
    )


def test_the_start_of_a_fold_is_generalised() -> None:
    seen = view("List.foldl (fun s x => s + x) n xs = n + xs.sum", "n : Nat", "xs : List Nat")
    assert offered(Induction(), seen)[0] == "induction xs generalizing n with | nil => ?_ | cons x xs ih => ?_"


def test_nothing_is_generalised_where_nothing_changes() -> None:
    assert (
        offered(Induction(), view("n ≤ 2 ^ n", "n : Nat"))[0]
        == "induction n with | zero => ?_ | succ n ih => ?_"
    )


def test_constructors_of_own_types_name_their_hypotheses() -> None:
    seen = view("size (mirror t) = size t", "α : Type", "t : Tree α", file_context=OWN)
    assert offered(Induction(), seen)[0] == (
        "induction t with | leaf => ?_ | node left value right ihleft ihright => ?_"
    )


def test_induction_on_a_predicate() -> None:
    assert offered(Induction(), view("n % 2 = 0", "n : Nat", "h : IsEven n", file_context=OWN))[0] == (
        "induction h with | zero => ?_ | step n₁ h₁ ih => ?_"
    )


def test_variables_that_the_target_does_not_mention_get_no_induction() -> None:
    assert offered(Induction(), view("p", "n : Nat", "p : Prop")) == []


def test_functional_induction_follows_the_files_own_function() -> None:
    seen = view("reverseOnto xs acc = xs.reverse ++ acc", "α : Type", "xs acc : List α", file_context=OWN)
    assert (
        offered(FunctionalInduction(), seen)[0]
        == "fun_induction reverseOnto xs acc <;> simp_all [reverseOnto]"
    )
