"""LeanDojo Benchmark 4, offline: which premises a state needs, and which tactic a person wrote next.

The benchmark (Yang et al. 2023, arXiv:2306.15626) lies in the source distribution of lean-dojo 4.20.0. No
Lean is run: proofs by search need the Mathlib that it was traced from.

Premise retrieval: for a state whose next tactic names premises, all accessible ones are ranked: those of
files that the theorem's file imports, directly or not, and those before the theorem in its file. R@k is the
part of the named
premises among the best k, MRR the mean of one over the rank of the best named one (0 beyond RANKS). Tactic
prediction: whether the policy offers the very text, spaces aside.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lean_dojo
import numpy as np

from prover.errors import DataError
from prover.evaluation.datasets import sample
from prover.evaluation.statistics import bootstrap, wilson
from prover.lean.context import FileContext
from prover.policy.premises.postings import Postings
from prover.prove.environment import SearchState, view_of
from prover.prove.evaluator import ViewPolicy

SPLITS = ("random", "novel_premises")
PARTS = ("val", "test")
ROOT = "leandojo_benchmark_4"
HOW = "get it with: pip download --no-deps --no-binary :all: lean-dojo==4.20.0"
RANKS = 100
QUERY_WORDS = 16
"""The rarest words of a state that are looked up; the others say little and cost most."""
CODE_CHARS = 500
Score = tuple[float, float, float]
WORD = re.compile(r"[^\W\d_][\w'!?]*(?:\.[^\W\d_][\w'!?]*)*|[^\w\s]")


@dataclass(frozen=True)
class Premise:
    """A declaration of the corpus; `file` is a place in the list of files, `start` and `end` (line,
    column)."""

    name: str
    file: int
    start: tuple[int, int]
    end: tuple[int, int]
    code: str


@dataclass(frozen=True)
class Step:
    """A state and the tactic that a person wrote, with the premises that it names."""

    theorem: str
    file: str
    start: tuple[int, int]
    state: str
    tactic: str
    premises: tuple[tuple[str, str, tuple[int, int]], ...]

    @property
    def key(self) -> str:
        """What the sample goes by."""
        return f"{self.file} {self.theorem} {self.tactic} {self.state}"


@dataclass
class Corpus:
    """Files, what each can use, and their declarations."""

    files: dict[str, int] = field(default_factory=dict)
    closure: list[int] = field(default_factory=list)  # of each file, a bit for every file that it can use
    premises: list[Premise] = field(default_factory=list)

    def find(self, path: str, position: tuple[int, int]) -> int | None:
        """The declaration at a place of a file."""
        for number in self.by_file.get(self.files.get(path, -1), ()):
            premise = self.premises[number]
            if premise.start <= position <= premise.end:
                return number
        return None

    @property
    def by_file(self) -> dict[int, list[int]]:
        """Declarations of each file."""
        if not hasattr(self, "_by_file"):
            self._by_file: dict[int, list[int]] = defaultdict(list)
            for number, premise in enumerate(self.premises):
                self._by_file[premise.file].append(number)
        return self._by_file

    def accessible(self, step: Step) -> Callable[[int], bool]:
        """Whether a declaration can be used by the step's theorem."""
        own = self.files.get(step.file, -1)
        before = self.closure[own] if own >= 0 else 0

        def usable(number: int) -> bool:
            premise = self.premises[number]
            return bool(before >> premise.file & 1) or (premise.file == own and premise.end <= step.start)

        return usable


class Bm25:
    """BM25 over the words of names and statements."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.postings = Postings(words(text) for text in texts)

    def rank(self, query: str, usable: Callable[[int], bool], size: int) -> list[int]:
        """The best `size` documents that are usable, ties in the order of the documents."""
        known = {w: len(of[0]) for w in words(query) if (of := self.postings.of(w)) is not None}
        rarest = sorted(known, key=lambda w: (known[w], w))[:QUERY_WORDS]
        scores = self.postings.bm25(dict.fromkeys(rarest, 1.0))
        found = np.flatnonzero(scores)
        ordered = found[np.lexsort((found, -scores[found]))].tolist()
        return list(itertools.islice(filter(usable, ordered), size))


def words(text: str) -> list[str]:
    """Identifiers, and what they are made of, and symbols."""
    found = []
    for word in WORD.findall(text):
        found.append(word)
        parts = re.split(r"[._]", word)
        if len(parts) > 1:
            found += [p for p in parts if len(p) > 1]
    return found


def evaluate_offline(
    source: Path, split: str, part: str, limit: int | None, policy: ViewPolicy, say: Callable[[str], None]
) -> dict[str, Any]:
    """Premise retrieval by BM25 and tactic prediction by the policy, on a fixed sample of states.

    Args:
        source: lean-dojo's source distribution, or the folder leandojo_benchmark_4 of it.
        split: random or novel_premises.
        part: val or test.
        limit: at most so many states; None for all.
        policy: asked for tactics.
        say: told what is going on.

    Raises DataError when the source is not the benchmark.
    """
    say("reading the corpus …")
    corpus, digest = read_corpus(source)
    steps = read_steps(source, split, part)
    chosen = set(sample({s.key for s in steps}, limit or len(steps)))
    taken = list({s.key: s for s in steps if s.key in chosen}.values())
    say(f"{len(taken)} of {len(steps)} states; indexing {len(corpus.premises)} premises …")
    index = Bm25(f"{p.name} {p.code[:CODE_CHARS]}" for p in corpus.premises)
    scores = [r for s in taken if (r := _retrieval(corpus, index, s)) is not None]
    say(f"{len(scores)} of them name premises; asking the policy …")
    hits = [_prediction(policy, s) for s in taken]
    return {
        "benchmark": "LeanDojo Benchmark 4",
        "split": split,
        "part": part,
        "source": str(source),
        "corpus_sha256": digest,
        "states": len(steps),
        "sampled": len(taken),
        "premises": len(corpus.premises),
        "retriever": "BM25",
        "retrieval_states": len(scores),
        "retrieval": retrieval_figures(scores) if scores else {},
        "tactic_prediction": {
            f"top-{k}": {
                "hits": (n := sum(rank is not None and rank <= k for rank in hits)),
                "rate": round(n / len(hits), 4) if hits else 0.0,
                "wilson": [round(x, 4) for x in wilson(n, len(hits))],
            }
            for k in (1, 10)
        },
    }


def retrieval_score(ranked: Sequence[int], wanted: Set[int]) -> Score:
    """R@1, R@10 and reciprocal rank of a ranking."""
    first = next((place for place, n in enumerate(ranked[:RANKS], start=1) if n in wanted), None)
    return len(wanted & set(ranked[:1])) / len(wanted), len(wanted & set(ranked[:10])) / len(wanted), 1 / first if first else 0.0


def retrieval_figures(scores: Sequence[Score]) -> dict[str, Any]:
    """Means over states, with their intervals."""
    return {
        name: {"mean": round(sum(c) / len(c), 4), "interval": [round(x, 4) for x in bootstrap(c)]}
        for name, c in zip(("R@1", "R@10", "MRR"), zip(*scores, strict=True), strict=True)
    }


def _retrieval(corpus: Corpus, index: Bm25, step: Step) -> Score | None:
    """The score of a state; None when its tactic names no accessible premise."""
    usable = corpus.accessible(step)
    found = {corpus.find(path, position) for _, path, position in step.premises}
    wanted = {n for n in found if n is not None and usable(n)}
    if not wanted:
        return None
    return retrieval_score(index.rank(step.state, usable, RANKS), wanted)


def _prediction(policy: ViewPolicy, step: Step) -> int | None:
    """The place of the person's tactic among the policy's, from 1."""
    state = lean_dojo.TacticState(step.state, 0, None)
    try:
        view = view_of(SearchState(state), FileContext())
    except AssertionError:
        return None  # LeanDojo cannot tell the goals apart
    offered = [" ".join(p.tactic.split()) for p in policy.propose(view)]
    wanted = " ".join(step.tactic.split())
    return offered.index(wanted) + 1 if wanted in offered else None


def read_corpus(source: Path) -> tuple[Corpus, str]:
    """The corpus and the SHA-256 of its file."""
    raw = _read(source, "corpus.jsonl")
    corpus = Corpus()
    imports: list[list[str]] = []
    try:
        for line in raw.decode("utf-8").splitlines():
            record = json.loads(line)
            place = corpus.files.setdefault(record["path"], len(corpus.files))
            imports.append(record["imports"])
            corpus.premises += [
                Premise(p["full_name"], place, _position(p["start"]), _position(p["end"]), p["code"])
                for p in record["premises"]
                if p["full_name"]
            ]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{source}: corpus.jsonl is not LeanDojo's ({error!r})") from error
    # Files stand behind what they import.
    for place, names in enumerate(imports):
        mask = 0
        for name in names:
            other = corpus.files.get(name)
            if other is not None and other < place:
                mask |= 1 << other | corpus.closure[other]
        corpus.closure.append(mask)
    return corpus, hashlib.sha256(raw).hexdigest()


def read_steps(source: Path, split: str, part: str) -> list[Step]:
    """The steps of a part (train, val, test) of a split."""
    try:
        return [
            Step(
                theorem["full_name"],
                theorem["file_path"],
                _position(theorem["start"]),
                step["state_before"],
                step["tactic"],
                tuple((p["full_name"], p["def_path"], _position(p["def_pos"])) for p in step["annotated_tactic"][1]),
            )
            for theorem in json.loads(_read(source, f"{split}/{part}.json"))
            for step in theorem["traced_tactics"]
        ]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{source}: {split}/{part}.json is not LeanDojo's ({error!r})") from error


def _read(source: Path, name: str) -> bytes:
    """A file of the benchmark's folder, of the folder that holds it, or of the source distribution."""
    try:
        if source.is_dir():
            folder = source / ROOT if (source / ROOT).is_dir() else source
            return (folder / name).read_bytes()
        with tarfile.open(source) as archive:
            member = next((m for m in archive if m.isfile() and m.name.endswith(f"/{ROOT}/{name}")), None)
            content = archive.extractfile(member) if member is not None else None
            if content is None:
                raise DataError(f"{source} does not hold {ROOT}/{name}; {HOW}")
            return content.read()
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"cannot read {name} of {source}: {error}; {HOW}") from error


def _position(pair: Sequence[int]) -> tuple[int, int]:
    return pair[0], pair[1]
