"""What a theorem's own file offers it: definitions, inductive types, earlier theorems."""

from __future__ import annotations

from dataclasses import replace

from prover.lean.context import FileContext
from prover.lean.embedded import protocol
from prover.lean.embedded.worker import LeanWorker
from prover.lean.source import Target, elaborate

DEFINITIONS = frozenset({"definition", "def", "abbrev", "instance"})
INDUCTIVES = frozenset({"inductive", "structure"})
LIBRARY = "Init"
"""A file that imports it has all theorems that are offered as premises."""


def file_context_of(worker: LeanWorker, target: Target) -> FileContext:
    """Reads them off the commands in front of the target."""
    modules = target.file.modules
    imported = None if LIBRARY in modules else worker.imported(modules)
    commands = elaborate(worker, target.file, until=target.start)[1]
    return replace(file_context_in(commands, target), imported=imported)


def file_context_in(commands: list[protocol.Command], target: Target) -> FileContext:
    """The same, the file's commands given."""
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
    return FileContext(tuple(definitions), tuple(inductives), theorems, sources)
