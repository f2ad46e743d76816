"""The library's theorems as an index that proposers ask: by goal, by name, for the names there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from prover.policy.names import Names, NamesByModule
from prover.policy.premises.features import Place
from prover.policy.premises.model import SelectorModel, shipped
from prover.policy.premises.selector import HEAD_BONUS, NOWHERE, Allowed, Selector
from prover.policy.premises.statements import Premise, last_component, signature_of

CACHED = 2000
FILES = 8
MOST_OWN = 200
NO_THEOREMS: Mapping[str, str] = {}


@dataclass
class PremiseIndex:
    """An index of theorems.

    Args:
        entries: name and pretty-printed signature of each (`List.length_append … : … = …`).
        modules: where each comes from, in the same order; empty when nobody asks.
        known: all names of the library, for those who write tactics; None when nobody asks.
        model: orders what is found; None goes by words alone.
        make: makes the selector of names, signatures, modules and model.
    """

    entries: Sequence[tuple[str, str]]
    modules: Sequence[str] = ()
    known: NamesByModule | None = None
    model: SelectorModel | None = field(default_factory=shipped, repr=False)
    make: Callable[[Sequence[str], Sequence[str], Sequence[str], SelectorModel | None], Selector] = field(
        default=Selector, repr=False
    )
    _last: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False)
    _own: frozenset[str] = field(default_factory=frozenset, init=False, repr=False)
    _allowed: dict[frozenset[str], Allowed] = field(default_factory=dict, init=False, repr=False)
    _cache: dict[tuple[object, ...], list[Premise]] = field(default_factory=dict, init=False, repr=False)
    _files: dict[tuple[tuple[str, str], ...], tuple[Selector, Place, list[tuple[str, str]]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        for i, (name, _) in enumerate(self.entries):
            self._last.setdefault(last_component(name), []).append(i)
        self._own = frozenset(name for name, _ in self.entries)

    def __contains__(self, name: str) -> bool:
        return name in self._own

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def selector(self) -> Selector:
        """Made at the first search."""
        modules = self.modules or [""] * len(self.entries)
        return self.make([n for n, _ in self.entries], [s for _, s in self.entries], modules, self.model)

    def names(self, imported: frozenset[str] | None = None) -> Names | None:
        """See `LibraryNames`."""
        return None if self.known is None else self.known.of(imported)

    def search(
        self, goal_text: str, k: int, imported: frozenset[str] | None = None, own: Mapping[str, str] = NO_THEOREMS
    ) -> list[Premise]:
        """The `k` theorems that fit a goal best, best first.

        Args:
            goal_text: a target, or a goal with hypotheses in front of `⊢`.
            k: at most so many.
            imported: only theorems of these modules; None takes all.
            own: the file's theorems that stand before the goal, with their source, the nearest last; ranked with the library's.
        """
        file = tuple(own.items())[-MOST_OWN:]
        found = self._cache.get((goal_text, k, imported, file))
        if found is None:
            if len(self._cache) > CACHED:
                self._cache.clear()
            selector, place, more = self._of_file(file)
            usable = self._usable(imported)
            if usable is not None and more:
                usable = np.concatenate([usable, np.ones(len(more), np.bool_)])
            ranked = selector.rank(goal_text, k, usable, place) if self.entries or more else []
            entries = [(self.entries[i] if i < len(self.entries) else more[i - len(self.entries)], score) for i, score in ranked]
            found = self._cache[goal_text, k, imported, file] = [Premise(*entry, score) for entry, score in entries]
        return found

    def _of_file(self, file: tuple[tuple[str, str], ...]) -> tuple[Selector, Place, list[tuple[str, str]]]:
        """The selector for a file with these theorems, its place, and their signatures."""
        if not file:
            return self.selector, NOWHERE, []
        found = self._files.get(file)
        if found is None:
            if len(self._files) > FILES:
                self._files.clear()
            more = [(name, signature_of(name, source)) for name, source in file]
            made = self.selector.extended([n for n, _ in more], [s for _, s in more])
            found = self._files[file] = *made, more
        return found

    def namesakes(self, name: str, k: int, imported: frozenset[str] | None = None) -> list[Premise]:
        """At most `k` other theorems with the same last component: for `Array.map_append` also `List.map_append`.

        Args:
            name: of the theorem that is being proved; it is never among them.
            k: at most so many.
            imported: only theorems of these modules; None takes all.
        """
        found = [i for i in self._last.get(last_component(name), ()) if self.entries[i][0] != name]
        usable = [i for i in found if imported is None or self.modules[i] in imported]
        return [Premise(*self.entries[i], HEAD_BONUS) for i in usable][:k]

    def look_up(self, query: str, limit: int) -> list[tuple[Premise, str]]:
        """Theorems whose names hold the query, shortest first, and those that fit it as a goal, with their modules."""
        part = query.strip().lower()
        named = [Premise(n, s, 0.0) for n, s in self.entries if part and part in n.lower()]
        named.sort(key=lambda p: (len(p.name), p.name))
        fitting = self.search(query, limit)
        space = max(limit // 2, limit - len(fitting))
        found = list({p.name: p for p in [*named[:space], *fitting]}.values())[:limit]
        return [(p, self.modules[self.selector.numbers[p.name]] if self.modules else "") for p in found]

    def learn(self, goal_text: str, names: Sequence[str]) -> None:
        """Notes that theorems served at a goal; the next search knows it. Names that are not the library's are passed over."""
        numbers = [n for name in names if (n := self.selector.numbers.get(name)) is not None]
        if numbers:
            self.selector.learn(goal_text, numbers)
            self._cache.clear()
            self._files.clear()

    def _usable(self, imported: frozenset[str] | None) -> Allowed | None:
        if imported is None:
            return None
        found = self._allowed.get(imported)
        if found is None:
            if len(self._allowed) > 16:
                self._allowed.clear()
            found = self._allowed[imported] = np.array([m in imported for m in self.modules], np.bool_)
        return found
