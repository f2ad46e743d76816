"""What a native Lean is asked about a theorem in a compiled file, and how its answers are read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prover.audit.trust import Refusal
from prover.lean import source
from prover.lean.commands import masked, split
from prover.lean.native import library as native_library
from prover.lean.native.lake import Ran
from prover.lean.native.library import Facts, theorem_question
from prover.lean.source import Target, first_line
from prover.lean.tactic_text import RUNS_PROGRAMS

EXAMPLE = "proofsmith_example"
MODULE = "ProofsmithAudited"
AXIOMS = re.compile(r"^'(?P<name>[^\n]+?)' (?:depends on axioms: \[(?P<axioms>[^\]]*)\]|does not depend on any axioms)\s*$")
PRIVATE = re.compile(r"\bprivate\b[ \t]*")


@dataclass(frozen=True)
class Judged:
    """What a process that only imports the compiled file says of the theorem."""

    statement: str
    axioms: tuple[str, ...]
    facts: Facts | None = None


def escapes(target: Target, proof: str) -> Refusal | None:
    """Whether a proof is more than tactics of one theorem, by its text."""
    if (found := RUNS_PROGRAMS.search(masked(proof))) is not None:
        return Refusal("program", f"it runs a program or trusts one while Lean reads it ({found[0]})")
    if len(split(target.command(proof), 0)) != 1:
        return Refusal("escape", "the proof ends its theorem and goes on with other commands")
    return None


def audited_text(target: Target, proof: str | None) -> tuple[str, int, str]:
    """The file up to and with the theorem, the byte offset where the theorem begins, and its full name."""
    file = target.file
    pieces: list[str] = []
    at = 0
    for _, (start, end, text) in open_before(target):
        pieces += [file.span(at, start), text]
        at = end
    pieces.append(file.span(at, target.start))
    before = "".join(pieces)
    command = file.span(target.start, target.end) if proof is None else target.command(proof)
    own = split(command, 0)[0]
    name = target.name.split("#")[0]
    assert own.keyword is not None
    raw = command.encode()
    head, keyword, rest = raw[: own.keyword[0]].decode(), raw[slice(*own.keyword)].decode(), raw[own.keyword[1] :].decode()
    if keyword == "example":
        name = f"{_namespace(target)}{EXAMPLE}"
        keyword = f"theorem {EXAMPLE}"
    return f"{before}{PRIVATE.sub('', head)}{keyword}{rest}\n", len(before.encode()), name


def judge_text(name: str, as_term: bool = False) -> tuple[str, tuple[int, int, int]]:
    """Asks for a theorem's explicit statement, its axioms, and its facts `as_term`; with the byte offsets of the questions."""
    library = f"import {native_library.MODULE}\n" if as_term else ""
    options = "set_option pp.deepTerms true\nset_option pp.maxSteps 100000000\nset_option pp.proofs true\n"
    head = f"import {MODULE}\n{library}{options}"
    check = f"set_option pp.all true in\n#check @{name}\n"
    axioms = f"#print axioms {name}\n"
    first = len(head.encode())
    second = first + len(check.encode())
    asked = f"{head}{check}{axioms}{theorem_question(name) if as_term else ''}"
    return asked, (first, second, second + len(axioms.encode()))


def judged(ran: Ran, name: str, at: tuple[int, int, int]) -> Judged | Refusal:
    """Reads the answers; each is believed only at the place of its question."""
    errors = [e for e in ran.errors if e.start < at[2]]
    if errors or ran.stray:
        what = first_line(errors[0].text) if errors else ran.stray[0]
        return Refusal("context", f"its command does not declare {name}: {what}")
    statement = [m.text for m in ran.messages if at[0] <= m.start < at[1]]
    axioms = [AXIOMS.match(m.text.strip().replace("\n", " ")) for m in ran.messages if at[1] <= m.start < at[2]]
    if len(statement) != 1 or len(axioms) != 1 or axioms[0] is None or axioms[0]["name"] != name:
        return Refusal("context", f"Lean's answers about {name} cannot be read")
    listed = axioms[0]["axioms"] or ""
    told = native_library.answers(Ran(tuple(m for m in ran.messages if m.start >= at[2]), 0))
    try:
        facts = native_library.facts(told[0]) if told is not None and len(told) == 1 else None
    except (LookupError, TypeError):
        facts = None
    return Judged(statement[0], tuple(a.strip() for a in listed.split(",") if a.strip()), facts)


def _namespace(target: Target) -> str:
    before = split(target.file.text, target.file.body_start)
    found = next((c.namespace for c in before if c.start == target.start), "")
    return f"{found}." if found else ""


def open_before(target: Target) -> list[tuple[str, tuple[int, int, str]]]:
    """The unproved theorems in front of a target, by full name, and what stands for each: an axiom of the same statement."""
    file = target.file
    found = []
    for before in source.reading_of(file, split(file.text, file.body_start)).targets:
        if before.start >= target.start:
            break
        own = split(file.span(before.start, before.end), 0)[0]
        assert own.keyword is not None and own.value is not None
        raw = file.span(before.start, before.end).encode()
        if own.declaration == "example":
            found.append((before.name, (before.start, before.end, "")))
            continue
        axiom = raw[: own.keyword[0]] + b"axiom" + raw[own.keyword[1] : own.value[0]].rstrip()
        found.append((before.name, (before.start, before.end, axiom.decode())))
    return found
