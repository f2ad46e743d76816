"""The sides of the split: fixed by name, near-duplicates together."""

import pytest

from data.library_bench import split_of as benchmark_side
from data.splits import SPLITS, side_of, split_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UInt8.toNat_add", "UInt16.toNat_add"),
        ("Nat.add_le_add_left'", "Int.add_le_add_right"),
        ("List.map_map", "Array.map_map"),
    ],
)
def test_near_duplicates_are_on_one_side(one: str, other: str) -> None:
    assert split_of(one) == split_of(other)


def test_sides_never_move() -> None:
    names = ["Nat.add_comm", "List.append_assoc", "Int.emod_emod", "Option.map_none", "Array.size_push"]
    assert [split_of(name) for name in names] == ["train", "train", "train", "train", "train"]


def test_about_eight_in_ten_families_are_for_training() -> None:
    sides = [
        split_of(f"some_{word}{chr(97 + i)}")
        for i in range(26)
        for word in ("sum", "map", "bind", "zip", "foo", "bar")
    ]
    assert set(sides) == set(SPLITS)
    assert 0.7 < sides.count("train") / len(sides) < 0.9


def test_mutants_and_the_library_benchmark_have_the_same_sides() -> None:
    assert split_of is benchmark_side


@pytest.mark.parametrize("named", [None, "train", "kept", 3])
def test_a_results_side_is_its_names_unless_its_data_set_holds_it_out(named: object) -> None:
    for name in ("add_comm", "foo_bar", "reverse_map", "count_zero"):
        assert side_of({"name": name, "split": named}) == split_of(name)
        assert [side_of({"name": name, "split": s}) for s in ("valid", "test")] == ["valid", "test"]
