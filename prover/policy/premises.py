"""Premises: theorems by name and statement, and the search for those that fit a goal.

Ranking is BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework") over the symbols of the
statement: functions by the last component of their names (`xs.length` and `List.length xs` are one),
operators, types. What a theorem concludes counts more than what it assumes, and a conclusion with the goal's
own relation and head more still.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from prover.policy.names import Names, NamesByModule
from prover.policy.terms import shape, sides, stripped, tidy

K1 = 1.2
B = 0.75
CONCLUSION_WEIGHT = 2
COMMON = 0.12
"""A symbol in more than this part of all statements says nothing."""
HEAD_BONUS = 4.0
TOKEN = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*|\d+|[^\w\s()\[\]{}⟨⟩,:.]+")
SIGNATURE = re.compile(r"^(?P<name>\S+?)(?:\.\{[^}]*\})?(?=\s)(?P<rest>.*)$", re.DOTALL)
GROUP = re.compile(r"[({\[⦃]([^:()\[\]{}]+?) :")
VARIABLE = re.compile(r"^[a-zα-ωA-Z]{1,2}[₀-₉\d']*$")
SILENT = frozenset({"→", "∀", "Type", "Prop", "Sort", "fun", "=>", "u", "v", "u_1", "u_2", "h", "¬", "↑"})


@dataclass(frozen=True)
class Premise:
    """A theorem that was found; a higher score fits better."""

    name: str
    statement: str
    score: float

    @property
    def rewrites(self) -> bool:
        """Whether it concludes an equation or an equivalence."""
        return shape(conclusion_of(self.statement)) in ("=", "↔")


    @property
    def equivalence(self) -> bool:
        """Whether it concludes an equivalence."""
        return shape(conclusion_of(self.statement)) == "↔"


@dataclass
class PremiseIndex:
    """An index of theorems.

    Args:
        entries: name and pretty-printed signature of each (`List.length_append … : … = …`).
        modules: where each comes from, in the same order; empty when nobody asks.
        known: all names of the library, for those who write tactics; None when nobody asks.
    """

    entries: Sequence[tuple[str, str]]
    modules: Sequence[str] = ()
    known: NamesByModule | None = None
    _postings: dict[str, list[tuple[int, float]]] = field(default_factory=dict, init=False, repr=False)
    _heads: dict[tuple[str, str], list[int]] = field(default_factory=dict, init=False, repr=False)
    _last: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False)
    _cache: dict[tuple[str, int, frozenset[str] | None], list[Premise]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        counts = [statement_tokens(statement) for _, statement in self.entries]
        total = len(counts)
        mean = sum(sum(c.values()) for c in counts) / total if total else 1.0
        frequency = Counter(token for c in counts for token in c)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for i, c in enumerate(counts):
            length = sum(c.values())
            for token, n in c.items():
                documents = frequency[token]
                if documents > COMMON * total and total > 20:
                    continue
                rarity = math.log(1 + (total - documents + 0.5) / (documents + 0.5))
                postings[token].append((i, rarity * n * (K1 + 1) / (n + K1 * (1 - B + B * length / mean))))
        self._postings = dict(postings)
        heads: dict[tuple[str, str], list[int]] = defaultdict(list)
        for i, (_, statement) in enumerate(self.entries):
            heads[head_of(conclusion_of(statement))].append(i)
        self._heads = {k: v for k, v in heads.items() if len(v) <= COMMON * max(total, 20)}
        for i, (name, _) in enumerate(self.entries):
            self._last.setdefault(last_component(name), []).append(i)

    def __len__(self) -> int:
        return len(self.entries)

    def names(self, imported: frozenset[str] | None = None) -> Names | None:
        """See `LibraryNames`."""
        return None if self.known is None else self.known.of(imported)

    def search(self, goal_text: str, k: int, imported: frozenset[str] | None = None) -> list[Premise]:
        """The `k` theorems that fit a goal best, best first.

        Args:
            goal_text: a target, or a goal with hypotheses in front of `⊢`.
            k: at most so many.
            imported: only theorems of these modules; None takes all.
        """
        found = self._cache.get((goal_text, k, imported))
        if found is None:
            if len(self._cache) > 2000:
                self._cache.clear()
            found = self._cache[goal_text, k, imported] = self._search(goal_text, k, imported)
        return found

    def namesakes(self, name: str, k: int, imported: frozenset[str] | None = None) -> list[Premise]:
        """At most `k` other theorems with the same last component: for `Array.map_append` also `List.map_append`.

        Args:
            name: of the theorem that is being proved; it is never among them.
            k: at most so many.
            imported: only theorems of these modules; None takes all.
        """
        found = [i for i in self._last.get(last_component(name), ()) if self.entries[i][0] != name]
        return [
            Premise(*self.entries[i], HEAD_BONUS) for i in found if imported is None or self.modules[i] in imported
        ][:k]

    def _search(self, goal_text: str, k: int, imported: frozenset[str] | None) -> list[Premise]:
        before, _, target = tidy(goal_text).rpartition("⊢")
        scores: dict[int, float] = defaultdict(float)
        query = Counter(tokens(target))
        for token in set(tokens(before)) - set(query):
            query[token] = 0
        for token, n in query.items():
            weight = 0.4 if n == 0 else 1.0 + 0.3 * math.log(n)
            for i, score in self._postings.get(token, ()):
                scores[i] += weight * score
        for i in self._heads.get(head_of(target.strip()), ()):
            scores[i] += HEAD_BONUS
        usable = scores.items() if imported is None else ((i, s) for i, s in scores.items() if self.modules[i] in imported)
        best = heapq.nsmallest(k, usable, key=lambda pair: (-pair[1], pair[0]))
        return [Premise(*self.entries[i], score) for i, score in best]


def last_component(name: str) -> str:
    """Behind the last dot, without primes."""
    return name.rsplit(".", 1)[-1].rstrip("'")


def merged(lists: Iterable[Sequence[Premise]], k: int) -> list[Premise]:
    """Several results as one, best first, each name once."""
    best: dict[str, Premise] = {}
    for premise in (p for found in lists for p in found):
        if premise.name not in best or premise.score > best[premise.name].score:
            best[premise.name] = premise
    return sorted(best.values(), key=lambda p: -p.score)[:k]


@lru_cache(maxsize=50_000)
def parts_of(signature: str) -> tuple[str, str, str]:
    """Name, binders and conclusion of a signature."""
    found = SIGNATURE.match(signature)
    if found is None:
        return "", "", tidy(signature)
    rest = " ".join(found["rest"].split())
    depth = 0
    for i, c in enumerate(rest):
        depth += (c in "([{⦃⟨") - (c in ")]}⦄⟩")
        if c == ":" and depth == 0:
            return found["name"], rest[:i].strip(), rest[i + 1 :].strip()
    return found["name"], "", rest


def conclusion_of(signature: str) -> str:
    """What a theorem concludes, without the assumptions that stand as arrows."""
    text = parts_of(signature)[2]
    depth = 0
    last = 0
    for i, c in enumerate(text):
        depth += (c in "([{⦃⟨") - (c in ")]}⦄⟩")
        if (depth == 0 and c == "→") or (depth == 0 and c == "," and text[last:].lstrip().startswith("∀")):
            last = i + 1
        elif depth == 0 and c in "↔∃":
            break
    return stripped(text[last:].strip())


def head_of(proposition: str) -> tuple[str, str]:
    """The relation at the top and the outermost function of its left side."""
    found = sides(proposition)
    top = shape(proposition)
    left = found[0] if found else proposition
    return top, _outermost(left)


def _outermost(term: str) -> str:
    term = stripped(term)
    for operator in ("::", "++", "+", "-", "*", "/", "%", "^"):
        if f" {operator} " in re.sub(r"\([^()]*\)", "", term):
            return operator
    method = re.search(r"\.([a-z][\w'?!]*)[^.()]*$", term)
    if method:
        return method[1]
    word = re.match(r"[\w.']+", term)
    return word[0].rsplit(".", 1)[-1] if word and len(word[0]) > 1 else ""


def tokens(text: str) -> list[str]:
    """The symbols of a printed term; what is named like a variable (one or two letters) is left out."""
    found = []
    for token in TOKEN.findall(text):
        last = token.rsplit(".", 1)[-1]
        if token in SILENT or last in SILENT or VARIABLE.match(last):
            continue
        found.append(last)
    return found


def statement_tokens(signature: str) -> Counter[str]:
    """The symbols of a signature, those of the conclusion with more weight; bound names are left out."""
    name, binders, conclusion = parts_of(signature)
    bound = {n for group in GROUP.findall(binders) for n in group.split()}
    counts = Counter(t for t in tokens(GROUP.sub("(", binders)) if t not in bound)
    for t in tokens(conclusion):
        if t not in bound:
            counts[t] += CONCLUSION_WEIGHT
    for part in name.rsplit(".", 1)[-1].split("_"):
        if len(part) > 3:
            counts[part] += 1
    return counts
