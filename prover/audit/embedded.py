"""The audit: whether a proof is one, decided in a Lean that no search has touched.

Two questions. For a proof that we found (`audit_proof`): does the file's own theorem, elaborated anew with
this proof, hold? For a file that anybody wrote (`audit_files`): does it prove what another file states? Both
compare elaborated statements, never text; follow all constants that the proof reaches (`prover.audit.trust`);
and have the kernel check these constants once more, from the imports up.

A process that is lost raises LeanProcessError; that says nothing about the proof, and the caller may ask
again.

Not guaranteed: that the library itself is right (its theorems are taken as they were built), nor that the
kernel of this Lean is. A program that a file runs inside Lean could damage the process that judges it, so
files with commands that run programs are refused before they run; see docs/audit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prover.audit.auditor import AuditVerdict, SubmissionLost, TheoremVerdict
from prover.audit.reasons import (
    error_of,
    in_order,
    located,
    named,
    one_command,
    one_line,
    presence,
    with_errors,
)
from prover.audit.session import Elaborated, Session, filled, open_definitions, reached
from prover.audit.trust import Ground, Refusal, added_code, ground, sorried, together
from prover.errors import DataError, LeanCrashedError, LeanProcessError
from prover.lean import targets
from prover.lean.embedded import protocol, spares
from prover.lean.embedded.process import LeanProcess, RequestRefused
from prover.lean.embedded.worker import LeanWorker
from prover.lean.holes import declaration_of
from prover.lean.targets import LeanFile, Target

CHECKS = (
    "elaborated anew in a process of its own",
    "statement and all definitions under it identical",
    "every constant of the proof followed",
    "axioms within propext, Classical.choice, Quot.sound",
    "every constant of the proof checked again by the kernel, inductive types included",
)

DISPROOF = ".disproof"
"""A theorem of this name behind another's states the other's negation."""


@dataclass(frozen=True)
class _Files:
    """A target and a submission, both elaborated: states, the states of their imports, and their constants."""

    given: int
    base_a: int
    wanted: protocol.Constants
    offered: Elaborated
    base_b: int
    constants: protocol.Constants
    submission: LeanFile


class Auditor:
    """Judges proofs; see `prover.audit.auditor.Judge`.

    Args:
        worker: a Lean that no search uses. One may serve a whole batch, one file after the other.
    """

    stays = True

    def __init__(self, worker: LeanWorker) -> None:
        self.engine = self._worker = worker
        worker.use = spares.AUDIT

    def start(self) -> None:
        """Has a process ready, with the library imported."""
        self._worker.file_state(("Init",))

    @property
    def lean(self) -> str:
        """The Lean on which the verdicts rest."""
        return self._worker.lean

    # ------------------------------------------------------------------ our own proofs

    def audit_proof(self, target: Target, proof: str) -> AuditVerdict:
        """Decides whether tactics prove a theorem of a file.

        Args:
            target: the theorem, as `prover.lean.targets.read` found it, in whatever process.
            proof: tactics, one a line.

        Raises:
            LeanProcessError: the process was lost; nothing is known.
        """
        if target.problem is not None:
            return self._refused(Refusal("context", target.problem), 0)
        process = self._worker.process
        before = self._worker.state_before(target)
        base = self._worker.file_state(target.file.modules)
        self._still(process)
        with Session(process, self._worker.timeout_s) as lean:
            original, candidate = self._branches(lean, before, target, proof)
            refusal = candidate.refused or one_command(original, candidate, target.others)
            if refusal is not None:
                return self._refused(refusal, 1)
            roots = self._declared(lean, original, before, target)
            if not roots:
                return self._refused(Refusal("context", "its command declares nothing"), 1)
            for name, comparison in lean.compare(original.state, candidate.state, base, base, roots).items():
                if comparison.kind_b != comparison.kind_a or comparison.differences:
                    what = "; ".join(comparison.differences) or f"the proof declares something else as {name}"
                    return self._refused(Refusal("statement", what), 2)
            if target.others:  # what holds of this place alone; all places together are judged when all are filled
                return AuditVerdict(True, "accepted", None, (), target.others_names, CHECKS[:2], self.lean)
            constants = lean.constants(candidate.state, base)
            own = lean.constants(candidate.state, before).by_name
            context_open = frozenset(name for name in sorried(constants) if name not in own)
            found = together([ground(root, constants, context_open) for root in roots])
            if found.refusal is not None:
                return self._refused(found.refusal, 4, found)
            rejected = lean.replay(candidate.state, base, found.reached)
            if rejected is not None:
                return self._refused(Refusal("kernel", f"the kernel rejects {one_line(rejected)}"), 5, found)
            return AuditVerdict(True, "accepted", None, found.axioms, found.open, CHECKS, self.lean)

    def _branches(
        self, lean: Session, before: int, target: Target, proof: str
    ) -> tuple[Elaborated, Elaborated]:
        """The command as it stands in the file, and with the proof; both from the same state."""
        statement, text = target.file.span(target.start, target.end), target.command(proof)
        original = lean.elaborate(before, statement)
        if len(original.commands) == 1 and original.commands[0].declaration == "example":
            keyword = original.commands[0].keyword
            original = lean.elaborate(before, named(statement, keyword))
            text = named(text, keyword)
        return original, lean.elaborate(before, text, guarded=True)

    def _declared(self, lean: Session, original: Elaborated, before: int, target: Target) -> list[str]:
        """What a command declares: its theorem, or all that a definition or an instance stands for."""
        new = [c for c in lean.constants(original.state, before).by_name.values() if not c.internal]
        data = [c.name for c in new if c.kind != "theorem"]
        if data and original.commands[0].declaration not in targets.PROVABLE:
            return data  # equation lemmas speak of the value, which may be another
        names = [c.name for c in new if c.kind == "theorem"]  # an instance of a class of propositions is a theorem, too
        return names if len(names) == 1 else [name for name in names if name == declaration_of(target.name)]

    def _refused(self, refusal: Refusal, checks: int, found: Ground | None = None) -> AuditVerdict:
        axioms, leaned_on = (found.axioms, found.open) if found is not None else ((), ())
        return AuditVerdict(
            False, refusal.category, refusal.reason, axioms, leaned_on, CHECKS[:checks], self.lean
        )

    # ------------------------------------------------------------------ anybody's files

    def audit_files(
        self,
        target_text: str,
        submission_text: str,
        target_path: Path | None = None,
        submission_path: Path | None = None,
        allow_disproof: bool = False,
    ) -> list[TheoremVerdict]:
        """Decides for each theorem that a file leaves unproved whether another file proves it.

        Args:
            target_text: states the theorems, with `sorry`; trusted.
            submission_text: proves them, with whatever lemmas and definitions of its own; not trusted.
            target_path: for messages.
            submission_path: for messages.
            allow_disproof: a theorem of the name may state the negation. `theorem NAME.disproof` always may.

        Returns:
            A verdict for each theorem of the target whose proof is `sorry`, in the order of the file. Definitions whose
            value is `sorry` are the submission's to fill; their values are in the verdicts on theorems about them.

        Raises:
            DataError: the target does not elaborate or has no such theorem; an import that this Lean has not.
            LeanProcessError: the process was lost; nothing is known.
        """
        try:
            return self._audit_files(target_text, submission_text, target_path, submission_path, allow_disproof)
        finally:
            self._worker.settle()

    def _audit_files(
        self,
        target_text: str,
        submission_text: str,
        target_path: Path | None,
        submission_path: Path | None,
        allow_disproof: bool,
    ) -> list[TheoremVerdict]:
        target = self._worker.header(target_text, target_path)
        submission = self._worker.header(submission_text, submission_path)
        process = self._worker.process
        base_a, base_b = (self._worker.state_after_imports(f) for f in (target, submission))
        self._still(process)
        with Session(process, self._worker.timeout_s) as lean:
            given = lean.elaborate(base_a, target.text, target.body_start)
            for command in given.commands:
                for error in command.errors:
                    where = targets.place(target, error.start)
                    raise DataError(f"the target does not elaborate: {where}: {one_line(error.text)}")
            wanted = lean.constants(given.state, base_a)
            names = in_order(sorried(wanted), target, given)
            if not names:
                raise DataError(f"{target_path or 'the target'} states no named theorem whose proof is sorry")
            missing = sorted(set(target.modules) - set(submission.modules))
            if missing:
                return [
                    _no(n, Refusal("imports", f"the submission does not import {', '.join(missing)}"))
                    for n in names
                ]
            try:
                offered = lean.elaborate(base_b, submission.text, submission.body_start, guarded=True)
                if offered.refused is not None:
                    where = targets.place(submission, offered.stopped_at)
                    refusal = Refusal(offered.refused.category, f"{where}: {offered.refused.reason}")
                    return [_no(name, refusal) for name in names]
                constants = lean.constants(offered.state, base_b)
                files = _Files(given.state, base_a, wanted, offered, base_b, constants, submission)
                return self._judge(lean, files, names, allow_disproof)
            except LeanProcessError as error:
                raise SubmissionLost(names, error) from error
            except RequestRefused as error:
                return [
                    _no(name, Refusal("error", f"Lean gave up on the submission: {one_line(str(error))}"))
                    for name in names
                ]

    def _judge(self, lean: Session, files: _Files, names: list[str], allow_disproof: bool) -> list[TheoremVerdict]:
        comparisons = lean.compare(
            files.given, files.offered.state, files.base_a, files.base_b, names, open_definitions(files.wanted)
        )
        code = added_code(files.constants, files.wanted.by_name)
        verdicts = []
        for name in names:
            refusal, axioms = self._proof(lean, files, name, comparisons[name], code)
            if refusal is None:
                answers = filled(lean, files.offered.state, files.base_b, name, files.wanted)
                verdicts.append(TheoremVerdict(name, True, "accepted", None, axioms, answers))
            else:
                verdicts.append(self._disproof(lean, files, name, code, allow_disproof) or _no(name, refusal))
        return verdicts

    def _proof(
        self, lean: Session, files: _Files, name: str, comparison: protocol.Comparison, code: Refusal | None
    ) -> tuple[Refusal | None, tuple[str, ...]]:
        """What speaks against a theorem of the submission, and the axioms that it reaches."""
        offered, submission = files.offered, files.submission
        refusal = presence(name, comparison, offered, submission)
        if refusal is None and comparison.differences:
            own = error_of(name, offered)
            error = [] if own is None else [located(submission, own)]
            refusal = Refusal("statement", "; ".join([*comparison.differences[:3], *error]))
        if refusal is not None:
            return refusal, ()
        found = ground(name, files.constants, given=files.wanted.by_name)
        refusal = with_errors(found.refusal, name, offered, submission) or code
        if refusal is None:
            rejected = lean.replay(offered.state, files.base_b, found.reached)
            refusal = None if rejected is None else Refusal("kernel", f"the kernel rejects {one_line(rejected)}")
        return refusal, found.axioms

    def _disproof(
        self, lean: Session, files: _Files, name: str, code: Refusal | None, allowed: bool
    ) -> TheoremVerdict | None:
        """The verdict on a negation that the submission proves in place of a theorem; None when it does not."""
        counters = [f"{name}{DISPROOF}", *([name] if allowed else [])]
        kinds = {c: files.constants.by_name[c].kind for c in counters if c in files.constants.by_name}
        counter = next((c for c in counters if kinds.get(c) == "theorem"), None)
        if counter is None:
            return None
        left_open = sorted(open_definitions(files.wanted) & reached(name, files.wanted.by_name))
        if left_open:
            what = f"a disproof would be about one value of {left_open[0]}, which the target leaves open"
            return _no(name, Refusal("statement", what))
        comparison = lean.compare(
            files.given, files.offered.state, files.base_a, files.base_b, [name], negated={name: counter}
        )[name]
        if comparison.differences and counter == name:
            return None  # it is a proof of another statement, not a disproof
        if comparison.differences:
            return _no(name, Refusal("statement", f"{counter}: {'; '.join(comparison.differences[:3])}"))
        refusal, axioms = self._proof(lean, files, counter, comparison, code)
        if refusal is not None:
            return _no(name, Refusal(refusal.category, f"{counter}: {refusal.reason}"))
        return TheoremVerdict(name, False, "disproved", f"its negation is proved ({counter})", axioms)

    def _still(self, process: LeanProcess) -> None:
        """Ids of states mean nothing in another process than the one that gave them."""
        if self._worker.process is not process:
            raise LeanCrashedError("the Lean process was lost between two requests")


def _no(name: str, refusal: Refusal) -> TheoremVerdict:
    return TheoremVerdict(name, False, refusal.category, refusal.reason)
