"""How much of a benchmark stands in a training corpus.

Three grades, the strongest that applies: *exact*, the same text but for white space, comments and the proof;
*normalised*, the same when the theorem's name and the names of bound variables are taken away; *fuzzy*, a
Jaccard similarity of token n-grams (of the normalised text, brackets aside) at or above a threshold. Training
records that are tactic states are compared too, as the statement that they are.

Text only: a statement said in other words is not found, and what a model saw elsewhere is not known.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prover.errors import DataError
from prover.evaluation.finished import read_results, read_summary
from prover.evaluation.statistics import wilson
from prover.prove.folder import json_lines, write_atomically

GRADES = ("exact", "normalised", "fuzzy", "none")
TEXT_FIELDS = (
    "statement",
    "formal_statement",
    "theorem",
    "theorem_statement",
    "state",
    "state_before",
    "goal",
    "text",
    "input",
    "prompt",
    "code",
    "lean",
)
NGRAM = 3
COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)
DECLARATION = re.compile(r"\b(?:theorem|lemma|example)\b.*?(?=:=|\b(?:theorem|lemma|example)\b|\Z)", re.DOTALL)
HEAD = re.compile(r"\A(?:theorem|lemma)\s+\S+|\Aexample\b")
TOKEN = re.compile(r"[^\W\d][\w'!?]*(?:\.[^\W\d][\w'!?]*)*|\d+(?:\.\d+)?|:=|=>|<=|>=|!=|->|<->|\S")
IDENTIFIER = re.compile(r"[^\W\d][\w'!?]*\Z")
BINDERS = frozenset({"∀", "∃", "fun", "λ", "∑", "∏", "⋃", "⋂"})
OPENING = {"(": ")", "{": "}", "[": "]", "⦃": "⦄"}
IGNORED = frozenset("(){}[]⦃⦄,:⊢")
SAME = {"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", "->": "→", "<->": "↔", "<=": "≤", ">=": "≥", "!=": "≠", "=>": "↦", "λ": "fun"}


@dataclass(frozen=True)
class Overlap:
    """A statement's strongest overlap: grade, similarity, and the line of the corpus that has it."""

    name: str
    grade: str
    similarity: float
    line: int | None = None
    match: str | None = None
    proved: bool | None = None


@dataclass(frozen=True)
class Report:
    """The overlaps of a benchmark with a corpus; where the benchmark is a run, its score by grade."""

    benchmark: str
    corpus: str
    records: int
    threshold: float
    ngram: int
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...] = field(default=())

    def counts(self) -> dict[str, int]:
        """Statements of each grade."""
        found = Counter(o.grade for o in self.overlaps)
        return {grade: found[grade] for grade in GRADES}

    def split(self) -> dict[str, dict[str, Any]]:
        """Proved of total for each grade; empty without a run."""
        result = {}
        for grade in GRADES:
            group = [o for o in self.overlaps if o.grade == grade and o.proved is not None]
            if group:
                proved = sum(bool(o.proved) for o in group)
                interval = [round(x, 4) for x in wilson(proved, len(group))]
                result[grade] = {"proved": proved, "total": len(group), "rate": round(proved / len(group), 4), "wilson": interval}
        return result

    def summary(self) -> dict[str, Any]:
        """For `--json`."""
        facts = {k: v for k, v in asdict(self).items() if k != "overlaps"}
        return facts | {"total": len(self.overlaps), "overlap": self.counts(), "score": self.split()}

    def lines(self) -> list[str]:
        """For people."""
        counts = self.counts()
        text = [
            f"{self.benchmark}: {len(self.overlaps)} statements against {self.records} records of {self.corpus}",
            f"exact {counts['exact']}, normalised {counts['normalised']}, "
            f"fuzzy {counts['fuzzy']} ({self.ngram}-grams, Jaccard ≥ {self.threshold:g}), "
            f"none {counts['none']}",
        ]
        text += [
            f"{grade}: {s['proved']} of {s['total']} proved ({100 * s['rate']:.1f} %, "
            f"{100 * s['wilson'][0]:.1f} to {100 * s['wilson'][1]:.1f})"
            for grade, s in self.split().items()
        ]
        text += [f"  {o.grade}: {o.name} (line {o.line}, {o.similarity:.2f})" for o in self.overlaps if o.grade != "none"]
        return text

    def write(self, path: Path) -> None:
        """The overlap of each statement, as JSON lines."""
        write_atomically(path, "".join(json.dumps(asdict(o), ensure_ascii=False) + "\n" for o in self.overlaps))


def check(benchmark: Path, corpus: Path, split: str | None = None, threshold: float = 0.6) -> Report:
    """Compares every statement of the benchmark with every record of the corpus.

    Args:
        benchmark: JSON lines with name and statement, or a run folder.
        corpus: JSON lines; of each record the first of TEXT_FIELDS is read, and every theorem in it.
        split: only records of this split.
        threshold: similarity in (0, 1] from which an overlap is fuzzy.

    Raises DataError when either cannot be read, or the benchmark is empty.
    """
    statements = _benchmark(benchmark, split)
    exact: dict[str, list[int]] = defaultdict(list)
    normal: dict[str, list[int]] = defaultdict(list)
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes = []
    for number, (_, text, _) in enumerate(statements):
        tokens = normalised(text)
        exact[exact_form(text)].append(number)
        normal[" ".join(tokens)].append(number)
        grams = ngrams(tokens, NGRAM)
        sizes.append(len(grams))
        for gram in grams:
            index[gram].append(number)
    best: list[tuple[int, float, int | None, str | None]] = [(GRADES.index("none"), 0.0, None, None)] * len(statements)

    def note(number: int, grade: str, similarity: float, line: int, text: str) -> None:
        place, before = best[number][:2]
        if (GRADES.index(grade), -similarity) < (place, -before):
            best[number] = (GRADES.index(grade), similarity, line, text)

    records = 0
    for line, record_text in _corpus(corpus):
        records += 1
        for text in statements_in(record_text):
            tokens = normalised(text)
            for number in exact.get(exact_form(text), ()):
                note(number, "exact", 1.0, line, text)
            for number in normal.get(" ".join(tokens), ()):
                note(number, "normalised", 1.0, line, text)
            grams = ngrams(tokens, NGRAM)
            shared = Counter(number for gram in grams for number in index.get(gram, ()))
            for number, common in shared.items():
                similarity = common / (len(grams) + sizes[number] - common)
                note(number, "fuzzy" if similarity >= threshold else "none", similarity, line, text)
    overlaps = tuple(
        Overlap(name, GRADES[grade], round(similarity, 4), line, text if GRADES[grade] != "none" else None, proved)
        for (name, _, proved), (grade, similarity, line, text) in zip(statements, best, strict=True)
    )
    return Report(str(benchmark), str(corpus), records, threshold, NGRAM, overlaps)


def statements_in(text: str) -> list[str]:
    """Every theorem of a text up to its `:=`; of a tactic state its statement; else the text itself."""
    plain = COMMENT.sub(" ", text)
    found = [m[0].strip() for m in DECLARATION.finditer(plain)]
    if found:
        return found
    return [from_state(plain)] if "⊢" in plain else [plain.strip()]


def from_state(state: str) -> str:
    """A tactic state's first goal as `example (h : …) … : goal`."""
    before, _, after = state.partition("⊢")
    lines = [" ".join(part.split()) for part in re.split(r"\n(?=\S)", before.strip()) if part.strip()]
    binders = " ".join(f"({line.rstrip(',')})" for line in lines if ":" in line and not line.startswith("case "))
    return f"example {binders} : {after.strip().split(chr(10) + chr(10))[0]}"


def exact_form(text: str) -> str:
    """The text without comments, proof and white space."""
    return " ".join(TOKEN.findall(_statement(text)))


def normalised(text: str) -> list[str]:
    """Tokens without the theorem's name; binders single, bound variables numbered, notations alike."""
    tokens = [SAME.get(t, t) for t in TOKEN.findall(HEAD.sub("", _statement(text)))]
    tokens = _single_binders(tokens)
    bound = _bound(tokens)
    numbers: dict[str, str] = {}
    result = []
    for token in tokens:
        head, dot, rest = token.partition(".")
        if head in bound:
            token = numbers.setdefault(head, f"v{len(numbers)}") + dot + rest
        result.append(token)
    return result


def ngrams(tokens: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """The n-grams of the tokens that are not brackets; one shorter gram when there are too few."""
    telling = [t for t in tokens if t not in IGNORED]
    return {tuple(telling[i : i + size]) for i in range(max(1, len(telling) - size + 1))} if telling else set()


def _statement(text: str) -> str:
    plain = COMMENT.sub(" ", text).strip()
    found = DECLARATION.search(plain)
    return (found[0] if found else plain.split(":=")[0]).strip()


def _single_binders(tokens: list[str]) -> list[str]:
    """`(a b : T)` becomes `(a : T) (b : T)`."""
    result: list[str] = []
    at = 0
    while at < len(tokens):
        names, colon = _names_from(tokens, at + 1)
        if tokens[at] in OPENING and len(names) > 1 and colon < len(tokens) and tokens[colon] == ":":
            depth, end = 1, colon + 1
            while end < len(tokens) and depth:
                depth += (tokens[end] in OPENING) - (tokens[end] in OPENING.values())
                end += 1
            for name in names:
                result += [tokens[at], name, *tokens[colon:end]]
            at = end
        else:
            result.append(tokens[at])
            at += 1
    return result


def _bound(tokens: Sequence[str]) -> set[str]:
    """Names that a binder of the text introduces."""
    bound: set[str] = set()
    for at, token in enumerate(tokens):
        names, end = _names_from(tokens, at + 1)
        if token in BINDERS or (token in OPENING and end < len(tokens) and tokens[end] == ":"):
            bound.update(names)
    return bound


def _names_from(tokens: Sequence[str], start: int) -> tuple[list[str], int]:
    end = start
    while end < len(tokens) and IDENTIFIER.match(tokens[end]) and tokens[end] not in BINDERS:
        end += 1
    return list(tokens[start:end]), end


def _benchmark(path: Path, split: str | None) -> list[tuple[str, str, bool | None]]:
    found: list[tuple[str, str, bool | None]] = []
    if path.is_dir():
        read_summary(path)
        for result in read_results(path):
            if not isinstance(result.get("statement"), str):
                raise DataError(f"{path / 'results.jsonl'}: {result['name']} has no statement")
            if split is None or result.get("split") == split:
                found.append((str(result["name"]), str(result["statement"]), result["status"] == "proved"))
    else:
        for line, record in json_lines(path):
            for key in ("name", "statement"):
                if not isinstance(record.get(key), str):
                    raise DataError(f"{path}:{line} lacks {key}; each line of a benchmark has name and statement")
            if split is None or record.get("split") == split:
                found.append((record["name"], record["statement"], None))
    if not found:
        raise DataError(f"{path} has no statements{f' of the split {split}' if split else ''}")
    names = Counter(name for name, _, _ in found)
    name, number = names.most_common(1)[0]
    if number > 1:
        raise DataError(f"{path}: the name {name} stands there {number} times; names must differ")
    return found


def _corpus(path: Path) -> Iterator[tuple[int, str]]:
    for line, record in json_lines(path):
        text = next((record[f] for f in TEXT_FIELDS if isinstance(record.get(f), str)), None)
        if text is None:
            raise DataError(f"{path}:{line} has none of the text fields {', '.join(TEXT_FIELDS)}")
        yield line, text
