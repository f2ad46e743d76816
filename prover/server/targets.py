"""Holes as theorems of their own, for the search and for the audit."""

from __future__ import annotations

from dataclasses import replace

from prover.audit.auditor import AuditVerdict
from prover.lean import answers, source
from prover.lean.engine import Engine
from prover.lean.holes import Hole, region_end
from prover.lean.positions import Places
from prover.lean.source import LeanFile, Target

CHECK_S = 60.0
"""For a whole proof that is not audited."""


def whole(worker: Engine, file: LeanFile, name: str) -> Hole:
    """A theorem's whole proof as a hole."""
    commands = worker.commands(file)
    index = next(i for i, c in enumerate(commands) if c.value is not None and source.full_name(file, c) == name)
    command = commands[index]
    assert command.value is not None
    places = Places(file.text)
    deeper = places.position(places.at_byte(command.start)).column + 2
    end = max(command.end, region_end(file, commands, index))
    lead = f":= by\n{' ' * deeper}"
    return Hole(
        file, index, name, command.start, end, (command.value[0], end), one=lead, many=lead, column=deeper,
        broken=bool(command.errors),
    )  # fmt: skip


def alone(worker: Engine, hole: Hole) -> Hole:
    """The same hole in a text that ends with its command and parses: `sorry` stands in the hole.

    Theorems in front whose proofs are wrong or unfinished stand there with `sorry`: only what they state
    counts for what follows.
    """
    file = hole.file
    pieces: list[str] = []
    at = 0
    commands = worker.commands(file, hole.start)
    for index, command in enumerate(commands[: hole.index]):
        if _broken_proof(command):
            assert command.value is not None
            pieces += [file.span(at, command.value[0]), ":= by sorry\n"]
            at = max(command.value[1], region_end(file, commands, index))
    before = "".join([*pieces, file.span(at, hole.start)])
    text = before + hole.command("sorry") + "\n"
    if not pieces and not hole.broken and file.span(*hole.proof_span) == hole.written("sorry"):
        text = file.span(0, hole.end) + "\n"
    shift = len(before.encode()) - hole.start
    start = hole.proof_span[0] + shift
    new = LeanFile(text, file.modules, file.body_start, file.path)
    span = (start, start + len(hole.written("sorry").encode()))
    return replace(hole, file=new, start=hole.start + shift, end=len(text.encode()) - 1, proof_span=span)


def _broken_proof(command: answers.Command) -> bool:
    """Whether a theorem's errors are all in its proof."""
    return (
        command.declaration in source.PROVABLE
        and command.value is not None
        and bool(command.errors)
        and all(e.start >= command.value[0] for e in command.errors)
    )


def stated(worker: Engine, file: LeanFile) -> str:
    """A file with `sorry` in place of each theorem's proof."""
    pieces: list[str] = []
    at = 0
    for command in worker.commands(file):
        if command.declaration in ("theorem", "lemma") and command.value is not None and command.id is not None:
            pieces += [file.span(at, command.value[0]), ":= by sorry"]
            at = command.value[1]
    return "".join([*pieces, file.span(at, len(file.text.encode()))])


class Unaudited:
    """Takes what Lean takes; whoever uses it does not say proved."""

    def __init__(self, worker: Engine) -> None:
        self._worker = worker

    def __call__(self, target: Target, proof: str) -> AuditVerdict:
        """Whether the command has no error with this proof."""
        errors = [m.text for m in self._worker.check(target, proof, CHECK_S) if m.severity == "error"]
        return AuditVerdict(not errors, "error" if errors else "accepted", errors[0] if errors else None, (), (), (), "")
