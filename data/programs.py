"""Theorems about programs in core Lean, as data sets keep them: one .lean text with one theorem that waits for proof.

A source is a JSONL file, a folder, or a clone of a public repository; what it is shows in its files:

    *.jsonl with set, name, text         one text a line
    *.jsonl with full_name, prop_defn    miniCodeProps (Lohn and Welleck 2024, arXiv:2406.11915)
    **/task.lean                         VERINA (Ye et al. 2025, arXiv:2505.23135); a given proof becomes `sorry`
    **/*.smt2                            TIP (tip-org/benchmarks), converted by `data/smtlib.py`
    **/*.lean                            any other folder; a file may hold several theorems
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.smtlib import convert

FIELDS = ("set", "name", "text")
MINI_FIELDS = ("full_name", "prop_defn", "deps")
UNPROVED = re.compile(r":=\s*(?:by\s+)?sorry\b")
NESTING = 4
"""Comments in comments are seen so deep."""


def _comment(depth: int) -> str:
    return rf"/-(?:(?!/-|-/).{'|' + _comment(depth - 1) if depth else ''})*-/"


HEADER = re.compile(
    rf"(?:\s|--[^\n]*\n|(?!/-[-!]){_comment(NESTING)}|(?:prelude|module|(?:public |meta )*import [^\n]*)(?=\n))*", re.DOTALL
)
MATHLIB = re.compile(r"^import Mathlib\S*\n?", re.MULTILINE)
MARKED = re.compile(
    r"^[ \t]*-- !benchmark @start (?P<part>proof|proof_aux)\b.*?^[ \t]*-- !benchmark @end (?P=part)\b[^\n]*$",
    re.MULTILINE | re.DOTALL,
)
VERINA_TASK = "task.lean"
SKIPPED = frozenset({".lake", ".git"})


@dataclass(frozen=True)
class Program:
    """A Lean text. `set` names the data set, `name` is unique in it; `place` is where it was read, for messages."""

    set: str
    name: str
    text: str
    place: str

    @property
    def waiting(self) -> int:
        """How many theorems wait for proof, by the text alone."""
        return len(UNPROVED.findall(self.text))


def read(path: Path, names: str | None = None) -> list[Program]:
    """The programs of a source, in its order.

    Args:
        path: a file or a folder.
        names: what a folder's set is called; None: the folder's name.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no programs, a line is no such record, or a name stands twice; the message has the place.
    """
    files = sources(path)
    found = [p for file in files for p in _of(file, path, names or path.resolve().name)]
    if not found:
        raise ValueError(f"{path} holds no programs: no line of a .jsonl file and no .lean file")
    seen: dict[tuple[str, str], str] = {}
    for program in found:
        earlier = seen.setdefault((program.set, program.name), program.place)
        if earlier != program.place:
            raise ValueError(f"{program.place}: {program.name} was there before, at {earlier}; names must differ")
    return found


def sources(path: Path) -> list[Path]:
    """The files that are read: the path itself, or of a folder those of the first kind that it has any of."""
    if not path.is_dir():
        return [path]
    inside = [p for p in path.rglob("*") if p.is_file() and not SKIPPED & set(p.relative_to(path).parts)]
    kinds = (lambda p: p.name == VERINA_TASK, _is_records, lambda p: p.suffix == ".smt2", lambda p: p.suffix == ".lean")
    for wanted in kinds:
        if chosen := sorted(p for p in inside if wanted(p)):
            return chosen
    return []


def sha256(path: Path) -> str:
    """Hash of the source: of the file's bytes, or of the files that are read, each with its path in front."""
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for file in sources(path):
        content = file.read_bytes()
        head = f"{file.relative_to(path).as_posix()}\0{len(content)}\0"
        whole.update(head.encode("utf-8", "surrogatepass") + content)
    return whole.hexdigest()


def _is_records(path: Path) -> bool:
    """Whether a .jsonl file's first line is a record of one of the two forms."""
    if path.suffix != ".jsonl":
        return False
    with path.open("rb") as file:
        line = file.readline()
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and (FIELDS[2] in record or MINI_FIELDS[1] in record)


def _of(file: Path, source: Path, names: str) -> Iterable[Program]:
    if file.suffix == ".jsonl":
        return _of_lines(file)
    text = file.read_text("utf-8")
    if file.name == VERINA_TASK:
        return [Program("verina", file.parent.name, MARKED.sub(_without_proof, text), str(file))]
    if file.suffix == ".smt2":
        return [Program(names, file.stem, _converted(text, file), str(file))]
    if file.suffix != ".lean":
        raise ValueError(f"{file} is neither a .jsonl nor a .lean nor a .smt2 file")
    below = file.relative_to(source) if source.is_dir() else Path(file.name)
    return [Program(names, below.with_suffix("").as_posix(), text, str(file))]


def _converted(text: str, file: Path) -> str:
    """A converted text; what is not understood is a text that Lean refuses too, so that it counts."""
    try:
        return convert(text, file.stem)
    except ValueError as error:
        said = str(error).replace("-/", "- /")
        return f"/- {file.name} was not converted: {said} -/\ntheorem not_converted : not_converted := by sorry\n"


def _of_lines(file: Path) -> list[Program]:
    found = []
    for number, line in enumerate(file.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{file}:{number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{place} is not JSON ({error}); each line is an object with {', '.join(FIELDS)}") from error
        found.append(_of_record(record, place))
    return found


def _of_record(record: Any, place: str) -> Program:
    form = MINI_FIELDS if isinstance(record, dict) and MINI_FIELDS[1] in record else FIELDS
    missing = [f for f in form if not isinstance(record, dict) or not isinstance(record.get(f), str)]
    if missing:
        raise ValueError(f"{place} lacks {', '.join(missing)}; each line is an object with {', '.join(form)}")
    own = form is FIELDS
    program = Program(record["set"], record["name"], _strict(record["text"]), place) if own else _of_mini(record, place)
    if not program.name.strip():
        raise ValueError(f"{place} has an empty name")
    if not program.waiting:
        raise ValueError(f"{place}: the text of {program.name} has no theorem with `:= by sorry`")
    return program


def _strict(text: str) -> str:
    """A text in which a misspelt type is an error and no new variable, unless it says otherwise itself."""
    header = HEADER.match(text)
    assert header is not None
    return f"{header[0]}set_option autoImplicit false\n\n{text[header.end() :]}"


def _of_mini(record: Mapping[str, str], place: str) -> Program:
    """A record of miniCodeProps. Its Lean binds names automatically, and all but the import holds without Mathlib."""
    before = MATHLIB.sub("", record["deps"]).strip()
    text = f"set_option autoImplicit true\n\n{before}\n\n{record['prop_defn'].strip()}\n"
    return Program("minicodeprops", record["full_name"], text, place)


def _without_proof(match: re.Match[str]) -> str:
    return "  sorry" if match["part"] == "proof" else ""
