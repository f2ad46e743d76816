"""Reads a project's files with the project's own Lean: which theorems wait for a proof, and what stands around them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from prover.errors import DataError
from prover.lean.commands import header, split
from prover.lean.context import FileContext
from prover.lean.embedded import protocol
from prover.lean.file_context import file_context_in
from prover.lean.native.lake import LakeEnv, Ran
from prover.lean.native.library import Facts, NativeLibrary, usable
from prover.lean.source import LeanFile, Reading, Target, first_line, place, reading_of

USES_SORRY = "declaration uses"
MODULE = "ProofsmithRead"
PRIVATE = re.compile(r"\bprivate\b")
INTERNAL = re.compile(r"(?:^|\.)_")


class NativeReader:
    """Reads files by `lake env lean`, one process a file; remembers what it read."""

    def __init__(self, lake: LakeEnv, library: NativeLibrary | None = None) -> None:
        self._lake = lake
        self._library = library
        self._commands: dict[str, list[protocol.Command]] = {}

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
            self._commands[lean_file.sha256] = commands
            reading = reading_of(lean_file, commands)
            reading = replace(reading, targets=tuple(_confirmed(t, commands[t.index]) for t in reading.targets))
            if olean is None or not olean.exists():  # a file with errors is not compiled
                return reading
            assert self._library is not None
            names = [t.name for t in reading.targets if _has_name(t)]
            waiting = self._library.waiting(Path(folder), MODULE, names)
            return reading if waiting is None else compared(reading, waiting)

    def file_context(self, target: Target) -> FileContext:
        """What a target's file offers it."""
        known = self._commands.get(target.file.sha256)
        return file_context_in(known or split(target.file.text, target.file.body_start), target)


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


def compared(reading: Reading, waiting: Mapping[str, Facts]) -> Reading:
    """A reading by text beside what Lean has as theorems with `sorry`: where they differ, nothing is searched, and it is said."""
    targets = []
    for target in reading.targets:
        if target.problem is None and _has_name(target):
            has = waiting.get(target.name)
            if has is None or has.sorry != "whole":
                target = replace(target, problem="Lean has no theorem of this name whose proof is sorry alone")
        targets.append(target)
    known = {t.name for t in reading.targets}
    overlooked = sorted(n for n, f in waiting.items() if f.sorry == "whole" and n not in known and not INTERNAL.search(n))
    where = reading.file.path or "<statement>"
    notes = [f"{where}: {name} waits for a proof, but its text cannot be told from others" for name in overlooked]
    return replace(reading, targets=tuple(targets), notes=(*reading.notes, *notes))


def _has_name(target: Target) -> bool:
    """Whether Lean knows the theorem by the name that its text gives: an example has none, a private one another."""
    head = split(target.statement, 0)
    return bool(head) and head[0].declaration != "example" and "#" not in target.name and not PRIVATE.search(target.statement)


def _confirmed(target: Target, command: protocol.Command) -> Target:
    if target.problem is None and not any(USES_SORRY in m.text for m in command.messages):
        return replace(target, problem="Lean does not see the sorry that its text seems to have")
    return target
