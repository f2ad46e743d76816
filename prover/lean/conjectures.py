"""Equations that hold of small values: what `host/refute/explore.cjs` conjectures of a file's functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPE_VARIABLE = "α"


@dataclass(frozen=True)
class Equation:
    """A conjectured equation, as Lean text.

    Attributes:
        text: `lhs = rhs`.
        variables: name and type of each variable, in the order of their binders; a type may mention `α`.
        size: number of functions and variables on both sides together.
    """

    text: str
    variables: tuple[tuple[str, str], ...]
    size: int

    @property
    def polymorphic(self) -> bool:
        """Whether it is about a type variable."""
        return TYPE_VARIABLE in self.text or any(TYPE_VARIABLE in t for _, t in self.variables)

    @property
    def statement(self) -> str:
        """The closed proposition."""
        binders = " ".join(f"({name} : {of_type})" for name, of_type in self.variables)
        return (f"∀ {{{TYPE_VARIABLE} : Type}}, " if self.polymorphic else "") + (f"∀ {binders}, " if binders else "") + self.text


@dataclass(frozen=True)
class Limits:
    """How far terms are enumerated: `max_size` of a side, `max_terms` of all, `budget_s` seconds."""

    max_size: int = 7
    max_terms: int = 3000
    budget_s: float = 1.5


def equations(raw: Mapping[str, Any]) -> tuple[Equation, ...]:
    """The host's answer, smallest first."""
    return tuple(
        Equation(e["statement"], tuple((name, of_type) for name, of_type in e["variables"]), e["size"]) for e in raw["equations"]
    )
