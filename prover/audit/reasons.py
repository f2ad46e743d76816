"""Why a text is not the proof that it should be, in words; what needs no look at constants."""

from __future__ import annotations

from prover.audit.session import EXIT, Elaborated
from prover.audit.trust import Refusal
from prover.lean import answers, targets
from prover.lean.embedded import protocol
from prover.lean.targets import LeanFile

EXAMPLE = b"theorem proofsmith_example"
"""An `example` leaves nothing behind to look at, so it is given a name."""
LONGEST = 300


def one_line(text: str) -> str:
    """A message of Lean on one line, not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


def named(command: str, keyword: tuple[int, int] | None) -> str:
    """An `example` as a theorem; `keyword` is where the word stands."""
    assert keyword is not None
    raw = command.encode()
    return (raw[: keyword[0]] + EXAMPLE + raw[keyword[1] :]).decode()


def one_command(original: Elaborated, candidate: Elaborated, others: int = 0) -> Refusal | None:
    """Whether the text with the proof is still the one command that it was, without errors, and with `others` times `sorry`."""
    if candidate.stopped_by == EXIT or len(candidate.read) > 1:
        return Refusal("escape", "the proof ends its theorem and goes on with other commands")
    if candidate.errors:
        return Refusal("error", one_line(candidate.errors[0].text))
    if len(original.commands) != 1 or original.errors:
        return Refusal("context", "its statement does not elaborate")
    if len(candidate.commands) != 1:
        return Refusal("escape", "the proof swallows its theorem")
    was, now = original.commands[0], candidate.commands[0]
    if (was.kind, was.declaration, was.id, was.depth) != (now.kind, now.declaration, now.id, now.depth):
        return Refusal("escape", "with the proof, the command is not the one that the file has")
    if others:
        return None if now.sorries <= was.sorries - 1 else Refusal("sorry", "the proof has a sorry")
    if any(m.severity == "warning" and "declaration uses" in m.text for m in now.messages):
        return Refusal("sorry", "the proof has a sorry")
    return None


def in_order(names: frozenset[str], target: LeanFile, given: Elaborated) -> list[str]:
    """Names in the order in which the file states them; those that no command names come last."""
    order = {full_name(command): at for at, command in enumerate(given.commands)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def full_name(command: answers.Command) -> str:
    """The name that a command declares, as far as the command tells."""
    name = command.id or ""
    if name.startswith("_root_."):
        return name.removeprefix("_root_.")
    return f"{command.namespace}.{name}" if command.namespace else name


def presence(
    name: str, comparison: protocol.Comparison, elaborated: Elaborated, submission: LeanFile
) -> Refusal | None:
    """Whether the submission has a theorem of the name at all, and why not."""
    if comparison.kind_b == "theorem":
        return None
    own = error_of(name, elaborated)
    if (
        comparison.kind_b == "axiom" and own is not None
    ):  # what Lean makes of a theorem that its kernel rejects
        return Refusal("error", f"its proof has an error: {located(submission, own)}")
    if comparison.kind_b is not None:
        category = "axiom" if comparison.kind_b == "axiom" else "kind"
        return Refusal(category, f"the submission declares it as {comparison.kind_b} and not as theorem")
    error = own or (elaborated.errors[0] if elaborated.errors else None)
    if error is not None:
        return Refusal("missing", f"the submission has no such theorem; {located(submission, error)}")
    if elaborated.stopped_by == EXIT:
        line = submission.line(elaborated.stopped_at)
        return Refusal(
            "missing", f"the submission has no such theorem; Lean stops reading at #exit (line {line})"
        )
    return Refusal("missing", "the submission has no such theorem")


def with_errors(
    refusal: Refusal | None, name: str, elaborated: Elaborated, submission: LeanFile
) -> Refusal | None:
    """Where Lean put a `sorry` because of an error, the error is the reason."""
    if refusal is None or refusal.category != "sorry":
        return refusal
    error = error_of(name, elaborated)
    if error is None and not any(c.sorries for c in elaborated.commands) and elaborated.errors:
        error = elaborated.errors[0]
    return (
        refusal
        if error is None
        else Refusal("error", f"its proof has an error: {located(submission, error)}")
    )


def error_of(name: str, elaborated: Elaborated) -> answers.Message | None:
    """The first error in the command that declares a name."""
    errors = [error for c in elaborated.commands if full_name(c) == name for error in c.errors]
    return errors[0] if errors else None


def located(submission: LeanFile, error: answers.Message) -> str:
    """An error with file and line."""
    return f"{targets.place(submission, error.start)}: {one_line(error.text)}"
