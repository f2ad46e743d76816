"""Data sets: named statements, the Lean texts that they stand in, and hashes that say which copy it was."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from data import minif2f as minif2f_records
from data import programs as program_records
from prover.errors import DataError
from prover.lean.engine import Engine
from prover.prove.run import collect

ONLY = "*"
_UNSAFE = re.compile(r"[^\w.'/-]|^[./]+|(?<=/)\.+")
TEST_WARNING = "the test split is for reports, never for tuning"


@dataclass(frozen=True)
class Problem:
    """A statement of a data set: the file that it stands in, and what is known to be wrong with it."""

    name: str
    file: str
    area: str
    known_bad: str | None = None
    theorem: str | None = None
    """The theorem's name in its file, where that is not the problem's; `ONLY`: the only one that waits for proof."""


@dataclass(frozen=True)
class DataSet:
    """What is evaluated on.

    `sha256` is the source's hash (of the file's bytes, where it is one file), `texts` maps file names to Lean
    texts. A problem is the theorem of its name, or the one that it names, in its text; the text need not elaborate.
    """

    title: str
    split: str
    source: str
    sha256: str
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Title and split, for people."""
        return f"{self.title} {self.split}".strip()

    @property
    def sample_sha256(self) -> str:
        """Hash of exactly what is evaluated: the chosen problems and their texts."""
        chosen = [[p.name, self.texts[p.file]] for p in sorted(self.problems, key=lambda p: p.name)]
        return hashlib.sha256(json.dumps(chosen, ensure_ascii=True).encode()).hexdigest()

    def limited(self, limit: int | None) -> DataSet:
        """A fixed sample of at most `limit` problems, those whose names hash lowest, in their order."""
        if limit is None or limit >= len(self.problems):
            return self
        names = set(sample([p.name for p in self.problems], limit))
        problems = tuple(p for p in self.problems if p.name in names)
        texts = {p.file: self.texts[p.file] for p in problems}
        note = f"a fixed sample of {limit} of {len(self.problems)} statements"
        return replace(self, problems=problems, texts=texts, notes=(*self.notes, note))


def sample(names: Iterable[str], size: int) -> list[str]:
    """The `size` names with the smallest hashes, in that order: the same however the names are listed."""
    return sorted(names, key=lambda n: (hashlib.sha256(n.encode("utf-8", "surrogatepass")).hexdigest(), n))[
        :size
    ]


def starter(worker: Engine) -> DataSet:
    """The starter theorems, as Lean finds them. Each keeps its file: some rest on what is before them."""
    found = of_files(worker, [Path(str(files("data") / "starter"))], "starter", "the starter theorems")
    return replace(found, source="data/starter")


def of_files(worker: Engine, paths: Sequence[Path], title: str, where: str = "the files") -> DataSet:
    """The theorems that wait for proof in .lean files and folders, as one data set; `where` names them in messages.

    Raises DataError for what cannot be read, and for a name that stands twice.
    """
    inputs = collect(paths)
    problems = []
    for given in inputs:
        area = given.name.removesuffix(".lean")
        problems += [Problem(t.name, given.name, area) for t in worker.read(given.text).targets]
    _refuse_doubles([p.name for p in problems], where)
    texts = {i.name: i.text for i in inputs}
    return DataSet(title, "", ", ".join(map(str, paths)), _sha256_of_texts(texts), tuple(problems), texts)


def minif2f(path: Path, split: str, headers: bool = False) -> DataSet:
    """A split of miniF2F, with the statements' own `headers` (they import Mathlib) or as the embedded Lean takes them.

    Raises DataError when the source cannot be used, or has none of the split.
    """
    try:
        statements = minif2f_records.read(path)
        digest = minif2f_records.sha256(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # UnicodeDecodeError is one
        what = f"{path} is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(what) from error
    if not statements:
        raise DataError(
            f"{path} holds no statements; each line is an object with {', '.join(minif2f_records.FIELDS)}"
        )
    chosen = [s for s in statements if s.split == split]
    if not chosen:
        there = ", ".join(sorted({s.split for s in statements}))
        raise DataError(
            f"{path} has no statements of the split {split} (it has: {there}); give the source that has them"
        )
    bad = minif2f_records.known_bad(chosen)
    problems = tuple(Problem(s.name, f"{s.name}.lean", s.area, bad.get(s.name)) for s in chosen)
    texts = {f"{s.name}.lean": s.with_header if headers else s.lean for s in chosen}
    notes = (TEST_WARNING,) if split == "test" else ()
    return DataSet("miniF2F", split, str(path), digest, problems, texts, notes)


def programs(worker: Engine, path: Path, title: str | None = None) -> DataSet:
    """Theorems about programs (`data/programs.py`); a text in which several wait for proof is read by Lean.

    Raises DataError when the source cannot be used.
    """
    try:
        found = program_records.read(path, title)
        digest = program_records.sha256(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # UnicodeDecodeError is one
        what = f"{path} is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(what) from error
    sets = sorted({p.set for p in found})
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for program in found:
        name = program.name if len(sets) == 1 else f"{program.set}/{program.name}"
        file = f"{_UNSAFE.sub('_', name)}.lean"
        texts[file] = program.text
        if program.waiting <= 1:
            problems.append(Problem(name, file, program.set, theorem=ONLY))
        else:
            targets = worker.read(program.text).targets
            problems += [Problem(f"{name}:{t.name}", file, program.set, theorem=t.name) for t in targets]
    return DataSet("programs", "+".join(sets), str(path), digest, tuple(problems), texts)


def _refuse_doubles(names: Sequence[str], where: str) -> None:
    doubles = sorted({n for n in names if names.count(n) > 1})
    if doubles:
        raise DataError(f"{where}: the name {doubles[0]} stands twice; names must differ")


def _sha256_of_texts(texts: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for name in sorted(texts):
        content = texts[name].encode("utf-8", "surrogatepass")
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
