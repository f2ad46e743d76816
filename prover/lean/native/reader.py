"""Reads a project's files with the project's own Lean: which theorems wait for a proof, and what stands around them."""

from __future__ import annotations

import re
import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from prover.errors import DataError
from prover.lean import answers
from prover.lean.commands import header, split
from prover.lean.context import FileContext
from prover.lean.native.lake import LakeEnv, Ran
from prover.lean.native.library import SOURCE, Facts, NativeLibrary, usable
from prover.lean.targets import (
    LeanFile,
    Reading,
    Target,
    file_context_in,
    first_line,
    full_name,
    newly_bound,
    place,
    reading_of,
    strictly,
)

USES_SORRY = "declaration uses"
MODULE = "ProofsmithRead"
KEPT_FILES = 256
AS_TEXT = f"statements are compared as text only, since {SOURCE.name} does not serve here"
PRIVATE = re.compile(r"\bprivate\b")
AUTO_IMPLICIT = re.compile(r"set_option\s+(?:relaxedA|a)utoImplicit\s+true")
INTERNAL = re.compile(r"(?:^|\.)_")


class NativeReader:
    """Reads files by `lake env lean`, one process a file; remembers what it read."""

    def __init__(self, lake: LakeEnv, library: NativeLibrary | None = None) -> None:
        self._lake = lake
        self._library = library
        self._told = False
        self._commands: OrderedDict[str, list[answers.Command]] = OrderedDict()

    def read(self, text: str, path: Path | None = None) -> Reading:
        """The targets of a file.

        A theorem counts as a target when the text says so and Lean has said that the declaration there uses sorry.

        Raises:
            DataError: an import that the project has not built.
            LeanProcessError: Lean could not be asked.
        """
        lean_file = parse_header(text, path)
        with tempfile.TemporaryDirectory(prefix="proofsmith-read-") as folder:
            olean = Path(folder) / f"{MODULE}.olean" if usable(self._library) is not None else None
            ran = self._lake.run(text, olean)
            raise_for_imports(lean_file, ran)
            commands = split(text, lean_file.body_start, ran.messages)
            self._keep(lean_file, commands)
            reading = confirmed(lean_file, commands)
            if self._library is not None and self._library.problem is not None and not self._told:
                self._told = True
                reading = replace(reading, notes=(*reading.notes, f"{AS_TEXT}: {self._library.problem}"))
            if olean is None or not olean.exists():  # a file with errors is not compiled
                return reading
            assert self._library is not None
            names = [t.name for t in reading.targets if _has_name(t)]
            waiting = self._library.waiting(Path(folder), MODULE, names)
            return reading if waiting is None else compared(reading, waiting, commands)

    def auto_bound(self, targets: Sequence[Target]) -> list[tuple[str, ...]]:
        """See `Engine`: one process for all theorems of a file, again while further names are found."""
        if not targets:
            return []
        file, options = targets[0].file, self._lake.project.options
        if options.get("autoImplicit") == "false" and not AUTO_IMPLICIT.search(file.text):
            return [() for _ in targets]
        found: list[tuple[str, ...]] = [() for _ in targets]
        while True:
            text, spans, at = "", [], 0
            for target, names in zip(targets, found, strict=True):
                text += file.span(at, target.start)
                start = len(text.encode())
                text += strictly(target, names)
                spans.append(range(start, len(text.encode())))
                at = target.end
            errors = self._lake.run(text + file.span(at, len(file.text.encode()))).errors
            more = [
                newly_bound([e.text for e in errors if e.start in span], names) for span, names in zip(spans, found, strict=True)
            ]
            if not any(more):
                return found
            found = [(*names, *new) for names, new in zip(found, more, strict=True)]

    def interrupt(self) -> None:
        """From another thread, for good: ends what runs."""
        self._lake.interrupt()

    def commands(self, file: LeanFile) -> list[answers.Command]:
        """A file's commands with what Lean says about each. Raises as `read` does."""
        if file.sha256 not in self._commands:
            ran = self._lake.run(file.text)
            raise_for_imports(file, ran)
            self._keep(file, split(file.text, file.body_start, ran.messages))
        return self._commands[file.sha256]

    def file_context(self, target: Target) -> FileContext:
        """What a target's file offers it."""
        known = self._commands.get(target.file.sha256)
        return file_context_in(known or split(target.file.text, target.file.body_start), target)

    def _keep(self, file: LeanFile, commands: list[answers.Command]) -> None:
        self._commands[file.sha256] = commands
        while len(self._commands) > KEPT_FILES:
            self._commands.popitem(last=False)


def parse_header(text: str, path: Path | None = None) -> LeanFile:
    """The file with its imports; `Init` is there unless it says `prelude`."""
    modules, body_start = header(text)
    return LeanFile(text, ("Init", *(m for m in modules if m != "Init")), body_start, path)


def raise_for_imports(lean_file: LeanFile, ran: Ran) -> None:
    """Raises DataError for an error in the header."""
    for error in ran.errors:
        if error.start < lean_file.body_start or "unknown module prefix" in error.text or "object file" in error.text:
            where = place(lean_file, error.start)
            raise DataError(f"{where}: {first_line(error.text)}; is the project built? (lake build)")


def compared(reading: Reading, waiting: Mapping[str, Facts], commands: Sequence[answers.Command] = ()) -> Reading:
    """A reading by text beside what Lean has as theorems with `sorry`: where they differ, nothing is searched, and it is said."""
    targets = []
    for target in reading.targets:
        if target.problem is None and _has_name(target):
            has = waiting.get(target.name)
            if has is None or has.sorry != "whole":
                target = replace(target, problem="Lean has no theorem of this name whose proof is sorry alone")
        targets.append(target)
    known = {t.name for t in reading.targets} | {full_name(reading.file, c) for c in commands if c.sorries}
    overlooked = sorted(n for n, f in waiting.items() if f.sorry == "whole" and n not in known and not INTERNAL.search(n))
    where = reading.file.path or "<statement>"
    notes = [f"{where}: {name} waits for a proof, but its text cannot be told from others" for name in overlooked]
    return replace(reading, targets=tuple(targets), notes=(*reading.notes, *notes))


def _has_name(target: Target) -> bool:
    """Whether Lean knows the theorem by the name that its text gives: an example has none, a private one another."""
    head = split(target.statement, 0)
    return bool(head) and head[0].declaration != "example" and "#" not in target.name and not PRIVATE.search(target.statement)


def confirmed(file: LeanFile, commands: list[answers.Command]) -> Reading:
    """The targets of a file by its text, those without a problem confirmed by what Lean said of their commands."""
    reading = reading_of(file, commands)
    return replace(reading, targets=tuple(_confirmed(t, commands[t.index]) for t in reading.targets))


def _confirmed(target: Target, command: answers.Command) -> Target:
    if target.problem is None and not any(USES_SORRY in m.text for m in command.messages):
        return replace(target, problem="Lean does not see the sorry that its text seems to have")
    return target
