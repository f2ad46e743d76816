"""What a theorem's own file offers it: definitions, inductive types, earlier theorems."""

from __future__ import annotations

from collections.abc import Sequence

from prover.lean import answers
from prover.lean.context import FileContext
from prover.lean.source import Target

DEFINITIONS = frozenset({"definition", "def", "abbrev", "instance"})
INDUCTIVES = frozenset({"inductive", "structure"})
LIBRARY = "Init"
"""A file that imports it has all theorems that are offered as premises."""


def file_context_in(
    commands: Sequence[answers.Command], target: Target, imported: frozenset[str] | None = None
) -> FileContext:
    """Reads them off the commands in front of the target; `imported` as in `FileContext`."""
    definitions: list[str] = []
    inductives: list[str] = []
    theorems: dict[str, str] = {}
    sources: dict[str, str] = {}
    for command in commands[: target.index]:
        if command.id is None or command.errors:
            continue
        name = f"{command.namespace}.{command.id}" if command.namespace else command.id
        if command.declaration in DEFINITIONS:
            definitions.append(name)
            sources[name] = target.file.span(command.start, command.end)
        elif command.declaration in INDUCTIVES:
            inductives.append(name)
            sources[name] = target.file.span(command.start, command.end)
        elif command.declaration == "theorem" and command.value is not None:
            theorems[name] = target.file.span(command.start, command.value[0])
    return FileContext(tuple(definitions), tuple(inductives), theorems, sources, imported)
