"""Names of the library that a tactic may say, and whether a text under way can still become one of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Names:
    """A set of names, asked for members and for prefixes of members."""

    ordered: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """Of names in any order."""
        return cls(tuple(sorted(set(names))))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (at := bisect_left(self.ordered, name)) < len(self.ordered) and self.ordered[at] == name

    def begins(self, prefix: str) -> bool:
        """Whether some name begins so."""
        at = bisect_left(self.ordered, prefix)
        return at < len(self.ordered) and self.ordered[at].startswith(prefix)


@dataclass
class NamesByModule:
    """All names of a library, by the module that they are declared in."""

    modules: Mapping[str, Sequence[str]]
    _cache: dict[frozenset[str] | None, Names] = field(default_factory=dict, init=False, repr=False)

    def of(self, imported: frozenset[str] | None) -> Names:
        """Those of the modules `imported`; None takes all."""
        found = self._cache.get(imported)
        if found is None:
            if len(self._cache) > 8:
                self._cache.clear()
            found = Names.of(n for module, names in self.modules.items() if imported is None or module in imported for n in names)
            self._cache[imported] = found
        return found


class LibraryNames(Protocol):
    """Whoever knows the library's names; `prover.policy.premises.PremiseIndex` is one."""

    def names(self, imported: frozenset[str] | None = None) -> Names | None:
        """Those of the modules `imported`, or all; None where they are not known."""
        ...
