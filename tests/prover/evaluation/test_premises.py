from __future__ import annotations

from prover.evaluation.premises import signature_of


def test_a_signature_is_read_from_source_without_attributes_and_body() -> None:
    code = "@[simp, to_additive]\nprotected theorem foo_bar (h : a ∣ b) :\n    a ∣ b + c := by\n  simp"
    assert signature_of("Nat.foo_bar", code) == "Nat.foo_bar (h : a ∣ b) : a ∣ b + c"


def test_an_instance_without_a_name_keeps_its_binders() -> None:
    assert signature_of("instFoo", "instance [Ring α] : Foo α where\n  x := 1") == "instFoo [Ring α] : Foo α"
