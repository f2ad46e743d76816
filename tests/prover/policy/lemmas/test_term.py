"""Terms are read as Lean prints them, and printed so that they read back the same."""

from __future__ import annotations

import pytest

from prover.policy.lemmas.term import Term, read

PRINTED = (
    "rev (append xs (list.cons x list.nil)) = list.cons x (rev xs)",
    "xs.length + (ys ++ [a, b]).length ≤ x :: xs.map f",
    "a - (b - c) * d ^ 2 = 0",
    "!x && y = true",
    "le2 (len (delete n xs)) (len xs) = true → x ∈ y",
    "(MyNat.S x).S = MyNat.S (add x y)",
    "(if a then if b then c else d else f e) = f (if g x = true then y else z)",
    "List.foldl (fun a b => a + b) 0 xs = xs.sum",
)


@pytest.mark.parametrize("text", PRINTED)
def test_what_is_read_prints_as_it_was(text: str) -> None:
    term = read(text)
    assert term is not None
    assert str(term) == text


def test_a_binder_is_one_leaf() -> None:
    term = read("f (fun a => b) x")
    assert term == Term("f", (Term("fun a => b", opaque=True), Term("x")))
    assert term.names == {"f", "fun", "a", "b", "x"}


@pytest.mark.parametrize(
    "text, read_as",
    [
        ("x + if a then b else c", "x + (if a then b else c)"),
        ("f x = if a = b then x else f y", "f x = (if a = b then x else f y)"),
        ("f x fun y => y", "f x (fun y => y)"),
        ("p ∧ match x with | y => z", "p ∧ (match x with | y => z)"),
    ],
)
def test_what_reaches_to_the_end_is_one_argument(text: str, read_as: str) -> None:
    assert str(read(text)) == read_as


def test_what_is_no_term_is_not_read() -> None:
    assert read("g if") is None
    assert read("x then y") is None
    assert read("f (x") is None
    assert read("x + ") is None
