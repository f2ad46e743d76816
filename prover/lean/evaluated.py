"""What evaluation outside Lean says (`host/refute/`): values at which a statement is false, equations that hold of small values.

Nothing that it says is trusted: `prover.refute` has Lean prove the negation from the values, `prover.explore` the laws.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

TYPE, DATA, HYPOTHESIS, LET = "type", "data", "hypothesis", "let"
"""What a binder of a statement is; else an instance."""


@dataclass(frozen=True)
class Counterexample:
    """Values at which a statement's hypotheses hold and its conclusion does not, by evaluation.

    `names`, `texts` and `kinds` go by the binders of the closed statement; a hypothesis has no text. `levels` are the universes
    at which the types are those of the values, by the parameter's name; `unfolded` names the file's own definitions that were
    computed with.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    levels: Mapping[str, int] = field(default_factory=dict)
    unfolded: tuple[str, ...] = ()

    def within(self, namespace: str) -> Counterexample:
        """With names as they are written in a namespace."""
        if not namespace:
            return self
        prefix = re.compile(rf"(?<![\w.]){re.escape(namespace)}\.")
        return replace(self, texts=tuple(prefix.sub("", t) for t in self.texts))

    @property
    def values(self) -> dict[str, str]:
        """The variables with their values, types among them."""
        return {n: t for n, t, k in zip(self.names, self.texts, self.kinds, strict=True) if k in (TYPE, DATA)}

    def said(self) -> str:
        """`n = 0, xs = [1]`; for a statement without variables: `as it stands`."""
        return ", ".join(f"{n} = {t}" for n, t in self.values.items()) or "as it stands"


@dataclass(frozen=True)
class Looking:
    """How long to look for a counterexample of a goal.

    `tries` counts evaluations and is the same on every machine; `seconds` is the last resort. `from_size` is the size of values
    to begin with, from an earlier answer. `lenient` takes a hypothesis `∀ x, …` to hold when it holds of small values, an
    induction hypothesis say: the values then prove nothing, but a goal that they falsify is not worth a search.
    """

    tries: int = 1000
    seconds: float = 1.0
    from_size: int = 0
    lenient: bool = False


@dataclass(frozen=True)
class Falsification:
    """A search for a counterexample: `found`, or how far it came.

    `tried` counts evaluations, `satisfied` those of them at which all hypotheses held; `exhausted`: every value was covered, so
    there is no counterexample by evaluation; `size` is the size of values to go on with; `reason` says why nothing could be
    evaluated, where that is so.
    """

    found: Counterexample | None = None
    tried: int = 0
    satisfied: int = 0
    hypotheses: int = 0
    exhausted: bool = False
    size: int = 0
    reason: str | None = None


TYPE_VARIABLE = "α"


@dataclass(frozen=True)
class Equation:
    """A conjectured equation, or an implication between equations, as Lean text.

    Attributes:
        text: `lhs = rhs`, or `p = Bool.true → lhs = rhs`.
        variables: name and type of each variable, in the order of their binders; a type may mention `α`.
        size: number of functions and variables on both sides together.
        decides: whether it needs equality of the type variable's values to be decidable.
    """

    text: Annotated[str, Field(alias="statement")]
    variables: tuple[tuple[str, str], ...]
    size: int
    decides: bool = False

    @property
    def polymorphic(self) -> bool:
        """Whether it is about a type variable."""
        return TYPE_VARIABLE in self.text or any(TYPE_VARIABLE in t for _, t in self.variables)

    @property
    def statement(self) -> str:
        """The closed proposition."""
        binders = " ".join(f"({name} : {of_type})" for name, of_type in self.variables)
        first = f"∀ {self.type_binders}, " if self.polymorphic else ""
        return first + (f"∀ {binders}, " if binders else "") + self.text

    @property
    def type_binders(self) -> str:
        """The binders of the type variable; for one that is polymorphic."""
        return f"{{{TYPE_VARIABLE} : Type}}" + (f" [DecidableEq {TYPE_VARIABLE}]" if self.decides else "")


@dataclass(frozen=True)
class Limits:
    """How far terms are enumerated: `max_size` of a side, `max_terms` of all, `budget_s` seconds."""

    max_size: int = 7
    max_terms: int = 3000
    budget_s: float = 1.5
