from __future__ import annotations

from prover.lean.context import FunctionFacts
from prover.policy.sources import function_of, inductive_of, informed, source_of
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


ROOT_OF = """def root (n : Nat) : Nat :=
  let rec up : Nat → Nat → Nat
    | 0, r => r
    | b + 1, r => if (r + 1) * (r + 1) ≤ n then up b (r + 1) else r
  let rec down (k : Nat) : Nat := if k * k ≤ n then k else down (k - 1)
  up (n + 1) 0"""


def test_a_local_function_is_read_in_its_definition_and_has_what_it_captures_in_front() -> None:
    sources = {"root": ROOT_OF}
    up = informed(function_of("root.up", source_of("root.up", sources)), FunctionFacts(3, True, (1,), (2,)))
    assert up.splits_on == (1,) and up.changing == (2,) and not up.endless
    assert source_of("root.down", sources).startswith("let rec down (k") and source_of("root.none", sources) == ""


def test_a_recursion_that_no_pattern_ends_is_endless_for_simp() -> None:
    text = source_of("root.down", {"root": ROOT_OF})
    down = informed(function_of("root.down", text), FunctionFacts(2, True, (1,), (), measured=True))
    assert down.endless and down.splits_on == (1,)
    assert not informed(function_of("power", POWER), FunctionFacts(2, True, (1,), ())).endless
