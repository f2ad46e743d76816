"""What a native toolchain adds to the audit of a file: leanchecker and comparator, run on the submission.

Target and submission are compiled by the project's own Lean into a folder of ours that stands in front of LEAN_PATH, so
neither needs to be a module of the project. `leanchecker MODULE` (lean4checker in older toolchains) then adds each constant
of the compiled submission to the environment of its imports, through the kernel. comparator (leanprover/comparator) wants
modules that `lake build` can make, so a Lake project is written for it: the target is `Challenge`, the submission `Solution`.
It compares the statements with all that they rest on, looks at the axioms, and has the kernel check the solution.

The target is trusted, and every step is tried on it, too, when it goes wrong in a way that is not a plain no: a tool that
cannot serve the target is the machine's fault, and the check counts as not run; one that serves the target and is lost on
the submission counts against the submission.

Not guaranteed: that a compiled file is harmless to the process that loads it. The caller runs this only on what an audit
has accepted, in which nothing ran while Lean read it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from prover.audit.reasons import one_line
from prover.audit.trust import ALLOWED_AXIOMS, Refusal
from prover.errors import LeanCrashedError, LeanProcessError, LeanTimeoutError
from prover.lean.native.discover import MISSING, toolchain
from prover.lean.native.lake import LakeEnv
from prover.lean.native.project import Project, shown, version_in
from prover.lean.targets import LeanFile, place

ACCEPTED, REFUSED, NOT_RUN = "accepted", "refused", "not run"


@dataclass(frozen=True)
class Said:
    """An answer as far as it can be read: `outcome` is accepted, refused, or not run when it is neither yes nor no."""

    outcome: str
    detail: str


@dataclass(frozen=True)
class ToolReport:
    """What a check came to: its name, accepted, refused or not run, and what is to be said about it."""

    tool: str
    outcome: str
    detail: str

    def line(self) -> str:
        """For people: `leanchecker: …`, or `not run: leanchecker (…)`."""
        if self.outcome == NOT_RUN:
            return f"not run: {self.tool} ({self.detail})"
        return f"{self.tool}: {self.detail}" if self.outcome == ACCEPTED else f"{self.tool} refuses: {self.detail}"


COMPARATOR = "comparator"
VARIABLE = "PROOFSMITH_COMPARATOR"
CHALLENGE, SOLUTION, CONFIG = "Challenge", "Solution", "config.json"
YES = "Your solution is okay!"
NO = "uncaught exception:"
MACHINERY = ("could not execute", "no such file", "child exited with", "permission denied", "resource exhausted")
"""Exceptions of comparator that are about a process that it started, not about what it compared."""


def find_comparator() -> str | None:
    """The program that PROOFSMITH_COMPARATOR names, else one on PATH; None when there is none."""
    found = shutil.which(os.environ.get(VARIABLE) or COMPARATOR)
    return os.path.abspath(found) if found is not None else None


class Comparator:
    """Puts questions to comparator.

    Args:
        program: where it is.
        project: whose toolchain and options.
        timeout_s: for one question: two builds, two exports, the comparison and the kernel.
    """

    def __init__(self, program: str, project: Project, timeout_s: float) -> None:
        self._program = program
        self._project = project
        self._timeout_s = timeout_s

    def compare(self, target: str, submission: str, names: Sequence[str]) -> Said:
        """Whether the submission proves these theorems of the target. Raises LeanProcessError when it is lost."""
        return self._ask(target, submission, names, ALLOWED_AXIOMS)

    def trial(self, target: str, names: Sequence[str]) -> Said:
        """Whether it works at all: the target against itself, its `sorry` allowed."""
        return self._ask(target, target, names, (*ALLOWED_AXIOMS, "sorryAx"))

    def _ask(self, target: str, submission: str, names: Sequence[str], axioms: Sequence[str]) -> Said:
        with tempfile.TemporaryDirectory(prefix="proofsmith-comparator-") as folder:
            write_project(Path(folder), self._project, target, submission, names, axioms)
            lake = LakeEnv(Project(Path(folder)), self._timeout_s)
            return comparator_said(lake.call(["env", self._program, CONFIG]))


def write_project(
    folder: Path, project: Project, target: str, submission: str, names: Sequence[str], axioms: Sequence[str]
) -> None:
    """The Lake project and the configuration that comparator reads."""
    options = "".join(f"{json.dumps(k)} = {_toml(v)}\n" for k, v in project.options.items())
    libraries = "".join(f'\n[[lean_lib]]\nname = "{name}"\n' for name in (CHALLENGE, SOLUTION))
    (folder / "lakefile.toml").write_text(f'name = "proofsmith_check"\n\n[leanOptions]\n{options}{libraries}', "utf-8")
    if project.toolchain is not None:
        (folder / "lean-toolchain").write_text(project.toolchain + "\n", "utf-8")
    for name, text in ((CHALLENGE, target), (SOLUTION, submission)):
        (folder / f"{name}.lean").write_text(text, "utf-8")
    config = {
        "challenge_module": CHALLENGE, "solution_module": SOLUTION, "theorem_names": list(names),
        "permitted_axioms": list(axioms), "enable_nanoda": False,
    }  # fmt: skip
    (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False), "utf-8")


def comparator_said(ran: tuple[int, str, str]) -> Said:
    """Reads its answer. Raises LeanCrashedError when a signal ended it."""
    code, out, err = ran
    if code == 0 and YES in out.splitlines():
        return Said(ACCEPTED, "")
    if code < 0 or code >= 128:
        raise LeanCrashedError(f"comparator was killed (exit code {code})")
    told = err[err.rindex(NO) + len(NO) :].strip() if NO in err else ""
    if code == 1 and told and not told.lower().startswith(MACHINERY):
        return Said(REFUSED, one_line(told))
    last = one_line(told or "\n".join((out + "\n" + err).strip().splitlines()[-2:])) or "nothing"
    return Said(NOT_RUN, f"it ended with exit code {code} and said: {last}")


def _toml(value: str) -> str:
    """A Lean option's value as TOML: a truth value, a number or a string."""
    return value if value in ("true", "false") or value.isdecimal() else json.dumps(value)


CHECKER = "leanchecker"
CHECKERS = (CHECKER, "lean4checker")
SUBMISSION, TARGET = "ProofsmithSubmission", "ProofsmithTarget"
"""The modules that the two files become. leanchecker also takes modules whose name continues the one asked for."""
ATTEMPTS = 2

Result = TypeVar("Result")


@dataclass(frozen=True)
class NativeChecks:
    """What came of it. `refusals` by theorem; `lean` is None when no native Lean was there."""

    reports: tuple[ToolReport, ...]
    refusals: dict[str, Refusal] = field(default_factory=dict)
    lean: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every tool ran."""
        return all(r.outcome != NOT_RUN for r in self.reports)


def check_natively(
    target: str, submission: LeanFile, names: Sequence[str], project: Project | None, timeout_s: float
) -> NativeChecks:
    """Runs on a submission what is installed.

    Args:
        target: the text of the file that states the theorems; trusted.
        submission: the file with the proofs; only its text and path matter.
        names: the theorems that the audit has accepted.
        project: whose Lean and options; None: the toolchain that answers outside of projects.
        timeout_s: for each process.
    """
    if not names:
        return _none("no theorem was left to check")
    for found in toolchain(project):
        if found.status not in ("ok", "none"):
            return _none("no native toolchain" if found.status == MISSING else f"{found.name}: {found.detail}")
    with tempfile.TemporaryDirectory(prefix="proofsmith-check-") as folder:
        here = Path(folder)
        try:
            return _Run(here, project or _own_project(here), timeout_s).all(target, submission, names)
        except LeanProcessError as error:
            return _none(one_line(str(error)))


def find_checker(project: Project, lake: LakeEnv) -> str | None:
    """leanchecker of the project's toolchain, else one on PATH, else lean4checker; None when there is none."""
    code, out, _ = lake.call(["env", "lean", "--print-prefix"])
    prefix = out.strip().splitlines()[0] if code == 0 and out.strip() else None
    places = [Path(prefix) / "bin" / CHECKER] if prefix is not None else []
    package = project.root / ".lake" / "packages" / CHECKERS[1] / ".lake" / "build" / "bin" / CHECKERS[1]
    on_path = [Path(found) for name in CHECKERS if (found := shutil.which(name)) is not None]
    return next((str(p.absolute()) for p in (*places, *on_path[:1], package) if p.is_file() and os.access(p, os.X_OK)), None)


def checker_said(ran: tuple[int, str, str], module: str) -> Said:
    """Reads leanchecker's answer: a yes must name the module, a no must name it, too; all else is neither.

    Raises LeanCrashedError when a signal ended it.
    """
    code, out, err = ran
    if code == 0 and f"replaying {module}" in out.splitlines():
        return Said(ACCEPTED, "")
    problem = f"found a problem in {module}"
    if code == 1 and problem in err:
        told = err[err.index(problem) + len(problem) :].strip().removeprefix("uncaught exception:")
        return Said(REFUSED, one_line(told) or "it found a problem")
    if code < 0 or code >= 128:
        raise LeanCrashedError(f"{CHECKER} was killed (exit code {code})")
    last = one_line("\n".join((out + "\n" + err).strip().splitlines()[-2:])) or "nothing"
    return Said(NOT_RUN, f"it ended with exit code {code} and said: {last}")


class _Run:
    """One submission, one toolchain, a folder of ours."""

    def __init__(self, folder: Path, project: Project, timeout_s: float) -> None:
        self.folder, self.project, self.timeout_s = folder, project, timeout_s
        self.lake = LakeEnv(project, timeout_s)

    def all(self, target: str, submission: LeanFile, names: Sequence[str]) -> NativeChecks:
        code, out, _ = self.lake.call(["env", "lean", "--version"])
        version = version_in(out) if code == 0 else None
        if version is None:
            return _none("`lake env lean --version` names no version")
        lean = f"Lean {shown(version)}"
        if (problem := self._compile_target(target)) is not None:
            return NativeChecks(_all_not_run(f"the target does not compile with {lean}: {problem}"), {}, lean)
        compiled = ToolReport("lean", ACCEPTED, f"{lean} compiles the submission")
        if (refusal := self._compile_submission(submission, lean)) is not None:
            reports = (ToolReport("lean", REFUSED, refusal.reason), *_all_not_run("there is no compiled submission"))
            return NativeChecks(reports, dict.fromkeys(names, refusal), lean)
        replayed, refusals = self._leanchecker(names, lean)
        left = [name for name in names if name not in refusals]
        if left:
            compared, more = self._comparator(target, submission.text, left)
        else:
            compared, more = ToolReport(COMPARATOR, NOT_RUN, "no theorem was left to check"), {}
        return NativeChecks((compiled, replayed, compared), refusals | more, lean)

    def _olean(self, module: str) -> Path:
        return self.folder / f"{module}.olean"

    def _compile_target(self, text: str) -> str | None:
        ran = self.lake.run(text, self._olean(TARGET), name=TARGET)
        if ran.errors:
            return one_line(ran.errors[0].text)
        return None if self._olean(TARGET).exists() else "`lake env lean -o` wrote no file"

    def _compile_submission(self, submission: LeanFile, lean: str) -> Refusal | None:
        """None when there is a compiled file. The target has compiled, so what goes wrong here is the submission's."""
        try:
            ran = attempt(lambda: self.lake.run(submission.text, self._olean(SUBMISSION), name=SUBMISSION))
        except LeanTimeoutError:
            return Refusal("timeout", f"{lean} had not compiled the submission after {self.timeout_s:g} s")
        except LeanProcessError as error:
            return Refusal("crash", f"{lean} was lost on the submission, {ATTEMPTS} times: {one_line(str(error))}")
        if ran.errors:
            first = ran.errors[0]
            return Refusal("toolchain", f"{place(submission, first.start)}: {lean} says: {one_line(first.text)}")
        if not self._olean(SUBMISSION).exists():
            return Refusal("toolchain", f"{lean} wrote no compiled file for the submission")
        return None

    def _leanchecker(self, names: Sequence[str], lean: str) -> tuple[ToolReport, dict[str, Refusal]]:
        program = find_checker(self.project, self.lake)
        if program is None:
            return ToolReport(CHECKER, NOT_RUN, f"not installed; {lean} comes without it, or it was removed"), {}
        tool = Path(program).name

        def ask(module: str) -> Said:
            return checker_said(self.lake.call(["env", program, "--verbose", module], (self.folder,)), module)

        said, category = decide(lambda: ask(SUBMISSION), lambda: ask(TARGET), CHECKER)
        if said.outcome == ACCEPTED:
            return ToolReport(tool, ACCEPTED, f"the kernel of {lean} takes every constant of the submission"), {}
        if said.outcome == REFUSED:
            refusal = Refusal(category, f"{tool} ({lean}): {said.detail}")
            return ToolReport(tool, REFUSED, said.detail), dict.fromkeys(names, refusal)
        return ToolReport(tool, NOT_RUN, said.detail), {}

    def _comparator(self, target: str, submission: str, names: Sequence[str]) -> tuple[ToolReport, dict[str, Refusal]]:
        program = find_comparator()
        if program is None:
            return ToolReport(COMPARATOR, NOT_RUN, "not installed"), {}
        comparator = Comparator(program, self.project, self.timeout_s)

        def decided(some: Sequence[str]) -> tuple[Said, str]:
            return decide(
                lambda: comparator.compare(target, submission, some), lambda: comparator.trial(target, some), COMPARATOR
            )

        said, category = decided(names)
        if said.outcome == NOT_RUN:
            return ToolReport(COMPARATOR, NOT_RUN, said.detail), {}
        if said.outcome == ACCEPTED:
            return ToolReport(COMPARATOR, ACCEPTED, "the same statements, the axioms allowed, taken by the kernel"), {}
        refusals = {}
        for name in names:  # it answers for all at once; each is asked about by itself to tell which it means
            own, own_category = (said, category) if len(names) == 1 or category != COMPARATOR else decided([name])
            if own.outcome != ACCEPTED:
                refusals[name] = Refusal(own_category, f"comparator: {own.detail}")
        if not refusals:
            refusals = dict.fromkeys(names, Refusal(category, f"comparator, on all of them together: {said.detail}"))
        return ToolReport(COMPARATOR, REFUSED, said.detail), refusals


def decide(on_submission: Callable[[], Said], on_target: Callable[[], Said], category: str) -> tuple[Said, str]:
    """A tool's word on the submission, and the category of a refusal.

    What is neither yes nor no is put to the tool once more with the target in the submission's place: if that goes well,
    the submission is refused; if not, the tool counts as not run.
    """
    try:
        said, lost = attempt(on_submission), category
    except LeanTimeoutError as error:
        said, lost = Said(NOT_RUN, one_line(str(error))), "timeout"
    except LeanProcessError as error:
        said, lost = Said(NOT_RUN, one_line(str(error))), "crash"
    if said.outcome != NOT_RUN:
        return said, category
    try:
        trial = attempt(on_target)
    except LeanProcessError as error:
        trial = Said(NOT_RUN, one_line(str(error)))
    if trial.outcome == ACCEPTED:
        why = f"the target goes through, but on the submission: {said.detail}"
        return Said(REFUSED, why), "crash" if lost == category else lost
    return Said(NOT_RUN, f"it does not work here: {trial.detail}"), category


def attempt(work: Callable[[], Result]) -> Result:
    """Once more after a crash; a deadline that was missed is not given a second time."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except LeanCrashedError:
            continue
    return work()


def _own_project(folder: Path) -> Project:
    (folder / "lakefile.toml").write_text('name = "proofsmith_check"\n', "utf-8")
    return Project(folder)


def _none(why: str) -> NativeChecks:
    return NativeChecks(_all_not_run(why))


def _all_not_run(why: str) -> tuple[ToolReport, ...]:
    return tuple(ToolReport(tool, NOT_RUN, why) for tool in (CHECKER, COMPARATOR))
