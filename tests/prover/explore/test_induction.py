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
    assert scripts.index("induction xs generalizing ys <;> cases ys <;> grind [f, g]") == 4


def test_the_recursion_of_functions_that_are_applied_to_variables_is_followed() -> None:
    scripts = list(inductions([X, XS, A], ["T.f", "T.g"], "T.f xs (T.g x ys) = xs", ["T.S"], thorough=False))
    close = "(first | grind [T.f, T.g] | grind (gen := 3) [T.f, T.g, cases T.S])"
    assert scripts == [
        f"induction xs generalizing x ys <;> {close}",
        f"induction ys generalizing x xs <;> {close}",
        f"fun_induction T.g x ys generalizing xs <;> {close}",
    ]


def test_induction_is_on_what_recursions_take_apart_where_they_are_known() -> None:
    scripts = list(inductions([X, XS, A], ["T.f"], "T.f (T.g x xs) ys = xs", thorough=False, consumed={"T.f": (1,), "T.g": (0,)}))
    assert scripts == ["induction ys generalizing x xs <;> grind [T.f]"]


def test_only_what_a_recursion_changes_is_generalised_where_that_is_known() -> None:
    known = {"T.f": (0,)}
    text = "T.f (T.g xs) x = T.g ys"
    scripts = list(inductions([X, XS, A], ["T.f"], text, (), False, {"T.g": (0,)}, {"T.g": (0,)}))
    assert scripts == ["induction xs generalizing ys <;> grind [T.f]", "induction ys generalizing xs <;> grind [T.f]"]
    assert next(iter(inductions([X, XS, A], ["T.f"], text, (), False, {"T.g": (0,)}, known))).startswith("induction xs <;>")


def test_a_statement_without_inductive_variables_has_no_induction() -> None:
    assert list(inductions([X], ["f"])) == []
    assert derivations(["f", "g"]) == ("grind [f, g]",)
