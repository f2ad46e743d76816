"""The selector: candidates from words, vectors and neighbours, ordered by a small network.

For a goal, the premises that it may use are narrowed to some 300: the best by words (BM25 over name, conclusion and
assumptions), the best by vectors, those that served at the nearest proved states, and the last ones of the theorem's own
file. A network over features of the pair orders them. Without a model the words decide alone. A premise that is not allowed
is never a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.policy.premises.features import Fields, Place, Question, combined, features
from prover.policy.premises.model import SelectorModel
from prover.policy.premises.neighbours import Evidence, Neighbours, state_features
from prover.policy.premises.postings import Floats
from prover.policy.premises.statements import conclusion_of, goal_words, head_of, statement_words
from prover.policy.terms import tidy

BY_WORDS = 100
BY_VECTORS = 100
BY_NEIGHBOURS = 100
FROM_FILE = 60
HEAD_BONUS = 4.0
NOWHERE = Place()
FILE = "file"
"""The module of a file's own theorems."""
Allowed = NDArray[np.bool_]


class Selector:
    """Ranks a fixed list of premises for goals, and learns from proofs at once.

    Args:
        names: of the premises.
        signatures: name, binders and conclusion of each, as Lean prints them.
        modules: where each comes from.
        model: what was learnt before; None ranks by words alone.
        tables: what `tables` gave for the same premises and model: the signatures are not read again.
    """

    def __init__(
        self, names: Sequence[str], signatures: Sequence[str], modules: Sequence[str], model: SelectorModel | None,
        tables: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.names = names
        self.model = model
        self.neighbours = Neighbours()
        self.uses = np.zeros(len(names), np.float32)
        self.vectors: Floats | None = None
        if tables is None:
            statements = [statement_words(n, s) for n, s in zip(names, signatures, strict=True)]
            self.fields = Fields(statements, [head_of(conclusion_of(s)) for s in signatures], modules)
            if model is not None and len(names):
                self.vectors = model.premise_matrix(statements)
        else:
            self.fields = Fields.of_arrays(tables, modules)
            self.vectors = tables.get("vectors")
        if model is not None and len(names):
            taught = self.neighbours.recall(model.memory, self.numbers)
            np.add.at(self.uses, taught, 1)

    def extended(self, names: Sequence[str], signatures: Sequence[str]) -> tuple[Selector, Place]:
        """A selector that ranks premises of a file, in their order, beside these, and their place; it shares what is learnt."""
        found = copy(self)
        found.__dict__.pop("numbers", None)
        statements = [statement_words(n, s) for n, s in zip(names, signatures, strict=True)]
        found.names = [*self.names, *names]
        found.fields = self.fields.extended(statements, [head_of(conclusion_of(s)) for s in signatures], FILE)
        found.uses = np.concatenate([self.uses, np.zeros(len(names), np.float32)])
        if self.model is not None and self.vectors is not None:
            found.vectors = np.concatenate([self.vectors, self.model.premise_matrix(statements)])
        module = found.fields.modules.index(FILE)
        return found, Place(module, range(len(self.names), len(found.names)))

    def tables(self) -> dict[str, NDArray[Any]]:
        """What was read from the signatures, for a file."""
        return self.fields.arrays() | ({} if self.vectors is None else {"vectors": self.vectors})

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The premises' numbers by name."""
        return {name: i for i, name in enumerate(self.names)}

    def learn(self, state: str, premises: Sequence[int], group: int = -1) -> None:
        """Notes that premises served at a state; counts from the next question on."""
        goal = goal_words(state)
        self.neighbours.learn(state_features(goal.target, goal.hypotheses), premises, group)
        for premise in premises:
            self.uses[premise] += 1

    def rank(self, state: str, k: int, allowed: Allowed | None = None, place: Place = NOWHERE) -> list[tuple[int, float]]:
        """The best `k` premises, best first, with scores.

        Args:
            state: a goal as Lean prints it, or a target alone.
            k: at most so many.
            allowed: which premises the theorem's place can see; None: all.
            place: where the theorem stands.
        """
        candidates, rows, lexical = self.rows(state, allowed, place)
        if not len(candidates):
            return []
        scores = lexical if self.model is None else self.model.scores(rows)
        order = np.lexsort((candidates, -scores))[:k]
        return [(int(candidates[i]), float(scores[i])) for i in order]

    def rows(
        self, state: str, allowed: Allowed | None = None, place: Place = NOWHERE
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], Floats]:
        """Candidates, their features (empty without a model), and their scores by words alone."""
        if "⊢" not in state:
            state = f"⊢ {state}"
        goal = goal_words(state)
        lexical = self.fields.lexical(goal)
        head = head_of(tidy(state.partition("⊢")[2].split("\n\n", 1)[0]).strip())
        words = self._with_heads(combined(lexical), head)
        if self.model is None or self.vectors is None:
            candidates = _best(words, allowed, BY_WORDS, 0.0)
            return candidates, np.zeros((len(candidates), 0), np.float32), words[candidates]
        cosine = self.vectors @ self.model.goal_vector(goal)
        evidence = self.neighbours.ask(state_features(goal.target, goal.hypotheses))
        candidates = np.unique(np.concatenate([
            _best(combined(lexical), allowed, BY_WORDS, 0.0), _best(cosine, allowed, BY_VECTORS, -1.0),
            _served(evidence, allowed), np.asarray(place.own[-FROM_FILE:], np.int64),
        ]))  # fmt: skip
        question = Question(goal, head, lexical, cosine, evidence, place)
        return candidates, features(self.fields, question, candidates, self.uses), words[candidates]

    def _with_heads(self, words: Floats, head: tuple[str, str]) -> Floats:
        same = (self.fields.relation == self.fields.relations.get(head[0], -1)) & (
            self.fields.top == self.fields.tops.get(head[1], -1)
        )
        return np.asarray(words + np.float32(HEAD_BONUS) * same, np.float32)


def _best(scores: Floats, allowed: Allowed | None, size: int, above: float) -> NDArray[np.int64]:
    usable = scores if allowed is None else np.where(allowed, scores, np.float32(-2))
    found = np.argpartition(-usable, size)[:size] if len(usable) > size else np.arange(len(usable))
    return found[usable[found] > above].astype(np.int64)


def _served(evidence: dict[int, Evidence], allowed: Allowed | None) -> NDArray[np.int64]:
    usable = [(-e.share, p) for p, e in evidence.items() if allowed is None or allowed[p]]
    return np.array([p for _, p in sorted(usable)[:BY_NEIGHBOURS]], np.int64)
