"""Data sets: where they come from, their named statements, the Lean texts that these stand in, found there by Lean, and hashes
that say which copy it was. What a URL names is fetched once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.resources import files
from pathlib import Path

from data import minif2f as minif2f_records
from data import programs as program_records
from prover.audit.auditor import MAX_TRIES
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean.embedded.package import cache_dir
from prover.lean.engine import Engine, again
from prover.lean.targets import LeanFile, Reading, Target
from prover.prove.item import Item
from prover.prove.run import collect

SCHEMES = ("https://", "file://")
TIMEOUT_S = 60.0
LEAN_DOJO = "4.20.0"
CLONE_TIMEOUT_S = 600.0
MAX_BYTES = 200_000_000
ONLY = "*"
_UNSAFE = re.compile(r"[^\w.'/-]|^[./]+|(?<=/)\.+")
TEST_WARNING = "the test split is for reports, never for tuning"


def local(source: str, fresh: bool = False) -> Path:
    """The source as a path: itself, or for a URL the copy in the cache.

    Args:
        source: a path, the URL of a .jsonl file, or the URL of a git repository.
        fresh: fetch anew even when there is a copy.

    Raises DataError when it cannot be fetched; an earlier copy is then still there.
    """
    if not source.startswith(SCHEMES):
        return Path(source)
    name = source.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git") or "source"
    place = cache_dir() / "benchmarks" / "sources" / hashlib.sha256(source.encode()).hexdigest()[:12]
    target = place / name
    if target.exists() and not fresh:
        return target
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        unfinished = Path(folder) / name
        if name.endswith(".jsonl"):
            _download(source, unfinished)
        else:
            _clone(source, unfinished)
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(unfinished, target)
    return target


def _download(url: str, target: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:
            content: bytes = reply.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot fetch {url}: {error}; fetch it yourself and give the file as --source") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{url} has more than {MAX_BYTES} bytes; that is no benchmark of this kind")
    target.write_bytes(content)


def _clone(url: str, target: Path) -> None:
    command = ["git", "clone", "--quiet", "--depth", "1", "--", url, str(target)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLONE_TIMEOUT_S,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"cannot clone {url}: {error}; clone it yourself and give the folder as --source") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[:200] or f"git ended with {done.returncode}"
        raise DataError(f"cannot clone {url}: {said}; clone it yourself and give the folder as --source")


def leandojo_sources() -> Path:
    """lean-dojo's source distribution, which holds LeanDojo Benchmark 4; obtained through pip once.

    Raises DataError when pip does not give it.
    """
    place = cache_dir() / "benchmarks" / "sources"
    target = place / f"lean_dojo-{LEAN_DOJO}.tar.gz"
    if target.exists():
        return target
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder]
        done = subprocess.run([*command, f"lean-dojo=={LEAN_DOJO}"], capture_output=True, text=True, check=False)
        found = next(Path(folder).glob("lean_dojo-*.tar.gz"), None)
        if found is None:
            said = (done.stderr.strip().splitlines() or ["no file came"])[-1]
            raise DataError(f"pip does not give the source distribution of lean-dojo {LEAN_DOJO}: {said}")
        os.replace(found, target)
    return target


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
    return sorted(names, key=lambda n: (hashlib.sha256(n.encode("utf-8", "surrogatepass")).hexdigest(), n))[:size]


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


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What cannot be read of a source, as DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # UnicodeDecodeError is one
        what = f"{path} is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(what) from error


def minif2f(path: Path, split: str, headers: bool = False) -> DataSet:
    """A split of miniF2F, with the statements' own `headers` (they import Mathlib) or as the embedded Lean takes them.

    Raises DataError when the source cannot be used, or has none of the split.
    """
    with _readable(path):
        statements = minif2f_records.read(path)
        digest = minif2f_records.sha256(path)
    if not statements:
        raise DataError(f"{path} holds no statements; each line is an object with {', '.join(minif2f_records.FIELDS)}")
    chosen = [s for s in statements if s.split == split]
    if not chosen:
        there = ", ".join(sorted({s.split for s in statements}))
        raise DataError(f"{path} has no statements of the split {split} (it has: {there}); give the source that has them")
    bad = minif2f_records.known_bad(chosen)
    problems = tuple(Problem(s.name, f"{s.name}.lean", s.area, bad.get(s.name)) for s in chosen)
    texts = {f"{s.name}.lean": s.with_header if headers else s.lean for s in chosen}
    notes = (TEST_WARNING,) if split == "test" else ()
    return DataSet("miniF2F", split, str(path), digest, problems, texts, notes)


def programs(worker: Engine, path: Path) -> DataSet:
    """Theorems about programs (`data/programs.py`); a text in which several wait for proof is read by Lean.

    Raises DataError when the source cannot be used.
    """
    with _readable(path):
        found = program_records.read(path)
        digest = program_records.sha256(path)
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


def locate(worker: Engine, dataset: DataSet) -> tuple[list[Item], dict[str, Reading]]:
    """An item for every problem, in order; one that Lean cannot read has a target that says why."""
    readings: dict[str, Reading] = {}
    broken: dict[str, str] = {}
    for name in dict.fromkeys(p.file for p in dataset.problems):
        try:
            readings[name] = again(partial(worker.read, dataset.texts[name]), MAX_TRIES)
        except LeanSetupError:
            raise
        except DataError as error:
            broken[name] = str(error)
        except LeanProcessError as error:
            broken[name] = f"Lean was lost while it read the statement: {error}"
        worker.recycle_if_big()
    targets = {(name, t.name): t for name, reading in readings.items() for t in reading.targets}
    items = []
    for problem in dataset.problems:
        target = _of(problem, readings, targets) or _missing(problem, dataset, readings, broken)
        items.append(Item(problem.name, target, problem.file))
    return items, readings


def _of(problem: Problem, readings: dict[str, Reading], targets: dict[tuple[str, str], Target]) -> Target | None:
    if problem.theorem != ONLY:
        return targets.get((problem.file, problem.theorem or problem.name))
    waiting = readings[problem.file].targets if problem.file in readings else ()
    return waiting[0] if len(waiting) == 1 else None


def _missing(problem: Problem, dataset: DataSet, readings: dict[str, Reading], broken: dict[str, str]) -> Target:
    """A target for a problem whose statement Lean could not even parse."""
    text = dataset.texts[problem.file]
    reading = readings.get(problem.file)
    notes = reading.notes if reading is not None else ()
    wanted = r"\S+" if problem.theorem == ONLY else re.escape(problem.theorem or problem.name)
    said = notes[0].replace("<statement>:", "line ") if notes else "it has no such theorem"
    why = broken.get(problem.file) or f"its statement does not elaborate: {said}"
    found = re.search(rf"\btheorem\s+{wanted}(?!\S)(?s:.*)", text)
    stated = text[found.start() :].rstrip() if found else text
    start = len(text[: found.start()].encode("utf-8", "surrogatepass")) if found else 0
    proof = start + len(re.sub(r":=\s*(?:by\s+)?sorry\Z", "", stated).encode("utf-8", "surrogatepass"))
    end = start + len(stated.encode("utf-8", "surrogatepass"))
    return Target(LeanFile(text, (), 0), 0, problem.name, start, end, (proof, end), why)
