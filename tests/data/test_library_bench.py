"""The library benchmark's splits."""

from __future__ import annotations

from collections import Counter

import pytest

from data.library_bench import Theorem, dump, family, in_hash_order, load, split_of


@pytest.mark.parametrize(
    "names",
    [
        ("Nat.add_le_add_left", "Nat.add_le_add_right", "Nat.add_le_add", "Int.add_le_add_left'"),
        ("UInt8.toInt_ofNat", "UInt16.toInt_ofNat", "UInt64.toInt_ofNat'"),
        ("List.map_map", "Array.map_map", "Vector.map_map"),
        ("foo1", "foo2", "foo₃"),
        ("List.mem_iff", "List.mem"),
    ],
)
def test_near_duplicates_are_on_one_side(names: tuple[str, ...]) -> None:
    assert len({family(n) for n in names}) == 1
    assert len({split_of(n) for n in names}) == 1


def test_different_theorems_are_different_families() -> None:
    assert family("Nat.add_comm") != family("Nat.mul_comm")
    assert family("Nat.left") == "left"


def test_splits_have_their_sizes() -> None:
    counts = Counter(
        split_of(f"name_{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}x")
        for i in range(10000)
    )
    assert counts["train"] / 10000 == pytest.approx(0.8, abs=0.02)
    assert counts["valid"] / 10000 == pytest.approx(0.1, abs=0.02)


def test_the_hash_order_does_not_depend_on_the_given_one() -> None:
    assert in_hash_order(["a", "b", "c"]) == in_hash_order(["c", "a", "b"])


def test_a_theorem_is_a_file_that_imports_its_modules_imports_only() -> None:
    theorem = Theorem("Nat.t", "Init.Data.Nat.X", ("Init.A", "Init.B"), "Nat.t (n : Nat) : n = n")
    assert (
        theorem.lean
        == "prelude\nimport Init.A\nimport Init.B\n\nset_option autoImplicit false\n\n"
        "theorem Nat.t (n : Nat) : n = n := by\n  sorry\n"
    )
    assert theorem.area == "Init.Data.Nat"
    assert load(dump([theorem])) == [theorem]


def test_a_file_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a library benchmark"):
        load('{"name": "x"}\n')
