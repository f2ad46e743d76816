"""The audit with a native Lean: processes that no search has touched, and one that has seen nothing but the result.

1. The file up to the theorem, with the statement as it stands, is compiled to an .olean.
2. The same with the proof in place: no errors, no sorry, nothing but this one command.
3. For each of the two, a further process imports only the .olean and prints the theorem's type, fully explicit, and the
   axioms that it rests on. Where our own library serves (`prover/lean/native/library.py`), it tells the type as a term, too.

Accepted is what has the same type in both and rests on propext, Classical.choice, Quot.sound and unproved theorems of its
own file at most. Those stand in front of it as axioms under their own names, so that Lean itself says which it uses.

Not guaranteed: that this Lean's kernel is right (its releases before 4.34.1 have known faults), nor the compiled
libraries that are imported. The kernel's check is Lean's own at compilation; `leanchecker` replays it, see docs/native.md.
A proof that runs programs while Lean reads it is refused by its words."""

from __future__ import annotations

import re
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import lean_dojo

from prover.audit.auditor import AuditVerdict, TheoremVerdict
from prover.audit.trust import ALLOWED_AXIOMS, Refusal
from prover.errors import DataError, LeanProcessError
from prover.lean import targets
from prover.lean.commands import masked, split
from prover.lean.holes import declaration_of
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.native import library as native_library
from prover.lean.native.lake import LakeEnv, Ran
from prover.lean.native.library import Facts, NativeLibrary, theorem_question, usable
from prover.lean.native.reader import USES_SORRY, NativeReader, parse_header, raise_for_imports
from prover.lean.tactic_text import RUNS_PROGRAMS
from prover.lean.targets import LeanFile, Target, first_line

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
    name = declaration_of(target.name).split("#")[0]
    assert own.keyword is not None
    raw = command.encode()
    head, keyword, rest = raw[: own.keyword[0]].decode(), raw[slice(*own.keyword)].decode(), raw[own.keyword[1] :].decode()
    if keyword == "example" or (keyword == "instance" and own.id is None):
        name = f"{_namespace(target)}{EXAMPLE}"
        keyword = f"{'theorem' if keyword == 'example' else keyword} {EXAMPLE}"
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
    """The theorems with `sorry` in front of a target, by full name, and what stands for each: an axiom of the same statement."""
    file = target.file
    found = []
    for before in split(file.text, file.body_start):
        if before.start >= target.start:
            break
        if before.declaration not in targets.PROVABLE or not before.sorries:
            continue
        own = split(file.span(before.start, before.end), 0)[0]
        assert own.keyword is not None and own.value is not None
        raw, name = file.span(before.start, before.end).encode(), targets.full_name(file, before)
        if own.declaration == "example":
            found.append((name, (before.start, before.end, "")))
            continue
        axiom = raw[: own.keyword[0]] + b"axiom" + raw[own.keyword[1] : own.value[0]].rstrip()
        found.append((name, (before.start, before.end, axiom.decode())))
    return found


CHECKS = (
    "elaborated anew in a process of its own",
    "compiled without errors or sorry",
    "fully explicit statement identical, as read from the compiled files",
    "axioms within propext, Classical.choice, Quot.sound, as read from the compiled file",
)
AS_TERMS = (*CHECKS[:2], "statement identical as a term and as fully explicit text, as read from the compiled files", CHECKS[3])
KEPT_STATEMENTS = 64


class NativeAuditor:
    """See `prover.audit.auditor.Judge`. Its engine only reads files: no process of it stays.

    Args:
        lake: the project, for this auditor alone.
        lean: the version line of its Lean.
        library: our own library, where it serves.
    """

    stays = False

    def __init__(self, lake: LakeEnv, lean: str, library: NativeLibrary | None = None) -> None:
        self.lean = lean
        self._library = library
        self._lake = lake
        self.engine = DojoEngine(lake.project, lean_dojo.Dojo, reader=NativeReader(lake))
        self._originals: OrderedDict[tuple[str, int], Judged | Refusal] = OrderedDict()

    def audit_proof(self, target: Target, proof: str) -> AuditVerdict:
        """See `Judge`. Raises LeanProcessError when Lean was lost; that says nothing about the proof."""
        if target.problem is not None:
            return self._refused(Refusal("context", target.problem), 0)
        refusal = escapes(target, proof)
        if refusal is not None:
            return self._refused(refusal, 0)
        original = self._original(target)
        if isinstance(original, Refusal):
            return self._refused(original, 1)
        found = self._judge(target, proof)
        if isinstance(found, Refusal):
            return self._refused(found, 2)
        context = frozenset(name for name, _ in open_before(target))
        refusal, axioms = _compared(original, found, context)
        if refusal is not None and (refusal.category == "statement" or not target.others):
            return self._refused(refusal, 2 if refusal.category == "statement" else 3)
        if target.others:  # what holds of this place alone; all places together are judged when all are filled
            return AuditVerdict(True, "accepted", None, (), target.others_names, CHECKS[:1], self.lean)
        leaned_on = tuple(a for a in found.axioms if a in context)
        checks = CHECKS if None in (found.facts, original.facts) else AS_TERMS
        return AuditVerdict(True, "accepted", None, axioms, leaned_on, checks, self.lean)

    def start(self) -> None:
        """Nothing to start: each audit has processes of its own."""

    def audit_files(
        self,
        target_text: str,
        submission_text: str,
        target_path: Path | None = None,
        submission_path: Path | None = None,
        allow_disproof: bool = False,
    ) -> list[TheoremVerdict]:
        """See `Judge`. By words alone it is told whether the submission runs programs while Lean reads it."""
        if allow_disproof:
            raise DataError("a project's own Lean judges proofs, not disproofs; `proofsmith check --allow-disproof` judges them")
        target, submission = parse_header(target_text, target_path), parse_header(submission_text, submission_path)
        with tempfile.TemporaryDirectory(prefix="proofsmith-audit-") as folder:
            given, offered = (Path(folder) / part / f"{MODULE}.olean" for part in ("given", "offered"))
            ran = self._compile(target.text, given)
            raise_for_imports(target, ran)
            if ran.errors:
                where = targets.place(target, ran.errors[0].start)
                raise DataError(f"the target does not elaborate: {where}: {first_line(ran.errors[0].text)}")
            reading = targets.reading_of(target, split(target.text, target.body_start, ran.messages))
            names = [t.name for t in reading.targets if not t.statement.startswith("example") and "#" not in t.name]
            if not names:
                raise DataError(f"{target_path or 'the target'} states no named theorem whose proof is sorry")
            refusal = self._submitted(target, submission, offered)
            if refusal is not None:
                return [TheoremVerdict(n, False, refusal.category, refusal.reason) for n in names]
            return [self._offered(name, given.parent, offered.parent) for name in names]

    def _submitted(self, target: LeanFile, submission: LeanFile, olean: Path) -> Refusal | None:
        """Compiles a submission; why none of its theorems counts."""
        if missing := sorted(set(target.modules) - set(submission.modules)):
            return Refusal("imports", f"the submission does not import {', '.join(missing)}")
        if (found := RUNS_PROGRAMS.search(masked(submission.text))) is not None:
            return Refusal("program", f"it runs a program or trusts one while Lean reads it ({found[0]})")
        errors = self._compile(submission.text, olean).errors
        if errors:
            return Refusal("error", f"{targets.place(submission, errors[0].start)}: {first_line(errors[0].text)}")
        return None

    def _offered(self, name: str, given: Path, offered: Path) -> TheoremVerdict:
        original, found = self._asked(name, given), self._asked(name, offered)
        if isinstance(original, Refusal):
            return TheoremVerdict(name, False, original.category, original.reason)
        if isinstance(found, Refusal):
            return TheoremVerdict(name, False, "missing", f"the submission has no such theorem; {found.reason}")
        refusal, axioms = _compared(original, found, frozenset())
        if refusal is not None:
            return TheoremVerdict(name, False, refusal.category, refusal.reason)
        return TheoremVerdict(name, True, "accepted", None, axioms)

    def _original(self, target: Target) -> Judged | Refusal:
        key = (target.file.sha256, target.start)
        if key not in self._originals:
            self._originals[key] = self._judge(target, None)
            while len(self._originals) > KEPT_STATEMENTS:
                self._originals.popitem(last=False)
        self._originals.move_to_end(key)
        return self._originals[key]

    def _judge(self, target: Target, proof: str | None) -> Judged | Refusal:
        """Compiles the file up to the theorem; reads statement and axioms off the result in another process."""
        text, start, name = audited_text(target, proof)
        with tempfile.TemporaryDirectory(prefix="proofsmith-audit-") as folder:
            olean = Path(folder) / f"{MODULE}.olean"
            compiled = self._compile(text, olean)
            errors = compiled.errors
            if errors:
                inside = [e for e in errors if e.start >= start]
                if inside and proof is not None:
                    return Refusal("error", first_line(inside[0].text))
                return Refusal("context", f"its file does not compile up to it: {first_line(errors[0].text)}")
            holes = any(m.start >= start and USES_SORRY in m.text for m in compiled.messages)
            if proof is not None and holes and not target.others:
                return Refusal("sorry", "the proof has a sorry")
            return self._asked(name, Path(folder), split(target.statement, 0)[0].declaration in targets.PROVABLE)

    def _asked(self, name: str, folder: Path, theorem: bool = True) -> Judged | Refusal:
        """What a process that only imports the compiled file in a folder says of a theorem, or of a definition, by its text."""
        ours = usable(self._library) if theorem else None
        question, at = judge_text(name, ours is not None)
        ran = self._lake.run(question, None, (folder,) if ours is None else (folder, ours))
        found = judged(ran, name, at)
        if ours is not None and isinstance(found, Judged) and found.facts is None:
            assert self._library is not None
            self._library.give_up(f"its answer about {name} cannot be read")
        return found

    def _compile(self, text: str, olean: Path) -> Ran:
        olean.parent.mkdir(exist_ok=True)
        ran = self._lake.run(text, olean)
        if not ran.errors and not olean.exists():
            raise LeanProcessError(f"`lake env lean -o` wrote no {olean.name}; see `proofsmith doctor`")
        return ran

    def _refused(self, refusal: Refusal, checks: int) -> AuditVerdict:
        return AuditVerdict(False, refusal.category, refusal.reason, (), (), CHECKS[:checks], self.lean)


def _compared(original: Judged, found: Judged, context: frozenset[str]) -> tuple[Refusal | None, tuple[str, ...]]:
    """What is wrong with a theorem beside the one that was stated, and its axioms but for unproved theorems of its `context`."""
    both = (found.facts, original.facts)
    as_terms = both[0] is None or both[1] is None or both[0].same_statement(both[1])
    axioms = tuple(sorted(a for a in found.axioms if a not in context))
    if found.statement != original.statement or not as_terms:
        return Refusal("statement", "with the proof, the theorem states something else"), axioms
    if found.facts is not None and found.facts.sorry != "none":
        return Refusal("sorry", "the proof has a sorry"), axioms
    foreign = [a for a in axioms if a not in ALLOWED_AXIOMS]
    if foreign:
        return Refusal("sorry" if "sorryAx" in foreign else "axiom", f"it rests on the axiom {', '.join(foreign)}"), axioms
    return None, axioms
