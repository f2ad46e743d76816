"""What a theorem's own file offers it: definitions, inductive types, earlier theorems."""

from __future__ import annotations

from prover.lean import protocol
from prover.lean.source import Target, elaborate
from prover.lean.worker import LeanWorker
from prover.policy.base import Surroundings

DEFINITIONS = frozenset({"definition", "def", "abbrev", "instance"})
INDUCTIVES = frozenset({"inductive", "structure"})


def surroundings_of(worker: LeanWorker, target: Target) -> Surroundings:
    """Reads them off the commands in front of the target."""
    return surroundings_in(elaborate(worker, target.file, until=target.start)[1], target)


def surroundings_in(commands: list[protocol.Command], target: Target) -> Surroundings:
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
    return Surroundings(tuple(definitions), tuple(inductives), theorems, sources)
