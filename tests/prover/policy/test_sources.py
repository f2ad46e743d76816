from __future__ import annotations

from prover.policy.sources import function_of, inductive_of
from tests.prover.policy.views import EVEN, ONTO, POWER, TREE


def test_function_splits_on_the_argument_that_its_patterns_take_apart() -> None:
    assert function_of("power", POWER).splits_on == (1,)
    assert function_of("reverseOnto", ONTO).splits_on == (0,)


def test_recursion_is_seen() -> None:
    assert function_of("power", POWER).recursive
    assert not function_of("twice", "def twice (n : Nat) : Nat := n + n").recursive


def test_constructors_have_their_field_names() -> None:
    tree = inductive_of("Tree", TREE)
    assert tree is not None and not tree.is_prop
    assert [(c.name, c.fields, c.recursive) for c in tree.constructors] == [
        ("leaf", (), ()),
        ("node", ("left", "value", "right"), (True, False, True)),
    ]


def test_predicates_are_told_from_types() -> None:
    even = inductive_of("IsEven", EVEN)
    assert even is not None and even.is_prop
    assert even.constructors[1].recursive == (False, True)


def test_unreadable_source_gives_nothing_rather_than_an_error() -> None:
    assert function_of("f", "").arity == 0
    assert inductive_of("T", "structure T where\n  x : Nat") is None
