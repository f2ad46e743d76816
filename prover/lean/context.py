"""What a theorem's file offers its proof, as values: no Lean process is needed to read or make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ConstructorFacts:
    """A constructor's explicit fields, and which of them are of the type itself."""

    name: str
    fields: tuple[str, ...]
    recursive: tuple[bool, ...]


@dataclass(frozen=True)
class InductiveFacts:
    """What Lean says of an inductive type or predicate."""

    prop: bool
    constructors: tuple[ConstructorFacts, ...]


@dataclass(frozen=True)
class FunctionFacts:
    """What Lean says of a definition, by places among its explicit arguments (from 0).

    `recurses`: the argument of a structural recursion; `changing`: those that it may call itself with another value of. Where a
    measure or a relation makes the recursion end it is `measured`, and `recurses` has all that it changes. `locals` are the
    functions of its `where` or `let rec`.
    """

    arity: int
    recursive: bool
    recurses: tuple[int, ...]
    changing: tuple[int, ...]
    locals: tuple[str, ...] = ()
    measured: bool = False


@dataclass(frozen=True)
class FileContext:
    """What a theorem's file offers besides the library: its own definitions, inductive types and earlier theorems.

    `sources` has the text of definitions and inductive types by name, for those who want to know on what a function
    recurses or which constructors a type has; `facts` has what Lean itself says of them, where it can be asked. `imported`
    names the modules whose theorems can be used; None: the whole library. `deprecated` has, by the old name, the one that Lean
    says to use in its place, of what the file uses.
    """

    definitions: tuple[str, ...] = ()
    inductives: tuple[str, ...] = ()
    theorems: Mapping[str, str] = field(default_factory=dict)  # name → statement
    sources: Mapping[str, str] = field(default_factory=dict)  # name → text of the command
    imported: frozenset[str] | None = None
    facts: Mapping[str, InductiveFacts | FunctionFacts] = field(default_factory=dict)  # name → what Lean knows
    deprecated: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.definitions, self.inductives, tuple(self.theorems)))
