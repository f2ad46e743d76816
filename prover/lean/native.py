"""Reads a project's files with the project's own Lean: which theorems wait for a proof, and what stands around them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prover.errors import DataError
from prover.lean import protocol
from prover.lean.commands import header, split
from prover.lean.lake import LakeEnv, Ran
from prover.lean.source import LeanFile, Reading, Target, first_line, place, reading_of
from prover.lean.surroundings import surroundings_in
from prover.policy.base import Surroundings

USES_SORRY = "declaration uses"


class NativeReader:
    """Reads files by `lake env lean`, one process a file; remembers what it read."""

    def __init__(self, lake: LakeEnv) -> None:
        self._lake = lake
        self._commands: dict[str, list[protocol.Command]] = {}

    def read(self, text: str, path: Path | None = None) -> Reading:
        """The targets of a file.

        A theorem counts as a target when the text says so and Lean has said that the declaration there uses sorry.

        Raises:
            DataError: an import that the project has not built.
            LeanProcessError: Lean could not be asked.
        """
        lean_file = parse_header(text, path)
        ran = self._lake.run(text)
        raise_for_imports(lean_file, ran)
        commands = split(text, lean_file.body_start, ran.messages)
        self._commands[lean_file.sha256] = commands
        reading = reading_of(lean_file, commands)
        return replace(reading, targets=tuple(_confirmed(t, commands[t.index]) for t in reading.targets))

    def surroundings(self, target: Target) -> Surroundings:
        """What a target's file offers it."""
        known = self._commands.get(target.file.sha256)
        return surroundings_in(known or split(target.file.text, target.file.body_start), target)


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


def _confirmed(target: Target, command: protocol.Command) -> Target:
    if target.problem is None and not any(USES_SORRY in m.text for m in command.messages):
        return replace(target, problem="Lean does not see the sorry that its text seems to have")
    return target
