"""What the ranker looks at: numbers for each pair of a goal and a candidate.

Every number is relative (to the best candidate, or to what there is to cover), so that a model that was trained on a large
library can be asked about a small one. What is not known of a question (its module, say) is `UNKNOWN`, in training too for a
part of the questions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.policy.premises.neighbours import Evidence
from prover.policy.premises.postings import Floats, Postings, weighted
from prover.policy.premises.statements import GoalWords, StatementWords, pieces

UNKNOWN = -1.0
FIELDS = ("name", "conclusion", "assumptions")
ARRAYS = ("relation", "top", "fixed")
SHAPES = ("=", "↔", "≤", "<", "∈", "∃")
LEXICAL = (("name", "target", 0.8), ("conclusion", "target", 1.0), ("assumptions", "target", 0.3),
           ("name", "hypotheses", 0.1), ("conclusion", "hypotheses", 0.1), ("assumptions", "hypotheses", 0.17))  # fmt: skip
"""Fields of a premise, parts of a goal, and what a match of them counts among the words alone."""
NAMES = (
    *(f"bm25 {a} {b}" for a, b, _ in LEXICAL), "bm25", "name covered", "conclusion covered", "conclusion covered by all",
    "assumptions covered", "relation", "head", "neighbours' share", "nearest neighbour", "uses", "cosine", "cosine to the best",
    "same file", "distance in file", "module", "theorem's name", "theorem's namespace", "words of the name",
    "words of the conclusion", "words of the assumptions", *(f"concludes {s}" for s in SHAPES), "shape of the goal",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where the theorem stands that a question is about.

    `module` is a number of a module, `own` the premises of its file that stand before it, the nearest last, `theorem` its name.
    """

    module: int | None = None
    own: Sequence[int] = ()
    theorem: str = ""


class Fields:
    """The words of all premises by field, and what does not depend on the goal."""

    def __init__(self, statements: Sequence[StatementWords], heads: Sequence[tuple[str, str]], modules: Sequence[str]) -> None:
        self.postings = {field: Postings(getattr(s, field) for s in statements) for field in FIELDS}
        self.relations: dict[str, int] = {}
        self.tops: dict[str, int] = {}
        self.relation = np.zeros(0, np.int32)
        self.top = np.zeros(0, np.int32)
        self.modules: list[str] = []
        self.module_of = np.zeros(0, np.int32)
        self._settle(heads, modules)

    def _settle(self, heads: Sequence[tuple[str, str]], modules: Sequence[str]) -> None:
        """What depends on postings and heads; the heads and modules are those of the last premises."""
        shapes = {s: i for i, s in enumerate(SHAPES)}
        relations = [self.relations.setdefault(r, len(self.relations)) for r, _ in heads]
        tops = [self.tops.setdefault(t, len(self.tops)) for _, t in heads]
        self.relation = np.concatenate([self.relation, np.array(relations, np.int32)])
        self.top = np.concatenate([self.top, np.array(tops, np.int32)])
        self.fixed = np.zeros((len(self.relation), len(FIELDS) + len(SHAPES)), np.float32)
        for column, field in enumerate(FIELDS):
            self.fixed[:, column] = np.log1p(self.postings[field].lengths)
        for relation, number in self.relations.items():
            if relation in shapes:
                self.fixed[self.relation == number, len(FIELDS) + shapes[relation]] = 1
        self._place(modules)

    def _place(self, modules: Sequence[str]) -> None:
        numbers = {m: i for i, m in enumerate(dict.fromkeys([*self.modules, *modules]))}
        self.modules = list(numbers)
        self.module_of = np.concatenate([self.module_of, np.array([numbers[m] for m in modules], np.int32)])
        self._paths = [m.replace("/", ".").removesuffix(".lean").split(".") for m in self.modules]
        self._nearness: dict[int, Floats] = {}

    def extended(self, statements: Sequence[StatementWords], heads: Sequence[tuple[str, str]], module: str) -> Fields:
        """These premises and those of one more module behind them."""
        found = copy(self)
        found.postings = {f: p.extended(getattr(s, f) for s in statements) for f, p in self.postings.items()}
        found.relations, found.tops = dict(self.relations), dict(self.tops)
        found._settle(heads, [module] * len(heads))
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All but the modules, for a file."""
        heads = json.dumps([list(self.relations), list(self.tops)], ensure_ascii=False).encode("utf-8")
        postings = {f"{name} {key}": part for name, p in self.postings.items() for key, part in p.arrays().items()}
        return {"heads": np.frombuffer(heads, np.uint8), **postings, **{name: getattr(self, name) for name in ARRAYS}}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], modules: Sequence[str]) -> Fields:
        """What `arrays` gave."""
        found = cls((), (), ())
        found._place(modules)
        found.postings = {
            name: Postings.of_arrays({key.removeprefix(f"{name} "): a for key, a in arrays.items() if key.startswith(f"{name} ")})
            for name in found.postings
        }
        relations, tops = json.loads(bytes(arrays["heads"]))
        found.relations, found.tops = ({word: i for i, word in enumerate(words)} for words in (relations, tops))
        for name in ARRAYS:
            setattr(found, name, arrays[name])
        return found

    def lexical(self, goal: GoalWords) -> list[Floats]:
        """BM25 of all premises, for each pair of LEXICAL."""
        hypotheses = dict.fromkeys(set(goal.hypotheses) - set(goal.target), 1.0)
        queries = {"target": weighted(goal.target), "hypotheses": hypotheses}
        return [self.postings[field].bm25(queries[part]) for field, part, _ in LEXICAL]

    def nearness(self, module: int) -> Floats:
        """Of each module, which part of the path it has in common with this one."""
        found = self._nearness.get(module)
        if found is None:
            if len(self._nearness) > 64:
                self._nearness.clear()
            own = self._paths[module]
            found = np.array([_common(own, path) / max(len(own), len(path)) for path in self._paths], np.float32)
            self._nearness[module] = found
        return found


@dataclass(frozen=True)
class Question:
    """A goal's words and head, the scores of its words and vectors, what neighbours say, and where it stands."""

    goal: GoalWords
    head: tuple[str, str]
    lexical: Sequence[Floats]
    cosine: Floats | None
    evidence: Mapping[int, Evidence]
    place: Place


def features(fields: Fields, question: Question, candidates: NDArray[np.int64], uses: Floats) -> NDArray[np.float32]:
    """One row for each candidate, columns as NAMES says.

    Args:
        fields: the library.
        question: what is asked.
        candidates: numbers of premises.
        uses: how often each premise served in what was learnt.
    """
    columns: list[Floats] = [_relative(part[candidates]) for part in question.lexical]
    columns.append(_relative(combined(question.lexical)[candidates]))
    goal, everything = set(question.goal.target), {*question.goal.target, *question.goal.hypotheses}
    for field, query in (("name", goal), ("conclusion", goal), ("conclusion", everything), ("assumptions", everything)):
        columns.append(fields.postings[field].covered(query)[candidates])
    relation, top = fields.relations.get(question.head[0], -1), fields.tops.get(question.head[1], -1)
    columns += [_float(fields.relation[candidates] == relation), _float(fields.top[candidates] == top)]
    found = [question.evidence.get(int(c)) for c in candidates]
    columns += [_float([e.share if e else 0.0 for e in found]), _float([e.nearest if e else 0.0 for e in found])]
    columns.append(np.log1p(uses[candidates]))
    if question.cosine is None:
        columns += [np.full(len(candidates), UNKNOWN, np.float32)] * 2
    else:
        near = question.cosine[candidates]
        columns += [near, near - near.max(initial=-1.0)]
    columns += _placed(fields, question.place, candidates)
    shape = SHAPES.index(question.head[0]) if question.head[0] in SHAPES else len(SHAPES)
    columns += [*fields.fixed[candidates].T, np.full(len(candidates), shape, np.float32)]
    return np.stack(columns, axis=1).astype(np.float32)


def combined(lexical: Sequence[Floats]) -> Floats:
    """The words alone: one score from those of LEXICAL."""
    whole = np.zeros_like(lexical[0])
    for part, (_, _, weight) in zip(lexical, LEXICAL, strict=True):
        whole += part * np.float32(weight)
    return whole


def _placed(fields: Fields, place: Place, candidates: NDArray[np.int64]) -> list[Floats]:
    size = len(candidates)
    if place.module is None:
        columns = [np.full(size, UNKNOWN, np.float32)] * 3
    else:
        distance = {p: i for i, p in enumerate(reversed(place.own))}
        at = [distance.get(int(c)) for c in candidates]
        columns = [
            _float([d is not None for d in at]),
            _float([UNKNOWN if d is None else math.log1p(d) for d in at]),
            fields.nearness(place.module)[fields.module_of[candidates]],
        ]
    if not place.theorem:
        return [*columns, *[np.full(size, UNKNOWN, np.float32)] * 2]
    space, _, last = place.theorem.rpartition(".")
    covered = fields.postings["name"].covered
    return [*columns, covered(set(pieces(last)))[candidates], covered(set(pieces(space)))[candidates]]


def _relative(column: Floats) -> Floats:
    return (column / max(float(column.max(initial=0.0)), 1e-6)).astype(np.float32)


def _float(values: object) -> Floats:
    return np.asarray(values, np.float32)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count
