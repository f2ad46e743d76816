"""Which premises a state needs: the selector and what it is made of, on LeanDojo Benchmark 4.

Each state whose tactic names accessible premises is one question; accessible is what the benchmark says: declarations of files
that the theorem's file imports, and those before it in its file. R@k is the part of the named premises among the best k, MRR
the mean of one over the rank of the best named one, 0 beyond RANKS: the benchmark's measures (Yang et al. 2023,
arXiv:2306.15626, section 4). MePo and Sine Qua Non, filters by symbols alone, stand beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.evaluation.datasets import sample
from prover.evaluation.leandojo import (
    CODE_CHARS,
    RANKS,
    Bm25,
    Corpus,
    Score,
    Step,
    read_corpus,
    read_steps,
    retrieval_figures,
    retrieval_score,
)
from prover.evaluation.statistics import mcnemar
from prover.policy.premises.features import Place, combined
from prover.policy.premises.model import SelectorModel
from prover.policy.premises.neighbours import state_features
from prover.policy.premises.postings import Floats, Postings
from prover.policy.premises.selector import Allowed, Selector
from prover.policy.premises.statements import goal_words, signature_of, statement_words

OTHER = "against: "
LEARNT = ("neighbours", "vectors", "selector", "selector, place unknown")
"""Methods that depend on the model."""
Ranking = Callable[[Step, Allowed, Place], Sequence[int]]
PASS = 0.6
CONVERGENCE = 2.4
ROUNDS = 6
WANTED = 100
COMMON = 0.12
"""MePo does not count a symbol that a larger part of the premises has (equality, say), as Lean's has a list of such names."""
TOLERANCE = 1.5
DEPTH = 3


@dataclass
class PremiseBenchmark:
    """The corpus as a selector's library, and the places in it."""

    corpus: Corpus
    sha256: str
    model: SelectorModel | None

    @classmethod
    def read(cls, source: Path, model: SelectorModel | None) -> PremiseBenchmark:
        """Raises DataError when the source is not the benchmark."""
        return cls(*read_corpus(source), model)

    @cached_property
    def selector(self) -> Selector:
        """Over all premises of the corpus."""
        paths = {place: path for path, place in self.corpus.files.items()}
        premises = self.corpus.premises
        signatures = [signature_of(p.name, p.code) for p in premises]
        return Selector([p.name for p in premises], signatures, [paths[p.file] for p in premises], self.model)

    @cached_property
    def _file_of(self) -> NDArray[np.int64]:
        return np.array([p.file for p in self.corpus.premises], np.int64)

    def wanted(self, step: Step, allowed: Allowed | None = None) -> list[int]:
        """The premises that a step's tactic names; with `allowed` only those."""
        found = {self.corpus.find(path, position) for _, path, position in step.premises}
        return sorted(n for n in found if n is not None and (allowed is None or allowed[n]))

    def allowed(self, step: Step) -> tuple[Allowed, Place]:
        """What the step's theorem can see, and its place."""
        corpus = self.corpus
        own = corpus.files.get(step.file, -1)
        before = corpus.closure[own] if own >= 0 else 0
        bits = np.frombuffer(before.to_bytes(len(corpus.files) // 8 + 1, "little"), np.uint8)
        allowed = np.unpackbits(bits, bitorder="little")[: len(corpus.files)].astype(np.bool_)[self._file_of]
        mine = [n for n in corpus.by_file.get(own, ()) if corpus.premises[n].end <= step.start]
        allowed[mine] = True
        module = self._modules.get(step.file)
        return allowed, Place(module, mine, step.theorem)

    @cached_property
    def _modules(self) -> dict[str, int]:
        return {path: n for n, path in enumerate(self.selector.fields.modules)}


def evaluate_premises(
    source: Path,
    split: str,
    part: str,
    limit: int | None,
    model: SelectorModel,
    say: Callable[[str], None],
    methods: Sequence[str] = (),
    against: SelectorModel | None = None,
) -> dict[str, Any]:
    """R@1, R@10 and MRR of each method on a fixed sample of states.

    Args:
        source: lean-dojo's source distribution, or its folder leandojo_benchmark_4.
        split: random or novel_premises.
        part: val or test.
        limit: at most so many states; None for all.
        model: trained on the split's train part (`python -m prover.training.selector`); the split is compared.
        say: told what is going on.
        methods: only these; all by default.
        against: another selector, which ranks for the same states; what it does better and worse is counted by R@10.

    Raises DataError when the source is not the benchmark.
    """
    say("reading the benchmark …")
    benchmark = PremiseBenchmark.read(source, model)
    steps = {s.key: s for s in read_steps(source, split, part)}
    naming = {}
    for key, step in steps.items():
        if step.premises:
            allowed, place = benchmark.allowed(step)
            if wanted := benchmark.wanted(step, allowed):
                naming[key] = (step, set(wanted))
    chosen = sample(set(naming), limit or len(naming))
    ranked = {n: r for n, r in rankings(benchmark).items() if not methods or n in methods}
    if against is not None:
        other = rankings(PremiseBenchmark(benchmark.corpus, benchmark.sha256, against))
        ranked |= {f"{OTHER}{n}": r for n, r in other.items() if n in ranked and n in LEARNT}
    scores: dict[str, list[Score]] = {name: [] for name in ranked}
    seconds = dict.fromkeys(ranked, 0.0)
    for number, key in enumerate(chosen, start=1):
        step, wanted_set = naming[key]
        allowed, place = benchmark.allowed(step)
        for name, ranking in ranked.items():
            started = time.perf_counter()
            found = ranking(step, allowed, place)
            seconds[name] += time.perf_counter() - started
            scores[name].append(retrieval_score(found, wanted_set))
        if number % 100 == 0:
            say(f"{number} of {len(chosen)} states")
    return {
        "benchmark": "LeanDojo Benchmark 4", "split": split, "part": part, "corpus_sha256": benchmark.sha256,
        "model": dict(model.about), "premises": len(benchmark.corpus.premises), "states": len(steps),
        "naming": len(naming), "sampled": len(chosen),
        "methods": {
            name: retrieval_figures(rows) | {"milliseconds": round(1000 * seconds[name] / max(1, len(rows)), 1)}
            for name, rows in scores.items()
        },
        "paired": {n: _paired(scores[n], scores[OTHER + n]) for n in ranked if OTHER + n in ranked},
    }  # fmt: skip


def rankings(benchmark: PremiseBenchmark) -> dict[str, Ranking]:
    """The methods by name; each ranks only premises that are allowed."""
    selector, premises = benchmark.selector, benchmark.corpus.premises
    postings = selector.fields.postings
    plain = Bm25(f"{p.name} {p.code[:CODE_CHARS]}" for p in premises)
    statements = (statement_words("", signature_of(p.name, p.code)) for p in premises)
    symbols = Postings((*s.conclusion, *s.assumptions) for s in statements)

    def best(scores: NDArray[np.float32], allowed: Allowed) -> list[int]:
        usable = np.where(allowed, scores, np.float32(-np.inf))
        found = np.argpartition(-usable, RANKS)[:RANKS] if len(usable) > RANKS else np.arange(len(usable))
        found = found[np.isfinite(usable[found])]
        return [int(i) for i in found[np.lexsort((found, -usable[found]))]]

    def near(step: Step, allowed: Allowed, place: Place) -> list[int]:
        goal = goal_words(step.state)
        evidence = selector.neighbours.ask(state_features(goal.target, goal.hypotheses))
        return sorted((p for p in evidence if allowed[p]), key=lambda p: (-evidence[p].share, p))[:RANKS]

    def vectors(step: Step, allowed: Allowed, place: Place) -> list[int]:
        assert selector.model is not None and selector.vectors is not None
        return best(selector.vectors @ selector.model.goal_vector(goal_words(step.state)), allowed)

    def query(step: Step) -> list[str]:
        goal = goal_words(step.state)
        return [*goal.target, *goal.hypotheses]

    def selected(step: Step, allowed: Allowed, place: Place) -> list[int]:
        return [p for p, _ in selector.rank(step.state, RANKS, allowed, place)]

    assert set(postings) == {"name", "conclusion", "assumptions"}
    return {
        "bm25": lambda step, allowed, place: plain.rank(step.state, lambda n: bool(allowed[n]), RANKS),
        "words by field": lambda step, allowed, place: best(combined(selector.fields.lexical(goal_words(step.state))), allowed),
        "mepo": lambda step, allowed, place: mepo(symbols, query(step), allowed).tolist(),
        "sine qua non": lambda step, allowed, place: sine(symbols, query(step), allowed).tolist(),
        "neighbours": near,
        "vectors": vectors,
        "selector": selected,
        "selector, place unknown": lambda step, allowed, place: selected(step, allowed, Place()),
    }


def _paired(one: Sequence[Score], other: Sequence[Score]) -> dict[str, Any]:
    """On how many states the other has the greater and the smaller R@10, and the sign test's p."""
    better = sum(b[1] > a[1] for a, b in zip(one, other, strict=True))
    worse = sum(b[1] < a[1] for a, b in zip(one, other, strict=True))
    return {"better": better, "worse": worse, "p": round(mcnemar(better, worse), 4)}


def mepo(symbols: Postings, query: Sequence[str], allowed: Allowed) -> NDArray[np.int64]:
    """Meng and Paulson 2009, "Lightweight relevance filtering for machine-generated resolution problems".

    In rounds: a premise whose symbols are relevant to a part above a threshold is taken and makes its symbols relevant; rare
    symbols weigh more. The order is that in which they are taken.

    Args:
        symbols: of all premises.
        query: the goal's symbols.
        allowed: premises that may be taken.
    """
    weights = (1 + 2 / np.log(np.diff(symbols.starts) + 2)).astype(np.float32)
    token = np.repeat(np.arange(len(symbols.idf)), np.diff(symbols.starts))
    counted = np.diff(symbols.starts) <= COMMON * symbols.size
    sizes = np.bincount(symbols.documents[counted[token]], minlength=symbols.size).astype(np.float32)
    relevant = np.zeros(len(symbols.idf), np.bool_)
    relevant[[n for w in query if (n := symbols.vocabulary.get(w)) is not None]] = True
    relevant &= counted
    open_ = allowed.copy()
    taken: list[NDArray[np.int64]] = []
    threshold = PASS
    for _ in range(ROUNDS):
        held = relevant[token]
        mass = np.bincount(symbols.documents[held], weights[token[held]], symbols.size)
        count = np.bincount(symbols.documents[held], minlength=symbols.size)
        score = np.where(open_, mass / np.maximum(mass + sizes - count, 1e-6), -1.0)
        found = np.flatnonzero(score >= threshold)
        found = found[np.lexsort((found, -mass[found], -score[found]))][:WANTED]
        if len(found):
            taken.append(found)
            open_[found] = False
            relevant[token[np.isin(symbols.documents, found)]] = True
            relevant &= counted
        if sum(map(len, taken)) >= WANTED:
            break
        threshold += (1 - threshold) / CONVERGENCE if len(found) else -threshold / CONVERGENCE
    return np.concatenate(taken)[:WANTED] if taken else np.zeros(0, np.int64)


def sine(symbols: Postings, query: Sequence[str], allowed: Allowed) -> NDArray[np.int64]:
    """Hoder and Voronkov 2011, "Sine Qua Non for large theory reasoning": rare symbols trigger the premises that have them.

    A symbol triggers a premise whose rarest symbol is at most TOLERANCE times as rare. The order is by depth, then by how much
    of the goal's symbols (by idf) a premise has.

    Args:
        symbols: of all premises.
        query: the goal's symbols.
        allowed: premises that may be triggered.
    """
    held = np.diff(symbols.starts)
    token = np.repeat(np.arange(len(held)), held)
    rarest = np.full(symbols.size, np.iinfo(np.int64).max)
    np.minimum.at(rarest, symbols.documents, held[token])
    triggers = held[token] <= TOLERANCE * rarest[symbols.documents]
    overlap: Floats = symbols.bm25(dict.fromkeys(query, 1.0))
    known = np.zeros(len(held), np.bool_)
    known[[n for w in query if (n := symbols.vocabulary.get(w)) is not None]] = True
    open_ = allowed.copy()
    taken: list[NDArray[np.int64]] = []
    for _ in range(DEPTH):
        found = np.unique(symbols.documents[triggers & known[token]]).astype(np.int64)
        found = found[open_[found]]
        taken.append(found[np.lexsort((found, -overlap[found]))])
        open_[found] = False
        if sum(map(len, taken)) >= WANTED:
            break
        known[token[np.isin(symbols.documents, found)]] = True
    return np.concatenate(taken)[:WANTED]
