"""What a theorem's file offers its proof, as values: no Lean process is needed to read or make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FileContext:
    """What a theorem's file offers besides the library: its own definitions, inductive types and earlier theorems.

    `sources` has the text of definitions and inductive types by name, for those who want to know on what a function
    recurses or which constructors a type has. `imported` names the modules whose theorems can be used; None: the whole
    library.
    """

    definitions: tuple[str, ...] = ()
    inductives: tuple[str, ...] = ()
    theorems: Mapping[str, str] = field(default_factory=dict)  # name → statement
    sources: Mapping[str, str] = field(default_factory=dict)  # name → text of the command
    imported: frozenset[str] | None = None

    def __hash__(self) -> int:
        return hash((self.definitions, self.inductives, tuple(self.theorems)))
