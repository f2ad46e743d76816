"""Induction scripts: which variables, in which order."""

from __future__ import annotations

from prover.explore.induction import Variable, derivations, inductions

X, XS, A = Variable("x", False), Variable("xs", True), Variable("ys", True)


def test_every_inductive_variable_is_inducted_on_and_the_others_are_generalised() -> None:
    scripts = list(inductions([X, XS, A], ["f"]))
    assert scripts[0] == "induction xs generalizing x ys <;> grind [f]"
    assert scripts[1] == "induction ys generalizing x xs <;> grind [f]"


def test_further_variables_are_taken_apart_behind_the_plain_inductions() -> None:
    scripts = list(inductions([XS, A], ["f", "g"]))
    assert scripts.index("induction xs generalizing ys <;> cases ys <;> grind [f, g]") == 2


def test_a_statement_without_inductive_variables_has_no_induction() -> None:
    assert list(inductions([X], ["f"])) == []
    assert derivations(["f", "g"]) == ("grind [f, g]",)
