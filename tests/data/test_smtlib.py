"""The converter from SMT-LIB: what it writes is what Lean reads, and what it does not understand it names."""

from __future__ import annotations

import pytest

from data.smtlib import convert
from prover.lean.embedded.worker import LeanWorker

TEXT = """\
; a comment
(declare-datatype list (par (a) ((nil) (cons (head a) (tail (list a))))))
(declare-datatype Nat ((Z) (S (proj1-S Nat))))
(define-fun-rec count (par (a) (((x a) (y (list a))) Nat))
  (match y ((nil Z) ((cons z ys) (ite (= x z) (S (count x ys)) (count x ys))))))
(define-fun-rec |++| (par (a) (((x (list a)) (y (list a))) (list a)))
  (match x ((nil y) ((cons z xs) (cons z (|++| xs y))))))
(define-fun-rec all (par (a) (((p (=> a Bool)) (y (list a))) Bool))
  (match y ((nil true) ((cons z ys) (and (@ p z) (all p ys))))))
(define-funs-rec ((even ((x Nat)) Bool) (odd ((x Nat)) Bool))
  ((match x ((Z true) ((S y) (odd y)))) (match x ((Z false) ((S y) (even y))))))
(assert (forall ((n Nat)) (=> (even n) (not (odd n)))))
(prove (par (a) (forall ((x a) (xs (list a)) (ys (list a)))
  (=> (= (count x xs) Z) (= (count x (|++| xs ys)) (count x (|++| (_ nil a) ys)))))))
"""


def test_the_fragment_elaborates_in_lean_with_one_theorem_that_waits(lean_worker: LeanWorker) -> None:
    reading = lean_worker.read(convert(TEXT, "prop_1"))
    assert [(t.name, t.problem) for t in reading.targets] == [("Tip_prop_1.prop_1", None)]
    assert "lem1" in reading.targets[0].statement


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(prove (= 1 1)", "without its"),
        ("(prove (= 1 1)))", r"line 1: a \) without its"),
        ("(declare-datatype T ((A)))", "nothing to prove"),
        ("(push 1)", r"not understood: \(push 1\)"),
    ],
)
def test_what_is_not_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        convert(text, "t")
